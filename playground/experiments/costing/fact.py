"""A measured number that a cost can start from, with a sentence on its source; and how a document states it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from playground.engine.events import FinishReason
from playground.runs.records import CostRecord, EnergyRecord, ModelRecord, RunRecord

_DIGITS = 12
_PROMPT_CHARS = 40


@dataclass(frozen=True)
class Fact:
    """A measured number, a name, or lengths of many answers; `source` says what was measured, on what."""

    value: Decimal | str | tuple[int, ...]
    source: str


@dataclass(frozen=True)
class FactSource:
    """All facts of one document, or of one run in it.

    Attributes:
        id: The same for the same facts.
        title: For a menu.
        kind: Of the document.
        facts: By the name of the input that they can fill.
        answers: How many answers their lengths are of; 0 where there are none.
        cut: How many of these ended at a limit.
    """

    id: str
    title: str
    kind: str
    facts: dict[str, Fact]
    answers: int = 0
    cut: int = 0

    def to_plain(self) -> dict[str, Any]:
        """Plain JSON values: as above, `facts` with `value` and `source` each."""
        facts = {name: {"value": _plain(fact.value), "source": fact.source} for name, fact in self.facts.items()}
        return {**vars(self), "facts": facts}


def is_cut(reason: FinishReason) -> bool:
    """Whether an answer ended at a limit, so that in truth it is longer."""
    return reason in ("length", "time", "cancelled")


def fact_source(kind: str, title: str, facts: dict[str, Fact], answers: int = 0, cut: int = 0) -> FactSource:
    """Facts under a title, with an id that is the same for the same facts."""
    made = FactSource("", title, kind, facts, answers, cut)
    digest = hashlib.blake2b(json.dumps(made.to_plain()).encode(), digest_size=8).hexdigest()
    return replace(made, id=f"{kind}-{digest}")


def _plain(value: Decimal | str | tuple[int, ...]) -> float | str | list[int]:
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, str) else list(value)


def known(source: str, numbers: Mapping[str, float | Decimal | None]) -> dict[str, Fact]:
    """Facts of one source; what is not known is left out."""
    known = {name: number for name, number in numbers.items() if number is not None}
    return {name: Fact(_decimal(number), source) for name, number in known.items()}


def _decimal(number: float | Decimal) -> Decimal:
    """A measured float has only a few significant digits."""
    return number if isinstance(number, Decimal) else Decimal(f"{number:.{_DIGITS}g}")


def quoted(prompt: str) -> str:
    """The beginning of a prompt, in quotation marks."""
    line = " ".join(prompt.split())
    return f"“{line if len(line) <= _PROMPT_CHARS else line[: _PROMPT_CHARS - 1] + '…'}”"


def where(model: ModelRecord, environment: dict[str, Any]) -> str:
    """The model and its device."""
    processor, threads = environment.get("processor") or model.device, environment.get("threads")
    return f"{model.id} {model.quantization} on {processor}" + (f", {threads} threads" if threads else "")


def energy_facts(energy: EnergyRecord, tokens: int, what: str) -> dict[str, Fact]:
    """Energy a token, the prompt's share included: with idle, above idle, and how it is known."""
    if energy.joules is None or not tokens:
        return {}
    net = None if energy.net_joules is None else energy.net_joules / tokens
    return {
        **known(f"{what}; {energy.method}, idle included", {"joules_per_token": energy.joules / tokens}),
        **known(f"{what}; {energy.method}, above {energy.idle_watts or 0:g} W idle", {"net_joules_per_token": net}),
        "energy_method": Fact(energy.method, what),
    }


def own_facts(cost: CostRecord, what: str) -> dict[str, Fact]:
    """The price of own hardware for a million tokens; nothing where no token was written."""
    if not cost.output_tokens:
        return {}
    per_million = cost.own_hardware_usd * 1_000_000 / cost.output_tokens
    return known(f"{what}; all its time at the hourly price set then", {"own_usd_per_million": per_million})


def run_facts(record: RunRecord, title: str = "") -> Iterator[FactSource]:
    """Of one run; none of a run without an answer."""
    if not record.tokens:
        return
    temperature = record.settings.get("temperature")
    what = f"one run of {quoted(record.prompt)}, T {temperature}, {where(record.model, record.environment)}"
    cost, timing = record.cost, record.timing
    numbers = {
        "input_tokens": cost.input_tokens,
        "output_tokens": cost.output_tokens,
        "cached_share": cost.cached_tokens / cost.input_tokens if cost.input_tokens else None,
        "throughput_tokens_per_s": timing.decode_tokens_per_s,
        "prefill_tokens_per_s": timing.prefill_tokens_per_s,
        "ttft_s": timing.ttft_s,
    }
    facts = known(what, numbers) | energy_facts(record.energy, cost.output_tokens, what) | own_facts(cost, what)
    cut = is_cut(record.finish_reason)
    if cut:
        facts["output_tokens"] = replace(facts["output_tokens"], source=f"{what}; cut at a limit, so longer in truth")
    yield fact_source("run", title or f"Run: {quoted(record.prompt)}", facts, 1, int(cut))
