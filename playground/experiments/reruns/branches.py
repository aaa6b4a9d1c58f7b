"""Runs as a trie whose common stretches are folded: every count of agreeing runs comes from it.

Runs are compared by their token ids. Two answers are the same if all their ids are; an answer that ended earlier is
another answer than one that goes on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Ids = Sequence[int]


@dataclass(frozen=True)
class Branch:
    """Tokens `start` to `end` (not included), which all of `runs` share, and what comes after them.

    Attributes:
        runs: Indices of the runs that pass here, ascending; they agree in every token before `end`.
        children: How they go on: those that most runs take first.
        ended: How many of them have no token at `end`.
    """

    start: int
    end: int
    runs: tuple[int, ...]
    children: tuple["Branch", ...]
    ended: int

    @property
    def is_fork(self) -> bool:
        """Whether runs part after it: by their next tokens, or as some end and others go on."""
        return len(self.children) + bool(self.ended) > 1


def grow(runs: Sequence[Ids]) -> Branch:
    """The trie of these runs; its root may have no tokens.

    Args:
        runs: Token ids of each.
    """
    return _branch(runs, list(range(len(runs))), 0)


def _branch(runs: Sequence[Ids], group: list[int], start: int) -> Branch:
    end = _shared_until(runs, group, start)
    parts: dict[int, list[int]] = {}
    for run in group:
        if len(runs[run]) > end:
            parts.setdefault(runs[run][end], []).append(run)
    children = []  # filled by a loop: each level is one frame, where a comprehension takes two
    for part in sorted(parts.values(), key=lambda part: (-len(part), part[0])):
        children.append(_branch(runs, part, end))
    return Branch(start, end, tuple(group), tuple(children), len(group) - sum(map(len, parts.values())))


def _shared_until(runs: Sequence[Ids], group: list[int], start: int) -> int:
    """Index of the first token, from `start` on, that not all of the group have in common."""
    first = runs[group[0]] if group else ()
    end = min((len(runs[run]) for run in group), default=0)
    for run in group[1:]:
        own = runs[run]
        if first[start:end] != own[start:end]:
            end = next(at for at in range(start, end) if first[at] != own[at])
    return end


def walk(root: Branch) -> Iterator[Branch]:
    """The branch and all below it, each before its children."""
    waiting = [root]
    while waiting:
        branch = waiting.pop()
        yield branch
        waiting.extend(reversed(branch.children))


def main_branches(root: Branch) -> list[Branch]:
    """The common path: at every fork the way that most runs take, until at least as many end as go on together."""
    path = [root]
    while path[-1].children and len(path[-1].children[0].runs) > path[-1].ended:
        path.append(path[-1].children[0])
    return path
