"""Two answers token by token: what differs, where first, and how far they are apart."""

from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

from rapidfuzz.distance import Indel, Levenshtein

from playground.engine.events import Candidate
from playground.experiments.compare.records import DiffRecord
from playground.runs.records import RunRecord

Operation = tuple[str, int, int, int, int]
_MAX_PAIRS = 200_000  # of equal tokens: about a second of difflib for an answer that runs in circles


def diff_runs(reference: RunRecord, pane: RunRecord, index: int) -> DiffRecord:
    """A pane against the reference pane.

    Tokens are the same if their ids are; an id means something else in every model, so tokens of two models are the
    same if their texts are.

    Args:
        reference: The run to compare with.
        pane: The run that is compared.
        index: The pane's place, for the record.
    """
    by_id = reference.model.id == pane.model.id
    a, b = (_tokens(run, by_id) for run in (reference, pane))
    first = first_difference(a, b)
    operations = _operations(a, b)
    equal = sum(a1 - a0 for op, a0, a1, _, _ in operations if op == "equal")
    return DiffRecord(
        pane=index,
        by="ids" if by_id else "texts",
        identical=first is None,
        first_difference=first,
        reference_token=_text(reference, first),
        pane_token=_text(pane, first),
        reference_top=_top(reference, first),
        pane_top=_top(pane, first),
        operations=operations,
        edit_distance=Levenshtein.normalized_distance(a, b),
        similarity=2 * equal / (len(a) + len(b)) if a or b else 1.0,
    )


def first_difference(a: Sequence[Hashable], b: Sequence[Hashable]) -> int | None:
    """Index of the first token that differs, or is missing in one; None if they are the same."""
    shorter = min(len(a), len(b))
    return next((n for n in range(shorter) if a[n] != b[n]), None if len(a) == len(b) else shorter)


def _operations(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Operation]:
    """By difflib, which keeps long stretches together and so reads well; not in long repetitions: it takes minutes."""
    ours, theirs = Counter(a), Counter(b)
    if sum(count * theirs[token] for token, count in ours.items()) > _MAX_PAIRS:
        return [(op.tag, op.src_start, op.src_end, op.dest_start, op.dest_end) for op in Indel.opcodes(a, b)]
    # autojunk would ignore tokens that are common in long answers
    return [(*operation,) for operation in SequenceMatcher(None, a, b, autojunk=False).get_opcodes()]


def _tokens(run: RunRecord, by_id: bool) -> list[Hashable]:
    return [token.id if by_id else token.text for token in run.tokens]


def _text(run: RunRecord, index: int | None) -> str | None:
    return run.tokens[index].text if index is not None and index < len(run.tokens) else None


def _top(run: RunRecord, index: int | None) -> list[Candidate]:
    return list(run.tokens[index].top) if index is not None and index < len(run.tokens) else []
