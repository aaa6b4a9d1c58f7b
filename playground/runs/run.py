"""A run and a batch in progress."""

from collections.abc import Callable, Generator, Iterator

from playground.runs.measure import Measurement
from playground.runs.updates import BatchRequest, BatchUpdate, Meters, RunRequest, Update


class Run:
    """One run in progress. Iterate it once, in its own thread; `meters` may be called from any thread."""

    def __init__(
        self,
        request: RunRequest,
        should_stop: Callable[[], bool],
        updates: Callable[["Run"], Generator[Update, None, None]],
        alone: str = "",
    ):
        self.request, self.alone = request, alone
        self.should_stop = should_stop
        self.measurement: Measurement | None = None
        self._iterator = updates(self)

    def __iter__(self) -> Iterator[Update]:
        return self._iterator

    def close(self) -> None:
        """End the run and give the model back; from the thread that iterates."""
        self._iterator.close()

    def meters(self) -> Meters | None:
        """Everything measured so far; None before the prompt is read."""
        return self.measurement.meters() if self.measurement else None


class Batch:
    """Several answers in progress. Iterate it once, in its own thread; `meters` may be called from any thread."""

    def __init__(
        self,
        request: BatchRequest,
        should_stop: Callable[[], bool],
        records: bool,
        updates: Callable[["Batch"], Generator[BatchUpdate, None, None]],
    ):
        self.request = request
        self.should_stop = should_stop
        self.measurements: list[Measurement] | None = [] if records else None
        self._iterator = updates(self)

    def __iter__(self) -> Iterator[BatchUpdate]:
        return self._iterator

    def close(self) -> None:
        """End the rows and give the model back; from the thread that iterates."""
        self._iterator.close()

    def meters(self, row: int) -> Meters | None:
        """Everything measured so far of a row; None before the prompt is read, or if rows are not measured."""
        return self.measurements[row].meters() if self.measurements else None
