"""`playground context --tokens`: a text as a model's tokenizer reads it."""

from playground.cli.common import give, with_model
from playground.experiments.context.records import TokensRecord
from playground.experiments.context.tokens import record_of
from playground.views.context import tokens_summary
from playground.views.format import format_number
from playground.views.panels import Table
from playground.views.terminal import table_lines, wrapped

_MARKS = {"control": "control", "template": "template", "text": ""}


def show_tokens(
    text: str, how: dict[str, bool], model: str | None, quantization: str, *, save: str | None, json: bool
) -> None:
    """Print the record of a text, and save it; `how` holds arguments of `tokens_of`.

    Raises:
        PlaygroundError: The text is empty or too long, or the model can't be loaded or has no chat template.
    """
    runner, name = with_model(model, quantization, save=save)
    record = record_of(runner, name, text, **how)
    give(record, "\n".join(_lines(record)), save, json)


def _lines(record: TokensRecord) -> list[str]:
    """A line per token, then the counts and what languages cost."""
    tokens = [f"{token.id:>8}  {token.text!r:<24} {_MARKS[token.kind]}".rstrip() for token in record.tokens]
    rows = [(one.title, str(one.tokens), format_number(one.characters / one.tokens)) for one in record.languages]
    languages = table_lines(Table(("language", "tokens", "characters per token"), rows))
    return [*tokens, "", *wrapped(tokens_summary(record)), "", *wrapped(record.languages_source), *languages]
