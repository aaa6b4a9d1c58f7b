"""Long JSON texts, read in short steps: while one call of a parser lasts, no other thread runs."""

import json
import re
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

PIECE = 2**16  # characters that one call takes
MAX_DEPTH = 64  # of what is longer than a piece
MAX_STEPS = 500_000  # values that are read one by one
_PAUSE_S = 0.0005  # a release of the interpreter that another thread surely gets
_PARTS = 20_000  # pieces of a text that are joined at once
_SPACE = re.compile(r"[ \t\n\r]*+")
_CHARACTERS = re.compile(r'[^"\\]*+(?:\\(?:u.{4}|[^u])[^"\\]*+)*+', re.DOTALL)
_MORE = ("", ".", "e", "E")  # behind a number: it goes on in the next piece
_HALF = re.compile("[\ud800-\udbff]")

Take = Callable[[str | None, int], int]


class Pieces:
    """A JSON text, value by value. A value is named by where it begins."""

    def __init__(self, text: str, **options: Any):
        """Takes the options of `json.JSONDecoder`."""
        self._text, self._decode = text, json.JSONDecoder(**options).raw_decode
        self._piece, self._at = text[:PIECE], 0
        self._steps = self._depth = 0

    def short(self, at: int) -> tuple[Any, int] | None:
        """The value and its end, if it is whole within a piece; else it is long, or broken."""
        for is_fresh in (False, True):
            if is_fresh:
                pause()
                self._piece, self._at = self._text[at : at + PIECE], at
            elif not self._at <= at < self._at + len(self._piece):
                continue
            try:
                value, end = self._decode(self._piece, at - self._at)
            except RecursionError:
                raise self.broken("It is nested too deep", at) from None
            except ValueError:
                continue
            if self._piece[end : end + 1] not in _MORE or self._at + end == len(self._text):
                return value, self._at + end
        return None

    def value(self, at: int) -> tuple[Any, int]:
        """The value and its end.

        Raises:
            ValueError: It is not JSON.
        """
        short = self.short(at)
        if short is not None:
            return short
        mark = self._text[at : at + 1]
        if mark == '"':
            return self._characters(at)
        made_object, made_list = dict[str, Any](), list[Any]()

        def take(key: str | None, start: int) -> int:
            one, end = self.value(start)
            if key is None:
                made_list.append(one)
            else:
                made_object[key] = one
            return end

        end = self.each(at, take)
        return (made_object if mark == "{" else made_list), end

    def end(self, at: int) -> int:
        """Where a value ends; nothing of it is kept.

        Raises:
            ValueError: It is not JSON.
        """
        short = self.short(at)
        if short is not None:
            return short[1]
        return self._characters(at)[1] if self.starts(at, '"') else self.each(at, lambda _, start: self.end(start))

    def each(self, at: int, take: Take) -> int:
        """Calls `take` with the key, None in a list, and the place of each value; it says where that ends.

        Returns:
            The end of the object or list that begins here.

        Raises:
            ValueError: It is not JSON, or holds or nests too much.
        """
        mark = self._text[at : at + 1]
        if mark not in ("{", "["):
            raise self.broken("Expecting value", at)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.broken("It is nested too deep", at)
        close = "}" if mark == "{" else "]"
        at = self.after_space(at + 1)
        while not self.starts(at, close):
            key = None
            if mark == "{":
                key, at = self._key(at)
            at = self.after_space(take(key, at))
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise self.broken("It holds too many values", at)
            if self.starts(at, ","):
                at = self.after_space(at + 1)
                if self.starts(at, close):
                    raise self.broken("Expecting value", at)
            elif not self.starts(at, close):
                raise self.broken("Expecting ',' delimiter", at)
        self._depth -= 1
        return at + 1

    def starts(self, at: int, mark: str) -> bool:
        """Whether this character is here."""
        return self._text.startswith(mark, at)

    def after_space(self, at: int) -> int:
        """Where what follows begins."""
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def broken(self, problem: str, at: int) -> json.JSONDecodeError:
        """An error that says where."""
        return json.JSONDecodeError(problem, self._text, at)

    def _key(self, at: int) -> tuple[str, int]:
        if not self.starts(at, '"'):
            raise self.broken("Expecting property name enclosed in double quotes", at)
        key, at = self.short(at) or self._characters(at)
        at = self.after_space(at)
        if not self.starts(at, ":"):
            raise self.broken("Expecting ':' delimiter", at)
        return key, self.after_space(at + 1)

    def _characters(self, at: int) -> tuple[str, int]:
        start, parts, at = at, list[str](), at + 1
        while not self.starts(at, '"'):
            found = _CHARACTERS.match(self._text, at, min(at + PIECE, len(self._text)))
            end = found.end() if found else at
            if end == at:
                raise self.broken("Unterminated string starting at", start)
            try:
                part = json.loads(f'"{self._text[at:end]}"')
            except json.JSONDecodeError as error:
                raise self.broken(error.msg, at + error.pos - 1) from None
            if parts and _HALF.fullmatch(parts[-1][-1:]):  # the other half of a pair may follow
                part = (parts.pop() + part).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
            parts.append(part)
            at = end
            pause()
        return "".join(parts), at + 1


def parse(text: str, **options: Any) -> Any:
    """The value of a JSON text, as `json.loads` reads it, a short one in one step.

    Raises:
        ValueError: It is not JSON, or holds or nests too much.
    """
    if len(text) <= PIECE:
        return json.loads(text, **options)
    pieces = Pieces(text, **options)
    value, end = pieces.value(pieces.after_space(0))
    end = pieces.after_space(end)
    if end < len(text):
        raise pieces.broken("Extra data", end)
    return value


def written(value: Any) -> str:
    """The value as JSON for people to read."""
    encoder = json.JSONEncoder(ensure_ascii=False, indent=1, allow_nan=False)
    parts = encoder.iterencode(value)
    return "".join(iter(lambda: "".join(islice(parts, _PARTS)), ""))


def pause() -> None:
    """Let other threads run."""
    time.sleep(_PAUSE_S)
