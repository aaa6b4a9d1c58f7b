"""The load simulator: how many different answers one prompt gets at temperature 0 while the load changes."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from transformers import DynamicCache

from playground.engine.text import whole_text
from playground.errors import PlaygroundError
from playground.experiments.determinism.answers import Ground, Reference, fork_between, greedy
from playground.experiments.determinism.crowd import Crowd, CrowdResult, serve
from playground.experiments.determinism.drift import NotFinite
from playground.experiments.determinism.experiment import ANCHOR, TIMED_REQUESTS, TIMED_TOKENS, LoadRequest
from playground.experiments.determinism.manners import ModuleManner
from playground.experiments.determinism.records import AnswerRecord, ArmRecord, LoadRecord
from playground.experiments.determinism.rows import check_joinable, check_plain
from playground.experiments.determinism.rungs import ARMS, Arm
from playground.experiments.determinism.scene import loading
from playground.experiments.determinism.switches import fixed_tile, layer_cast
from playground.metrics.passes import there_and_back
from playground.models.kv import kv_layout
from playground.models.loading import LoadedModel, unload
from playground.models.placement import available_bytes
from playground.models.quantization import DTYPES
from playground.runs.environment import describe_environment
from playground.runs.experiment import TIMES, Lab
from playground.runs.measure import model_record
from playground.runs.stages import Parts, Stage, Steps, Stopped
from playground.settings import Settings, make_settings

_HEADROOM = 0.8  # of the free memory: others use it too
_SHARES = 10  # of a method's progress: its answers have all but one, its timed passes the last
_COPIES = 3  # of every cache: before a step, after it, and while a batch is joined
_SWITCHES: dict[str, Callable[[Any], AbstractContextManager[None]]] = {
    "bf16-fixed-tile": fixed_tile,
    "layer-cast": layer_cast,
}


def load(lab: Lab, request: LoadRequest) -> Steps[LoadRecord | None]:
    """One arm after the other, each as soon as it is finished. Stopped, it has those that are finished.

    Raises:
        PlaygroundError: The model is not available in the number type of an arm, or does not fit in memory.
    """
    settings = make_settings(temperature=0, max_new_tokens=request.max_new_tokens, seed=request.seed)
    yield (prepared := lab.read(lambda backend: backend.prepare(request.prompt, settings, request.recorded)))
    held = lab.backend.weights()  # only its tokenizer and files are needed
    room = min(request.max_new_tokens, prepared.context_length - len(prepared.ids))
    ground = Ground(list(prepared.ids), room, frozenset(held.eos_ids), lab.should_stop)
    arms = [arm for arm in ARMS if arm.name in request.ways]
    stand = _Stand(held)
    parts, finished, stamp, timed = Parts(_SHARES * len(arms)), list[ArmRecord](), dict[str, Any](), Timed()
    try:
        with suppress(Stopped):
            for arm in arms:
                loaded = yield from parts.run(stand.of(arm), 0)
                environment = describe_environment(loaded.facts, len(prepared.ids))
                stamp = stamp or {"model": model_record(loaded.facts), "environment": environment}
                finished.append((yield from parts.run(_arm(arm, loaded, request, ground), _SHARES - 1)))
                yield finished[-1]
            with lab.alone(TIMES):
                yield from parts.run(_timed(arms, stand, request, ground, timed), len(arms))
    finally:
        stand.clear()
    if not finished:
        return None
    return LoadRecord(
        **stamp, prompt=request.prompt, prompt_token_ids=ground.prompt, max_new_tokens=request.max_new_tokens,
        seed=request.seed, asked=request.requests, arms=finished, anchor=ANCHOR, passes=timed.passes,
        control=timed.control,
    )  # fmt: skip


class _Stand:
    """The one model that is loaded: that of the arm whose turn it is."""

    def __init__(self, like: LoadedModel):
        self._like, self._quantization = like, ""
        self._loaded: LoadedModel | None = None

    def of(self, arm: Arm) -> Steps[LoadedModel]:
        """The model of an arm, loaded unless it is here already."""
        if self._loaded is None or self._quantization != arm.quantization:
            self.clear()
            self._loaded = yield from loading(self._like, arm.quantization)
            self._quantization = arm.quantization
        return self._loaded

    def clear(self) -> None:
        """Free its memory."""
        if self._loaded is not None:
            unload(self._loaded)
        self._loaded = None


@dataclass
class Timed:
    """Tokens a second of each arm by name, and of the first one's second measurement."""

    passes: dict[str, list[float]] = field(default_factory=dict)
    control: list[float] = field(default_factory=list)


