"""A backend without a model, under the real runner: known tokens at a set rate, in states that a test can hold."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet

from playground.backends.base import Backend, Capability
from playground.backends.job import Job, Queued
from playground.backends.slot import ModelSlot
from playground.backends.turns import Turns
from playground.data.presets import Hardware
from playground.engine.clock import Clock
from playground.engine.events import (
    Candidate,
    Event,
    Finished,
    FinishReason,
    PreparedPrompt,
    PromptProcessed,
    PromptProgress,
    TokenEvent,
)
from playground.errors import PlaygroundError
from playground.metrics.energy import EnergyMeter, IdlePower, start_meter
from playground.models.catalogue import Catalogue, FolderSource, ModelEntry
from playground.models.facts import KVLayer, KVLayout, ModelFacts
from playground.models.offer import Offer
from playground.runs.devices import Devices
from playground.runs.runner import Runner
from playground.settings import QUANTIZATIONS, Settings

KV_BYTES_PER_TOKEN = 46_080
WEIGHTS_BYTES = {"fp32": 538_000_000, "bf16": 269_000_000, "int8": 136_000_000, "int4": 76_000_000}
HARDWARE = Hardware(
    id="scripted", title="Scripted", usd_per_hour=0.25, watts=30, idle_watts=10, source="Assumed for tests."
)
_TEMPLATE = ("<|im_start|>", "user", "\n", "<|im_end|>", "\n", "<|im_start|>", "assistant", "\n")
_PROBABILITIES = (0.4, 0.2, 0.1, 0.08, 0.05, 0.03, 0.02, 0.01, 0.008, 0.006)
_PLACES = (0, 0, 3, 0, 11, 1)  # of each token among the likeliest; 11 is outside of them


def entry(id: str, title: str, about: str, context_length: int = 8192) -> ModelEntry:
    """A model that is nowhere."""
    return ModelEntry(
        id=id, title=title, about=about, context_length=context_length, parameters=134_515_008, licence="Apache-2.0",
        source=FolderSource(kind="folder", path=Path("nowhere")),
    )  # fmt: skip


CATALOGUE = Catalogue(
    (
        entry("fake-135m", "Fake-135M-Instruct", "Answers at once, with words that are known beforehand."),
        entry("fake-small", "Fake-small", "Has a short context.", context_length=1024),
        entry("fake-far", "Fake-far", "Is not on this machine.", context_length=512),
    )
)


@dataclass
class Script:
    """What every answer does. `tokens` None answers with words of the prompt, so that each asker knows his own.

    `between` is called in each state, in the last one after the first token, so that a test can hold the run there
    until it has seen the state; a state that lasts by the clock is missed on a busy machine.
    """

    tokens: Sequence[str] | None = None
    count: int = 40
    tokens_per_s: float = 400
    runs_before: int = 0
    prompt_parts: int = 0
    between: Callable[[], object] = lambda: None
    reason: FinishReason = "eos"
    fail_after: int | None = None
    error: Exception = field(default_factory=lambda: PlaygroundError("The logits are not finite at token 5: use fp32."))


@dataclass
class Answer:
    """An answer that was asked of the backend."""

    model: str
    settings: Settings
    tokens: list[TokenEvent] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    closed: bool = False


class ScriptedBackend:
    """Answers by the script, one at a time; it has no capability, and no batches and chains either."""

    capabilities: frozenset[Capability] = frozenset()

    def __init__(self, source: "ScriptedSource", facts: ModelFacts):
        self.facts, self._source = facts, source

    def context_length(self, settings: Settings) -> int:
        """The model's own, unless less is asked for."""
        return settings.context_length or self.facts.context_length or 8192

    def prepare(self, prompt: str, settings: Settings, recorded: PreparedPrompt | None = None) -> PreparedPrompt:
        """A token a word, and eight of a template; the oldest drop beyond the context."""
        ids = recorded.ids if recorded else self._source.ids([*settings.system.split(), *_TEMPLATE, *prompt.split()])
        limit = self.context_length(settings)
        fits = min(len(ids), limit - 1)
        return PreparedPrompt(ids[len(ids) - fits :], len(ids) - fits, limit)

    def piece(self, token: int) -> str:
        """The word."""
        return self._source.words[token]

    def chunk_tokens(self, prompt_tokens: int) -> int:
        """All at once."""
        return prompt_tokens

    def kv_cache_bytes(self, tokens: int) -> int:
        """As many as a real one of this size."""
        return tokens * KV_BYTES_PER_TOKEN

    def stream(
        self,
        prompt: PreparedPrompt,
        settings: Settings,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
    ) -> Iterator[Event]:
        """Read, and answer as the script says."""
        answer, script = Answer(self.facts.id, settings), self._source.script
        self._source.answers.append(answer)
        clock = clock or Clock()
        total = len(prompt.ids)
        try:
            for part in range(1, script.prompt_parts + 1):
                yield PromptProgress(total * part // script.prompt_parts, total, clock.now())
                script.between()
            read_s = clock.now()
            yield PromptProcessed(total, total, 0.001, total * KV_BYTES_PER_TOKEN, read_s)
            yield from self._tokens(prompt, answer, script, should_stop, clock)
        finally:
            answer.closed = True

    def _tokens(
        self, prompt: PreparedPrompt, answer: Answer, script: Script, should_stop: Callable[[], bool], clock: Clock
    ) -> Iterator[Event]:
        first_at, reason = time.perf_counter(), script.reason
        for index, text in enumerate(self._texts(prompt, answer.settings, script)):
            if script.fail_after is not None and index >= script.fail_after:
                raise script.error
            if _stopped_before(first_at + (index + 1) / script.tokens_per_s, should_stop):
                answer.stopped.set()
                reason = "cancelled"
                break
            held = (len(prompt.ids) + index) * KV_BYTES_PER_TOKEN
            answer.tokens.append(_token(index, text, answer.settings, held, clock.now()))
            yield answer.tokens[-1]
            if index == 0:
                script.between()
        yield Finished(reason, "", clock.now())

    def _texts(self, prompt: PreparedPrompt, settings: Settings, script: Script) -> list[str]:
        if script.tokens is not None:
            return list(script.tokens)
        words = [self.piece(token) for token in prompt.ids]
        words = words[len(words) - words[::-1].index(_TEMPLATE[-1]) :] if _TEMPLATE[-1] in words else words
        texts = [f" {words[i % len(words)]}" for i in range(min(script.count, settings.max_new_tokens))]
        return [*texts, ""] if script.reason == "eos" and len(texts) < settings.max_new_tokens else texts

    def close(self) -> None:
        """There is nothing to drop."""

    def tokenize(self, work: Callable[[Any], Any]) -> Any:
        """There is no tokenizer to ask."""
        raise PlaygroundError("This model's tokenizer can't be asked.")


def _stopped_before(at: float, should_stop: Callable[[], bool]) -> bool:
    """Whether it should stop by then; returns at that time at the latest."""
    while not (stops := should_stop()) and (left := at - time.perf_counter()) > 0:
        time.sleep(min(0.02, left))
    return stops


def _token(index: int, text: str, settings: Settings, kv_bytes: int, time_s: float) -> TokenEvent:
    """Ten alternatives, and the token at its place among them; one of `<0xE2>` is a piece of a character."""
    is_piece = text.startswith("<0x")
    place = _PLACES[index % len(_PLACES)] if text and not is_piece else 0
    names = [f" other{number}" for number in range(10)]
    if place < 10:
        names[place] = text or "<|im_end|>"
    prob, kept = _PROBABILITIES[place] if place < 10 else 0.0015, 1 if settings.temperature == 0 else 6
    top = tuple(Candidate(1000 + n, name, p) for n, (name, p) in enumerate(zip(names, _PROBABILITIES, strict=True)))
    shown = "" if is_piece else text
    return TokenEvent(
        index, top[place].id if place < 10 else 7, shown, math.log(prob), place + 1, 2.5, min(1.0, prob * 1.2), kept,
        top[: settings.top], time_s, (49_152, kept, kept), kv_bytes,
    )  # fmt: skip


@dataclass
class ScriptedSource:
    """Opens backends by the script; `answers` holds what was asked of them."""

    script: Script
    answers: list[Answer] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    fetched: set[str] = field(default_factory=set)

    def ids(self, words: Sequence[str]) -> tuple[int, ...]:
        """Each word has an id of its own from its first use on."""
        self.words += [word for word in dict.fromkeys(words) if word not in self.words]
        return tuple(self.words.index(word) for word in words)

    def is_ready(self, entry: ModelEntry) -> bool:
        """One is not here."""
        return entry.id != "fake-far" or entry.id in self.fetched

    def quantizations(self, entry: ModelEntry, device: str) -> dict[str, str | None]:
        """fp16 can't run here."""
        return {name: "this processor has no fp16 units" if name == "fp16" else None for name in QUANTIZATIONS}

    def open(
        self, entry: ModelEntry, quantization: str, device: str, progress: Callable[[str, float | None], None]
    ) -> Backend:
        """Loading, in five steps."""
        if not self.is_ready(entry):
            raise PlaygroundError("Fake-far is not here and there is no network: connect once, or choose another.")
        for step in range(5):
            progress("reading the weights", step / 4)
            self.script.between()
        return self.backend(entry, quantization)

    def offer(self, entry: ModelEntry) -> Offer | None:
        """Known sizes, of one that can be fetched from nowhere."""
        folder = Path("/models")
        return Offer(
            724_000_000, 724_000_000, 50_000_000_000, folder, "a test's hub", entry.licence, "the model's card"
        )

    def fetch(self, entry: ModelEntry, progress: Callable[[str, float | None], None]) -> None:
        """It comes in five steps; then it is here."""
        for step in range(5):
            progress(f"Fetching {entry.title}", step / 4)
            self.script.between()
        self.fetched.add(entry.id)

    def backend(self, entry: ModelEntry, quantization: str = "fp32") -> Backend:
        """One that is there at once."""
        weights = WEIGHTS_BYTES[quantization]
        facts = ModelFacts(
            entry.id, entry.title, "wheel", "llama", "decoder", 134_515_008, quantization,
            "These weights are numbers of a test.", weights, weights, weights, KVLayout((KVLayer(KV_BYTES_PER_TOKEN),)),
            entry.context_length, 49_152, "cpu", "a test", "float32", True,
        )  # fmt: skip
        return ScriptedBackend(self, facts)  # type: ignore[return-value]  # it lacks what its capabilities lack


class _ScriptedTurns(Turns):
    """Tells of runs before this one that nobody started."""

    def __init__(self, source: ScriptedSource):
        super().__init__()
        self._source, self._begun = source, WeakSet[Job]()

    def wait(self, job: Job, should_stop: Callable[[], bool]) -> Iterator[Queued]:
        """The script's positions, once, then the queue's own."""
        before = 0 if job in self._begun else self._source.script.runs_before
        self._begun.add(job)
        for position in range(before, 0, -1):
            yield Queued(position, job.clock.now())
            self._source.script.between()
        yield from super().wait(job, should_stop)


class _Devices(Devices):
    """Known numbers, whatever the machine."""

    def measure(self, device: str) -> None:
        """Nothing is left to measure."""

    def bandwidth(self, device: str) -> float:
        """Of a laptop."""
        return 18e9

    def start_meter(self, device: str, clock: Clock) -> EnergyMeter:
        """Modelled, also where the machine has counters."""
        return start_meter(device, HARDWARE.watts, IdlePower(10, "modelled at 30 W"), powercap=Path("nowhere"))


class ScriptedRunner(Runner):
    """The real runner over a scripted backend."""

    def __init__(self, script: Script | None = None, *, loaded: bool = True):
        self._source = ScriptedSource(script or Script())
        slot = ModelSlot(CATALOGUE, "cpu", self._source)
        slot.turns = _ScriptedTurns(self._source)
        super().__init__(slot, HARDWARE, _Devices(HARDWARE))
        if loaded:
            self.hold("fake-135m")

    def hold(self, model: str) -> None:
        """This model is in memory from now on."""
        self._slot.backend = self._source.backend(self.catalogue.find(model))

    def forget_fetched(self) -> None:
        """Only what was here at first is here."""
        self._source.fetched.clear()
        self.hold("fake-135m")

    def holds(self, model: str, quantization: str) -> bool:
        """Whether this is the model in memory."""
        return self._slot.holds(model, quantization)

    @property
    def answers(self) -> list[Answer]:
        """All that were asked, the oldest first."""
        return self._source.answers

    @property
    def script(self) -> Script:
        """What the next answers do."""
        return self._source.script

    @script.setter
    def script(self, script: Script) -> None:
        self._source.script = script
