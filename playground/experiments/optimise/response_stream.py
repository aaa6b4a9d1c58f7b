"""A stream of requests: some repeated, some in other words, some that mean the opposite of an earlier one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from playground.data.optimise import Opposed

Kind = Literal["new", "repeated", "paraphrase", "opposite"]


@dataclass(frozen=True)
class Query:
    """One request.

    Attributes:
        own: The request in memory that it goes with; empty for none.
        right: Requests whose answers would be right for it.
    """

    text: str
    kind: Kind
    own: str = ""

    @property
    def right(self) -> tuple[str, ...]:
        """Requests whose answers would be right for it."""
        return (self.text, self.own) if self.kind in ("repeated", "paraphrase") else (self.text,)


def queries_of(prompt: str, pairs: Sequence[Opposed], of_each: int) -> list[Query]:
    """The person's prompt first and last; of the pairs, each is used once, so that no kind helps another."""
    parts = [pairs[place * of_each : (place + 1) * of_each] for place in range(3)]
    between = [
        *(Query(one.prompt, "repeated", one.prompt) for one in parts[0]),
        *(Query(one.paraphrase, "paraphrase", one.prompt) for one in parts[1]),
        *(Query(one.opposite, "opposite", one.prompt) for one in parts[2]),
    ]
    return [Query(prompt, "new"), *between, Query(prompt, "repeated")]


@dataclass
class Memory:
    """Requests that were answered, with their vectors and answers."""

    texts: list[str] = field(default_factory=list)
    vectors: list[Tensor] = field(default_factory=list)
    answers: list[list[int]] = field(default_factory=list)

    def copy(self) -> "Memory":
        """An independent one."""
        return Memory([*self.texts], [*self.vectors], [*self.answers])

    def add(self, text: str, vector: Tensor | None, ids: list[int]) -> None:
        """Remember an answer."""
        self.texts.append(text)
        self.answers.append(ids)
        if vector is not None:
            self.vectors.append(vector)
