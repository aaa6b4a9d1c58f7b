"""The page's server: our checks around Gradio's app, run by uvicorn in a thread on a socket that listens already."""

import asyncio
import os
import socket
import sys
import threading
import time

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from playground.errors import PlaygroundError
from playground.loopback import BACKLOG
from playground.ui.server.events import Events
from playground.ui.server.front import Front
from playground.ui.server.guard import Guard
from playground.ui.server.join import Join
from playground.ui.server.languages import translations
from playground.ui.server.launch import ENVIRONMENT, MAX_EVENTS, MAX_THREADS, allowed_hosts, mount_options
from playground.ui.server.listening import Listening
from playground.ui.server.patience import PatientProtocol
from playground.ui.server.people import People
from playground.ui.server.queueing import take_over_queue
from playground.ui.server.sessions import MAX_SESSIONS, Sessions
from playground.ui.shell.pages import Pages

KEEP_ALIVE_S = 10  # for the next request of a connection
_GRACE_S = 1  # for answers that are still going
_STOP_S = 2.5
_SMALLEST_ZIPPED = 1_000
_MAX_HEADER_BYTES = 32 * 2**10


class Server:
    """Serves a page from `start` to `stop`, in a thread; also a `with` block.

    Attributes:
        url: Where the page is, for this machine.
    """

    def __init__(
        self,
        demo: gr.Blocks,
        listener: socket.socket,
        *,
        key: bytes,
        join_code: str | None = None,
        pages: Pages | None = None,
        i18n: gr.I18n | None = None,
    ):
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        self._demo, self._socket, self._pages = demo, listener, pages
        host, port = listener.getsockname()[:2]
        people, i18n = People(key, port), i18n or translations()
        demo.max_threads, demo.state_session_capacity = MAX_THREADS, MAX_SESSIONS
        _without_statistics(demo)
        demo._queue.max_thread_count = MAX_EVENTS
        parent = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        gr.mount_gradio_app(parent, demo, path="", server_name=host, server_port=port, i18n=i18n, **mount_options())
        take_over_queue(parent, demo)
        heard = Listening(parent, pages.listeners) if pages and pages.listeners else parent
        zipped = GZipMiddleware(
            Sessions(Front(heard, demo), demo, pages), minimum_size=_SMALLEST_ZIPPED, compresslevel=5
        )
        join = Join(join_code, people, port) if join_code else None
        self._guard = Guard(zipped, hosts=allowed_hosts(host), people=people, join=join, events=Events(demo))
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        self.url = f"http://{f'[{near}]' if ':' in near else near}:{port}/"
        self._uvicorn = _InThread(
            uvicorn.Config(
                self._guard, log_level="error", access_log=False, server_header=False, proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S, timeout_graceful_shutdown=_GRACE_S, backlog=BACKLOG,
                h11_max_incomplete_event_size=_MAX_HEADER_BYTES, ws="none", http=PatientProtocol,
            )
        )  # fmt: skip
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)

    def start(self) -> None:
        """Serve from now on.

        Raises:
            PlaygroundError: It could not start.
        """
        self._thread.start()
        while not self._uvicorn.started:
            if not self._thread.is_alive():
                raise PlaygroundError("The server could not start: see the messages above.")
            time.sleep(0.005)

    def _serve(self) -> None:
        self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        """Stop every run of every page and end every answer; waits at most `_STOP_S` for them."""
        deadline = time.monotonic() + _STOP_S
        tickets = self._pages.stop_all() if self._pages else []
        self._demo._queue.close()
        self._demo.is_running = False
        self._uvicorn.stop(self._guard)
        self._thread.join(max(0.0, deadline - time.monotonic()))
        self._socket.close()
        for ticket in tickets:
            ticket.ended.wait(max(0.0, deadline - time.monotonic()))

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _without_statistics(demo: gr.Blocks) -> None:
    """Else Gradio sums up its last 10,000 events after each one. Its environment is read before there is a server."""
    demo._queue.ANALYTICS_MAX_EVENTS, demo._queue.ANAYLTICS_CACHE_FREQUENCY = 1, sys.maxsize


class _InThread(uvicorn.Server):
    """Leaves signals to the one who started it, and ends answers before it ends."""

    loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, without its signal handlers."""
        self.loop = asyncio.get_running_loop()
        await self._serve(sockets)

    def stop(self, guard: Guard) -> None:
        """From any thread."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(guard.stop)
        self.should_exit = True
