"""A second pass over prompt and answer that shows the layers: logit lens, updates, times, attention on request."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from torch import Tensor

from playground.backends.base import Backend
from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.events import TokenEvent
from playground.engine.lens.base import LayerPass, Lens
from playground.engine.lens.reading import LensGrid, read_grid
from playground.errors import PlaygroundError
from playground.experiments.lens.attention import attend, check_attention
from playground.experiments.lens.experiment import (
    AttentionRecord,
    LayerRecord,
    LensCell,
    LensCost,
    LensRecord,
    LensRequest,
)
from playground.runs.experiment import Lab
from playground.runs.stages import Stage, Steps
from playground.settings import Settings

R = TypeVar("R")
_HEAD_SHARE = 0.4  # of the progress line: the split is a guess, the progress within a part is not


@dataclass(frozen=True)
class Looked:
    """The inspected tokens, and the settings in effect."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    settings: Settings

    @property
    def ids(self) -> tuple[int, ...]:
        """Prompt and answer."""
        return self.prompt + self.answer


def look(lab: Lab, request: LensRequest) -> Steps[LensRecord]:
    """Stages, then the record; stopped, it ends without one.

    Raises:
        PlaygroundError: The request can't be met, or the model does not show its layers.
        Stopped: The person pressed stop.
    """
    looked = yield from _read_ids(lab, request)
    layers = lab.backend.layers()
    opened = layers.lens
    check_attention(request, opened, len(looked.ids))
    positions = list(range(len(looked.ids)))[-request.positions :]
    staged = partial(_staged, lab)
    clock = lab.clock.lap()
    reading = layers.read(looked.prompt, looked.answer, positions)
    seen, kv_bytes = yield from staged(reading, "Reading through the layers", len(looked.ids), 0)
    pass_s = clock.now()
    grid = yield from staged(
        read_grid(opened, seen), "Reading what each layer predicts", opened.layers + 1, 1 - _HEAD_SHARE
    )
    head_s = clock.now() - pass_s
    sizes = (kv_bytes, seen.states.nbytes, grid.block_bytes)
    cost = LensCost(
        pass_s=pass_s, head_s=head_s, seconds=pass_s + head_s,
        kv_bytes=sizes[0], state_bytes=sizes[1], logits_bytes=sizes[2], extra_bytes=sum(sizes),
    )  # fmt: skip
    found = None
    if request.with_attention:
        found = yield from staged(
            attend(layers, looked.prompt, looked.answer, request, lab.clock.lap()), "Attention", 0, 1
        )
    return _record(lab, request, looked, positions, (opened, seen, grid), found, cost)


def attention(lab: Lab, request: LensRequest) -> Steps[AttentionRecord]:
    """Only the requested attention.

    Raises:
        PlaygroundError: As `look`; or there is no such layer, head or position.
        Stopped: The person pressed stop.
    """
    looked = yield from _read_ids(lab, request)
    steps = attend(lab.backend.layers(), looked.prompt, looked.answer, request, lab.clock.lap())
    return (yield from _staged(lab, steps, "Attention", len(looked.ids), 0))


def _read_ids(lab: Lab, request: LensRequest) -> Steps[Looked]:
    """The tokens to look at: those recorded, or the prompt's own with a greedy answer.

    Raises:
        PlaygroundError: Ids outside the model's vocabulary, or more of them than it was made for.
    """
    backend, settings = lab.backend, request.settings
    if request.recorded is not None:  # no template is rendered for them
        looked = Looked(request.recorded.ids, request.answer_ids, settings)
        _check_ids(looked.ids, backend)
        return looked
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, settings))
    answer: list[int] = []
    if request.answer_tokens:
        own = {"temperature": 0.0, "max_new_tokens": request.answer_tokens, "top": 0, "reuse_prefix": False}
        greedy = settings.model_copy(update=own)
        yield Stage("Answering", None)
        for event in backend.stream(prompt, greedy, should_stop=lab.should_stop):
            answer += [event.id] if isinstance(event, TokenEvent) else []
        lab.obey()
    return Looked(prompt.ids, tuple(answer), prompt.counted(settings))


def _check_ids(ids: tuple[int, ...], backend: Backend) -> None:
    facts = backend.facts
    if min(ids) < 0 or max(ids) >= facts.vocabulary:
        raise PlaygroundError(
            f"Token id {max(ids):,} is outside the vocabulary of {facts.title}, which has {facts.vocabulary:,} tokens: "
            "this run was made with another model."
        )
    if not facts.takes(len(ids)):
        raise PlaygroundError(
            f"Prompt and answer have {len(ids):,} tokens, and {facts.title} was made for {facts.context_length:,}."
        )


def _staged(lab: Lab, steps: Generator[int, None, R], text: str, total: int, begun: float) -> Steps[R]:
    """Steps of the engine as stages; ends at once if it should stop."""
    share = (1 - _HEAD_SHARE if begun == 0 else _HEAD_SHARE) / max(1, total)
    try:
        while True:
            lab.obey()
            try:
                done = next(steps)
            except StopIteration as end:
                return end.value
            yield Stage(text, min(1.0, begun + done * share))
    finally:
        steps.close()


def _record(
    lab: Lab,
    request: LensRequest,
    looked: Looked,
    positions: list[int],
    found: tuple[Lens, LayerPass, LensGrid],
    attended: AttentionRecord | None,
    cost: LensCost,
) -> LensRecord:
    opened, seen, grid = found
    piece = lab.backend.piece
    return LensRecord(
        **lab.stamp(PREFILL_CHUNK),
        settings=looked.settings.model_dump(mode="json"),
        prompt=request.prompt,
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
