"""The fork tree of a rerun: its runs as a trie, with what the model thought where they part."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from playground.experiments.reruns.branches import Branch, grow
from playground.experiments.reruns.records import ForkRecord, RerunRecord


class Row(Protocol):
    """An answer, or what there is of it: lists over its tokens."""

    @property
    def token_ids(self) -> Sequence[int]:
        """Which tokens they are."""
        ...

    @property
    def token_texts(self) -> Sequence[str]:
        """What each adds to the answer."""
        ...

    @property
    def logprobs(self) -> Sequence[float]:
        """Of each, the model's own."""
        ...

    @property
    def finish_reason(self) -> str:
        """Empty while it is written."""
        ...


@dataclass(frozen=True)
class Node:
    """A stretch of tokens that some runs share, and how they go on.

    Attributes:
        start: Index of its first token.
        token_texts: What its tokens add to the answer. Only a root may have none: then runs part at once.
        runs: Indices of the runs that pass here.
        prob: Of its first token, the model's own; None without tokens.
        children: How they go on, what most runs take first.
        fork: The distribution after its last token, if the runs part there.
        ended: How many of the runs end with its last token.
        token_ids: Ids of its tokens.
    """

    start: int
    token_texts: tuple[str, ...]
    runs: tuple[int, ...]
    prob: float | None
    children: tuple["Node", ...]
    fork: ForkRecord | None
    ended: int
    token_ids: tuple[int, ...]


def fork_tree(record: RerunRecord) -> Node:
    """The tree of a record's runs. Runs are compared by token ids, so each leaf is one answer."""
    return tree_of(grow([run.token_ids for run in record.runs]), record.runs, record.forks)


def tree_of(root: Branch, runs: Sequence[Row], forks: Sequence[ForkRecord]) -> Node:
    """The tree of a trie of these runs."""
    return _node(root, runs, {(fork.run, fork.index): fork for fork in forks})


def _node(branch: Branch, runs: Sequence[Row], forks: Mapping[tuple[int, int], ForkRecord]) -> Node:
    stretch, first = slice(branch.start, branch.end), runs[branch.runs[0]]
    children = []  # filled by a loop: each level is one frame, where a comprehension takes two
    for child in branch.children:
        children.append(_node(child, runs, forks))
    at_fork = (forks.get((run, branch.end)) for run in branch.runs) if branch.is_fork else ()
    return Node(
        start=branch.start,
        token_texts=tuple(first.token_texts[stretch]),
        runs=branch.runs,
        prob=math.exp(first.logprobs[branch.start]) if branch.end > branch.start else None,
        children=tuple(children),
        fork=next((fork for fork in at_fork if fork is not None), None),
        ended=branch.ended,
        token_ids=tuple(first.token_ids[stretch]),
    )
