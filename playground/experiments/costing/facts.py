"""What saved documents know that a cost can start from: measured numbers, each with a sentence on its source."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import fmean
from typing import Any

import numpy as np

from playground.experiments.agents.plan import calls_of
from playground.experiments.agents.records import AgentRecord
from playground.experiments.compare.records import CompareRecord
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord
from playground.experiments.throughput.records import ThroughputRecord
from playground.experiments.training.records import TrainingRecord
from playground.runs.records import CostRecord, Document, EnergyRecord, ModelRecord, RunRecord

_DIGITS = 12
_PROMPT_CHARS = 40
_LOW, _HIGH = 10, 90  # percentiles


@dataclass(frozen=True)
class Fact:
    """A measured number, a name, or lengths of many answers; `source` says what was measured, on what."""

    value: Decimal | str | tuple[int, ...]
    source: str


@dataclass(frozen=True)
class FactSource:
    """All that one document, or one run of it, tells.

    Attributes:
        id: The same for the same facts.
        title: For a menu.
        kind: Of the document.
        facts: By the name of the input that they can fill.
    """

    id: str
    title: str
    kind: str
    facts: dict[str, Fact]

    def to_plain(self) -> dict[str, Any]:
        """Plain JSON values: `id`, `title`, `kind`, and `facts` with `value` and `source` each."""
        facts = {name: {"value": _plain(fact.value), "source": fact.source} for name, fact in self.facts.items()}
        return {"id": self.id, "title": self.title, "kind": self.kind, "facts": facts}


def facts_of(documents: Sequence[Document]) -> list[FactSource]:
    """What these documents tell, in their order; nothing of kinds that measure no such thing.

    A comparison tells of each of its runs, a temperature ladder of each of its reruns.
    """
    return [source for document in documents for source in _sources(document)]


def _sources(document: Document) -> Iterator[FactSource]:
    for kind, tell in _KINDS.items():
        if isinstance(document, kind):
            yield from tell(document)


def _source(kind: str, title: str, facts: dict[str, Fact]) -> FactSource:
    made = FactSource("", title, kind, facts)
    digest = hashlib.blake2b(json.dumps(made.to_plain()).encode(), digest_size=8).hexdigest()
    return FactSource(f"{kind}-{digest}", title, kind, facts)


def _plain(value: Decimal | str | tuple[int, ...]) -> float | str | list[int]:
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, str) else list(value)


def _told(source: str, numbers: Mapping[str, float | Decimal | None]) -> dict[str, Fact]:
    """Facts of one source; what is not known is left out."""
    known = {name: number for name, number in numbers.items() if number is not None}
    return {name: Fact(_decimal(number), source) for name, number in known.items()}


def _decimal(number: float | Decimal) -> Decimal:
    """A measured float has no more than so many digits worth telling."""
    return number if isinstance(number, Decimal) else Decimal(f"{number:.{_DIGITS}g}")


def _quoted(prompt: str) -> str:
    line = " ".join(prompt.split())
    return f"“{line if len(line) <= _PROMPT_CHARS else line[: _PROMPT_CHARS - 1] + '…'}”"


def _where(model: ModelRecord, environment: dict[str, Any]) -> str:
    """Which model, on what."""
    processor, threads = environment.get("processor") or model.device, environment.get("threads")
    return f"{model.id} {model.quantization} on {processor}" + (f", {threads} threads" if threads else "")


def _energy(energy: EnergyRecord, tokens: int, what: str) -> dict[str, Fact]:
    """Energy a token, the prompt's share included: with idle, above idle, and how it is known."""
    if energy.joules is None or not tokens:
        return {}
    net = None if energy.net_joules is None else energy.net_joules / tokens
    return {
        **_told(f"{what}; {energy.method}, idle included", {"joules_per_token": energy.joules / tokens}),
        **_told(f"{what}; {energy.method}, above {energy.idle_watts or 0:g} W idle", {"net_joules_per_token": net}),
        "energy_method": Fact(energy.method, what),
    }


def _own(cost: CostRecord, what: str) -> dict[str, Fact]:
    if not cost.output_tokens:
        return {}
    per_million = cost.own_hardware_usd * 1_000_000 / cost.output_tokens
    return _told(f"{what}; all its time at the hourly price set then", {"own_usd_per_million": per_million})


def _run(record: RunRecord, title: str = "") -> Iterator[FactSource]:
    if not record.tokens:
        return
    temperature = record.settings.get("temperature")
    what = f"one run of {_quoted(record.prompt)}, T {temperature}, {_where(record.model, record.environment)}"
    cost, timing = record.cost, record.timing
    numbers = {
        "input_tokens": cost.input_tokens,
        "output_tokens": cost.output_tokens,
        "cached_share": cost.cached_tokens / cost.input_tokens if cost.input_tokens else None,
        "throughput_tokens_per_s": timing.decode_tokens_per_s,
        "prefill_tokens_per_s": timing.prefill_tokens_per_s,
        "ttft_s": timing.ttft_s,
    }
    facts = _told(what, numbers) | _energy(record.energy, cost.output_tokens, what) | _own(cost, what)
    yield _source("run", title or f"Run: {_quoted(record.prompt)}", facts)


