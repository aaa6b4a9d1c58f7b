"""How the page is served: for this machine or a trusted network, with nothing that calls out."""

import os
import socket
from typing import Any

import gradio as gr
import psutil
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from playground.loopback import without_proxies
from playground.ui.server.listening import Listening
from playground.ui.server.middleware import BodyLimit, SameOrigin, SecurityHeaders
from playground.ui.server.page import head
from playground.ui.shell.listeners import Listeners
from playground.ui.shell.theme import make_theme

_LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
_EVERYWHERE = {"0.0.0.0", "::", ""}
_MAX_THREADS = 80  # one a blocking call: meters, previews and saves of many pages at once
_ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000",  # else Gradio sums up all past events after each one
    "GRADIO_ANALYTICS_MAX_EVENTS": "200",
}


def allowed_hosts(host: str) -> list[str]:
    """Names by which the page may be called; any other `Host` is refused, which stops DNS rebinding."""
    if host in _LOOPBACK or host == "::1":
        return [*_LOOPBACK]
    name = socket.gethostname()
    names = [*_LOOPBACK, name, name.split(".")[0], f"{name.split('.')[0]}.local"]
    if host not in _EVERYWHERE:
        return [*names, f"[{host}]" if ":" in host else host]
    addresses = [address for group in psutil.net_if_addrs().values() for address in group]
    ours = [one.address.split("%")[0] for one in addresses if one.family in (socket.AF_INET, socket.AF_INET6)]
    return [*names, *(f"[{address}]" if ":" in address else address for address in ours)]


def launch_options(host: str, listeners: Listeners | None = None) -> dict[str, Any]:
    """The options of `launch` or `mount_gradio_app`; one place for app, tests and Spaces.

    `listeners` are those that the page was built with.
    """
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(host), www_redirect=False),
        Middleware(SecurityHeaders),
        Middleware(SameOrigin),
        Middleware(BodyLimit),
    ]
    if listeners is not None:
        middleware.append(Middleware(Listening, listeners=listeners))
    return {
        "server_name": host,
        "theme": make_theme(),
        "head": head(),
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "mcp_server": False,
        "pwa": False,
        "share": False,
        "show_error": False,
        "max_file_size": "1mb",
        "allowed_paths": [],
        "max_threads": _MAX_THREADS,
        "quiet": True,
        "app_kwargs": {"middleware": middleware},
    }


def launch(demo: gr.Blocks, listeners: Listeners, *, host: str, port: int, open_browser: bool) -> None:
    """Serve from now on, in a separate thread."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with without_proxies():  # gradio asks its own address whether the page is up
        options = launch_options(host, listeners)
        demo.launch(server_port=port, inbrowser=open_browser, prevent_thread_lock=True, **options)
