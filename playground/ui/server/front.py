"""Gradio's document with our head in it, and our style, scripts and fonts as files that a browser keeps.

The head stands in the document itself, not in Gradio's `head` option, which a script puts in after Gradio's own scripts
have come. Ours must run before the first control is drawn.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus

import brotli
import gradio as gr
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.ui.components.base import drawn_at_first
from playground.ui.components.words import word
from playground.ui.server.languages import with_tables_for
from playground.ui.server.page import page_scripts, page_style
from playground.ui.shell.theme import font_files

_CONFIGURED = b"<script data-gradio-mode>"  # above it stands Gradio's configuration, which our script fills in
_OTHERS = re.compile(rb'\s*<meta\s+(?:property="og|name="twitter)[^>]*>')  # pictures and words of Gradio's own site
_APP = b"<gradio-app"
_PROMPT = b'"elem_id":"prompt"'
_QUALITY = 9  # of 11: 60 ms once for all; the last two steps would save 9 % and take a second and a half
_FOR_FRAMES = "/static/js/iframeResizer.contentWindow.min.js"  # of no use: no other site may have ours in a frame
_SMALL = 500
_PACKED = ("/assets/", "/theme.css")  # Gradio packs them again for each person, and less
_KEPT = {"cache-control": "private, max-age=31536000, immutable"}  # another content has another name


class Front:
    """Adds our head to the document at `/`; serves the files that it names."""

    def __init__(self, app: ASGIApp, demo: gr.Blocks):
        self._app = app
        self._files: dict[str, tuple[bytes, str]] = {_FOR_FRAMES: (b"", "text/javascript")}
        self._translated = bool(demo.i18n_instance and len(demo.i18n_instance.translations_dict) > 1)
        fonts = {file.name: self._keep(file.read_bytes(), "woff2", "font/woff2") for file in font_files()}
        style_at = self._keep(page_style(fonts).encode(), "css", "text/css")
        scripts = (script.encode() for script in page_scripts(drawn_at_first(demo), self._translated))
        script_at, list_at, rest_at = (self._keep(script, "js", "text/javascript") for script in scripts)
        parts = (
            f'<meta name="description" content="{word("page.lead")}">',
            f'<link rel="stylesheet" href="{style_at}">',
            f'<script src="{script_at}" data-list="{list_at}" data-rest="{rest_at}"></script>',
        )
        shell = f'<div id="shell"><b>Inference Playground</b>{word("page.lead")}</div>'
        self._skip = f'<a id="skip" href="#prompt">{word("page.skip")}</a>'.encode()
        self._added = {_CONFIGURED: "".join(parts).encode(), _APP: shell.encode()}

    def _keep(self, body: bytes, ending: str, kind: str) -> str:
        place = f"/own/{hashlib.sha256(body).hexdigest()[:16]}.{ending}"
        self._files[place] = body, kind
        return place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        packs = "br" in Headers(scope=scope).get("accept-encoding", "")
        if file := self._files.get(scope["path"]):
            body, kind = file
            answer = Response(body, headers=_KEPT, media_type=kind)
            if packs and not kind.startswith("font/"):
                answer.body = await _pack(body, answer.headers)
            await answer(scope, receive, send)
            return
        if scope["method"] == "GET" and scope["path"] == "/":
            accepted = Headers(scope=scope).get("accept-language", "")
            send = _Whole(send, lambda document: self._with_ours(document, accepted), packs).send
        elif scope["method"] == "GET" and packs and scope["path"].startswith(_PACKED):
            plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            scope, send = {**scope, "headers": plain}, _Whole(send, bytes, packs).send
        await self._app(scope, receive, send)

    def _with_ours(self, document: bytes, accepted: str) -> bytes:
        body = _OTHERS.sub(b"", with_tables_for(document, accepted) if self._translated else document)
        if _PROMPT in body:
            body = body.replace(_APP, self._skip + _APP, 1)
        for place, ours in self._added.items():
            body = body.replace(place, ours + place, 1)
        return body


class _Whole:
    """One answer, kept until it is whole, since its length changes."""

    def __init__(self, send: Send, change: Callable[[bytes], bytes], packs: bool):
        self._send, self._change, self._packs = send, change, packs
        self._start: Message = {}
        self._parts = list[bytes]()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._parts.append(message.get("body", b""))
        if message.get("more_body"):
            return
        body = b"".join(self._parts)
        if self._start["status"] == HTTPStatus.OK:
            body, headers = self._change(body), MutableHeaders(raw=self._start["headers"])
            headers["content-length"] = str(len(body))
            if self._packs and len(body) > _SMALL:
                body = await _pack(body, headers)
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


async def _pack(body: bytes, headers: MutableHeaders) -> bytes:
    """The body as brotli, which is smaller by a third than gzip; its headers say so."""
    packed = await asyncio.to_thread(_packed, body)
    headers.update({"content-encoding": "br", "content-length": str(len(packed))})
    headers.add_vary_header("accept-encoding")
    return packed


@lru_cache(maxsize=256)  # a page's files and those of Gradio, and the document, which is the same for most people
def _packed(body: bytes) -> bytes:
    return brotli.compress(body, quality=_QUALITY)