def _compare(record: CompareRecord) -> Iterator[FactSource]:
    for number, pane in enumerate(record.panes, 1):
        yield from _run(pane, f"Compare, pane {number}: {_quoted(pane.prompt)}, {pane.model.id}")


def _rerun(record: RerunRecord) -> Iterator[FactSource]:
    temperature = record.settings.get("temperature")
    where = _where(record.model, record.environment)
    what = f"{record.n} runs of {_quoted(record.prompt)}, T {temperature}, {where}"
    lengths = tuple(len(run.token_ids) for run in record.runs)
    cut = sum(run.finish_reason not in ("eos", "stop") for run in record.runs)
    shape = what + (f"; {cut} of them cut at a limit, so longer in truth" if cut else "")
    low, high = np.percentile(lengths, [_LOW, _HIGH])
    facts = {
        **_told(what, {"input_tokens": len(record.prompt_token_ids)}),
        **_told(f"mean of {shape}", {"output_tokens": fmean(lengths)}),
        **_told(f"10th percentile of {shape}", {"output_tokens_low": float(low)}),
        **_told(f"90th percentile of {shape}", {"output_tokens_high": float(high)}),
        "output_lengths": Fact(lengths, shape),
        **_told(f"{what}, {record.rows_at_once} at once; reading the prompt included",
                {"throughput_tokens_per_s": record.throughput_tokens_per_s}),
        **_told(what, {"prefill_tokens_per_s": _prefill_rate(record)}),
        **_energy(record.energy, record.cost.output_tokens, what),
        **_own(record.cost, what),
    }  # fmt: skip
    yield _source("rerun", f"Reruns: {record.n} runs of {_quoted(record.prompt)}, T {temperature}", facts)


def _prefill_rate(record: RerunRecord) -> float | None:
    return len(record.prompt_token_ids) / record.prefill_s if record.prefill_s else None


def _ladder(record: TemperatureLadderRecord) -> Iterator[FactSource]:
    for rung in record.rungs:
        yield from _rerun(rung)


def _throughput(record: ThroughputRecord) -> Iterator[FactSource]:
    best = record.best
    shape = f"{record.input_tokens} tokens in and {record.output_tokens} out a row"
    what = f"batch of {best.rows}, {shape}, {_where(record.model, record.environment)}"
    numbers = {
        "throughput_tokens_per_s": best.decode_tokens_per_s,
        "prefill_tokens_per_s": best.prefill_tokens_per_s,
        "ttft_s": best.ttft_s,
    }
    facts = _told(what, numbers) | _energy(best.energy, best.output_tokens, what)
    yield _source("throughput", f"Throughput: batch of {best.rows}, {record.model.id}", facts)


def _agent(record: AgentRecord) -> Iterator[FactSource]:
    if not record.steps:
        return
    calls = calls_of(record)
    what = f"{len(record.steps)} steps of {_quoted(record.task)}, {_where(record.model, record.environment)}"
    answers = fmean(call.output_tokens for call in calls if call.purpose == "answer")
    prompts = sum(call.prompt_tokens for call in calls)
    facts = {
        **_told(f"counted in {what}", {name: record.plan[name] for name in ("system_tokens", "task_tokens")}),
        **_told(f"mean of {what}", {
            "output_tokens": answers,
            "step_tokens": answers,
            "tool_tokens": fmean(step.tool_tokens for step in record.steps),
            "input_tokens": prompts / len(calls),
        }),
        **_told(f"cache of {what}", {"cached_share": sum(call.cached_tokens for call in calls) / prompts}),
    }  # fmt: skip
    yield _source("agent", f"Agent: {len(record.steps)} steps of {_quoted(record.task)}", facts)


def _training(record: TrainingRecord) -> Iterator[FactSource]:
    tokens = len(record.sentence_token_ids)
    what = f"one step of plain SGD on {tokens} tokens, {_where(record.model, record.environment)}"
    facts = _told(what, {"training_tokens_per_s": tokens / record.step.seconds})
    yield _source("training", f"Training step: {_quoted(record.sentence)}", facts)


_KINDS: dict[type[Document], Callable[[Any], Iterator[FactSource]]] = {
    RunRecord: _run, CompareRecord: _compare, RerunRecord: _rerun, TemperatureLadderRecord: _ladder,
    ThroughputRecord: _throughput, AgentRecord: _agent, TrainingRecord: _training,
}  # fmt: skip
