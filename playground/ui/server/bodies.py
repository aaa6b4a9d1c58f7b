"""A request's body, read whole under limits before anything parses it: bytes, values, depth and time."""

import asyncio
import math
from codecs import getincrementaldecoder
from typing import Any

from starlette.types import Message, Receive, Scope

from playground import pieces
from playground.ui.server.answers import Refused, header

MAX_VALUES = 20_000
MAX_DEPTH = 64
MAX_HELD_BYTES = 256 * 2**20  # of all requests together
PATIENCE_S = 30.0  # for all of a body to arrive
_OPEN, _CLOSED = b"[{", b"]}"
_STRUCTURE = b"[]{},:"
_NOT_STRUCTURE = bytes(set(range(256)) - set(_STRUCTURE))
_PIECE_BYTES = 2**16
_DECODED_BYTES = 2**20  # in one step
_SMALL_BYTES = 2**16  # never refused because others hold much


class Counter:
    """Counts the values of a JSON text and how deep they are nested, piece by piece, without parsing it."""

    def __init__(self, max_values: int = MAX_VALUES, max_depth: int = MAX_DEPTH):
        self._max_values, self._max_depth = max_values, max_depth
        self._values = self._quotes = self._depth = 0
        self._in_text = False
        self._rest = b""

    def add(self, data: bytes) -> None:
        """The next piece.

        Raises:
            Refused: Too many values, or too deep.
        """
        data = self._rest + data
        kept = len(data) - (len(data) - len(data.rstrip(b"\\"))) % 2  # an escape may end in the next piece
        self._rest, data = data[kept:], data[:kept]
        parts = data.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')
        outside = b"".join(parts[self._in_text :: 2]).translate(None, _NOT_STRUCTURE)
        self._in_text ^= len(parts) % 2 == 0
        self._values += sum(outside.count(mark) for mark in (b"[", b"{", b",", b":"))
        self._quotes += len(parts) - 1
        if max(self._values, self._quotes // 4) > self._max_values:  # a text has two quotes, and so has its key
            raise Refused(413, f"The request holds more than {self._max_values:,} values, the limit: send fewer.")
        for byte in outside:
            self._depth += (byte in _OPEN) - (byte in _CLOSED)
            if not 0 <= self._depth <= self._max_depth:
                raise Refused(413, f"The request is nested more than {self._max_depth} deep, the limit.")


class Bodies:
    """Reads bodies, and knows how much of them is held at the moment."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._held = 0

    async def read(self, scope: Scope, receive: Receive, max_bytes: int, *, is_json: bool) -> bytes:
        """The whole body. Pass its length to `release` in the end.

        Raises:
            Refused: It is too long, holds too much, comes too slowly, or is of another type.
        """
        declared = header(scope, b"content-length")
        if declared is not None and (not declared.isdigit() or int(declared[:20]) > max_bytes):
            raise Refused(413, too_long(max_bytes))
        if is_json and (header(scope, b"content-type") or "").partition(";")[0].strip() != "application/json":
            raise Refused(415, "Send JSON, with the header Content-Type: application/json.")
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._collect(receive, max_bytes, Counter() if is_json else None)
        except TimeoutError:
            raise Refused(408, f"The request did not arrive within {self._patience_s:g} s: send it again.") from None

    async def _collect(self, receive: Receive, max_bytes: int, counter: Counter | None) -> bytes:
        parts, length = list[bytes](), 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, "The request ended in the middle.")
                data = message.get("body", b"")
                length, self._held = length + len(data), self._held + len(data)
                if length > max_bytes:
                    raise Refused(413, too_long(max_bytes))
                if self._held > MAX_HELD_BYTES and length > _SMALL_BYTES:
                    raise Refused(503, "The server reads too many large requests at the moment: try again soon.")
                for start in range(0, len(data), _PIECE_BYTES):
                    if counter is not None:
                        counter.add(data[start : start + _PIECE_BYTES])
                    await asyncio.sleep(0)  # others get their turn
                parts.append(data)
                if not message.get("more_body"):
                    return b"".join(parts)
        except BaseException:
            self._held -= length
            raise

    def release(self, length: int) -> None:
        """A body is no longer held."""
        self._held -= length


async def parse(body: bytes) -> Any:
    """The value of a JSON text, beside the event loop.

    Raises:
        Refused: It is not JSON.
    """
    try:
        return await asyncio.to_thread(_parse, body)
    except (ValueError, RecursionError):  # the former also for bytes that are no text and endless numbers
        raise Refused(400, "The request is not JSON that can be read.") from None


def _parse(body: bytes) -> Any:
    decoder, parts = getincrementaldecoder("utf-8")("surrogatepass"), list[str]()
    for at in range(0, len(body), _DECODED_BYTES):
        parts.append(decoder.decode(body[at : at + _DECODED_BYTES]))
        if at:
            pieces.pause()
    parts.append(decoder.decode(b"", final=True))
    return pieces.parse("".join(parts), parse_constant=_finite, parse_float=_finite)


def _finite(text: str) -> float:
    """A number; JSON has no others, and no answer could name one."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is not a number that JSON has")
    return number


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out the body that was read, and after it what really comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again


def too_long(max_bytes: int) -> str:
    """What a refusal says."""
    return f"The request is larger than {max_bytes:,} bytes, the limit here: shorten it and send it again."
