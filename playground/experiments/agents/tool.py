"""The tool of the loop: it looks things up in a document, on this machine, with no model and no network."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playground.engine.template import ids_with_offsets
from playground.experiments.agents.records import Tool

HEADS: dict[Tool, str] = {
    "next": "The next passage of the document:\n",
    "search": "Found in the document:\n",
}
NO_MORE = "The document has no more passages."
NO_MATCH = "No unread passage of the document shares a word with this."
_WORD = re.compile(r"\w{4,}")


@dataclass(frozen=True)
class ToolResult:
    """The tool's text, and the number of its passage, from 0; None if there is no passage."""

    text: str
    passage: int | None


def passages_of(tokenizer: Any, document: str, tokens: int) -> list[str]:
    """The document in pieces of this many tokens, the last one shorter; joined, they differ from it in spaces only."""
    ids, offsets = ids_with_offsets(tokenizer, document)
    cuts = [0, *(offsets[place][0] for place in range(tokens, len(ids), tokens)), len(document)]
    pieces = (document[start:end].strip() for start, end in pairwise(cuts))
    return [piece for piece in pieces if piece]


class Lookup:
    """Gives each passage once."""

    def __init__(self, passages: Sequence[str], tool: Tool):
        self._passages = passages
        self._tool: Tool = tool
        self._unread = list(range(len(passages)))

    def __call__(self, answer: str) -> ToolResult:
        """The result for an answer.

        The search counts the different words of four letters and more that a passage shares with the answer; of equal
        passages the first one wins.
        """
        if not self._unread:
            return ToolResult(NO_MORE, None)
        chosen = self._unread[0]
        if self._tool == "search":
            wanted = _words(answer)
            chosen = max(self._unread, key=lambda place: len(wanted & _words(self._passages[place])))
            if not wanted & _words(self._passages[chosen]):
                return ToolResult(NO_MATCH, None)
        self._unread.remove(chosen)
        return ToolResult(HEADS[self._tool] + self._passages[chosen], chosen)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
