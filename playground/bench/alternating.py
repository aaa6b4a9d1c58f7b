"""Two measurements in turn, on one model: medians, their ratio, and the limit of the memory's bandwidth.

Whatever drifts in the machine slows both alike.
"""

import statistics
from collections.abc import Callable

from playground.backends.local import LocalBackend
from playground.bench.rates import our_decode_rate
from playground.bench.result import Result
from playground.metrics.roofline import step_limit_s
from playground.models.catalogue import Catalogue
from playground.models.loading import Engine, load
from playground.settings import make_settings

PROMPT = "Write a short story about a lighthouse keeper who finds a map."
RECORDED = {"temperature": 0.8, "top_p": 0.95, "top": 10, "seed": 7}


class Alternating:
    """What every measurement needs: `rounds` alternations of `tokens` tokens each, over the default model."""

    def __init__(self, catalogue: Catalogue, bandwidth_bytes_per_s: float, *, rounds: int = 5, tokens: int = 64):
        self._entry = catalogue.default
        self._bandwidth = bandwidth_bytes_per_s
        self._rounds, self._tokens = rounds, tokens

    def _backend(self, quantization: str = "fp32", engine: Engine = "auto") -> LocalBackend:
        return LocalBackend(load(self._entry, quantization, device="cpu", engine=engine))

    def _limit(self, backend: LocalBackend) -> float:
        return 1 / step_limit_s(backend.facts.step_bytes, 0, self._bandwidth)

    def _compare(
        self, name: str, ours: Callable[[], float], peer: Callable[[], float], target: float, unit: str, note: str,
        limit: float | None = None, *, lower_is_better: bool = False,
    ) -> Result:  # fmt: skip
        ours()
        peer()
        pairs = [(ours(), peer()) for _ in range(self._rounds)]
        return Result(
            name,
            ours=statistics.median(a for a, _ in pairs),
            peer=statistics.median(b for _, b in pairs),
            ratio=statistics.median(a / b for a, b in pairs),
            target=target,
            unit=unit,
            note=note,
            limit=limit,
            lower_is_better=lower_is_better,
        )

    def _ids(self, backend: LocalBackend) -> list[int]:
        return list(backend.prepare(PROMPT, make_settings(**RECORDED)).ids)

    def _our_decode_rate(self, backend: LocalBackend, rows: int = 1) -> float:
        """Tokens a second of the whole loop, after the first token."""
        settings = make_settings(**RECORDED, max_new_tokens=self._tokens)
        return our_decode_rate(backend, self._ids(backend), settings, rows)
