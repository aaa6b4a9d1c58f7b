"""Rows of one batch: decode rates, and whole answers, of 1, 16 and 32 rows together."""

from collections.abc import Iterator, Sequence

from playground.bench.alternating import Alternating
from playground.bench.models import RECORDED, prompt_ids
from playground.bench.rates import AT_ONCE, timed_rows
from playground.bench.result import Result, compared
from playground.settings import make_settings


def rows(bench: Alternating, names: Sequence[str]) -> Iterator[Result]:
    """Of each number of answers one run in every round: its steps give `batch`, its whole time `reruns`."""
    backend = bench.models.of()
    ids, settings = prompt_ids(backend), make_settings(**RECORDED, max_new_tokens=bench.tokens)
    most = 2 * AT_ONCE if "reruns" in names else AT_ONCE
    seen = bench.rounds(lambda: {answers: timed_rows(backend, ids, settings, answers) for answers in (1, 16, most)})
    if "batch" in names:
        for together, answers, target in ((16, 16, 5.0), (AT_ONCE, most, 12.0)):
            yield compared(
                f"batch of {together}",
                seen,
                ours=lambda timed, n=answers: timed[n].tokens_per_s,
                peer=lambda timed: timed[1].tokens_per_s,
                target=target,
                unit="tok/s",
                note=f"decode of {together} rows together / one row, everything recorded",
            )
    if "reruns" in names:
        yield compared(
            "16 reruns", seen, ours=lambda timed: 1 / timed[16].whole_s, peer=lambda timed: 1 / (16 * timed[1].whole_s),
            target=5.0, unit="1/s",
            note=f"16 answers of {bench.tokens} tokens as one batch / 16 times one, prompt included",
        )  # fmt: skip
        yield compared(
            "64 reruns",
            seen,
            ours=lambda timed: 3 / timed[64].whole_s,
            peer=lambda timed: 1 / timed[16].whole_s,
            target=1.0,
            unit="1/s",
            note="three times the time of 16 answers / the time of 64: at least 1 means at most 3 times as long",
        )
