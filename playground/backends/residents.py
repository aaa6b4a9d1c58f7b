"""Models that stay in memory while work that was set aside needs them."""

from collections.abc import Iterator
from contextlib import contextmanager

from playground.backends.base import Backend


class Residents:
    """Counts who uses which model. Call it with the model's turn held."""

    def __init__(self) -> None:
        self._backends: list[Backend] = []
        self._users: dict[int, int] = {}

    @property
    def are_used(self) -> bool:
        """Whether any model is in use."""
        return bool(self._users)

    def uses(self, backend: Backend) -> bool:
        """Whether work, maybe set aside, needs this model."""
        return id(backend) in self._users

    @contextmanager
    def using(self, backend: Backend) -> Iterator[None]:
        """Within, this model stays in memory."""
        self._users[id(backend)] = self._users.get(id(backend), 0) + 1
        try:
            yield
        finally:
            self._users[id(backend)] -= 1
            if not self._users[id(backend)]:
                del self._users[id(backend)]

    def put_aside(self, backend: Backend) -> None:
        """Another model is the current one now: drop this, unless it is in use."""
        if self.uses(backend):
            self._backends.append(backend)
        else:
            backend.close()

    def take(self, model: str, quantization: str) -> Backend | None:
        """The model put aside, which is the current one from now on; None if it is not here."""
        for backend in self._backends:
            if (backend.facts.id, backend.facts.quantization) == (model, quantization):
                self._backends.remove(backend)
                return backend
        return None

    def drop_unused(self) -> None:
        """Forget what was put aside and is no longer needed."""
        for backend in [one for one in self._backends if not self.uses(one)]:
            self._backends.remove(backend)
            backend.close()
