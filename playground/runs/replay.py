"""Run a record again: identical, or the first token that differs and what changed in the environment."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from playground.engine.events import PreparedPrompt, TokenEvent
from playground.errors import PlaygroundError
from playground.runs.environment import changes
from playground.runs.records import RunRecord
from playground.runs.updates import RunRequest
from playground.settings import make_settings

if TYPE_CHECKING:  # it imports torch, which a declaration must not wait for
    from playground.runs.runner import Runner


@dataclass(frozen=True)
class Replay:
    """The outcome of running a record again.

    Attributes:
        identical: Every token id is the same.
        first_difference: Index of the first token that differs.
        largest_logprob_change: Over the tokens before it; 0 means bitwise identical.
        changed: What differs in model and environment.
        record: The new run.
    """

    identical: bool
    first_difference: int | None
    largest_logprob_change: float
    changed: list[str]
    record: RunRecord

    def sentence(self, old: RunRecord) -> str:
        """The outcome in words."""
        if self.identical:
            return "identical"
        return f"{self.difference(old)} {why_sentence(self.changed)}"

    def difference(self, old: RunRecord) -> str:
        """The first token that differs, in words."""
        index = self.first_difference or 0
        was, now = (
            repr(run.tokens[index].text) if index < len(run.tokens) else "the end" for run in (old, self.record)
        )
        return f"token {index} differs: {was} then, {now} now."


def why_sentence(changed: list[str]) -> str:
    """What has changed around a document whose replay differs."""
    return f"Changed: {'; '.join(changed) or 'nothing that is recorded of model and environment has changed'}."


def replay(old: RunRecord, runner: "Runner", *, model: str | None = None) -> Replay:
    """Run it again with the same settings, seed included, and as much time as it takes.

    The recorded prompt ids are used even if the chat template has changed; `changed` reports the change.
    A run that was cancelled or ran out of time is stopped after the same number of tokens.

    `model` is the model's id if it has another name now.

    Raises:
        PlaygroundError: The record's settings or model are not available here, or its ids are another tokenizer's.
    """
    request = request_again(old, model, time_limit_s=None)
    notes: Sequence[str] = ()
    last = len(old.tokens) if old.finish_reason in ("cancelled", "time") else None
    came = -1  # tokens of the new run; -1 before its prompt is prepared
    with closing(runner.start(request, lambda: came == last)) as run:
        for update in run:
            if isinstance(update, PreparedPrompt):
                notes, came = update.notes, 0
            elif isinstance(update, TokenEvent):
                came += 1
            elif isinstance(update, RunRecord):
                outcome = compare_runs(old, update)
                return replace(outcome, changed=[*outcome.changed, *notes])
    raise PlaygroundError("The replay ended before it produced a record.")


def prompt_again(token_ids: Sequence[int], dropped_tokens: int = 0) -> PreparedPrompt:
    """The prompt of a saved document, to be read again; the backend that reads it knows the context length."""
    return PreparedPrompt(tuple(token_ids), dropped_tokens, context_length=0)


def request_again(old: Any, model: str | None = None, **changes: Any) -> RunRequest:
    """The run that a document describes (prompt, token ids, model, settings), with these settings replaced.

    Raises:
        PlaygroundError: Its settings are not valid here.
    """
    return RunRequest(
        old.prompt, model or old.model.id, old.model.quantization, make_settings(**{**old.settings, **changes}),
        recorded=prompt_again(old.prompt_token_ids, getattr(old, "dropped_prompt_tokens", 0)),
    )  # fmt: skip


def moved(request: RunRequest, runner: "Runner") -> list[str]:
    """What has changed around a prompt that was read again; its model is in memory."""
    prompt = runner.preview(request)
    return [] if prompt is None else list(prompt.notes)


def compare_runs(old: RunRecord, new: RunRecord) -> Replay:
    """One run against the other, token by token."""
    expected = [token.id for token in old.tokens]
    got = [token.id for token in new.tokens]
    first = next((n for n, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b), None)
    if first is None and len(expected) != len(new.tokens):
        first = min(len(expected), len(new.tokens))
    same = len(expected) if first is None else first
    drift = [abs(a.logprob - b.logprob) for a, b in zip(old.tokens[:same], new.tokens[:same], strict=True)]
    differs = changes(old.model.model_dump(), new.model.model_dump()) + changes(old.environment, new.environment)
    return Replay(first is None, first, max(drift, default=0.0), differs + _reused(old, new), new)


def _reused(old: RunRecord, new: RunRecord) -> list[str]:
    """What else was in memory, where a run begins from it."""
    then, now = old.cost.cached_tokens, new.cost.cached_tokens
    is_other = old.settings.get("reuse_prefix") and then != now
    return [f"prompt tokens from the cache: {then} then, {now} now, which may change last bits"] if is_other else []
