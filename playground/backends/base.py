"""The contract of a backend: what the runner and every experiment may ask of a model, and no more."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from playground.engine.clock import Clock
from playground.engine.events import Event, PreparedPrompt, RowEvent
from playground.models.facts import ModelFacts
from playground.settings import Settings

if TYPE_CHECKING:  # they import torch, which a command's help must not pay for
    from torch import Tensor

    from playground.backends.continuing import BeamUpdate
    from playground.engine.lens.base import LayerPass, Lens
    from playground.models.loading import LoadedModel

T = TypeVar("T")
Capability = Literal["plain", "batch", "logits", "forced", "layers", "weights"]
_WITHOUT: Mapping[Capability, str] = {
    "plain": "It can't be read as others are.",
    "batch": "It computes one answer at a time.",
    "logits": "It does not give the logits of a step.",
    "forced": "It can't go on after tokens that it did not choose.",
    "layers": "It does not show its layers.",
    "weights": "Its weights are not in this process.",
}


@dataclass(frozen=True, slots=True)
class Loading:
    """The requested model is loading; `fraction` is None where the total is unknown."""

    model: str
    quantization: str
    stage: str
    fraction: float | None


@dataclass(frozen=True)
class StepLogits:
    """The logits before one token, float32 [vocabulary], and what computing them took.

    `reused_tokens` came from a kept cache; `computed_tokens` were computed in `seconds`.
    """

    logits: Any
    computed_tokens: int
    reused_tokens: int
    seconds: float


class Chain(Protocol):
    """Prompts one after the other, of which each reads on from where it leaves the one before; nothing else is kept."""

    @property
    def held_tokens(self) -> int:
        """Tokens of the last prompt and its answer that are held."""
        ...

    def stream(
        self,
        ids: Sequence[int],
        settings: Settings,
        *,
        should_stop: Callable[[], bool] = ...,
        clock: Clock | None = ...,
    ) -> Iterator[Event]:
        """The answer to a prompt. `PromptProcessed.computed_tokens` counts what had to be read of it."""
        ...


class Layers(Protocol):
    """A model opened layer by layer."""

    @property
    def lens(self) -> "Lens":
        """What it shows."""
        ...

    def read(
        self, prompt: Sequence[int], answer: Sequence[int], positions: Sequence[int]
    ) -> Generator[int, None, tuple["LayerPass", int]]:
        """One pass over prompt and answer that keeps the states at these positions.

        Yields:
            Tokens read.

        Returns:
            The pass, and the bytes of keys and values that it wrote.
        """
        ...

    def attention(
        self, prompt: Sequence[int], answer: Sequence[int], layer: int, rows: range
    ) -> Generator[int, None, tuple["Tensor", int]]:
        """Weights of a layer (from 0) for these queries; keys and values that a run has left are used again.

        Yields:
            Tokens read.

        Returns:
            Float32 [heads, rows, tokens up to the last row], and how many tokens did not have to be read.
        """
        ...


class Backend(Protocol):
    """A model that answers. What stands under a capability is for those that have it; `why_not` tells."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this backend can do beyond an answer.

        `plain`: reads as others do, in chunks, each once, into one cache of all rows. `batch`: computes several answers
        in one pass. `logits`: `logits_before`, `forced_logits`. `forced`: `resume`, `beams`. `layers`: `layers`.
        `weights`: `weights`.
        """
        ...

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model behind it."""
        ...

    def context_length(self, settings: Settings) -> int:
        """The limit that a run with these settings has."""
        ...

    def prepare(self, prompt: str, settings: Settings, recorded: PreparedPrompt | None = None) -> PreparedPrompt:
        """The prompt as token ids, cut to the context length; the ids of a saved run, if `recorded` has them."""
        ...

    def tokenize(self, work: Callable[[Any], T]) -> T:
        """What this work makes of the tokenizer; from any thread, and while the model answers."""
        ...

    def piece(self, token: int) -> str:
        """How a token looks alone."""
        ...

    def chunk_tokens(self, prompt_tokens: int) -> int:
        """Tokens of a prompt of this length that are read at a time."""
        ...

    def kv_cache_bytes(self, tokens: int) -> int | None:
        """Predicted size of the key-value cache of this many tokens; None where it is unknown."""
        ...

    def stream(
        self,
        prompt: PreparedPrompt,
        settings: Settings,
        *,
        should_stop: Callable[[], bool] = ...,
        clock: Clock | None = ...,
    ) -> Iterator[Event]:
        """One answer, event by event. Times are readings of the clock.

        With `settings.reuse_prefix` it may begin from what is in memory of an earlier prompt:
        `PromptProcessed.computed_tokens` counts what was read.
        """
        ...

    def stream_batch(
        self,
        prompt: PreparedPrompt,
        settings: Sequence[Settings],
        *,
        rows_at_once: int,
        ignore_eos: bool = ...,
        should_stop: Callable[[], bool] = ...,
        clock: Clock | None = ...,
    ) -> Iterator[RowEvent]:
        """Several answers to one prompt, in waves; with `ignore_eos` they end by length only.

        `reuse_prefix`, the same in all, is as in `stream`.
        """
        ...

    def chain(self) -> Chain:
        """A new chain of prompts: the first is read from nothing."""
        ...

    def resume(
        self,
        prompt: PreparedPrompt,
        answer_ids: Sequence[int],
        settings: Settings,
        *,
        tell_from: int | None = ...,
        should_stop: Callable[[], bool] = ...,
        clock: Clock | None = ...,
    ) -> Iterator[Event]:
        """Continue after these tokens of an answer, reported from `tell_from` on, by default the last."""
        ...

    def beams(
        self,
        prompt: PreparedPrompt,
        answer_ids: Sequence[int],
        settings: Settings,
        width: int,
        *,
        should_stop: Callable[[], bool] = ...,
        clock: Clock | None = ...,
    ) -> Iterator["BeamUpdate"]:
        """Go on after these tokens of an answer by beam search."""
        ...

    def logits_before(
        self, prompt_ids: Sequence[int], answer_ids: Sequence[int], *, should_stop: Callable[[], bool] = ...
    ) -> StepLogits | None:
        """What the model says after prompt and answer so far, bit for bit as in the run; None if stopped."""
        ...

    def forced_logits(
        self,
        prompt_ids: Sequence[int],
        answer_ids: Sequence[int],
        start: int = ...,
        *,
        should_stop: Callable[[], bool] = ...,
    ) -> Iterator["Tensor"]:
        """Logits before each token of an answer from `start` on, those before it given; it ends early if stopped."""
        ...

    def layers(self) -> Layers:
        """The model opened layer by layer."""
        ...

    def weights(self) -> "LoadedModel":
        """The model itself: module, tokenizer, and where it came from."""
        ...

    def close(self) -> None:
        """Drop the model, even if something still holds this backend. Call it with the model's turn held."""
        ...


def why_not(backend: Backend, needs: frozenset[Capability]) -> str:
    """Why this backend can't feed what needs these capabilities, in a sentence or more; empty if it can."""
    lacking = sorted(needs - backend.capabilities)
    if not lacking:
        return ""
    facts = backend.facts
    reasons = facts.limits if lacking == ["plain"] and facts.limits else [_WITHOUT[name] for name in lacking]
    return f"Not for {facts.title}. {' '.join(reasons)}"
