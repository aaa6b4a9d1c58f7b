"""The model in memory: who may use it, and how another replaces it."""

from playground.backends.base import Backend, Loading
from playground.backends.residents import Residents
from playground.backends.source import LocalSource, Progress, Source
from playground.backends.turns import Turns
from playground.errors import NotEnoughMemory, NotHere, PlaygroundError, nearest
from playground.models.catalogue import Catalogue
from playground.models.placement import pick_device
from playground.settings import QUANTIZATIONS


class ModelSlot:
    """Holds one model, and those that work set aside still needs. Switching or running it needs a turn.

    Without a `source` its models run in this process.
    """

    def __init__(self, catalogue: Catalogue, device: str | None = None, source: Source | None = None):
        self.catalogue, self.source = catalogue, source or LocalSource()
        self.device = pick_device(device)
        self.turns = Turns()
        self.residents = Residents()
        self.backend: Backend | None = None
        self.loading: Loading | None = None  # for the status of other waiting runs

    def quantizations(self, model: str) -> dict[str, str | None]:
        """Each quantization, with None if it can run here, else the reason it can't."""
        return self.source.quantizations(self.catalogue.find(model), self.device)

    def holds(self, model: str, quantization: str) -> bool:
        """Whether exactly this model is in memory."""
        facts = self.backend.facts if self.backend else None
        return facts is not None and (facts.id, facts.quantization) == (model, quantization)

    def check(self, model: str, quantization: str) -> None:
        """Reject a model or quantization that is not available here.

        Raises:
            PlaygroundError: Unknown, or not possible on this machine.
        """
        self.catalogue.find(model)
        if quantization not in QUANTIZATIONS:
            raise PlaygroundError(f"Unknown quantization {quantization!r}: {nearest(quantization, [*QUANTIZATIONS])}")
        reason = self.quantizations(model)[quantization]
        if reason is not None:
            raise PlaygroundError(f"{quantization} can't run here: {reason}")

    def is_here(self, model: str) -> bool:
        """Whether it can be used without a download."""
        facts = self.backend.facts if self.backend else None
        return (facts is not None and facts.id == model) or self.source.is_ready(self.catalogue.find(model))

    def refuse_missing(self, model: str) -> None:
        """Reject a model that would have to be downloaded.

        Raises:
            NotHere: It would.
        """
        if not self.is_here(model):
            raise NotHere(
                f"{self.catalogue.find(model).title} is not on this machine, and nothing is downloaded unasked: choose "
                "it under Model in the settings and press Fetch there, or choose another model."
            )

    def ensure(self, model: str, quantization: str, progress: Progress, *, fetches: bool = True) -> Backend:
        """The backend for this model, loaded if necessary. Call it with a turn held.

        Args:
            model: Id in the catalogue.
            quantization: In which it runs.
            progress: Gets the stages.
            fetches: Whether a model that is not on this machine is downloaded.

        Raises:
            PlaygroundError: It is not available; the model that was in memory still works.
        """
        self.check(model, quantization)
        if not fetches:
            self.refuse_missing(model)
        if self.backend is not None and self.holds(model, quantization):
            return self.backend
        if (kept := self.residents.take(model, quantization)) is not None:
            self.replace(kept)
            return kept
        entry = self.catalogue.find(model)

        def tell(stage: str, fraction: float | None) -> None:
            self.loading = Loading(model, quantization, stage, fraction)
            progress(stage, fraction)

        try:
            opened = self.source.open(entry, quantization, self.device, tell)
        except NotEnoughMemory:
            if self.backend is None or self.residents.are_used:
                raise
            return self._replace_first(model, quantization, progress)
        finally:
            self.loading = None
        self.replace(opened)
        return opened

    def replace(self, backend: Backend) -> None:
        """This is the model from now on. The one before it stays in memory while work that was set aside needs it."""
        if backend is self.backend:
            return
        self.residents.take(backend.facts.id, backend.facts.quantization)
        old, self.backend = self.backend, backend
        if old is not None:
            self.residents.put_aside(old)
        self.residents.drop_unused()

    def _replace_first(self, model: str, quantization: str, progress: Progress) -> Backend:
        """Make room before loading if two models do not fit; a failure brings the old model back."""
        assert self.backend is not None
        facts = self.backend.facts
        self.backend.close()
        self.backend = None
        try:
            return self.ensure(model, quantization, progress)
        except PlaygroundError:
            self.ensure(facts.id, facts.quantization, progress)
            raise
