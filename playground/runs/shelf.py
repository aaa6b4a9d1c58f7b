"""Which models are on this machine, and bringing others here when a person asks for it."""

from collections.abc import Callable, Iterator

from playground.backends.base import Loading
from playground.backends.slot import ModelSlot
from playground.errors import FetchStopped
from playground.models.offer import Offer
from playground.runs.progress import with_progress


class Shelf:
    """The models of the catalogue, here or not. A fetch needs no turn: others answer meanwhile."""

    def __init__(self, slot: ModelSlot):
        self._slot = slot

    def missing(self) -> set[str]:
        """Models that would have to be downloaded first."""
        return {entry.id for entry in self._slot.catalogue.entries if not self._slot.is_here(entry.id)}

    def is_here(self, model: str) -> bool:
        """Whether it can be used without a download."""
        return self._slot.is_here(model)

    def is_coming(self, model: str) -> bool:
        """Whether who started the server is bringing it here: then work may wait for it."""
        loading = self._slot.loading
        return loading is not None and loading.model == model

    def refuse_missing(self, model: str) -> None:
        """Reject a model that is neither here nor coming.

        Raises:
            NotHere: It would have to be downloaded.
        """
        if not self.is_coming(model):
            self._slot.refuse_missing(model)

    def offer(self, model: str) -> Offer | None:
        """What fetching it would bring; None where there is nothing to fetch. It asks the model's hub, for seconds."""
        return self._slot.source.offer(self._slot.catalogue.find(model))

    def fetch(self, model: str, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Loading]:
        """Bring it onto this machine; what has come is kept if it is stopped.

        Raises:
            FetchStopped: It was.
            PlaygroundError: It can't be fetched.
        """
        entry = self._slot.catalogue.find(model)

        def work(progress: Callable[[str, float | None], None]) -> None:
            def tell(stage: str, fraction: float | None) -> None:
                if should_stop():
                    raise FetchStopped(f"Fetching {entry.title} was stopped.")
                progress(stage, fraction)

            self._slot.source.fetch(entry, tell)

        for stage, fraction in with_progress(work):
            yield Loading(model, "", stage, fraction)
