"""A loop that was run, as a document of kind "agent": every call measured, with its prediction."""

from dataclasses import dataclass
from typing import Any, Literal

from playground.engine.events import FinishReason
from playground.runs.records import Document, ModelRecord, Part, Usd

Tool = Literal["next", "search"]
"""`next` gives the passages in turn; `search` the unread passage that shares most words with the answer."""
Strategy = Literal["full", "truncated", "summarised"]
"""The part of the history that a step sends again: all, the last steps, or a summary that the model writes."""
AgentEnded = Literal["complete", "context", "stopped"]


class CallRecord(Part):
    """One request to the model.

    Attributes:
        purpose: The answer of a step, or a summary of the history before it.
        prompt_tokens: Of the whole chat, template included.
        held_tokens: Tokens in the cache of the call before: its prompt, and its answer but for the last token.
        cached_tokens: How many of these begin this prompt too and were taken from the cache. Fewer than held where the
            history was cut or replaced, or where text of an answer is read as other tokens than were generated.
        computed_tokens: The rest of the prompt.
        output_tokens: Of the answer.
        prefill_s: Time the model spent on the computed tokens.
        ttft_s, e2e_s: From the request to the first token and to the end; copying the cache is in it.
        plain_prefill_s, plain_ttft_s: The same prompt read once more without a cache; None if that was not requested.
        resent_usd: At list price, nothing cached.
        cached_usd: The cached tokens at the cached rate, all others of the prompt at the rate of writing to the cache,
            where the model has these rates. A provider may keep less than this cache: not the answer of the call
            before, and nothing of a short prompt.
        token_ids, text: The answer.
    """

    purpose: Literal["answer", "summary"]
    prompt_tokens: int
    held_tokens: int
    cached_tokens: int
    computed_tokens: int
    output_tokens: int
    prefill_s: float
    ttft_s: float | None
    e2e_s: float
    plain_prefill_s: float | None
    plain_ttft_s: float | None
    resent_usd: Usd
    cached_usd: Usd
    token_ids: list[int]
    text: str
    finish_reason: FinishReason


class AgentStepRecord(Part):
    """One step: its calls, the answer last, and the tool's result.

    Attributes:
        seed: Of this step's draws.
        tool_text: What the next step reads as a message.
        tool_tokens: Of that text alone.
        passage: Number of the passage that the tool gave, from 0; None if it found none.
    """

    number: int
    seed: int
    calls: list[CallRecord]
    tool_text: str
    tool_tokens: int
    passage: int | None


class ForecastRecord(Part):
    """A step by the formulas of `metrics.formulas.agents`, from the planned numbers.

    Attributes:
        input_tokens, cumulative_input_tokens: Read by this step, and by all up to it.
        resent_usd, cached_usd: Cumulative, at list price; cached only where the whole history is resent.
    """

    number: int
    input_tokens: int
    cumulative_input_tokens: int
    resent_usd: Usd
    cached_usd: Usd | None


@dataclass(frozen=True)
class AgentPlan:
    """The prediction before the first step: its token counts, and each step."""

    plan: dict[str, int]
    forecast: list[ForecastRecord]


class AgentRecord(Document):
    """A loop; fewer steps than requested if it ended early.

    Attributes:
        plan: What the formulas took: tokens of system prompt with template, and of the task, counted; the most tokens
            of an answer; a whole passage with the words and the template around it, counted.
        forecast: Of all requested steps.
        ended, ended_words: Why it ended.
    """

    schema_: Literal[1] = 1
    kind: Literal["agent"] = "agent"
    model: ModelRecord
    settings: dict[str, Any]
    task: str
    document: str
    steps_asked: int
    tool: Tool
    passage_tokens: int
    strategy: Strategy
    keep_steps: int
    summary_every: int
    summary_tokens: int
    without_cache: bool
    ended: AgentEnded
    ended_words: str
    plan: dict[str, int]
    steps: list[AgentStepRecord]
    forecast: list[ForecastRecord]
    reference_model: str
    prices_as_of: str
    environment: dict[str, Any]


def calls_of(record: AgentRecord, upto: int | None = None) -> list[CallRecord]:
    """All calls of the steps up to this number."""
    return [call for step in record.steps[:upto] for call in step.calls]


def difference_percent(measured: float, predicted: float) -> float:
    """How much more was measured than predicted, in percent of the prediction."""
    return 100 * (measured - predicted) / predicted
