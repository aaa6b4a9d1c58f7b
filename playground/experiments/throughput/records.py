"""Throughput by batch size as a document of kind "throughput"."""

from typing import Any, Literal

from pydantic import Field

from playground.runs.records import Document, EnergyRecord, MemoryRecord, ModelRecord, Part

ThroughputEnded = Literal["complete", "stopped"]


class BatchRecord(Part):
    """One batch: rows that answer the same prompt together, each with as many tokens. The prompt is read once.

    Attributes:
        rows: Answers computed together.
        output_tokens: Of all rows, as they were counted.
        prefill_s: Time the model spent on the prompt.
        prefill_tokens_per_s: Prompt tokens / prefill_s.
        ttft_s: From the request to the first token of every row. Rows that ask different things would read as many
            prompts, and wait for all of them.
        tpot_s: (time of the last token - ttft) / (tokens of a row - 1).
        itl_p50_s, itl_p95_s: Percentiles of the gaps between successive tokens of a row.
        decode_tokens_per_s: Of all rows together: rows / tpot.
        wall_s: From the request to the last token.
        memory: `kv_cache_bytes` of all rows at the end; the peak is the process's own, over this batch.
        energy: Of this batch, the prompt included.
        ids_blake2b: Hash of every row's token ids.
    """

    rows: int
    output_tokens: int
    prefill_s: float
    prefill_tokens_per_s: float
    ttft_s: float
    tpot_s: float
    itl_p50_s: float
    itl_p95_s: float
    decode_tokens_per_s: float
    wall_s: float
    memory: MemoryRecord
    energy: EnergyRecord
    ids_blake2b: str


class SkippedBatch(Part):
    """A batch that was not run, and why, in a sentence."""

    rows: int
    why: str


class ThroughputRecord(Document):
    """Batches of growing size, measured one after the other; fewer than asked where it was stopped.

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
    ended: ThroughputEnded
    batches: list[BatchRecord] = Field(min_length=1)
    skipped: list[SkippedBatch]
    environment: dict[str, Any]

    @property
    def best(self) -> BatchRecord:
        """The batch with the most tokens a second."""
        return max(self.batches, key=lambda batch: batch.decode_tokens_per_s)
