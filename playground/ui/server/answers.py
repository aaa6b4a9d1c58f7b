"""What our own server answers by itself, and the headers that go with every answer."""

import json
from http.cookies import CookieError, SimpleCookie

from starlette.types import Message, Scope, Send

# Gradio builds its templates and handlers with `new Function` and inline scripts, so those two can't be forbidden.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data: blob:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",  # Gradio sets the base to this page
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
SECURITY_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # "no-referrer" would make the origin of our own forms "null"
]
_CLOSE = [(b"connection", b"close")]


class Refused(Exception):
    """A request that gets this status and these words instead of what it wanted."""

    def __init__(self, status: int, words: str):
        super().__init__(words)
        self.status = status


def refusal(scope: Scope, error: Refused) -> tuple[int, dict[str, object]]:
    """Status and value of a refusal, so that who sent the request reads its words.

    A page shows `detail`. Gradio's client for Python shows the words of failed checks only, and else just a status.
    """
    words = str(error)
    if scope["method"] == "POST" and (header(scope, b"user-agent") or "").startswith("gradio_client/"):
        failed = {"__type__": "validate", "is_valid": False, "parameter_name": "request", "message": words}
        return 422, {"error": words, "detail": [failed]}
    return error.status, {"error": words, "detail": words}


async def answer_json(send: Send, status: int, value: dict[str, object], *, close: bool = False) -> None:
    """A whole answer. `close`: the connection may hold the rest of a body that nobody reads."""
    headers = [(b"content-type", b"application/json"), *(_CLOSE if close else [])]
    await answer(send, status, json.dumps(value).encode(), headers)


async def answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """A whole answer."""
    length = (b"content-length", str(len(body)).encode())
    start: Message = {"type": "http.response.start", "status": status, "headers": [*headers, length]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def redirect(send: Send, to: str, headers: list[tuple[bytes, bytes]]) -> None:
    """To another page of ours, by GET."""
    await answer(send, 303, b"", [(b"location", to.encode()), (b"cache-control", b"no-store"), *headers])


def header(scope: Scope, name: bytes) -> str | None:
    """A header of the request; None if it has none of this name. Of several the first counts."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def cookies(scope: Scope) -> dict[str, str]:
    """The cookies of the request; none if they can't be read."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header(scope, b"cookie") or "")
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}
