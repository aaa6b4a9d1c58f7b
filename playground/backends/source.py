"""Where the slot gets its backends from."""

from collections.abc import Callable
from typing import Protocol

from playground.backends.base import Backend
from playground.backends.local import LocalBackend
from playground.backends.prober import Prober
from playground.models.catalogue import ModelEntry
from playground.models.fetch import fetch, is_ready
from playground.models.loading import Probe, load, menu
from playground.models.offer import Offer, check_space, offer_of
from playground.paths import cache_dir

Progress = Callable[[str, float | None], None]


class Source(Protocol):
    """Opens models of the catalogue."""

    def is_ready(self, entry: ModelEntry) -> bool:
        """Whether the model can be opened without a network."""
        ...

    def quantizations(self, entry: ModelEntry, device: str) -> dict[str, str | None]:
        """Each quantization, with None if the model can run in it here, else the reason it can't."""
        ...

    def open(self, entry: ModelEntry, quantization: str, device: str, progress: Progress) -> Backend:
        """Fetch and load.

        Raises:
            PlaygroundError: It is not available; nothing stays in memory.
        """
        ...

    def offer(self, entry: ModelEntry) -> Offer | None:
        """What fetching it would bring; None where there is nothing to fetch."""
        ...

    def fetch(self, entry: ModelEntry, progress: Progress) -> None:
        """Bring it onto this machine; an error of `progress` ends it.

        Raises:
            PlaygroundError: It can't be fetched.
        """
        ...


class LocalSource:
    """Models that run in this process.

    Without a `probe`, what is found of them is kept beside the fetched models.
    """

    def __init__(self, probe: Probe | None = None):
        self._probe = probe or Prober(cache_dir() / "findings")

    def is_ready(self, entry: ModelEntry) -> bool:
        """As `fetch.is_ready`."""
        return is_ready(entry)

    def quantizations(self, entry: ModelEntry, device: str) -> dict[str, str | None]:
        """As `loading.menu`."""
        return menu(entry, device)

    def open(self, entry: ModelEntry, quantization: str, device: str, progress: Progress) -> LocalBackend:
        """As `loading.load`; the last stages name the limits of the model."""
        loaded = load(entry, quantization, device=device, probe=self._probe, progress=progress)
        for limit in loaded.facts.limits:
            progress(limit, None)
        return LocalBackend(loaded)

    def offer(self, entry: ModelEntry) -> Offer | None:
        """As `offer_of`."""
        return offer_of(entry)

    def fetch(self, entry: ModelEntry, progress: Progress) -> None:
        """As `fetch.fetch`, if there is room for it."""
        offer = None if is_ready(entry) else offer_of(entry)
        if offer is not None:
            check_space(entry.title, offer)
        fetch(entry, progress, offer.fetched_bytes if offer else None)
