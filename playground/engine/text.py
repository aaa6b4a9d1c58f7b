"""Text of an answer while it grows: never a broken character, never a stop string."""

import copy
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Self

from playground.settings import Settings

BROKEN = "\N{REPLACEMENT CHARACTER}"
BYTE_TOKEN = re.compile(r"<0x[0-9A-F]{2}>")  # how SentencePiece vocabularies spell a single byte
_FIRST_SURROGATE = 0xD800
_MOST_LOOKED_AT = 64  # tokens at the end of a prompt


class IncrementalDecoder:
    """Decodes ids one at a time; the texts join to the decoding of all ids.

    Only the ids since the last whole character are decoded again; text that ends in a replacement character waits, as
    the next token may complete it. A run of byte tokens waits for its end: its decoder breaks the whole run if one byte
    is wrong.

    Args:
        tokenizer: Decodes.
        before: Ids that the text continues from: its first space is then between two words and is kept.
    """

    def __init__(self, tokenizer: Any, before: Sequence[int] = ()):
        self._tokenizer = tokenizer
        self._special = special_ids(tokenizer)
        self._ids = [*before]
        self._context = 0  # decoding starts here, so that a decoder that strips a leading space sees what came before
        self._shown = len(self._ids)
        self._in_byte_run = False

    def fork(self) -> Self:
        """An independent copy."""
        other = copy.copy(self)
        other._ids = [*self._ids]
        return other

    def add(self, token: int) -> str:
        """What this token adds."""
        self._ids.append(token)
        spelling = self._tokenizer.convert_ids_to_tokens(token)
        if spelling and token not in self._special:  # special tokens are left out of the text and do not end a run
            self._in_byte_run = BYTE_TOKEN.fullmatch(spelling) is not None
        return self._next(wait=True)

    def flush(self) -> str:
        """Everything held back."""
        return self._next(wait=False)

    def _next(self, wait: bool) -> str:
        if wait and self._in_byte_run:
            return ""
        known = self._decode(self._ids[self._context : self._shown])
        text = self._decode(self._ids[self._context :])
        if wait and text.endswith(BROKEN):
            return ""
        if len(text) > len(known):  # ids without text (special tokens) give no context for what follows
            self._context = self._shown
        self._shown = len(self._ids)
        return text[len(known) :]

    def _decode(self, ids: list[int]) -> str:
        return self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False) if ids else ""


class StopScanner:
    """Passes text on, up to the first complete stop string; holds back what may be the start of one."""

    def __init__(self, stops: tuple[str, ...]):
        self._stops = stops
        self._held = ""
        self.found = False

    def add(self, text: str) -> str:
        """Text that is certain to be shown; sets `found` at a stop string."""
        if not self._stops:
            return text
        pending = self._held + text
        hits = [(at + len(stop), at) for stop in self._stops if (at := pending.find(stop)) >= 0]
        if hits:
            self.found, self._held = True, ""
            return pending[: min(hits)[1]]
        held = max(_overlap(pending, stop) for stop in self._stops)
        cut = len(pending) - held
        self._held = pending[cut:]
        return pending[:cut]

    def flush(self) -> str:
        """What was held back and turned out not to be a stop string."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that is a prefix of `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)


class AnswerText:
    """Both together: ids in, text to show out.

    A stop string may hold special tokens, which are not in the text: in the scanner, a sign that no text can hold
    stands for each of them.

    Args:
        tokenizer: Decodes.
        stops: Stop strings.
        before: As in `IncrementalDecoder`.
    """

    def __init__(self, tokenizer: Any, stops: tuple[str, ...], before: Sequence[int] = ()):
        self._decoder = IncrementalDecoder(tokenizer, before)
        self._signs = _stop_signs(tokenizer, stops)
        spellings = {name: sign for name, sign in self._signs.values()}
        found = re.compile("|".join(map(re.escape, sorted(spellings, key=len, reverse=True))) or "(?!)")
        signed = [found.sub(lambda match: spellings[match[0]], stop) for stop in stops]
        self._scanner = StopScanner(tuple(dict.fromkeys([*stops, *signed])))

    def fork(self) -> Self:
        """An independent copy."""
        other = copy.copy(self)
        other._decoder, other._scanner = self._decoder.fork(), copy.copy(self._scanner)
        return other

    @property
    def stopped(self) -> bool:
        """Whether a stop string has come."""
        return self._scanner.found

    def add(self, token: int) -> str:
        """What this token adds."""
        _, sign = self._signs.get(token, ("", ""))
        if sign:
            ended, scanner = self._decoder.fork(), copy.copy(self._scanner)
            shown = scanner.add(ended.flush() + sign)
            if scanner.found:  # the answer ends here, so nothing is held back for what might follow
                self._decoder, self._scanner = ended, scanner
                return self._without_signs(shown)
        return self._without_signs(self._scanner.add(self._decoder.add(token) + sign))

    def _without_signs(self, text: str) -> str:
        for _, sign in self._signs.values():
            text = text.replace(sign, "")
        return text

    def flush(self) -> str:
        """What is still held back, once the answer has ended."""
        if self.stopped:
            return ""
        text = self._scanner.add(self._decoder.flush())
        return self._without_signs(text if self.stopped else text + self._scanner.flush())


def _stop_signs(tokenizer: Any, stops: tuple[str, ...]) -> dict[int, tuple[str, str]]:
    """Special tokens in stop strings: id to spelling, and a lone surrogate, which no decoder writes."""
    if not stops:
        return {}
    special = special_ids(tokenizer)
    names = {id: str(token) for id, token in tokenizer.added_tokens_decoder.items() if id in special}
    used = [(id, name) for id, name in names.items() if any(name in stop for stop in stops)]
    return {id: (name, chr(_FIRST_SURROGATE + n)) for n, (id, name) in enumerate(used)}


def goes_on(tokenizer: Any, settings: Settings) -> bool:
    """Whether the answer continues the prompt's text: in raw mode, and where there is no chat template."""
    return settings.raw or not getattr(tokenizer, "chat_template", None)


