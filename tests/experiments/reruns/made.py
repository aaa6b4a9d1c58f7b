"""Runs made up of token ids, for tests of what is counted over them."""

from collections.abc import Sequence

from hypothesis import strategies as st

from playground.experiments.reruns.records import RerunRow

# Few kinds of tokens, so that runs often share a beginning, or all of it.
some_ids = st.lists(st.integers(0, 2), max_size=6)
some_runs = st.lists(some_ids, min_size=1, max_size=9)


def row(ids: Sequence[int], texts: Sequence[str] | None = None) -> RerunRow:
    texts = [f" {id}" for id in ids] if texts is None else texts
    return RerunRow(
        seed=0,
        token_ids=list(ids),
        token_texts=list(texts),
        logprobs=[-0.5] * len(ids),
        entropy_bits=[1.0] * len(ids),
        text="".join(texts),
        finish_reason="length",
    )


def rows(runs: Sequence[Sequence[int]]) -> list[RerunRow]:
    return [row(ids) for ids in runs]
