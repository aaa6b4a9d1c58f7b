"""Attention of one layer, on request: one position through all heads, and for a short text every position of a head."""

from collections.abc import Generator

from torch import Tensor

from playground.backends.base import Layers
from playground.engine.clock import Clock
from playground.engine.lens.base import Lens
from playground.errors import PlaygroundError
from playground.experiments.lens.experiment import AttentionRecord, LensRequest, MatrixRecord

MATRIX_TOKENS = 256  # beyond them, only rows of attention are given
_DIGITS = 6  # of a weight in a record


def check_attention(look: LensRequest, opened: Lens, tokens: int) -> None:
    """Refuse a layer or position that is not there.

    Raises:
        PlaygroundError: It says what there is.
    """
    if look.layer is not None and not 1 <= look.layer <= opened.layers:
        raise PlaygroundError(f"Layer of attention must be from 1 to {opened.layers}; got {look.layer}.")
    if look.query is not None and not 0 <= look.query < tokens:
        raise PlaygroundError(f"The query position must be from 0 to {tokens - 1:,}; got {look.query:,}.")


def attend(
    layers: Layers, prompt: tuple[int, ...], answer: tuple[int, ...], look: LensRequest, clock: Clock
) -> Generator[int, None, AttentionRecord]:
    """Weights of one layer. Keys and values that a run or a pass has left are used again.

    Yields:
        Tokens read.

    Raises:
        PlaygroundError: There is no such layer, head or position, or the architecture does not show it.
    """
    ids = prompt + answer
    opened = layers.lens
    check_attention(look, opened, len(ids))
    layer = (opened.layers + 1) // 2 if look.layer is None else look.layer
    query = len(ids) - 1 if look.query is None else look.query
    with_matrix = look.matrix and len(ids) <= MATRIX_TOKENS
    rows = range(len(ids)) if with_matrix else range(query, query + 1)
    weights, held = yield from layers.attention(prompt, answer, layer - 1, rows)
    row = weights[:, query - rows.start, : query + 1]
    matrix = _matrix(weights, look.head) if with_matrix else None
    _check_head(look.head, len(weights))
    return AttentionRecord(
        layer=layer,
        query=query,
        heads=[_rounded(head) for head in row],
        row_sums=row.sum(-1).tolist(),
        first_token_share=float(row[:, 0].mean()),
        matrix=matrix,
        seconds=clock.now(),
        read_tokens=rows.stop - held,
        reused_tokens=held,
    )


def _check_head(head: int | None, heads: int) -> None:
    if head is not None and not 1 <= head <= heads:
        raise PlaygroundError(f"Head of attention must be from 1 to {heads}; got {head}.")


def _matrix(weights: Tensor, head: int | None) -> MatrixRecord:
    _check_head(head, len(weights))
    one = weights.mean(0) if head is None else weights[head - 1]
    return MatrixRecord(head=head, rows=[_rounded(row[: number + 1]) for number, row in enumerate(one)])


def _rounded(row: Tensor) -> list[float]:
    return [round(weight, _DIGITS) for weight in row.tolist()]
