"""The fork tree as the page draws it: the heaviest branches first, the rest counted."""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from playground.experiments.reruns.branches import grow
from playground.experiments.reruns.collect import Growth
from playground.experiments.reruns.records import ForkRecord, RerunRecord
from playground.experiments.reruns.tree import Node, Row, fork_tree, tree_of
from playground.views.run import packed

MAX_ROWS = 80
"""Rows of the drawing: more would be unreadable, and each costs the browser a few elements."""
_CHILDREN = 8  # branches of a node, where not all can be shown
_ROOT_CHILDREN = 24
_TEXT_CHARS = 400
_CANDIDATES = 5


@dataclass
class _Drawing:
    """Nodes drawn so far as plain values, a parent before its children."""

    runs: Sequence[Row]
    rows: int = 1
    nodes: list[dict[str, Any]] = field(default_factory=list)

    def add(self, parent: int, node: Node, *, main: bool) -> int:
        """Draw a node as a leaf."""
        value: dict[str, Any] = {"parent": parent, "text": _short("".join(node.token_texts)), "n": len(node.runs)}
        value |= {"start": node.start, "tokens": len(node.token_texts), "main": main}
        if node.token_ids:
            value["id"] = node.token_ids[0]
        if node.prob is not None:
            value["prob"] = float(f"{node.prob:.5g}")
        writing = self._writing(node)
        if node.fork is not None and (len(node.children) > 1 or node.ended > writing):
            value["fork"] = _fork(node.fork, node)
        if not node.children:
            value["ends"] = Counter(self.runs[run].finish_reason or "writing" for run in node.runs)
        else:
            value["folded"] = _leaves(node)
        self.nodes.append(value)
        return len(self.nodes) - 1

    def _writing(self, node: Node) -> int:
        """How many of the runs that have no token after the node are still being written."""
        if not node.ended:
            return 0
        on = {run for child in node.children for run in child.runs}
        return sum(not self.runs[run].finish_reason for run in node.runs if run not in on)

    def open(self, at: int, node: Node, most: int) -> list[tuple[int, Node]]:
        """Draw a node's branches up to a limit and count the rest. Returns the drawn ones."""
        kept, rest = node.children[:most], node.children[most:]
        own = self.nodes[at]
        del own["folded"]
        drawn = [
            (self.add(at, child, main=own["main"] and child is kept[0] and len(child.runs) > node.ended), child)
            for child in kept
        ]
        if node.ended:
            still = {"writing": True} if self._writing(node) else {}
            self.nodes.append({"parent": at, "stops": True, "n": node.ended, **still})
        if rest:
            runs = sum(len(child.runs) for child in rest)
            self.nodes.append({"parent": at, "more": len(rest), "n": runs})
        self.rows += len(kept) + bool(node.ended) + bool(rest) - 1
        return drawn


def tree_view(record: RerunRecord, most_rows: int = MAX_ROWS) -> str:
    """Value of the component `fork_tree`: nodes, a parent before its children, siblings by weight.

    The `n` of a node is the sum over what is drawn under it: branches, runs that end there (`stops`) or
    branches left out (`more`); if none of its branches is drawn, `folded` counts the answers in it.
    """
    nodes = _drawn(fork_tree(record), record.runs, most_rows)
    return packed({"n": record.n, "answers": record.summary.unique, "nodes": nodes})


def growing_tree(growth: Growth, most_rows: int = MAX_ROWS) -> str:
    """The same of runs that are being written; empty before the first token of all of them."""
    rows = growth.rows()
    branches = grow([row.token_ids for row in rows])
    if not any(row.token_ids for row in rows):
        return ""
    root = tree_of(branches, rows, growth.forks(branches))
    different = len({tuple(row.token_ids) for row in rows})
    return packed({"n": len(rows), "answers": different, "nodes": _drawn(root, rows, most_rows), "growing": 1})


def _drawn(root: Node, runs: Sequence[Row], most_rows: int) -> list[dict[str, Any]]:
    drawing = _Drawing(runs)
    heap = [(-len(root.runs), drawing.add(-1, root, main=True), root)]
    everything = _leaves(root) <= most_rows
    while heap:
        _, at, node = heapq.heappop(heap)
        if not node.children:
            continue
        most = len(node.children) if everything else _ROOT_CHILDREN if at == 0 else _CHILDREN
        shown = min(len(node.children), most)
        added = shown + bool(node.ended) + (shown < len(node.children))
        if at and drawing.rows + added - 1 > most_rows:
            continue
        for child_at, child in drawing.open(at, node, most):
            heapq.heappush(heap, (-len(child.runs), child_at, child))
    return drawing.nodes


def _fork(fork: ForkRecord, node: Node) -> dict[str, Any]:
    """The distribution where runs diverge, each candidate with the number of runs that took it."""
    took: Counter[int] = Counter()
    for child in node.children:
        took[child.token_ids[0]] += len(child.runs)
    top = [
        {"id": item.id, "text": item.text, "prob": float(f"{item.prob:.5g}"), "took": took[item.id]}
        for item in fork.top[:_CANDIDATES]
    ]
    return {"index": fork.index, "bits": round(fork.entropy_bits, 3), "gap": round(fork.gap, 4), "top": top}


def _leaves(node: Node) -> int:
    """Ways of ending below a node: its rows if all of it is drawn."""
    waiting, count = [node], 0
    while waiting:  # a long run can fork often: no recursion
        one = waiting.pop()
        count += bool(one.ended) or not one.children
        waiting += one.children
    return count


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_CHARS else text[:_TEXT_CHARS] + "…"