def answer_text(tokenizer: Any, settings: Settings, prompt_ids: Sequence[int]) -> AnswerText:
    """An empty answer to this prompt."""
    before = _last_whole(tokenizer, prompt_ids) if goes_on(tokenizer, settings) else []
    return AnswerText(tokenizer, settings.stop, before)


def whole_text(tokenizer: Any, settings: Settings, prompt_ids: Sequence[int], ids: Sequence[int]) -> str:
    """The text of a whole answer to this prompt."""
    text = answer_text(tokenizer, settings, prompt_ids)
    return "".join([*(text.add(id) for id in ids), text.flush()])


def _last_whole(tokenizer: Any, ids: Sequence[int]) -> list[int]:
    """The last of the newest ids that is whole characters by itself; empty if there isn't one."""
    special = special_ids(tokenizer)
    for token in reversed(ids[-_MOST_LOOKED_AT:]):
        spelling = tokenizer.convert_ids_to_tokens(token)
        if spelling and token not in special and not BYTE_TOKEN.fullmatch(spelling):
            text = tokenizer.decode([token], clean_up_tokenization_spaces=False)
            if BROKEN not in text:
                return [token]
    return []


def special_ids(tokenizer: Any) -> frozenset[int]:
    """Ids that decoding leaves out of a text."""
    added = {id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
    return frozenset(tokenizer.all_special_ids) | added


def piece_texts(tokenizer: Any) -> Callable[[int], str]:
    """A function from token id to the text of that token alone, cached.

    A token that is only part of a character shows its bytes, like `<0xE2><0x96>`.
    """
    byte_of = _byte_alphabet()

    def decode(ids: list[int]) -> str:
        return tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)

    @cache
    def piece(token: int) -> str:
        text = decode([token])
        raw = tokenizer.convert_ids_to_tokens(token) or text
        if raw.startswith("\N{LOWER ONE EIGHTH BLOCK}"):  # a space, which a decoder strips where it begins a text
            return decode([token, token])[len(text) :]
        if BROKEN not in text:
            return text
        if not BYTE_TOKEN.fullmatch(raw) and all(char in byte_of for char in raw):
            return "".join(f"<0x{byte_of[char]:02X}>" for char in raw)
        return raw

    return piece


def _byte_alphabet() -> dict[str, int]:
    """The printable characters of byte-level BPE (GPT-2's table): character to byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + n): byte for n, byte in enumerate(others)}
