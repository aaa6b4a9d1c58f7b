"""What every backend offers: capabilities, facts and one stream of events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from playground.engine.events import Event, PreparedPrompt
from playground.models.facts import ModelFacts
from playground.settings import Settings


@dataclass(frozen=True)
class Capabilities:
    """What a backend can feed; a panel that needs more says which of these is missing."""

    full_logits: bool
    top_logprobs: int
    seed: bool
    usage: bool
    batch: bool


@dataclass(frozen=True, slots=True)
class Queued:
    """The run waits for its turn; position 1 is next."""

    position: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Loading:
    """The model the run asked for is on its way; `fraction` is None where the end is not known."""

    model: str
    quantization: str
    stage: str
    fraction: float | None


@dataclass(frozen=True)
class StepLogits:
    """What a model said before one token: float32 logits [vocabulary], and what reading them took.

    `reused_tokens` stood in a kept cache; `computed_tokens` were read, in `seconds`.
    """

    logits: Any
    computed_tokens: int
    reused_tokens: int
    seconds: float


class Backend(Protocol):
    """A model that answers."""

    @property
    def capabilities(self) -> Capabilities:
        """What this backend can feed."""
        ...

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model behind it."""
        ...

    def prepare(self, prompt: str, settings: Settings, recorded: PreparedPrompt | None = None) -> PreparedPrompt:
        """The prompt as token ids, cut to the context length; those that a saved run read, if `recorded` has them."""
        ...

    def stream(
        self,
        prompt: PreparedPrompt,
        settings: Settings,
        *,
        should_stop: Callable[[], bool],
        started_at: float | None,
    ) -> Iterator[Event]:
        """One answer, event by event. `started_at` is the `perf_counter` reading that times count from."""
        ...
