"""Documents: everything that was set, said and measured, as JSON of schema 1. The first kind is a run."""

import json
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, ValidationError, field_validator

from playground.engine.events import FinishReason, Token
from playground.errors import PlaygroundError
from playground.metrics.timing import Timing
from playground.pieces import PIECE, written
from playground.runs.reading import Misfit, Reader

D = TypeVar("D", bound="Document")
MAX_RECORD_BYTES = 256 * 2**20
_STEP = 256  # elements of a list that are written at once
_DIGITS = Context(prec=15)  # what a JSON number carries for certain, so that a document reads back as it was written
Usd = Annotated[Decimal, AfterValidator(_DIGITS.plus), PlainSerializer(float, return_type=float)]
"""Money: `Decimal` here, a number in JSON."""


class Part(BaseModel):
    """A piece of a document: frozen, nothing unknown in it, and no NaN, which JSON does not have."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def plain(self) -> dict[str, Any]:
        """As `model_dump(by_alias=True)`, in short steps: one long one would keep other threads from running."""
        long = {name for name, value in self if isinstance(value, Document) or _is_long(value)}
        if not long:
            return self.model_dump(by_alias=True)
        made = self.model_dump(by_alias=True, exclude=long)
        names = {name: field.alias or name for name, field in type(self).model_fields.items()}
        return {key: self._plain_list(name, key) if name in long else made[key] for name, key in names.items()}

    def _plain_list(self, name: str, key: str) -> Any:
        value = getattr(self, name)
        if isinstance(value, Document):
            return value.plain()
        if isinstance(value[0], Part):
            return [one.plain() for one in value]
        steps = (value[at : at + _STEP] for at in range(0, len(value), _STEP))
        some = [self.model_copy(update={name: step}).model_dump(by_alias=True, include={name})[key] for step in steps]
        return [one for step in some for one in step]


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and (len(value) > _STEP or isinstance(value[0], Part))


class ModelRecord(Part):
    """Which model answered; bytes are measured."""

    id: str
    source: str
    parameters: int
    quantization: str
    weights_bytes: int
    context_length: int | None
    device: str


class MemoryRecord(Part):
    """Bytes, measured; `kv_cache_bytes` at the end of the run.

    Attributes:
        kv_bytes_per_token: Predicted, before any sliding window; None where the architecture can't be predicted.
    """

    weights_bytes: int
    kv_cache_bytes: int
    kv_bytes_per_token: int | None
    rss_bytes: int
    peak_rss_bytes: int


class CostRecord(Part):
    """Exact token counts at a reference model's list price, and the run's time at the price of own hardware.

    Attributes:
        cached_tokens: Those of `input_tokens` that were not computed: this machine had them in a KV cache. A batch
            reads its prompt once, so all rows but one find it there.
        cached_usd: The part of `input_usd` that is charged at the list's cached price: for the cached tokens of a run
            that goes on after another. 0 for rows of a batch: an API takes them as requests of their own, sent at
            once, of which none finds the prompt of another.
        total_usd: Input, output, and the price of a request where the list has one.
    """

    reference_model: str
    input_tokens: int
    cached_tokens: int = 0
    output_tokens: int
    input_usd: Usd
    cached_usd: Usd = Decimal(0)
    output_usd: Usd
    total_usd: Usd
    prices_as_of: str
    own_hardware_usd: Usd


class EnergyRecord(Part):
    """Joules of the run, and how they are known: `nvml`, `rapl`, or `modelled at N W`.

    Attributes:
        idle_watts: What the device draws while nothing runs: measured once, or assumed where the energy is modelled.
        idle_spread_watts: Half the range of those readings; None where nothing was read.
        net_joules: Above idle: joules - idle_watts * seconds, never below 0.
        seconds: How long the energy was counted: from the beginning of the turn.
    """

    joules: float | None
    method: str
    idle_watts: float | None = None
    idle_spread_watts: float | None = None
    net_joules: float | None = None
    seconds: float | None = None


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


class Document(Part):
    """A whole document: its first fields are `schema` and `kind`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=lambda name: name.rstrip("_"), populate_by_name=True
    )

    def to_json(self) -> str:
        """The document, one JSON object."""
        return written(self.plain())

    def members(self) -> Sequence[Any]:
        """The records with a `model` and an `environment`: itself, or those that it is made of; one at least."""
        return (self,)


class RunRecord(Document):
    """A finished run."""

    schema_: Literal[1] = 1
    kind: Literal["run"] = "run"
    model: ModelRecord
    settings: dict[str, Any]
    prompt: str
    prompt_token_ids: list[int]
    dropped_prompt_tokens: int
    tokens: list[Token]
    text: str
    finish_reason: FinishReason
    timing: Timing
    memory: MemoryRecord
    cost: CostRecord
    energy: EnergyRecord
    environment: dict[str, Any]

    @field_validator("settings", "environment")
    @classmethod
    def _plain_json(cls, value: dict[str, Any]) -> dict[str, Any]:
        json.dumps(value, allow_nan=False)  # a ValueError of it is one of ours
        return value


def parse_record(text: str | bytes) -> RunRecord:
    """A run from its JSON text.

    Raises:
        PlaygroundError: The text is too large, not JSON, or not a run of schema 1.
    """
    return parse_as(RunRecord, text)


def parse_as(document: type[D], text: str | bytes) -> D:
    """A document of this kind from its JSON text.

    Raises:
        PlaygroundError: The text is too large, not JSON, or another kind of document.
    """
    kind = document.model_fields["kind"].default
    if len(text) > MAX_RECORD_BYTES:
        raise PlaygroundError(f"This {kind} file has {len(text):,} bytes; the limit is {MAX_RECORD_BYTES:,}.")
    where: Sequence[str | int]
    try:
        if len(text) > PIECE:
            return Reader(text if isinstance(text, str) else text.decode()).document(document)
        return document.model_validate_json(text, strict=True)
    except ValidationError as error:
        where, problem = error.errors()[0]["loc"], error.errors()[0]["msg"]
    except Misfit as error:
        where, problem = error.where, error.problem
    except ValueError as error:  # no JSON, or no text
        where, problem = (), f"Invalid JSON: {error}"
    place = ".".join(str(part)[:60] for part in where) or "the document"
    raise PlaygroundError(f"Not a {kind} record of schema 1: {place}: {problem}.")
