"""Tells `Listeners` which event streams are open, by watching the requests that read one."""

import re
from contextlib import ExitStack
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.ui.shell.listeners import Listeners

_OF_PAGE = re.compile(r"/gradio_api/queue/data/?")
_OF_EVENT = re.compile(r"/gradio_api/call/(?:v2/)?[^/]+/([^/]+)/?")


def stream_of(scope: Scope) -> str | None:
    """The name of the stream that a request reads: of a page its session hash, of a program's event its id."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    if _OF_PAGE.fullmatch(scope["path"]):
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        return query.get("session_hash", [None])[-1]
    event = _OF_EVENT.fullmatch(scope["path"])
    return event[1] if event else None


class Listening:
    """Counts a stream as open from the request that reads it until that client has left."""

    def __init__(self, app: ASGIApp, listeners: Listeners):
        self._app, self._listeners = app, listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        name = stream_of(scope)
        if name is None:
            await self._app(scope, receive, send)
            return
        with ExitStack() as open_stream:
            open_stream.enter_context(self._listeners.listening(name))

            async def noticing() -> Message:
                message = await receive()
                if message["type"] == "http.disconnect":  # the app may take its time to end
                    open_stream.close()
                return message

            await self._app(scope, noticing, send)
