"""The answers of a rerun: identical ones collapsed, each against the most common, and how alike all of them are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import median
from typing import Any

from playground.experiments.reruns.mentions import MAX_MENTION_CHARS, mention_spans
from playground.experiments.reruns.records import RerunRecord, RerunRow
from playground.experiments.reruns.statistics import answer_groups, similarity_matrix
from playground.views.panels import Marked
from playground.views.passages import cut, merged, split_at
from playground.views.run import packed

MAX_ANSWERS = 60
_TEXT_CHARS = 3_000
_LINE_CHARS = 400  # of an answer in a terminal
_DIFF_TOKENS = 300  # a longer diff would take a second, and nobody reads it
_ALIKE = 0.5  # share of common tokens above which marks help more than they disturb


@dataclass(frozen=True)
class Group:
    """Runs that gave the same answer: their indices, and one of them."""

    runs: tuple[int, ...]
    row: RerunRow


def groups_of(record: RerunRecord) -> list[Group]:
    """Identical answers together, token by token; the most common first, then in the order of the runs."""
    return [Group(runs, record.runs[runs[0]]) for runs in answer_groups(record.runs)]


def answers_view(record: RerunRecord) -> str:
    """Value of the component `answers`: counts, and each answer as pieces of a diff against the most common one.

    A piece that is a mention, or part of one, has a third item.
    """
    groups = groups_of(record)
    if not groups:
        return ""
    shown, reference = groups[:MAX_ANSWERS], groups[0].row
    answers = [
        {
            "n": len(group.runs),
            "runs": [run + 1 for run in group.runs[:12]],
            "seed": group.row.seed,
            "tokens": len(group.row.token_ids),
            "reason": group.row.finish_reason,
            "pieces": _pieces(reference, group.row) if place else [["=", group.row.text[:_TEXT_CHARS]]],
            "left": max(0, len(group.row.text) - _TEXT_CHARS),
        }
        for place, group in enumerate(shown)
    ]
    for answer, group in zip(answers, shown, strict=True):
        answer["pieces"] = _with_mentions(answer["pieces"], group.row.text, list(record.summary.mentions))
    alike = median(_alike(one["pieces"]) for one in answers[1:]) >= _ALIKE if len(answers) > 1 else True
    rest = groups[MAX_ANSWERS:]
    more = {"answers": len(rest), "runs": sum(len(group.runs) for group in rest)}
    return packed({"n": record.n, "marked": alike, "compared": _DIFF_TOKENS, "answers": answers, "more": more})


def _with_mentions(pieces: Sequence[list[str]], text: str, mentions: Sequence[str]) -> list[list[Any]]:
    """The pieces of an answer, each mention in pieces of its own."""
    if not mentions:
        return [*pieces]
    spans = merged(one for each in mention_spans(text[: _TEXT_CHARS + 2 * MAX_MENTION_CHARS], mentions) for one in each)
    found, at = list[list[Any]](), 0
    for kind, piece in pieces:
        if kind == "-":
            found.append([kind, piece])
        else:
            found += [[kind, part, *([1] if is_on else [])] for part, is_on in split_at(piece, spans, at)]
            at += len(piece)
    return found


def answers_text(record: RerunRecord) -> Marked:
    """The different answers, the most common first, each with the number of runs that gave it, mentions marked."""
    mentions = list(record.summary.mentions)
    return Marked([piece for group in groups_of(record) for piece in _line(group, mentions)])


def _line(group: Group, mentions: Sequence[str]) -> Iterator[tuple[str, bool]]:
    text = " ".join(group.row.text.split())
    spans = merged(one for each in mention_spans(text, mentions) for one in each)
    yield f"{f'x{len(group.runs)}':>5}  ", False
    yield from cut(split_at(text, spans), _LINE_CHARS)
    yield "\n", False


def _pieces(reference: RerunRow, row: RerunRow) -> list[list[str]]:
    """Pieces in reading order: "=" common, "+" only here, "-" only in the reference; "~" no longer compared."""
    old, new = reference.token_ids[:_DIFF_TOKENS], row.token_ids[:_DIFF_TOKENS]
    pieces: list[list[str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind in ("replace", "delete"):
            pieces.append(["-", "".join(reference.token_texts[a:b])])
        if kind in ("replace", "insert"):
            pieces.append(["+", "".join(row.token_texts[c:d])])
        if kind == "equal":
            pieces.append(["=", "".join(row.token_texts[c:d])])
    rest = "".join(row.token_texts[_DIFF_TOKENS:])
    return [piece for piece in _cut([*pieces, ["~", rest]]) if piece[1]]


def _cut(pieces: Sequence[list[str]]) -> list[list[str]]:
    """The part of the answer that is shown."""
    left, kept = _TEXT_CHARS, []
    for kind, text in pieces:
        kept.append([kind, text[:left]])
        left -= 0 if kind == "-" else len(kept[-1][1])
    return kept


def _alike(pieces: Sequence[Sequence[str]]) -> float:
    """Share of characters that both answers have."""
    same = sum(len(text) for kind, text, *_ in pieces if kind == "=")
    own = sum(len(text) for kind, text, *_ in pieces if kind in "=+")
    other = sum(len(text) for kind, text, *_ in pieces if kind in "=-")
    return same / max(own, other, 1)


def heat_view(record: RerunRecord) -> str:
    """Value of the component `heat`: runs with one answer side by side, and how alike each pair of answers is.

    A cell is two digits of percent, "##" for 100 %, so that 200 answers stay below 100 kB.
    """
    groups = groups_of(record)
    if not groups:
        return ""
    matrix = similarity_matrix([group.row for group in groups])
    cells = "".join("##" if value >= 1 else f"{int(value * 100):02d}" for row in matrix for value in row)
    return packed({
        "n": record.n,
        "counts": [len(group.runs) for group in groups],
        "texts": [group.row.text[:80] for group in groups],
        "cells": cells,
    })  # fmt: skip
