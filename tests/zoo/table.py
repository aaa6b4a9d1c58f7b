"""The verdicts as a page of the documentation."""

import re
from collections.abc import Iterable

import transformers

from playground.models.facts import Ability
from tests.zoo.configs import WINDOW
from tests.zoo.judge import Verdict
from tests.zoo.models import BASES

_HEAD = """# Models: which architectures run, and how

A model is probed when it is loaded. One plain forward pass of transformers' module over a short text, without a
cache, is compared with each way the playground reads: in parts, token by token, several answers together,
going back. What differs by more than rounding is not used. So an architecture gives the numbers of its own forward
pass in everything, or has limits that cost time and never change an answer, or is refused with a reason.

The tables show the result for {count} tiny random models in fp32: the {bases} causal architectures that transformers
{version} names, each in its default configuration made small, and {variants} variants. Tests that know nothing of the
probe (`tests/zoo`) then compared every model that runs with plain passes: prompts in parts and token by token,
several answers that diverge and swap places, branches, going back, and a greedy answer. No difference was larger than
a thousandth of the logits' spread. `python -m tests.zoo > docs/models.md` writes this page again, in a few minutes.

"No going back" means that the model can't forget the last tokens it read, so a branch or an inspected step reads its
text again from the beginning. A sliding window is the usual reason: the windows here are {window} tokens wide, and a
model can go back until its window slides.
"""
_WAYS: dict[Ability, str] = {
    "cache": "Keeps nothing that gives the same numbers: every token reads the whole text again",
    "chunks": "A prompt is read in one piece: Stop waits for its end",
    "rows": "Several answers are computed one after the other, not together",
    "rewind": "No going back",
}
Names = dict[str, list[str]]


def as_markdown(verdicts: Iterable[Verdict]) -> str:
    """The whole page."""
    verdicts = list(verdicts)
    head = _HEAD.format(
        count=len(verdicts),
        bases=len(BASES),
        variants=len(verdicts) - len(BASES),
        version=transformers.__version__,
        window=WINDOW,
    )
    groups = Names(), Names()
    for verdict in verdicts:
        refused = verdict.kind == "refused"
        groups[refused].setdefault(_reason(verdict.words) if refused else _limits(verdict), []).append(verdict.name)
    run, refused = (sorted(group.items(), key=lambda item: -len(item[1])) for group in groups)
    return head + _section("Run", "Limits", run) + _section("Refused", "Why", refused)


def _section(title: str, what: str, groups: list[tuple[str, list[str]]]) -> str:
    count = sum(len(names) for _, names in groups)
    head = ["", f"## {title}: {count}", "", f"| {what} | Number | Architectures |", "|---|---|---|"]
    return "\n".join([*head, *(f"| {why} | {len(names)} | {', '.join(names)} |" for why, names in groups), ""])


def _limits(verdict: Verdict) -> str:
    return ". ".join(words for way, words in _WAYS.items() if way in verdict.limits) or "None"


def _reason(words: str) -> str:
    """Without the model's name before it, and only its first sentence."""
    words = re.sub(r"^\S+ is not a model that can be run here: ", "", words)
    first = re.split(r"(?<=\w)\. ", words)[0].rstrip(". ")
    return (first[0].upper() + first[1:]).replace("|", "\\|")
