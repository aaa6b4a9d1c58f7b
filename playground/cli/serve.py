"""`playground serve`, which is what app.py does."""

import os
import socket
import threading
from typing import Any

from playground.cli.build import build_runner
from playground.cli.terminal import loading_steps, show_progress
from playground.errors import PlaygroundError
from playground.loopback import without_proxies
from playground.models.fetch import is_ready
from playground.runs.runner import Runner
from playground.settings import QUANTIZATIONS

MAX_PORT = 65_535


def serve_page(*, host: str, port: int, model: str | None, quantization: str | None, open_browser: bool) -> None:
    """Serve the page until it is interrupted; the model loads meanwhile, shown in the terminal and in the page."""
    check_port(host, port)
    runner, model_name = build_runner(model)
    quantization = quantization or QUANTIZATIONS[0]
    runner.check(model_name, quantization)
    # Imported here: gradio takes seconds, and a port in use or an unknown model is reported before that.
    with without_proxies():  # gradio makes HTTP clients while it is imported
        from playground.ui.app import build_app  # noqa: PLC0415  after the checks, see above
        from playground.ui.server.launch import launch  # noqa: PLC0415  likewise
        from playground.ui.shell.listeners import Listeners  # noqa: PLC0415  likewise

    first_load = threading.Thread(target=_load, args=(runner, model_name, quantization), name="first-load", daemon=True)
    is_here = is_ready(runner.catalogue.find(model_name))
    if is_here:
        first_load.start()
    listeners = Listeners()
    demo = build_app(runner, model=model_name, quantization=quantization, listeners=listeners)
    print(f"Inference Playground: http://{host}:{port}  (Ctrl+C ends it)", flush=True)
    launch(demo, listeners, host=host, port=port, open_browser=open_browser)
    if not is_here:  # no sooner: fetching may need the proxy that `launch` does without
        first_load.start()
    demo.block_thread()


def default_page() -> Any:
    """The page with the default model, for `gradio app.py`, which launches it itself."""
    from playground.ui.app import build_app  # noqa: PLC0415  as above

    runner, model_name = build_runner(None)
    return build_app(runner, model=model_name)


def _load(runner: Runner, model: str, quantization: str) -> None:
    try:
        show_progress(loading_steps(runner.load(model, quantization)))
    except PlaygroundError as error:
        print(f"error: {error}", flush=True)


def check_port(host: str, port: int) -> None:
    """Refuse a port that can't be listened on, before anything is loaded.

    Raises:
        PlaygroundError: It is out of range, taken, or not this machine's.
    """
    if not 1 <= port <= MAX_PORT:
        raise PlaygroundError(f"--port must be from 1 to {MAX_PORT}; got {port}.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # a port just left may be taken again; on Windows this would allow one in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, TypeError, UnicodeError) as error:  # the latter: a name that can't be one
            why = getattr(error, "strerror", None) or error
            raise PlaygroundError(
                f"Port {port} on {host[:60]} can't be used ({why}): choose another with --port, or the address with "
                "--host."
            ) from None
