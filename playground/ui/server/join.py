"""The join code: who is in the room has it, and says it once."""

import hmac
import html
import secrets
import time
from collections import OrderedDict
from pathlib import Path
from urllib.parse import parse_qs

from starlette.types import Scope, Send

from playground.ui.server.answers import answer, cookies, header, redirect
from playground.ui.server.people import People

_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that looks like another
CODE_CHARS = 8
MAX_TRIES = 10
WINDOW_S = 60.0
_MAX_ADDRESSES = 1_000


def make_code() -> str:
    """A code of 8 letters and digits: 40 bits, tried at most ten times a minute by an address."""
    return "".join(secrets.choice(_LETTERS) for _ in range(CODE_CHARS))


class Join:
    """Answers the join page, and knows who has joined: a cookie says so that only this server can make."""

    def __init__(self, code: str, people: People, port: int):
        self.code = code
        self._people = people
        self._cookie = f"playground_joined_{port}"
        self._tries: OrderedDict[str, list[float]] = OrderedDict()

    def has_joined(self, scope: Scope, person: str | None) -> bool:
        """Whether the request may use the page: by cookie, or by the code in its header."""
        if person is not None and self._same(cookies(scope).get(self._cookie, ""), self._proof(person)):
            return True
        kind, _, code = (header(scope, b"authorization") or "").partition(" ")
        return kind.lower() == "bearer" and not self._is_guessing(scope) and self._is_right(scope, code)

    async def answer(self, scope: Scope, body: bytes, person: str, more: list[tuple[bytes, bytes]], send: Send) -> None:
        """The join page, and what a code sent from it or from the printed QR code leads to."""
        words = body if scope["method"] == "POST" else scope["query_string"]
        code = parse_qs(words.decode("latin-1"), max_num_fields=8).get("code", [""])[0] if words else ""
        if self._is_guessing(scope):
            await _page(send, 429, "Too many wrong codes. Wait a minute, then try again.", more)
        elif person and code and self._is_right(scope, code):
            await redirect(send, "/", [*more, self._people.set_cookie(self._cookie, self._proof(person))])
        else:
            wrong = bool(words)
            text = "This is not the code. It is in the terminal where the server runs." if wrong else ""
            await _page(send, 403 if wrong else 200, text, more)

    def _proof(self, person: str) -> str:
        return self._people.proof(person, f"joined {self.code}")

    def _is_right(self, scope: Scope, code: str) -> bool:
        right = self._same(code.strip().upper(), self.code)
        if not right:
            self._tries_of(scope).append(time.monotonic())
        return right

    def _is_guessing(self, scope: Scope) -> bool:
        return len(self._tries_of(scope)) >= MAX_TRIES

    def _tries_of(self, scope: Scope) -> list[float]:
        """When the address sent wrong codes in the last minute."""
        client = scope.get("client")
        address = client[0] if client else ""
        tries = self._tries.setdefault(address, [])
        tries[:] = [one for one in tries if time.monotonic() - one < WINDOW_S]
        self._tries.move_to_end(address)
        if len(self._tries) > _MAX_ADDRESSES:
            self._tries.popitem(last=False)
        return tries

    @staticmethod
    def _same(one: str, other: str) -> bool:
        return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


async def _page(send: Send, status: int, problem: str, more: list[tuple[bytes, bytes]]) -> None:
    page = (Path(__file__).parent / "join.html").read_text("utf-8")
    said = f'<p role="alert" id="problem">{html.escape(problem)}</p>' if problem else ""
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store"), *more]
    await answer(send, status, page.replace("<!-- problem -->", said).encode(), headers)
