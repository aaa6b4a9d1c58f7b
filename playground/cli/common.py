"""What several commands do alike: read the prompt, check where to save, load the model, stop on Ctrl+C."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playground.cli.build import build_runner
from playground.cli.terminal import loading_steps, print_json, show_progress
from playground.errors import PlaygroundError
from playground.runs.records import Document
from playground.runs.runner import Runner
from playground.runs.store import save_record
from playground.settings import MAX_PROMPT_CHARS, check_prompt
from playground.views.offer import offer_text
from playground.views.terminal import safe_text


def read_prompt(prompt: str) -> str:
    """The prompt as given, or standard input for `-`.

    Raises:
        PlaygroundError: It is empty, too long, or no text.
    """
    return check_prompt(_standard_input() if prompt == "-" else prompt)


def _standard_input() -> str:
    try:
        text = sys.stdin.read(MAX_PROMPT_CHARS + 1)
        text.encode()  # some locales read any byte, as half a character
    except UnicodeError:
        raise PlaygroundError("The prompt on standard input is not UTF-8 text.") from None
    if len(text) > MAX_PROMPT_CHARS:
        raise PlaygroundError(
            f"The prompt on standard input has more than {MAX_PROMPT_CHARS:,} characters, the limit: shorten it."
        )
    return text.removeprefix("\ufeff")  # PowerShell may mark what it pipes


def check_folder_of(file: Path) -> None:
    """Report a mistyped `--save` before the work, not after.

    Raises:
        PlaygroundError: The file's folder does not exist.
    """
    try:
        is_there = file.parent.is_dir()
    except OSError:  # no permission to read it
        is_there = False
    if not is_there:
        raise PlaygroundError(f"Cannot write {str(file)!r}: its folder does not exist; create it first.")


def with_model(
    model: str | None, quantization: str, *, preferred: str | None = None, save: str | None = None
) -> tuple[Runner, str]:
    """A runner that holds the model, and the model's id; for `model` and `preferred` see `build_runner`.

    Raises:
        PlaygroundError: The folder of the file to `save` does not exist, or the model is not available.
    """
    if save is not None:
        check_folder_of(Path(save))
    runner, name = build_runner(model, preferred)
    say_fetch(runner, name)
    show_progress(loading_steps(runner.load(name, quantization)))
    return runner, name


def say_fetch(runner: Runner, model: str) -> None:
    """Say what is fetched, if the model is not here: naming it in a command is to ask for it."""
    if not runner.shelf.is_here(model) and (offer := runner.shelf.offer(model)) is not None:
        title = runner.catalogue.find(model).title
        print(safe_text(f"{title} is not on this machine, so it is fetched. {offer_text(offer)}"), file=sys.stderr)


def give(record: Document, text: str, save: str | None, json: bool) -> None:
    """Print a finished document, as itself or in words, and save it.

    Raises:
        PlaygroundError: It can't be written; it has been printed already.
    """
    if json:
        print_json(record.to_json())
    else:
        print(safe_text(text))
    if save is not None:  # last, so that a full disk loses nothing that could be shown
        save_record(record, Path(save))


@contextmanager
def stop_on_interrupt() -> Iterator[threading.Event]:
    """Within, Ctrl+C sets the event, so that work ends soon and keeps what is done; a second one does not wait."""
    stopped = threading.Event()

    def interrupt(*_: object) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
