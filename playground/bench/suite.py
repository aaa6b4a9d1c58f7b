"""Speed against its peers, as ratios, with the memory-bandwidth limit beside each: what is measured, in which order."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from playground.bench.alternating import Alternating
from playground.bench.budget import Budget, Cost
from playground.bench.decode import decoding, recording
from playground.bench.models import Models
from playground.bench.page_start import App
from playground.bench.page_watch import browser_missing
from playground.bench.pages import Pages
from playground.bench.peers import llama_cpp, llama_cpp_missing
from playground.bench.reading import prefill, reuse
from playground.bench.result import Result
from playground.bench.rows import rows
from playground.bench.speculation import lookup
from playground.bench.turns import Measurement, Turns
from playground.models.catalogue import ModelEntry

ROUNDS, QUICK_ROUNDS = 5, 2
"""Of a measurement, at most."""
TOKENS = 24
"""Of an answer whose rate is measured: by the median step, which a longer one hardly changes."""
TABLE = "2 cores of an AMD EPYC without AVX-512"
"""Where the costs below were measured: a slow machine. Elsewhere they show how to divide the time."""


@contextmanager
def turns(
    entry: ModelEntry, bandwidth_bytes_per_s: float, budget: Budget, names: Sequence[str], *, tokens: int = TOKENS
) -> Iterator[Turns]:
    """The requested measurements over this model, or all; what they have loaded and started is ended with them.

    Raises:
        PlaygroundError: A name is unknown.
    """
    bench, app = Alternating(Models(entry), budget, bandwidth_bytes_per_s, tokens), App()
    try:
        yield Turns(_measurements(bench, app), names, budget)
    finally:
        app.end()
        bench.models.close()


def _measurements(bench: Alternating, app: App) -> list[Measurement]:
    """What is short and matters most comes first, then what the models in memory serve, the page last."""
    pages, browser = Pages(bench, app), browser_missing()
    decode = Measurement(("loop", "generate", "decoder", "quantization"), Cost(17, 12), partial(decoding, bench))
    batch = Measurement(("batch", "reruns"), Cost(0, 15), partial(rows, bench))
    return [
        decode,
        _alone("recording", Cost(1, 2), partial(recording, bench)),
        _alone("reuse", Cost(2, 3), partial(reuse, bench)),
        _alone("prefill", Cost(9, 9), partial(prefill, bench)),
        _alone("lookup", Cost(8, 4), partial(lookup, bench)),
        batch,
        _alone("llamacpp", Cost(11, 22), partial(llama_cpp, bench), llama_cpp_missing()),
        _alone("start", Cost(0, 16, most=3), pages.start),
        _alone("page", Cost(5, 22), pages.watched, browser),
        _alone("opening", Cost(68, 6, most=3), pages.opened, browser),
    ]


def _alone(name: str, cost: Cost, measure: Callable[[], Iterator[Result]], missing: str | None = None) -> Measurement:
    return Measurement((name,), cost, lambda _parts: measure(), missing)
