"""A look between the layers: its request, its document, and how a replay compares."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from playground.runs.experiment import Experiment
from playground.runs.records import Document, ModelRecord, Part
from playground.runs.replay import prompt_again
from playground.runs.request import PromptRequest, item
from playground.runs.work import Work
from playground.settings import make_settings

MAX_POSITIONS = 64
_POSITION = 0.5  # steps that the states of one position take; the next estimate is corrected by what it took
_NEAR = 1e-4  # of a probability or an attention weight: last bits may differ


class LensRequest(PromptRequest):
    """One pass over a prompt and its answer so far.

    Attributes:
        answer_ids: Of a run that is there, whose prompt is `recorded`; else the answer is generated first.
        query: Position that looks at the others; None is the last.
        matrix: Also the attention of all positions, where the text is short.
    """

    positions: int = item(24, "Last positions to show", ge=1, le=MAX_POSITIONS)
    answer_tokens: int = item(8, "Greedy tokens to generate first", page=False, ge=0, le=256)
    layer: int | None = item(
        None, "Layer of attention", "Also show where this layer attends to, from 1.", page=False, ge=1
    )
    head: int | None = item(
        None, "Head of attention", "Its weights are shown, from 1; their mean if not given.", page=False, ge=1
    )
    answer_ids: tuple[int, ...] = Field((), exclude=True)
    query: int | None = None
    matrix: bool = False

    def work(self) -> Work:
        """The answer, if it is not there, and the head for each layer at each position shown."""
        answered = 0 if self.answer_ids else self.answer_tokens
        return Work(1, answered, answered + _POSITION * self.positions)

    @property
    def with_attention(self) -> bool:
        """Whether attention was requested."""
        return self.matrix or (self.layer, self.head, self.query) != (None, None, None)


class LensCell(Part):
    """What the state after a layer would say at a position, read through final norm and head.

    Attributes:
        layer: 0 is what enters the first layer, 1 what leaves it, and so on.
        position: Of the token that was read last, from 0.
        top_id, top_text, top_prob: The likeliest next token by this state.
        final_rank, final_prob: Rank (1 is the likeliest) and probability that it gives the model's own likeliest token.
        update_norm: ||x_out - x_in|| of the layer here; None for layer 0.
        update_ratio: The same as a share of ||x_in||.
    """

    layer: int
    position: int
    top_id: int
    top_text: str
    top_prob: float
    final_rank: int
    final_prob: float
    update_norm: float | None
    update_ratio: float | None


class LayerRecord(Part):
    """One layer: seconds for the whole pass, medians over the positions, and how many tokens it attends to at most."""

    layer: int
    seconds: float
    update_norm: float
    update_ratio: float
    window: int | None


class MatrixRecord(Part):
    """Weights of every query of a short text; row n ends at its own token, since what comes later has weight 0.

    `head` counts from 1; None is the mean over all heads.
    """

    head: int | None
    rows: list[list[float]]


class AttentionRecord(Part):
    """Attention of the heads of a layer from one position.

    Attributes:
        layer: From 1.
        query: Position that looks; it sees itself and what comes before.
        heads: A row for each head, a weight for each token up to the query.
        row_sums: Sum of each row, before its weights were rounded.
        first_token_share: Mean over the heads of the weight on the first token, an attention sink (Xiao et al. 2023,
            arXiv 2309.17453).
        matrix: The weights of all queries, if requested.
        seconds: What it took.
        read_tokens, reused_tokens: Tokens that were read for it, and those whose keys and values were there.
    """

    layer: int
    query: int
    heads: list[list[float]]
    row_sums: list[float]
    first_token_share: float
    matrix: MatrixRecord | None
    seconds: float
    read_tokens: int
    reused_tokens: int


class LensCost(Part):
    """What the second pass took beside the run, measured.

    Attributes:
        pass_s: Reading all tokens through the layers.
        head_s: Final norm and head for every state shown.
        seconds: Both.
        kv_bytes, state_bytes, logits_bytes: Keys and values; states kept; the most logits held at once.
        extra_bytes: Their sum.
    """

    pass_s: float
    head_s: float
    seconds: float
    kv_bytes: int
    state_bytes: int
    logits_bytes: int
    extra_bytes: int


class LensRecord(Document):
    """One forward pass over prompt and answer so far, layer by layer.

    Attributes:
        token_ids, token_texts: Prompt and answer; the first `len(prompt_token_ids)` are the prompt.
        positions: Those of the grid, ascending; the last token is the last.
        cells: For every layer, from 0 on, every position.
        last_layer_diff: Largest difference of a probability between the last row at the last position and the model's
            own distribution.
    """

    schema_: Literal[1] = 1
    kind: Literal["lens"] = "lens"
    model: ModelRecord
    settings: dict[str, Any]
    prompt: str
    prompt_token_ids: list[int]
    token_ids: list[int]
    token_texts: list[str]
    positions: list[int]
    layers: list[LayerRecord]
    cells: list[LensCell]
    attention: AttentionRecord | None
    cost: LensCost
    last_layer_diff: float
    environment: dict[str, Any]


def again(old: LensRecord, model: str) -> LensRequest:
    """The same tokens and the same grid, with the attention that was shown."""
    ids, found = old.prompt_token_ids, old.attention
    return LensRequest(
        model=model, quantization=old.model.quantization, prompt=old.prompt, settings=make_settings(**old.settings),
        recorded=prompt_again(ids), answer_ids=tuple(old.token_ids[len(ids) :]), positions=len(old.positions),
        layer=None if found is None else found.layer, query=None if found is None else found.query,
    )  # fmt: skip


def _differences(old: LensRecord, new: LensRecord) -> Iterator[str]:
    """Of the grid and of attention; times are not compared."""
    if len(old.cells) != len(new.cells):
        yield f"The grid has {len(new.cells):,} cells now and had {len(old.cells):,} then."
    for then, now in zip(old.cells, new.cells, strict=False):
        if abs(then.top_prob - now.top_prob) > _NEAR or abs(then.final_prob - now.final_prob) > _NEAR:
            yield (
                f"Layer {then.layer}, position {then.position}: {then.top_text!r} with {then.top_prob:.4f} then, "
                f"{now.top_text!r} with {now.top_prob:.4f} now."
            )
            break
    if old.attention is not None and new.attention is not None:
        rows = zip(old.attention.heads, new.attention.heads, strict=False)
        if any(abs(a - b) > _NEAR for then, now in rows for a, b in zip(then, now, strict=False)):
            yield f"The attention of layer {old.attention.layer} differs."


LENS = Experiment(
    name="lens",
    title="Between the layers",
    about="What each layer would say next, how much it changes, how long it takes and where it attends to. Every "
    "layer adds something to a stream of numbers. Read through the final norm and the head, the stream says at each "
    "layer which token would come next: the logit lens (nostalgebraist 2020). For attention, choose a layer and a "
    "head, and a token: the others are shaded by the weight it gives them.",
    verb="Look inside",
    room="Inside/Layers",
    request=LensRequest,
    record=LensRecord,
    run="playground.experiments.lens.run:look",
    view="playground.views.layers:VIEW",
    again=again,
    differences=_differences,
    needs=frozenset({"layers", "plain"}),
    anchor="layers",
)
