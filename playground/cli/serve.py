"""`playground serve`, which is what app.py does."""

import gc
import socket
import threading
import webbrowser
from contextlib import closing

from playground.cli.build import build_runner
from playground.cli.common import say_fetch
from playground.cli.ending import Ending
from playground.cli.terminal import loading_steps, show_progress
from playground.errors import PlaygroundError
from playground.loopback import listen, without_proxies
from playground.paths import data_dir
from playground.runs.budget import ALONE, SHARED
from playground.runs.runner import Runner
from playground.settings import QUANTIZATIONS

MAX_PORT = 65_535
EVERYWHERE = ("0.0.0.0", "::", "")


def serve_page(
    *, host: str, port: int, model: str | None, quantization: str | None, open_browser: bool, joins: bool = True
) -> None:
    """Serve the page until it is interrupted; the model loads meanwhile, shown in the terminal and in the page.

    Args:
        host: Address to listen on.
        port: Port to listen on.
        model: Id or path; None is the catalogue's default.
        quantization: None is the first.
        open_browser: Open the page.
        joins: Whether others in the network need the join code.
    """
    with closing(taken_port(host, port)) as listener:  # from here on callers wait instead of being refused
        runner, model_name = build_runner(model)
        quantization = quantization or QUANTIZATIONS[0]
        runner.check(model_name, quantization)
        ending = Ending()
        print("Starting: the address follows, in a few seconds or more on a busy machine.", flush=True)
        # Imported here: gradio takes seconds, and a port in use or an unknown model is reported before that.
        with without_proxies():  # gradio makes HTTP clients while it is imported
            from playground.ui.app import build_app  # noqa: PLC0415  after the checks, see above
            from playground.ui.server.join import make_code  # noqa: PLC0415  likewise
            from playground.ui.server.launch import is_loopback, lan_address  # noqa: PLC0415  likewise
            from playground.ui.server.people import kept_key  # noqa: PLC0415  likewise
            from playground.ui.server.serving import Server  # noqa: PLC0415  likewise
            from playground.ui.shell.listeners import Listeners  # noqa: PLC0415  likewise
            from playground.ui.shell.pages import Pages  # noqa: PLC0415  likewise

        gc.collect()
        gc.freeze()  # all that was imported: walking it keeps every thread waiting. A model is not in it yet
        first_load = threading.Thread(
            target=_load, args=(runner, model_name, quantization), name="first-load", daemon=True
        )
        first_load.start()
        runner.spending.budget = SHARED if not is_loopback(host) else ALONE
        pages = Pages(Listeners())
        demo = build_app(runner, model=model_name, quantization=quantization, pages=pages)
        is_open = not is_loopback(host)
        code = make_code() if is_open and joins else None
        server = Server(demo, listener, key=kept_key(data_dir() / "cookie.key"), join_code=code, pages=pages)
        _say_where(f"http://{lan_address() if host in EVERYWHERE else _in_url(host)}:{port}", code, is_open=is_open)
        server.start()
        if open_browser:
            webbrowser.open(server.url)
        ending.wait()
        server.stop()
        ending.end()


def _say_where(url: str, code: str | None, *, is_open: bool) -> None:
    print(f"Inference Playground: {url}  (Ctrl+C ends it)", flush=True)
    if code is not None:
        import segno  # noqa: PLC0415  only for a network

        print(f"Join code: {code}   or scan:", flush=True)
        segno.make(f"{url}/join?code={code}", micro=False).terminal(compact=True)
    elif is_open:
        print("warning: --no-join: everybody who reaches this address may use the page.", flush=True)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _load(runner: Runner, model: str, quantization: str) -> None:
    try:
        say_fetch(runner, model)
        show_progress(loading_steps(runner.load(model, quantization)))
    except PlaygroundError as error:
        print(f"error: {error}", flush=True)


def taken_port(host: str, port: int) -> socket.socket:
    """A socket that listens there, taken before anything is loaded.

    Raises:
        PlaygroundError: The port is out of range, taken, or not this machine's.
    """
    if not 1 <= port <= MAX_PORT:
        raise PlaygroundError(f"--port must be from 1 to {MAX_PORT}; got {port}.")
    try:
        return listen(host, port)
    except (OSError, TypeError, UnicodeError) as error:  # the latter: a name that can't be one
        why = getattr(error, "strerror", None) or error
        raise PlaygroundError(
            f"Port {port} on {host[:60]} can't be used ({why}): choose another with --port, or the address with --host."
        ) from None
