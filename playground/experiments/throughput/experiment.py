"""Throughput by batch size: its request, its document, and how a replay compares."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from playground.experiments.costing.fact import FactSource, energy_facts, fact_source, known, where
from playground.runs.experiment import Experiment
from playground.runs.records import BatchRecord, Document, ModelRecord, Part
from playground.runs.request import ASCENDING, Request, item
from playground.runs.updates import MAX_BATCH
from playground.runs.work import Work, batch_steps


class ThroughputRequest(Request):
    """Batches to measure."""

    batches: Annotated[tuple[Annotated[int, Field(ge=1, le=MAX_BATCH)], ...], ASCENDING] = item(
        (1, 2, 4, 8, 16, 32), "Rows of each batch", flags=["--batch"], min_length=1, max_length=12
    )
    input_tokens: int = item(128, "Tokens of the prompt", "All rows share it.", ge=1, le=131_072)
    output_tokens: int = item(64, "Tokens of each answer", "The same for every row.", ge=2, le=2_048)

    @property
    def most_tokens(self) -> int:
        """Of all rows of all batches."""
        return sum(self.batches) * self.output_tokens

    def work(self) -> Work:
        """A batch after the other, each with its prompt."""
        steps = sum(batch_steps(rows, self.output_tokens) for rows in self.batches)
        return Work(len(self.batches), self.most_tokens, steps, self.input_tokens * len(self.batches))


class SkippedBatch(Part):
    """A batch that was not run, and why, in a sentence."""

    rows: int
    why: str


class ThroughputRecord(Document):
    """Batches of growing size, measured one after the other; fewer than requested if it was stopped.

    Attributes:
        batches_asked: Rows of each batch.
        input_tokens: Of the prompt, exactly.
        output_tokens: Of each row: an end of the answer is ignored.
        settings: How tokens were drawn; the seed is that of the first row, and each row's is one more.
        text: What the prompt is made of, in words.
    """

    schema_: Literal[1] = 1
    kind: Literal["throughput"] = "throughput"
    model: ModelRecord
    batches_asked: list[int]
    input_tokens: int
    output_tokens: int
    settings: dict[str, Any]
    text: str
    ended: Literal["complete", "stopped"]
    batches: list[BatchRecord] = Field(min_length=1)
    skipped: list[SkippedBatch]
    environment: dict[str, Any]

    @property
    def best(self) -> BatchRecord:
        """The batch with the highest rate."""
        return max(self.batches, key=lambda batch: batch.decode_tokens_per_s)


def _again(old: ThroughputRecord, model: str) -> ThroughputRequest:
    """The batches that were measured."""
    return ThroughputRequest(
        model=model, quantization=old.model.quantization, batches=tuple(batch.rows for batch in old.batches),
        input_tokens=old.input_tokens, output_tokens=old.output_tokens,
    )  # fmt: skip


def _differences(old: ThroughputRecord, new: ThroughputRecord) -> Iterator[str]:
    """Of tokens and KV bytes; times are not compared."""
    now = {batch.rows: batch for batch in new.batches}
    for then in old.batches:
        again = now.get(then.rows)
        if again is None:
            yield f"batch of {then.rows}: did not fit the memory this time."
        elif again.ids_blake2b != then.ids_blake2b:
            yield f"batch of {then.rows}: wrote different tokens."
        elif (now_bytes := again.memory.kv_cache_bytes) != (bytes_then := then.memory.kv_cache_bytes):
            yield f"batch of {then.rows}: {bytes_then:,} bytes of keys and values then, {now_bytes:,} now."


def _facts(record: ThroughputRecord) -> Iterator[FactSource]:
    """Of the best batch."""
    best = record.best
    shape = f"{record.input_tokens} tokens in and {record.output_tokens} out a row"
    what = f"batch of {best.rows}, {shape}, {where(record.model, record.environment)}"
    numbers = {
        "throughput_tokens_per_s": best.decode_tokens_per_s,
        "prefill_tokens_per_s": best.prefill_tokens_per_s,
        "ttft_s": best.ttft_s,
    }
    facts = known(what, numbers) | energy_facts(best.energy, best.output_tokens, what)
    yield fact_source("throughput", f"Throughput: batch of {best.rows}, {record.model.id}", facts)


THROUGHPUT = Experiment(
    name="throughput",
    title="Measured here",
    about="Tokens a second of this machine by batch size: the model answers one prompt in batches of growing size. "
    "Every row writes the same number of tokens. The calculator above can start from the best batch.",
    verb="Measure here",
    room="Cost/Own hardware",
    request=ThroughputRequest,
    record=ThroughputRecord,
    run="playground.experiments.throughput.run:measure",
    view="playground.views.throughput:VIEW",
    again=_again,
    differences=_differences,
    facts=_facts,
)
