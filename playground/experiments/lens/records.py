"""A look between the layers as a document of kind "lens"."""

from typing import Any, Literal

from playground.runs.records import Document, ModelRecord, Part


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
    """Where the heads of a layer look from one position.

    Attributes:
        layer: From 1.
        query: Position that looks; it sees itself and what comes before.
        heads: A row for each head, a weight for each token up to the query.
        row_sums: Sum of each row, before its weights were rounded.
        first_token_share: Mean over the heads of the weight on the first token, an attention sink (Xiao et al. 2023,
            arXiv 2309.17453).
        matrix: The weights of all queries, if asked for.
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
