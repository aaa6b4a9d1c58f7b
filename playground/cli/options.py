"""Options that several commands share."""

import inspect
import sys
from collections.abc import Callable, Container
from functools import wraps
from typing import Annotated, Any

import typer

from playground.cli.failures import unexpected
from playground.errors import PlaygroundError

_PANIC = "PanicException"  # of a library in Rust; not an `Exception`
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, and nothing else there.")
]
Model = Annotated[str | None, typer.Option(help="Model id, or the path of a folder or GGUF file.", metavar="ID|PATH")]
Quantization = Annotated[str | None, typer.Option(help="fp32, bf16, fp16, int8 or int4.", metavar="NAME")]
Prompt = Annotated[str, typer.Argument(help="What to ask; - reads standard input.")]
Save = Annotated[str | None, typer.Option(help="Write the record to this file.", metavar="FILE")]


def option(text: str, metavar: str = "NUMBER") -> Any:
    """An option whose value is checked later, in words."""
    return typer.Option(help=text, metavar=metavar)


_SETTINGS: dict[str, Any] = {
    "temperature": Annotated[str | None, option("0 to 2; 0 is greedy.")],
    "top_p": Annotated[str | None, option("Above 0, at most 1; 1 is off.")],
    "top_k": Annotated[str | None, option("0 is off.")],
    "min_p": Annotated[str | None, option("0 to 1; 0 is off.")],
    "repetition_penalty": Annotated[str | None, option("0.5 to 2; 1 is off.")],
    "seed": Annotated[str | None, option("Fixes the draw; if not given, a random one is used and shown.")],
    "max_new_tokens": Annotated[str | None, option("The answer ends after this many tokens.")],
    "context_length": Annotated[str | None, option("Tokens of prompt and answer; the model's own if not given.")],
    "time_limit_s": Annotated[str | None, option("The answer ends after this many seconds.")],
    "top": Annotated[str | None, option("Alternatives of each token to record, and to print.")],
    "system": Annotated[str | None, option("System prompt.", "TEXT")],
    "stop": Annotated[list[str] | None, option("The answer ends before this text; may be repeated.", "TEXT")],
    "reuse_prefix": Annotated[
        bool | None, typer.Option("--reuse-prefix/--read-all", help="Reuse what is in memory of an earlier prompt.")
    ],
    "raw": Annotated[bool | None, typer.Option("--raw/--chat", help="Continue the text, without a chat template.")],
}


def takes_options(options: dict[str, Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds these options; the command gets those given as one dict, `values`, repeatable ones as tuples."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def wrapped(**arguments: Any) -> None:
            given = {name: arguments.pop(name) for name in options}
            plain = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
            command(**arguments, values={name: value for name, value in plain.items() if value not in (None, ())})

        own = inspect.signature(command).parameters
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
            for name, hint in options.items()
        ]
        kept = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, one in own.items() if name != "values"]
        wrapped.__signature__ = inspect.Signature([*kept, *added])  # pyrefly: ignore[missing-attribute]  # what typer reads
        wrapped.__annotations__ = {one.name: one.annotation for one in [*kept, *added]}
        return wrapped

    return decorate


def takes_settings(command: Callable[..., None], *, without: Container[str] = ()) -> Callable[..., None]:
    """Adds an option for each setting except these; the command gets those given as one dict, `values`."""
    options = {name: hint for name, hint in _SETTINGS.items() if f"--{name.replace('_', '-')}" not in without}
    return takes_options(options)(command)


def errors_in_one_line(command: Callable[..., None]) -> Callable[..., None]:
    """Bad input ends with exit code 2 and one clear line, and so does an error that nobody expected."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except PlaygroundError as error:
            print("error:", " ".join(str(error).split()), file=sys.stderr)  # one line, whatever a library raised
            raise typer.Exit(2) from None
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise  # ways in which a command ends
        except BaseException as error:
            if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
                raise  # Ctrl+C, or the interpreter's end
            print("error:", unexpected(error), file=sys.stderr)
            raise typer.Exit(2) from None

    return wrapped
