"""What runs before Gradio: a cap on bodies, no foreign origins, and headers that keep the browser inside."""

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 16 * 2**20  # the longest prompt allowed fits, escaped; checks with better messages come later
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
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


async def _refuse(send: Send, status: int, words: str) -> None:
    body = json.dumps({"error": words}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class BodyLimit:
    """Refuses a request whose body is larger than the limit, by its declared length or while it arrives."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY_BYTES):
        self._app, self._limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        words = f"The request is larger than {self._limit:,} bytes: shorten the prompt and send it again."
        if not declared.isdigit() or int(declared) > self._limit:
            await _refuse(send, 413, words)
            return
        seen, started, refused = 0, False, False

        async def capped() -> Message:
            nonlocal seen, refused
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit and not refused:
                refused = True
                if not started:
                    await _refuse(send, 413, words)
            return {"type": "http.disconnect"} if refused else message

        async def noted_start(message: Message) -> None:
            nonlocal started
            if refused:
                return
            started = True
            await send(message)

        try:
            await self._app(scope, capped, noted_start)
        except Exception:
            if not refused:  # a refused request ends in the app's own error about a client that left
                raise


class SameOrigin:
    """Refuses a browser's request that another site's page makes; programs send no origin."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        origin, host = headers.get(b"origin"), headers.get(b"host", b"")
        if origin is not None and origin.partition(b"://")[2] != host:
            await _refuse(send, 403, "Another site's page may not use this one.")
            return
        await self._app(scope, receive, send)


class SecurityHeaders:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
