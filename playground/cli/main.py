"""The command line: the same runner without a browser. Bad input ends with exit code 2 and one clear line."""

import io
import sys
from typing import Annotated, Any

import typer

from playground.cli.command import add_experiments
from playground.cli.context import context_command
from playground.cli.inside import branch, inspect
from playground.cli.money import cost
from playground.cli.options import Json, Model, Prompt, Quantization, Save, errors_in_one_line, option, takes_settings

app = typer.Typer(
    name="playground", help=(__doc__ or "").split(":")[0] + " of the Inference Playground.", no_args_is_help=True,
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip
models_app = typer.Typer(help="List models, or fetch one.", rich_markup_mode=None)
app.add_typer(models_app, name="models", invoke_without_command=True)


@app.command()
@errors_in_one_line
@takes_settings
def run(
    prompt: Prompt,
    values: dict[str, Any],
    model: Model = None,
    quantization: Quantization = None,
    preset: Annotated[str | None, option("Start from a preset; other flags override it.", "NAME")] = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """Answer a prompt: the text streams, then every meter is shown."""
    from playground.cli.run import run_prompt  # noqa: PLC0415  --help must not wait for torch

    run_prompt(prompt, values, model=model, quantization=quantization, preset=preset, save=save, json=json)


for command in (inspect, branch, context_command()):
    app.command()(command)
add_experiments(app)
app.command()(cost)


@app.command()
@errors_in_one_line
def replay(
    file: Annotated[str, typer.Argument(help="A saved document of any kind, from the page or from `--save`.")],
    model: Annotated[str | None, option("Path of the model, if it was a folder or GGUF file.", "PATH")] = None,
    json: Json = False,
) -> None:
    """Run a saved document again: identical, or what differs first and what has changed around it."""
    from playground.cli.replay import replay_file  # noqa: PLC0415  --help must not wait for torch

    replay_file(file, model=model, json=json)


@models_app.callback()
@errors_in_one_line
def models(context: typer.Context, json: Json = False) -> None:
    """List the models that can be used."""
    if context.invoked_subcommand is None:
        from playground.cli.models import list_models  # noqa: PLC0415  --help must not wait for torch

        list_models(json=json)


@models_app.command("fetch")
@errors_in_one_line
def fetch_command(
    context: typer.Context, model: Annotated[str, typer.Argument(metavar="ID")], json: Json = False
) -> None:
    """Fetch a model, so that it works without a network afterwards."""
    from playground.cli.models import fetch_model  # noqa: PLC0415  --help must not wait for torch

    json_above = context.parent is not None and context.parent.params["json"]  # `models --json fetch ID`
    fetch_model(model, json=json or json_above)


@app.command()
@errors_in_one_line
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds: a quick look, not a measurement.")] = False,
    only: Annotated[list[str] | None, option("Only this measurement; may be repeated.", "NAME")] = None,
    minutes: Annotated[float, option("Time for all of them, without fetching the model.")] = 6,
    json: Json = False,
) -> None:
    """Measure speed against its peers, alternating in one process; medians and ratios."""
    from playground.cli.bench import run_bench  # noqa: PLC0415  --help must not wait for torch

    run_bench(quick=quick, only=only or [], minutes=minutes, json=json)


@app.command()
@errors_in_one_line
def serve(
    host: Annotated[
        str, option("Address to listen on; beyond this machine it needs a join code, as --lan does.", "ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[int, option("Port to listen on.")] = 7860,
    model: Model = None,
    quantization: Quantization = None,
    open: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    lan: Annotated[bool, typer.Option("--lan", help="For a trusted network: shows a join code and a QR code.")] = False,
    no_join: Annotated[bool, typer.Option("--no-join", help="Others in the network need no join code.")] = False,
) -> None:
    """Start the page."""
    from playground.cli.serve import serve_page  # noqa: PLC0415  --help must not wait for torch

    host = "0.0.0.0" if lan and host == "127.0.0.1" else host
    serve_page(host=host, port=port, model=model, quantization=quantization, open_browser=open, joins=not no_join)


def main() -> None:
    """The `playground` command."""
    for stream in (sys.stdout, sys.stderr):  # a locale without some letters must not end a run
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app()


def serve_main() -> None:
    """`python app.py`: the `serve` command alone."""
    typer.run(serve)
