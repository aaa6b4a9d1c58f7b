"""Batching: its request and its declaration."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from playground.experiments.costing.fact import FactSource, fact_source, known, where
from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.experiments.optimise.records import OptimisationRecord
from playground.runs.request import ASCENDING, item
from playground.runs.updates import MAX_BATCH
from playground.runs.work import Work, batch_steps

NAME = "batching"
_QUICK_TOKENS, _QUICK_ROWS = 16, 8


class BatchingRequest(OptimiseRequest):
    """The same prompt answered by growing numbers of rows."""

    rows: Annotated[tuple[Annotated[int, Field(ge=2, le=MAX_BATCH)], ...], ASCENDING] = item(
        (2, 4, 8, 16, 32), "Rows of each batch", "One row alone is the baseline.", min_length=1, max_length=12
    )
    tokens: int = item(32, "Tokens of each answer", flags=["--max-new-tokens"], ge=4, le=512)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each arm."""
        return tuple(one for one in self.rows if one <= _QUICK_ROWS) or self.rows[:1] if self.quick else self.rows

    @property
    def length(self) -> int:
        """Tokens of each answer."""
        return min(self.tokens, _QUICK_TOKENS) if self.quick else self.tokens

    @property
    def most_tokens(self) -> int:
        """Of all rows of all cycles."""
        return (sum(self.sizes) + 2) * (self.cycles + 1) * self.length

    def work(self) -> Work:
        """A batch after the other."""
        steps = 2 * self.length + sum(batch_steps(rows, self.length) for rows in self.sizes)
        return Work((len(self.sizes) + 2) * (self.cycles + 1), self.most_tokens, steps * (self.cycles + 1))


def _facts(record: OptimisationRecord) -> Iterator[FactSource]:
    """Of the batch with the highest rate."""
    best = max(record.variants, key=lambda arm: arm.median("all_tokens_per_s") or 0.0)
    if (rate := best.median("all_tokens_per_s")) is not None:
        what = f"{best.name}, {where(record.model, record.environment)}"
        numbers = {"throughput_tokens_per_s": rate, "ttft_s": best.median("ttft_s")}
        facts = known(what, {name: value for name, value in numbers.items() if value is not None})
        yield fact_source(record.kind, f"Batching: {best.name}, {record.model.id}", facts)


BATCHING = panel(
    NAME,
    "Batching",
    "Tokens a second of all requests together, and of each, by how many are computed at once. One pass over the "
    "weights serves every row, so more rows cost little until arithmetic is the limit; each row waits a little longer.",
    BatchingRequest,
    "playground.experiments.optimise.batching:measure",
    needs=("plain", "batch"),
    facts=_facts,
)
