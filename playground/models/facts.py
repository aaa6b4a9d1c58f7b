"""What is known about a loaded model: plain values, no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Ability = Literal["cache", "chunks", "rows", "rewind"]
_WITHOUT: dict[Ability, str] = {
    "cache": "Every token reads the whole text again: nothing that transformers keeps of it gives the same numbers.",
    "chunks": "A prompt is read in one piece, so Stop waits for its end.",
    "rows": "Several answers are computed one at a time, not together.",
    "rewind": "A branch or an inspected step reads its text again from the beginning.",
}


@dataclass(frozen=True)
class Findings:
    """The ways a model may be read that give the same as its plain forward pass.

    Attributes:
        positions: Whether it is given the position of each token; if not, it counts itself.
        limits: Ways that give other numbers, or fail, and are not used, with the evidence. `cache`: keep what was read;
            `chunks`: read several tokens after others; `rows`: several answers in one pass; `rewind`: forget the last
            tokens.
        refused: Why it can't be run at all; None if it can.
    """

    positions: bool = True
    limits: Mapping[Ability, str] = field(default_factory=dict)
    refused: str | None = None

    @property
    def sentences(self) -> tuple[str, ...]:
        """What each limit means for a person."""
        return tuple(_WITHOUT[ability] for ability in self.limits)

    @property
    def is_plain(self) -> bool:
        """Whether it reads the usual way: in chunks, each once, into one cache for all rows."""
        return self.positions and self.limits.keys() <= {"rewind"}


PLAIN = Findings()
"""Every way."""


@dataclass(frozen=True)
class KVLayer:
    """What one layer keeps in memory.

    Attributes:
        bytes_per_token: Keys and values of a token, or their equivalent; 0 for a layer without any.
        window: Tokens it attends to, including the newest; it holds those before the newest. None is no limit.
        state_bytes: A state of constant size, present from the first token on.
    """

    bytes_per_token: int
    window: int | None = None
    state_bytes: int = 0

    def nbytes(self, tokens: int) -> int:
        """Bytes that it holds for this many tokens."""
        held = tokens if self.window is None else min(tokens, self.window - 1)
        return held * self.bytes_per_token + (self.state_bytes if tokens else 0)


@dataclass(frozen=True)
class KVLayout:
    """What all layers keep, for one sequence."""

    layers: tuple[KVLayer, ...]

    @property
    def bytes_per_token(self) -> int:
        """Bytes that one token adds over all layers, before any sliding window."""
        return sum(layer.bytes_per_token for layer in self.layers)

    def nbytes(self, tokens: int) -> int:
        """Bytes that the cache holds for this many tokens."""
        return sum(layer.nbytes(tokens) for layer in self.layers)


@dataclass(frozen=True)
class ModelFacts:
    """Facts of a model in memory.

    Attributes:
        id: Catalogue id, or the name of the folder or file.
        title: Its name on the page.
        source: `wheel`, `hub`, `folder` or `gguf`.
        architecture: transformers' `model_type`.
        path: Which code computes a step: `transformers`, or `decoder` (ours).
        parameters: Number of weights, tied ones counted once.
        quantization: One of `settings.QUANTIZATIONS`.
        weights_note: One sentence on what the weights really are.
        weights_bytes: Bytes of all weight storages, measured.
        paper_bytes: Parameters times the bits of the quantization's name.
        step_bytes: Weight bytes that one decode step must read (an untied input embedding is only looked up).
        kv: What each layer keeps in memory; None where that can't be predicted.
        context_length: The most positions the model was made for; None where it sets no limit (ALiBi).
        vocabulary: Number of logits.
        device: `cpu`, `cuda:0`, `mps`...
        device_name: The processor in words.
        dtype: Type of the activations.
        has_chat_template: False means raw completion only.
        limits: What this architecture can't do, a sentence each.
        is_plain: As `Findings.is_plain`.
    """

    id: str
    title: str
    source: str
    architecture: str
    path: str
    parameters: int
    quantization: str
    weights_note: str
    weights_bytes: int
    paper_bytes: int
    step_bytes: int
    kv: KVLayout | None
    context_length: int | None
    vocabulary: int
    device: str
    device_name: str
    dtype: str
    has_chat_template: bool
    limits: tuple[str, ...] = ()
    is_plain: bool = True

    @property
    def kv_bytes_per_token(self) -> int | None:
        """Bytes that one token adds to the KV cache, before any sliding window; None is unknown."""
        return None if self.kv is None else self.kv.bytes_per_token

    def takes(self, tokens: int) -> bool:
        """Whether the model was made for this many positions; a model without a limit takes any number."""
        return self.context_length is None or tokens <= self.context_length