def _timed(arms: Sequence[Arm], stand: _Stand, request: LoadRequest, ground: Ground, found: Timed) -> Steps[None]:
    """The same small load for every arm, there and back, after a few steps that nobody counts."""
    turns = [(arm, found.passes.setdefault(arm.name, [])) for arm in arms if request.passes]
    turns += [(arms[0], found.control)] if len(turns) > 1 else []
    few, short = min(request.requests, TIMED_REQUESTS), replace(ground, room=min(ground.room, TIMED_TOKENS))
    length = len(ground.prompt) + short.room
    parts = Parts(max(1, len(turns) * request.passes))
    for number in range(1, request.passes + 1):
        for arm, kept in there_and_back(turns, number):
            loaded = yield from stand.of(arm)
            doing = f"{arm.title}: speed, pass {number} of {request.passes}"
            with _switched(arm, loaded):
                for _ in greedy(ModuleManner(loaded.module), replace(ground, room=min(2, ground.room)), doing):
                    pass
                crowd = Crowd(few, requests_at_once(loaded, arm, few, length), request.seed)
                result = yield from parts.run(serve(loaded.module, crowd, short, doing))
            kept.append(result.output_tokens / result.seconds)


def _arm(arm: Arm, loaded: LoadedModel, request: LoadRequest, ground: Ground) -> Steps[ArmRecord]:
    """The reference alone, then everybody under load."""
    module = loaded.module
    check_joinable(DynamicCache(config=module.config))
    check_plain(loaded, len(ground.prompt) + ground.room)
    at_once = requests_at_once(loaded, arm, request.requests, len(ground.prompt) + ground.room)
    if at_once < request.requests:
        yield Stage(f"{arm.title}: {at_once} requests at a time, as memory allows, one wave after the other", 0.0)
    crowd = Crowd(request.requests, at_once, request.seed)
    parts = Parts(1 + request.requests)
    try:
        with _switched(arm, loaded):
            alone = greedy(ModuleManner(module), ground, f"{arm.title}: one request alone")
            reference = yield from parts.run(alone)
            result = yield from parts.run(serve(module, crowd, ground, arm.title), request.requests)
    except NotFinite:
        raise PlaygroundError(f"The model gives logits that are not finite in {arm.title}.") from None
    return _arm_record(arm, loaded.tokenizer, ground.prompt, reference, result)


def _switched(arm: Arm, loaded: LoadedModel) -> AbstractContextManager[None]:
    """The model computes as the arm says."""
    return _SWITCHES[arm.name](loaded.module) if arm.name in _SWITCHES else nullcontext()


def requests_at_once(loaded: LoadedModel, arm: Arm, requests: int, length: int) -> int:
    """How many requests' caches the free memory holds.

    Raises:
        PlaygroundError: Not even two, which are no crowd.
    """
    dtype = torch.float32 if arm.name == "layer-cast" else DTYPES[arm.quantization]
    layout = kv_layout(loaded.module.config, dtype)
    if layout is None:  # as few as make a crowd
        return 2
    row_bytes = layout.nbytes(length)
    free = available_bytes(loaded.facts.device)
    fit = int(free * _HEADROOM) // (_COPIES * row_bytes)
    if fit < 2:
        raise PlaygroundError(
            f"Two requests of {length:,} tokens need about {2 * _COPIES * row_bytes / 1e6:,.0f} MB beside the model, "
            f"and {free / 1e6:,.0f} MB are free: shorten the prompt, lower max_new_tokens, or close other programs."
        )
    return min(requests, fit)


def _arm_record(
    arm: Arm, tokenizer: Any, prompt: Sequence[int], reference: Reference, result: CrowdResult
) -> ArmRecord:
    counted = Counter(map(tuple, result.answers)).most_common()
    answers = [
        AnswerRecord(
            count=count,
            first_fork=fork_between(reference.token_ids, ids),
            text=whole_text(tokenizer, Settings(), prompt, ids),
            token_ids=list(ids),
        )
        for ids, count in counted
    ]
    return ArmRecord(
        name=arm.name,
        title=arm.title,
        n=len(result.answers),
        unique=len(counted),
        mode_count=counted[0][1],
        answers=answers,
        tokens_per_s=result.output_tokens / result.seconds,
        batch_sizes={str(size): count for size, count in sorted(result.batch_sizes.items())},
    )
