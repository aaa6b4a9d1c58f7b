"""A runner without a model: known tokens at a set rate, so that a test of the page knows what it must show."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

from playground.backends.base import Loading, Queued
from playground.data.presets import Hardware
from playground.engine.events import Candidate, Finished, PreparedPrompt, PromptProcessed, PromptProgress, TokenEvent
from playground.errors import PlaygroundError
from playground.metrics.prices import DEFAULT_REFERENCE
from playground.metrics.timing import timing_of
from playground.models.facts import KVLayer, KVLayout, ModelFacts
from playground.runs.pricing import Pricing
from playground.runs.records import (
    CandidateRecord,
    CostRecord,
    EnergyRecord,
    MemoryRecord,
    ModelRecord,
    RunRecord,
    TimingRecord,
    TokenRecord,
)
from playground.runs.updates import Meters, RunRequest, Update
from playground.settings import QUANTIZATIONS

KV_BYTES_PER_TOKEN = 46_080
WEIGHTS_BYTES = {"fp32": 538_000_000, "bf16": 269_000_000, "int8": 136_000_000, "int4": 76_000_000}


@dataclass(frozen=True)
class FakeEntry:
    """A catalogue entry."""

    id: str
    title: str
    about: str
    context_length: int | None = 8192
    parameters: int = 134_515_008
    licence: str = "Apache-2.0"


@dataclass(frozen=True)
class FakeCatalogue:
    """What the fake offers."""

    entries: tuple[FakeEntry, ...] = (
        FakeEntry("fake-135m", "Fake-135M-Instruct", "Answers at once, with words that are known beforehand."),
        FakeEntry("fake-small", "Fake-small", "Has a short context.", context_length=1024),
        FakeEntry("fake-far", "Fake-far", "Is not on this machine.", context_length=512),
    )

    @property
    def default(self) -> FakeEntry:
        """The first."""
        return self.entries[0]


@dataclass
class Script:
    """What every run does. `tokens` None answers with words of the prompt, so that each asker knows his own.

    `between` is called in each state, in the last one after the first token, so that a test can hold the run there
    until it has seen the state; a state that lasts by the clock is missed on a busy machine.
    """

    tokens: Sequence[str] | None = None
    count: int = 40
    tokens_per_s: float = 400
    runs_before: int = 0
    prompt_parts: int = 0
    between: Callable[[], object] = lambda: None
    reason: str = "eos"
    fail_after: int | None = None
    error: Exception = field(default_factory=lambda: PlaygroundError("The logits are not finite at token 5: use fp32."))


def _ids(request: RunRequest) -> tuple[int, ...]:
    return tuple(range(len(request.prompt.split()) + len(request.settings.system.split()) + 8))


def _top(text: str, index: int) -> tuple[tuple[Candidate, ...], int, float]:
    """Ten alternatives, the place of the token among them (11 is outside) and its probability."""
    probabilities = [0.4, 0.2, 0.1, 0.08, 0.05, 0.03, 0.02, 0.01, 0.008, 0.006]
    place = (0, 0, 3, 0, 11, 1)[index % 6] if text else 0
    names = [f" other{i}" for i in range(10)]
    if place < 10:
        names[place] = text or "<|im_end|>"
    top = tuple(Candidate(1000 + i, names[i], probabilities[i]) for i in range(10))
    return top, place, probabilities[place] if place < 10 else 0.0015


class FakeRun:
    """One run; iterate it in a thread."""

    def __init__(self, runner: "FakeRunner", request: RunRequest, should_stop: Callable[[], bool]):
        self.request = request
        self.closed = False
        self.stopped = threading.Event()
        self._runner, self._should_stop = runner, should_stop
        self._events: list[TokenEvent] = []
        self._prefill_s: float | None = None
        self._started_at = time.perf_counter()
        self._end_s: float | None = None

    def _now(self) -> float:
        return time.perf_counter() - self._started_at

    def _stop(self) -> bool:
        if self._should_stop():
            self.stopped.set()
        return self.stopped.is_set()

    def _sleep(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while not self._stop() and time.perf_counter() < end:
            time.sleep(min(0.02, max(0.0, end - time.perf_counter())))

    def __iter__(self) -> Iterator[Update]:
        script, request = self._runner.script, self.request
        for position in range(script.runs_before, 0, -1):
            yield Queued(position, self._now())
            script.between()
        with self._runner.turn:
            if not self._runner.holds(request.model, request.quantization):
                yield from self._runner.steps(request.model, request.quantization)
            yield self._runner.prepared(request)
            yield from self._read(script)
            yield from self._answer(script)
        yield self._record()

    def _read(self, script: Script) -> Iterator[Update]:
        total = len(_ids(self.request))
        for part in range(1, script.prompt_parts + 1):
            yield PromptProgress(total * part // script.prompt_parts, total, self._now())
            script.between()
        self._prefill_s = 0.001
        yield PromptProcessed(total, total, self._prefill_s, total * KV_BYTES_PER_TOKEN, self._now())

    def _texts(self, script: Script) -> list[str]:
        if script.tokens is not None:
            return list(script.tokens)
        words = self.request.prompt.split()
        count = min(script.count, self.request.settings.max_new_tokens)
        texts = [f" {words[i % len(words)]}" for i in range(count)]
        return [*texts, ""] if script.reason == "eos" and count < self.request.settings.max_new_tokens else texts

    def _answer(self, script: Script) -> Iterator[Update]:
        reason = script.reason
        begun = self._now()
        for index, text in enumerate(self._texts(script)):
            if script.fail_after is not None and index >= script.fail_after:
                raise script.error
            self._sleep(max(0.0, begun + (index + 1) / script.tokens_per_s - self._now()))
            if self._stop():
                reason = "cancelled"
                break
            yield self._token(index, text)
            if index == 0:
                script.between()
        self._end_s = self._now()
        self.reason = reason
        yield Finished(reason, "", self._end_s)  # type: ignore[arg-type]

    def _token(self, index: int, text: str) -> TokenEvent:
        top, place, prob = _top(text, index)
        kept = 1 if self.request.settings.temperature == 0 else 6
        event = TokenEvent(
            index, top[place].id if place < 10 else 7, text, math.log(prob), place + 1, 2.5, min(1.0, prob * 1.2), kept,
            (49_152, kept, kept), top[: self.request.settings.top],
            (len(_ids(self.request)) + index) * KV_BYTES_PER_TOKEN, self._now(),
        )  # fmt: skip
        self._events.append(event)
        return event

    def close(self) -> None:
        """Told by the page when it is done."""
        self.closed = True

    def meters(self) -> Meters | None:
        """Everything so far."""
        if self._prefill_s is None and not self._events:
            return None
        end = self._end_s if self._end_s is not None else self._now()
        prompt, tokens = len(_ids(self.request)), len(self._events)
        timing = timing_of(
            [event.time_s for event in self._events],
            prefill_s=self._prefill_s,
            computed_prompt_tokens=prompt,
            end_s=end,
        )
        kv = (prompt + max(0, tokens - 1)) * KV_BYTES_PER_TOKEN
        price, reference = self._runner.pricing.usd_per_hour, self._runner.pricing.reference
        return Meters(
            prompt, tokens, end, self._prefill_s, TimingRecord(**asdict(timing)),
            MemoryRecord(
                weights_bytes=WEIGHTS_BYTES[self.request.quantization], kv_cache_bytes=kv,
                kv_bytes_per_token=KV_BYTES_PER_TOKEN, rss_bytes=1_310_000_000, peak_rss_bytes=1_420_000_000,
            ),
            kv, (self.request.settings.context_length or 8192) * KV_BYTES_PER_TOKEN, None, None,
            0.62, 0.4 / self._runner.script.tokens_per_s, 18e9,
            CostRecord(
                reference_model=reference, input_tokens=prompt,
                output_tokens=tokens, input_usd=prompt * 1.5e-7, output_usd=tokens * 6e-7,
                total_usd=prompt * 1.5e-7 + tokens * 6e-7, prices_as_of="genai-prices 0.2.3, newest check 2026-08-20",
                own_hardware_usd=end * price / 3600,
            ),
            price,
            EnergyRecord(
                joules=end * 30, method="modelled at 30 W", idle_watts=10, net_joules=end * 20, seconds=end
            ),
        )  # fmt: skip

    def _record(self) -> RunRecord:
        meters = self.meters()
        assert meters is not None
        facts = self._runner.facts
        assert facts is not None
        tokens = [
            TokenRecord(
                index=event.index, id=event.id, text=event.text, logprob=event.logprob, rank=event.rank,
                entropy_bits=event.entropy_bits, sampled_prob=event.sampled_prob, kept=event.kept, time_s=event.time_s,
                top=[CandidateRecord(id=item.id, text=item.text, prob=item.prob) for item in event.top],
            )
            for event in self._events
        ]  # fmt: skip
        return RunRecord(
            model=ModelRecord(
                id=facts.id, source=facts.source, parameters=facts.parameters, quantization=facts.quantization,
                weights_bytes=facts.weights_bytes, context_length=facts.context_length, device=facts.device,
            ),
            settings=self.request.settings.model_dump(mode="json"), prompt=self.request.prompt,
            prompt_token_ids=list(_ids(self.request)), dropped_prompt_tokens=0, tokens=tokens,
            text="".join(token.text for token in tokens), finish_reason=self.reason, timing=meters.timing,  # type: ignore[arg-type]
            memory=meters.memory, cost=meters.cost, energy=meters.energy, environment={"fake": True},
        )  # fmt: skip


class FakeRunner:
    """Same interface as `experiments.runner.Runner`."""

    def __init__(self, script: Script | None = None, *, loaded: bool = True):
        self.script = script or Script()
        self.catalogue = FakeCatalogue()
        self.hardware = Hardware(id="fake", title="Fake", usd_per_hour=0.25, watts=30, source="Assumed for tests.")
        self.pricing = Pricing(DEFAULT_REFERENCE, 0.25)
        self.turn = threading.Lock()
        self.requests: list[RunRequest] = []
        self.runs: list[FakeRun] = []
        self.facts: ModelFacts | None = self._facts("fake-135m", "fp32") if loaded else None

    def priced(self, reference: str | None = None, usd_per_hour: float | None = None) -> "FakeRunner":
        """Itself: one page at a time."""
        return self

    def _facts(self, model: str, quantization: str) -> ModelFacts:
        entry = next(entry for entry in self.catalogue.entries if entry.id == model)
        weights = WEIGHTS_BYTES[quantization]
        return ModelFacts(
            entry.id, entry.title, "wheel", "llama", "decoder", 134_515_008, quantization,
            "These weights are numbers of a test.", weights, weights, weights, KVLayout((KVLayer(KV_BYTES_PER_TOKEN),)),
            entry.context_length or 8192, 49_152, "cpu", "a test", "float32", True,
        )  # fmt: skip

    def holds(self, model: str, quantization: str) -> bool:
        """Whether this is the model in memory."""
        return self.facts is not None and (self.facts.id, self.facts.quantization) == (model, quantization)

    def models(self) -> dict[str, str | None]:
        """One is not here."""
        return {
            entry.id: "not on this machine yet" if entry.id == "fake-far" else None for entry in self.catalogue.entries
        }

    def quantizations(self, model: str) -> dict[str, str | None]:
        """fp16 can't run here."""
        return {name: "this processor has no fp16 units" if name == "fp16" else None for name in QUANTIZATIONS}

    def steps(self, model: str, quantization: str) -> Iterator[Loading]:
        """Loading, in five steps."""
        if model == "fake-far":
            raise PlaygroundError("Fake-far is not here and there is no network: connect once, or choose another.")
        for step in range(5):
            yield Loading(model, quantization, "reading the weights", step / 4)
            self.script.between()
        self.facts = self._facts(model, quantization)

    def load(self, model: str, quantization: str) -> Iterator[Loading]:
        """With the turn held."""
        with self.turn:
            yield from self.steps(model, quantization)

    def prepared(self, request: RunRequest) -> PreparedPrompt:
        """Words and eight tokens of template; the oldest drop beyond the context."""
        ids, limit = _ids(request), request.settings.context_length or 8192
        fits = min(len(ids), limit - 1)
        return PreparedPrompt(ids[len(ids) - fits :], len(ids) - fits, limit)

    def preview(self, request: RunRequest) -> PreparedPrompt | None:
        """None while another model is in memory."""
        return self.prepared(request) if self.facts is not None and self.facts.id == request.model else None

    def loaded(self, model: str) -> None:
        """There is no model behind it."""

    def start(self, request: RunRequest, should_stop: Callable[[], bool]) -> FakeRun:
        """Nothing happens before the run is iterated."""
        if self.quantizations(request.model).get(request.quantization, "unknown") is not None:
            raise PlaygroundError(f"Unknown quantization {request.quantization!r}: choose fp32.")
        if request.model not in self.models():
            raise PlaygroundError(f"Unknown model {request.model!r}: choose fake-135m.")
        if request.settings.seed is None:
            request = replace(request, settings=request.settings.model_copy(update={"seed": 7}))
        run = FakeRun(self, request, should_stop)
        self.requests.append(request)
        self.runs.append(run)
        return run
