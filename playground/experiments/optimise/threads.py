"""Panel: speed against the number of threads, on a quiet and a busy machine, and against what the machine can do."""

import math
from dataclasses import dataclass
from functools import partial

import psutil
import torch

from playground.backends.local import text_model_of
from playground.errors import PlaygroundError
from playground.experiments.determinism.scene import loading
from playground.experiments.determinism.switches import threads
from playground.experiments.optimise.burner import burning
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.threads import NAME, ThreadsRequest
from playground.experiments.optimise.greedy import answer
from playground.experiments.optimise.protocol import Arm, Sample, Trial, nothing
from playground.experiments.optimise.records import OptimisationRecord
from playground.experiments.optimise.threads_words import described
from playground.experiments.optimise.two_terms import TwoTerms, fit
from playground.metrics.roofline import measure_arithmetic, measure_bandwidth
from playground.models.cgroup import cpu_limit
from playground.models.facts import ModelFacts
from playground.models.loading import LoadedModel, unload
from playground.runs.experiment import Lab
from playground.runs.filler import filler_ids
from playground.runs.stages import Stage, Steps

HEADLINE = ["decode_tokens_per_s", "prefill_tokens_per_s"]


@dataclass(frozen=True)
class Limit:
    """What this machine can do with some threads: bytes read and operations computed in a second, measured."""

    bandwidth: float
    arithmetic: float


def processors() -> int:
    """Processors that this process may use."""
    affinity = psutil.Process().cpu_affinity() if hasattr(psutil.Process, "cpu_affinity") else None
    count = len(affinity) if affinity else psutil.cpu_count() or 1
    limit = cpu_limit()
    return count if limit is None else max(1, min(count, math.ceil(limit)))


def counts_of(cores: int, most: int, now: int) -> list[int]:
    """1, 2, 4 and so on up to all, and what is set now; where they are too many, those in the middle are left out."""
    counts = sorted({2**power for power in range(cores.bit_length()) if 2**power <= cores} | {cores, now})
    while len(counts) > most:
        middle = counts[1:-1]
        droppable = [count for count in middle if count != now] or middle
        counts.remove(droppable[0])
    return counts


def other_device(device: str) -> str | None:
    """The GPU, for a model on the processor; the processor, for a model on the GPU; None where there is no GPU."""
    if device != "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else None


def measure(lab: Lab, request: ThreadsRequest) -> Steps[OptimisationRecord | None]:
    """The baseline has the threads that are set now.

    Raises:
        PlaygroundError: The model is on a GPU, and its copy for the processor does not fit.
    """
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))
    yield prompt
    held, copied, why = lab.backend.weights(), None, "PyTorch finds no GPU that it can use."
    if place := other_device(held.facts.device):
        try:
            copied = yield from loading(held, held.facts.quantization, "auto", place)
        except PlaygroundError as error:
            if place == "cpu":
                raise
            why = str(error)
    try:
        on_cpu, on_gpu = (held, copied) if held.facts.device == "cpu" else (copied, held)
        assert on_cpu is not None
        bench = _Bench(lab, request, list(prompt.ids), on_cpu)
        yield Stage("measuring memory and arithmetic", 0.0)
        terms = bench.prepare()
        trial = Trial([*bench.arms(), bench.gpu_arm(on_gpu, why)], HEADLINE)
        found = yield from trial.run(lab, request.cycles)
        if found is None:
            return None
        noise = found.noise.model_copy(update={"busy_share": None})  # the burners are ours
        found = found.model_copy(update={"noise": noise})
        found, verdict = described(found, bench.limits, terms, on_cpu, lab.runner.catalogue)
        return finished(lab, NAME, request, found, verdict)
    finally:
        if copied is not None:
            unload(copied)


class _Bench:
    """The model on the processor, and what the machine can do by number of threads."""

    def __init__(self, lab: Lab, request: ThreadsRequest, prompt: list[int], held: LoadedModel):
        self._lab, self._request, self._prompt, self._held = lab, request, prompt, held
        self._read = filler_ids(lab.backend, request.prefill_tokens)
        self._now, self._cores = torch.get_num_threads(), processors()
        self._counts = counts_of(self._cores, request.most_counts, self._now)
        self.limits = dict[int, Limit]()

    def prepare(self) -> TwoTerms | None:
        """Measure the limits and fit the two terms.

        Raises:
            Stopped: The person pressed stop.
        """
        dtype = getattr(torch, self._held.facts.dtype)
        for count in self._counts:
            self._lab.obey()
            with threads(count):
                self.limits[count] = Limit(measure_bandwidth("cpu"), measure_arithmetic("cpu", dtype))
        length, lab = max(4, self._request.length // 2), self._lab
        return fit(self._held.module, self._prompt, length, lab.clock, lab.should_stop)

    def arms(self) -> list[Arm]:
        """Every count, as it is and busy; those that are set now come first."""
        first = sorted(self._counts, key=lambda count: count != self._now)
        return [self._arm(count, busy) for busy in (False, True) for count in first]

    def _arm(self, count: int, busy: bool) -> Arm:
        name = f"{count} thread{'s' if count > 1 else ''}{', busy' if busy else ''}"
        facts, limit = self._held.facts, self.limits[count]
        share = self._cores / (self._cores + count) if busy else 1.0  # of a processor that each thread gets
        predicted = {
            "decode_tokens_per_s": share * limit.bandwidth / facts.step_bytes,
            "prefill_tokens_per_s": share * limit.arithmetic / token_operations(self._held),
        }
        settings = {"threads": count, "others": self._cores if busy else 0, "device": "cpu"}
        return Arm(name, partial(self._run, self._held, count, self._cores if busy else 0), settings, predicted)

    def gpu_arm(self, loaded: LoadedModel | None, why: str) -> Arm:
        """The same on a GPU, or why it can't be measured here."""
        if loaded is None:
            return Arm("GPU", nothing, not_here=why)
        facts: ModelFacts = loaded.facts
        return Arm(f"GPU, {facts.device_name}", partial(self._run, loaded, self._now, 0), {"device": facts.device})

    def _run(self, loaded: LoadedModel, count: int, others: int) -> Sample:
        """An answer, then a text that is read at once. Nothing is yielded while the machine is held busy."""
        model, clock, stop = text_model_of(loaded).model, self._lab.clock, self._lab.should_stop
        with threads(count), burning(others):
            found = answer(model, self._prompt, self._request.length, clock, stop)
            begun_s = clock.now()
            model.forward(torch.tensor([self._read]), model.new_cache())
            read_s = clock.now() - begun_s
        rate, limit = len(self._read) / read_s, self.limits.get(count)
        numbers = {"decode_tokens_per_s": 1 / found.tpot_s, "prefill_tokens_per_s": rate}
        if limit is not None and loaded is self._held:
            numbers["bandwidth_share"] = loaded.facts.step_bytes / found.tpot_s / limit.bandwidth
            numbers["arithmetic_share"] = rate * token_operations(loaded) / limit.arithmetic
        text = self._lab.decoded(found.ids)
        return Sample(numbers, found.ids, text)


def token_operations(loaded: LoadedModel) -> float:
    """Operations for a token of a text that is read: two for each weight of the layers; attention is left out.

    The tables are left out too: a row is looked up, and the head is computed for the last token only.
    """
    config = loaded.module.config.get_text_config(decoder=True)
    tables = 1 if getattr(config, "tie_word_embeddings", False) else 2
    return 2.0 * max(1, loaded.facts.parameters - tables * loaded.facts.vocabulary * config.hidden_size)
