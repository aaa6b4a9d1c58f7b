"""Threads and devices: its request and its declaration."""

from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.runs.request import item
from playground.runs.work import PREFILL, Work

NAME = "threads"
_COUNTS, _QUICK = 6, 12  # counts of threads that are tried, at most; and tokens


class ThreadsRequest(OptimiseRequest):
    """The same work with other numbers of threads, on a quiet and on a busy machine."""

    tokens: int = item(32, "Tokens of the answer", flags=["--max-new-tokens"], ge=4, le=512)

    @property
    def length(self) -> int:
        """Tokens of each answer."""
        return min(self.tokens, _QUICK) if self.quick else self.tokens

    @property
    def prefill_tokens(self) -> int:
        """Tokens that are read at once."""
        return 64 if self.quick else 128

    @property
    def most_counts(self) -> int:
        """How many counts of threads are tried, at most."""
        return _COUNTS // 2 if self.quick else _COUNTS

    @property
    def _turns(self) -> int:
        return (2 * self.most_counts + 2) * (self.cycles + 1)

    @property
    def most_tokens(self) -> int:
        """Of all arms."""
        return (self._turns + 8) * self.length

    def work(self) -> Work:
        """A busy machine takes a few times as long."""
        read = self._turns * self.prefill_tokens
        return Work(self._turns, self.most_tokens, 2 * (self.most_tokens + read / PREFILL), read)


THREADS = panel(
    NAME,
    "Threads",
    "How speed changes with the number of threads, and with a machine that is busy. Decode is held against the "
    "measured bandwidth of the memory, prefill against the measured arithmetic. A step is fitted in two terms, bytes / "
    "bandwidth and a fixed time, which predict models that are not loaded. A GPU is compared where there is one.",
    ThreadsRequest,
    "playground.experiments.optimise.threads:measure",
)
