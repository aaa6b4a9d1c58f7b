"""The request of the Reruns tab, from the values of its fields, which are always checked."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.reruns.mentions import check_mentions
from playground.experiments.reruns.records import SeedMode
from playground.experiments.reruns.request import RerunRequest, check_temperatures, make_rerun
from playground.ui.shell.controls import make_request

SEED_WORDS: dict[SeedMode, str] = {
    "different": "all different",
    "same": "all the same",
    "none": "none, drawn by chance",
}


def rerun_request(values: Mapping[str, Any], n: Any, seeds: Any, mentions: Any) -> RerunRequest:
    """The rerun that the fields describe; `values` are those of a single run, by field name.

    Raises:
        PlaygroundError: Says which value is wrong, and its limit.
    """
    return make_rerun(make_request(values), n, str(seeds), parse_mentions(mentions))


def parse_mentions(value: Any) -> tuple[str, ...]:
    """Words and phrases, one per line, or between commas if all are on one line; each once, in the order given.

    Raises:
        PlaygroundError: Too many, or one can't be searched for.
    """
    if value is not None and not isinstance(value, str):
        raise PlaygroundError(f"Mentions must be text; got a value of type {type(value).__name__}.")
    text = value or ""
    return check_mentions([word for word in text.split("\n" if "\n" in text else ",") if word.strip()])


def mentions_text(mentions: Iterable[str]) -> str:
    """The same as a person would type them."""
    words = list(mentions)
    return "".join(f"{word}\n" for word in words) if any("," in word for word in words) else ", ".join(words)


def parse_temperatures(value: Any) -> tuple[float, ...]:
    """Temperatures of the ladder, as typed: numbers between commas or spaces, from low to high.

    Raises:
        PlaygroundError: One is not a number or out of range, or there are too many, none, or one twice.
    """
    words = [word for word in re.split(r"[,;\s]+", value) if word] if isinstance(value, str) else []
    found: list[float] = []
    for word in words:
        try:
            found.append(float(word))
        except ValueError:
            raise PlaygroundError(f"Temperatures must be numbers, separated by commas; got {word[:60]!r}.") from None
    return tuple(sorted(check_temperatures(found)))


def temperatures_text(temperatures: Iterable[float]) -> str:
    """The same as a person would type them."""
    return ", ".join(f"{one:g}" for one in temperatures)
