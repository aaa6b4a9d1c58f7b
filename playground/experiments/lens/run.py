"""A second pass over prompt and answer that shows the layers: logit lens, updates, times, attention on request."""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from torch import Tensor

from playground.backends.base import Backend, Capability, Loading, Queued
from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.events import TokenEvent
from playground.engine.lens.base import LayerPass, Lens
from playground.engine.lens.reading import LensGrid, read_grid
from playground.errors import PlaygroundError
from playground.experiments.lens.attention import attend, check_look
from playground.experiments.lens.records import AttentionRecord, LayerRecord, LensCell, LensCost, LensRecord
from playground.experiments.lens.request import LensRequest
from playground.runs.environment import describe_environment
from playground.runs.measure import model_record
from playground.runs.runner import Runner
from playground.runs.stages import ShouldStop, Stage, Steps, Stopped, obey
from playground.settings import Settings

R = TypeVar("R")
NEEDS: frozenset[Capability] = frozenset({"layers", "plain"})
LensUpdate = Queued | Loading | Stage | AttentionRecord | LensRecord
_HEAD_SHARE = 0.4  # of the progress line: how it is split is a guess, how far it is within a part is not


@dataclass(frozen=True)
class Looked:
    """The tokens that are looked at, and the settings as they counted."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    settings: Settings

    @property
    def ids(self) -> tuple[int, ...]:
        """Prompt and answer."""
        return self.prompt + self.answer


def lens(runner: Runner, request: LensRequest, should_stop: ShouldStop = lambda: False) -> Iterator[LensUpdate]:
    """Stages, then the record; stopped, it ends without one.

    Raises:
        PlaygroundError: The request is refused, or the model can't be had or does not show its layers.
    """
    return _held(runner, request, should_stop, _lens)


def attention(runner: Runner, request: LensRequest, should_stop: ShouldStop = lambda: False) -> Iterator[LensUpdate]:
    """Stages, then only the attention that the request's `look` names.

    Raises:
        PlaygroundError: As `lens`; or there is no such layer, head or position.
    """
    return _held(runner, request, should_stop, _attention)


Work = Callable[[LensRequest, ShouldStop, Backend], Iterator[LensUpdate]]


def _held(runner: Runner, request: LensRequest, should_stop: ShouldStop, work: Work) -> Iterator[LensUpdate]:
    request.check()
    runner.check(request.run.model, request.run.quantization)

    def stoppable(backend: Backend) -> Iterator[LensUpdate]:
        try:
            yield from work(request, should_stop, backend)
        except Stopped:
            return

    return runner.holding(request.run.model, request.run.quantization, stoppable, should_stop, needs=NEEDS)


def _lens(request: LensRequest, should_stop: ShouldStop, backend: Backend) -> Iterator[LensUpdate]:
    looked = yield from read_ids(request, should_stop, backend)
    layers = backend.layers()
    opened = layers.lens
    check_look(request.look, opened, len(looked.ids))
    positions = list(range(len(looked.ids)))[-request.positions :]
    told = partial(_told, should_stop)
    begun = time.perf_counter()
    reading = layers.read(looked.prompt, looked.answer, positions)
    seen, kv_bytes = yield from told(reading, "Reading through the layers", len(looked.ids), 0)
    read_at = time.perf_counter()
    grid = yield from told(read_grid(opened, seen), "Asking each layer", opened.layers + 1, 1 - _HEAD_SHARE)
    head_s, pass_s = time.perf_counter() - read_at, read_at - begun
    sizes = (kv_bytes, seen.states.nbytes, grid.block_bytes)
    cost = LensCost(
        pass_s=pass_s, head_s=head_s, seconds=pass_s + head_s,
        kv_bytes=sizes[0], state_bytes=sizes[1], logits_bytes=sizes[2], extra_bytes=sum(sizes),
    )  # fmt: skip
    found = None
    if request.look is not None:
        found = yield from told(attend(layers, looked.prompt, looked.answer, request.look), "Attention", 0, 1)
    yield _record(request, backend, looked, positions, (opened, seen, grid), found, cost)


def _attention(request: LensRequest, should_stop: ShouldStop, backend: Backend) -> Iterator[LensUpdate]:
    assert request.look is not None
    looked = yield from read_ids(request, should_stop, backend)
    steps = attend(backend.layers(), looked.prompt, looked.answer, request.look)
    yield (yield from _told(should_stop, steps, "Attention", len(looked.ids), 0))


def read_ids(request: LensRequest, should_stop: ShouldStop, backend: Backend) -> Steps[Looked]:
    """The tokens to look at: those given, or the prompt's own with a greedy answer.

    Raises:
        PlaygroundError: Ids that the model does not have, or more of them than it was made for.
    """
    if request.prompt_ids:
        looked = Looked(request.prompt_ids, request.answer_ids, request.run.settings)
        _check_ids(looked.ids, backend)
        return looked
    settings = request.run.settings
    prompt = backend.prepare(request.run.prompt, settings)
    answer: list[int] = []
    if request.answer_tokens:
        greedy = settings.model_copy(update={"temperature": 0.0, "max_new_tokens": request.answer_tokens, "top": 0})
        yield Stage("Answering", None)
        for event in backend.stream(prompt, greedy, should_stop=should_stop):
            answer += [event.id] if isinstance(event, TokenEvent) else []
        obey(should_stop)
    return Looked(prompt.ids, tuple(answer), prompt.counted(settings))


def _check_ids(ids: tuple[int, ...], backend: Backend) -> None:
    facts = backend.facts
    if min(ids) < 0 or max(ids) >= facts.vocabulary:
        raise PlaygroundError(
            f"Token {max(ids)} is none of {facts.title}, which has {facts.vocabulary:,}: the run is another model's."
        )
    if not facts.takes(len(ids)):
        raise PlaygroundError(
            f"Prompt and answer have {len(ids):,} tokens, and {facts.title} was made for {facts.context_length:,}."
        )


def _told(should_stop: ShouldStop, steps: Generator[int, None, R], text: str, total: int, begun: float) -> Steps[R]:
    """Steps of the engine as stages; ends at once where it should stop."""
    share = (1 - _HEAD_SHARE if begun == 0 else _HEAD_SHARE) / max(1, total)
    try:
        while True:
            obey(should_stop)
            try:
                done = next(steps)
            except StopIteration as end:
                return end.value
            yield Stage(text, min(1.0, begun + done * share))
    finally:
        steps.close()


def _record(
    request: LensRequest,
    backend: Backend,
    looked: Looked,
    positions: list[int],
    found: tuple[Lens, LayerPass, LensGrid],
    attended: AttentionRecord | None,
    cost: LensCost,
) -> LensRecord:
    opened, seen, grid = found
    piece = backend.piece
    return LensRecord(
        model=model_record(backend.facts),
        settings=looked.settings.model_dump(mode="json"),
        prompt=request.run.prompt,
        prompt_token_ids=list(looked.prompt),
        token_ids=list(looked.ids),
        token_texts=[piece(token) for token in looked.ids],
        positions=positions,
        layers=[
            LayerRecord(
                layer=number + 1,
                seconds=seconds,
                update_norm=float(seen.update_norms[number].median()),
                update_ratio=float(seen.update_ratios[number].median()),
                window=opened.windows[number],
            )
            for number, seconds in enumerate(seen.layer_s)
        ],
        cells=list(_cells(seen, grid, positions, piece)),
        attention=attended,
        cost=cost,
        last_layer_diff=grid.last_layer_diff,
        environment=describe_environment(backend.facts, PREFILL_CHUNK),
    )


def _cells(seen: LayerPass, grid: LensGrid, positions: list[int], piece: Callable[[int], str]) -> Iterator[LensCell]:
    def at(rows: Tensor, layer: int, place: int) -> float | None:
        return float(rows[layer - 1, place]) if layer else None

    read = (grid.top_ids, grid.top_probs, grid.final_ranks, grid.final_probs)
    for layer, (ids, probs, ranks, own) in enumerate(zip(*(rows.tolist() for rows in read), strict=True)):
        for place, position in enumerate(positions):
            yield LensCell(
                layer=layer, position=position, top_id=ids[place], top_text=piece(ids[place]), top_prob=probs[place],
                final_rank=ranks[place], final_prob=own[place],
                update_norm=at(seen.update_norms, layer, place), update_ratio=at(seen.update_ratios, layer, place),
            )  # fmt: skip
