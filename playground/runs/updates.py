"""What the runner adds to the engine's events: requests, batches, and the meters at a moment."""

from dataclasses import dataclass
from typing import Any

from playground.backends.base import Loading
from playground.backends.job import Queued
from playground.engine.events import Event, PreparedPrompt, RowEvent
from playground.metrics.timing import Timing
from playground.runs.budget import TimeUsed
from playground.runs.records import CostRecord, EnergyRecord, MemoryRecord, ModelRecord, RunRecord
from playground.settings import Settings

MAX_ROWS = 200
MAX_BATCH = 32  # rows computed together: more gain little on a CPU and delay the first answers


@dataclass(frozen=True)
class RunRequest:
    """Request of one run: checked values only.

    Attributes:
        prompt: What the person wrote.
        model: Id in the catalogue.
        quantization: One of `settings.QUANTIZATIONS`.
        settings: How to sample and stop.
        recorded: The prompt as a saved run read it, to be reused; None prepares it.
    """

    prompt: str
    model: str
    quantization: str
    settings: Settings
    recorded: PreparedPrompt | None = None


@dataclass(frozen=True)
class BatchRequest:
    """Several answers to one prompt, computed together: checked values only.

    Attributes:
        prompt: What the person wrote.
        model: Id in the catalogue.
        quantization: One of `settings.QUANTIZATIONS`.
        settings: One a row. System prompt, raw mode and context length are the same in all, as is the prompt.
        recorded: The prompt as saved runs read it, to be reused; None prepares it.
    """

    prompt: str
    model: str
    quantization: str
    settings: tuple[Settings, ...]
    recorded: PreparedPrompt | None = None


@dataclass(frozen=True)
class BatchPlan:
    """How the rows will be computed; comes before the first of them.

    Attributes:
        rows: Requested answers.
        rows_at_once: Most rows computed together: 32, or as many as fit in memory; the rest follows in waves.
        row_bytes: Predicted KV cache of one row at its full length; None if unknown.
        available_bytes: Free memory when this was decided.
        together: Whether the model can compute several rows in one pass.
    """

    rows: int
    rows_at_once: int
    row_bytes: int | None
    available_bytes: int
    together: bool = True


@dataclass(frozen=True)
class RowRecord:
    """A row has ended; its times include waiting for the other rows of its batch."""

    row: int
    record: RunRecord


@dataclass(frozen=True)
class BatchEnd:
    """All rows have ended: what was measured of them together.

    Attributes:
        wall_s: From the first chunk of the prompt to the last token, queue and loading left out.
        throughput_tokens_per_s: Output tokens of all rows / wall_s.
        memory: `kv_cache_bytes` is the most that all rows held together.
        cost: All rows as that many requests at list price; the machine's time once.
    """

    model: ModelRecord
    prompt_token_ids: tuple[int, ...]
    dropped_prompt_tokens: int
    output_tokens: int
    prefill_s: float | None
    wall_s: float
    throughput_tokens_per_s: float | None
    memory: MemoryRecord
    cost: CostRecord
    energy: EnergyRecord
    environment: dict[str, Any]


@dataclass(frozen=True)
class Meters:
    """Everything measured so far in a run.

    Attributes:
        mbu: Model bandwidth utilisation, 0 to 1: bytes a step must read / tpot / measured bandwidth.
        limit_s: Shortest possible time of one token: bytes a step must read / measured bandwidth.
        kv_full_bytes: Predicted KV cache at the run's full context length; None where it can't be predicted.
        kv_predicted_bytes: The same prediction for the tokens held now, beside the measured bytes.
        gpu_allocated_bytes, gpu_reserved_bytes: None without a GPU.
    """

    prompt_tokens: int
    output_tokens: int
    elapsed_s: float
    prefill_s: float | None
    timing: Timing
    memory: MemoryRecord
    kv_predicted_bytes: int | None
    kv_full_bytes: int | None
    gpu_allocated_bytes: int | None
    gpu_reserved_bytes: int | None
    mbu: float | None
    limit_s: float | None
    bandwidth_bytes_per_s: float | None
    cost: CostRecord
    hardware_usd_per_hour: float
    energy: EnergyRecord


Update = Queued | Loading | PreparedPrompt | Event | TimeUsed | RunRecord
"""What `Runner.run` yields, in this order; the record comes last."""

BatchUpdate = Queued | Loading | PreparedPrompt | BatchPlan | RowEvent | RowRecord | BatchEnd | TimeUsed
"""What `Runner.start_batch` yields, in this order; a row's record comes after its last event, the end last, but for the
time limit where one ended it."""
