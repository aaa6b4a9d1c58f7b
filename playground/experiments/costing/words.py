"""Where the inputs of a cost calculation are from, in words, and which of them count."""

from playground.experiments.costing.fields import CostField
from playground.experiments.costing.records import CostSheet

_SOURCES = {
    "assumed": "assumed", "measured": "measured", "list": "from a list", "from a link": "from a link",
}  # fmt: skip


def matters(field: CostField, sheet: CostSheet) -> bool:
    """Whether a switch has an input count: a rented machine has no purchase price."""
    on = {name: value > 0 for name, value in sheet.assumptions.items()}
    return on.get(field.when or "", True) and not on.get(field.unless or "", False)


def source_word(source: str) -> str:
    """Where an input is from, in one or two words."""
    for start, word in _SOURCES.items():
        if source.startswith(start):
            return word
    return "typed"


def source_text(source: str) -> str:
    """The source beyond that word; most sentences of `cost.yaml` begin with the word already."""
    rest = source
    for start in ("assumed: ", "measured: ", "list: ", "Assumed: ", "Assumed."):
        rest = rest.removeprefix(start)
    return "" if rest in ("typed", "assumed", "from a link") else rest


def source_words(source: str) -> str:
    """Both."""
    word, text = source_word(source), source_text(source)
    return f"{word}: {text}" if text else word
