"""What a run reports on its way: frozen values, no torch. All times are in seconds since the request started."""

from dataclasses import dataclass
from typing import Literal

from playground.settings import Settings

FinishReason = Literal["eos", "stop", "length", "time", "cancelled"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that could have come: with the model's probability (temperature 1, nothing cut)."""

    id: int
    text: str
    prob: float


@dataclass(frozen=True)
class PreparedPrompt:
    """The prompt as the model reads it.

    Attributes:
        ids: Token ids, template and special tokens included.
        dropped_tokens: How many of the oldest prompt tokens did not fit and were left out.
        context_length: The limit that was applied: tokens of prompt and answer together.
        neutralised: Whether the user's text held control tokens, which are read as plain text.
        notes: What is read differently than written, a sentence each.
        person: Whose it is; empty is nobody in particular. Nobody reads on from what another person's prompt left.
        ignores_system: Whether a system prompt is not read: in raw mode, or without a chat template.
    """

    ids: tuple[int, ...]
    dropped_tokens: int
    context_length: int
    neutralised: bool = False
    notes: tuple[str, ...] = ()
    ignores_system: bool = False
    person: str = ""

    def counted(self, settings: Settings) -> Settings:
        """The effective settings of the run: its context length, and no system prompt where it is ignored."""
        ignored = {"system": ""} if self.ignores_system else {}
        return settings.model_copy(update={"context_length": self.context_length, **ignored})


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """A chunk of the prompt has been read."""

    done_tokens: int
    total_tokens: int
    time_s: float


@dataclass(frozen=True, slots=True)
class PromptProcessed:
    """The whole prompt has been read; `prefill_s` is the time the model spent on its `computed_tokens`."""

    prompt_tokens: int
    computed_tokens: int
    prefill_s: float
    kv_cache_bytes: int
    time_s: float


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the answer, as a document holds it.

    `logprob` (natural log), `rank` (1 is the likeliest), `entropy_bits` and `top` are of the model's distribution.
    `sampled_prob` is the token's probability after the sampler, `kept` how many tokens it left; greedy: 1 and 1.
    `text` is what this token adds to the answer: it may be empty while a character is still incomplete.
    """

    index: int
    id: int
    text: str
    logprob: float
    rank: int
    entropy_bits: float
    sampled_prob: float
    kept: int
    top: tuple[Candidate, ...]
    time_s: float


@dataclass(frozen=True, slots=True)
class TokenEvent(Token):
    """A token as it comes, with what no document keeps.

    `survivors` counts the tokens left after top-k, after top-p and after min-p; the last is `kept`.
    """

    survivors: tuple[int, int, int]
    kv_cache_bytes: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The run has ended; `text` is what was still held back (only in a cancelled run)."""

    reason: FinishReason
    text: str
    time_s: float


Event = PromptProgress | PromptProcessed | TokenEvent | Finished


@dataclass(frozen=True, slots=True)
class RowEvent:
    """An event of one row of a batch; events of the shared prompt come once, for row 0."""

    row: int
    event: Event
