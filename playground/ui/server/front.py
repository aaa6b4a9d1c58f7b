"""Gradio's document with our head in it, and our style and script as files that a browser keeps.

The head stands in the document itself, not in Gradio's `head` option, which a script puts in after Gradio's own scripts
have come. Ours must run before the first control is drawn.
"""

import hashlib
import re
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.ui.server.page import page_script, page_style
from playground.ui.shell.common import LEAD

_CONFIGURED = b"<script data-gradio-mode>"  # above it stands Gradio's configuration, which our script fills in
_OTHERS = re.compile(rb'\s*<meta\s+(?:property="og|name="twitter)[^>]*>')  # pictures and words of Gradio's own site
_APP = b"<gradio-app"
_PROMPT = b'"elem_id":"prompt"'
_SKIP = b'<a id="skip" href="#prompt">Skip to the prompt</a>'
_KEPT = {"cache-control": "private, max-age=31536000, immutable"}  # another content has another name


class Front:
    """Adds our head to the document at `/`; serves the files that it names."""

    def __init__(self, app: ASGIApp):
        self._app = app
        style, script = page_style().encode(), page_script().encode()
        style_at, script_at = (f"/own/{_digest(body)}.{kind}" for body, kind in ((style, "css"), (script, "js")))
        self._files = {
            style_at: (style, "text/css"),
            script_at: (script, "text/javascript"),
        }
        parts = (
            f'<meta name="description" content="{LEAD}">',
            f'<link rel="stylesheet" href="{style_at}">',
            f'<script src="{script_at}"></script>',
        )
        shell = f'<div id="shell"><b>Inference Playground</b>{LEAD}</div>'
        self._added = {_CONFIGURED: "".join(parts).encode(), _APP: shell.encode()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http" and (file := self._files.get(scope["path"])):
            body, kind = file
            await Response(body, headers=_KEPT, media_type=kind)(scope, receive, send)
            return
        is_page = scope["type"] == "http" and scope["path"] == "/" and scope["method"] == "GET"
        await self._app(scope, receive, _Document(send, self._added).send if is_page else send)


class _Document:
    """One answer with the document: kept until it is whole, since its length changes."""

    def __init__(self, send: Send, added: Mapping[bytes, bytes]):
        self._send, self._added = send, added
        self._start: Message = {}
        self._parts = list[bytes]()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._parts.append(message.get("body", b""))
        if message.get("more_body"):
            return
        body = _OTHERS.sub(b"", b"".join(self._parts))
        if _PROMPT in body:
            body = body.replace(_APP, _SKIP + _APP, 1)
        for place, ours in self._added.items():
            body = body.replace(place, ours + place, 1)
        MutableHeaders(raw=self._start["headers"])["content-length"] = str(len(body))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
