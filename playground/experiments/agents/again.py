"""A saved loop run again: every call's prompt length and tokens; times are not compared."""

from collections.abc import Iterator

from playground.errors import PlaygroundError
from playground.experiments.agents.records import AgentRecord, AgentStepRecord
from playground.experiments.agents.request import AgentRequest
from playground.experiments.agents.run import agent_loop
from playground.runs.environment import changes
from playground.runs.services import Runner
from playground.settings import make_settings


def request_of(old: AgentRecord, model: str | None = None) -> AgentRequest:
    """What a saved loop was asked for.

    Args:
        old: The record.
        model: Id of the model where it goes by another name now.

    Raises:
        PlaygroundError: Its settings are none.
    """
    return AgentRequest(
        task=old.task, document=old.document, model=model or old.model.id, quantization=old.model.quantization,
        settings=make_settings(**{**old.settings, "time_limit_s": None}), steps=old.steps_asked, tool=old.tool,
        passage_tokens=old.passage_tokens, strategy=old.strategy, keep_steps=old.keep_steps,
        summary_every=old.summary_every, summary_tokens=old.summary_tokens, without_cache=old.without_cache,
    )  # fmt: skip


def agent_again(old: AgentRecord, runner: Runner, model: str | None) -> tuple[list[str], list[str]]:
    """Differences, and changes of the surroundings. Of a loop that was stopped, so many steps as it had."""
    stopped = old.ended == "stopped"
    if stopped and not old.steps:
        return [], []
    steps: list[AgentStepRecord] = []
    record: AgentRecord | None = None
    for update in agent_loop(runner, request_of(old, model), lambda: stopped and len(steps) >= len(old.steps)):
        if isinstance(update, AgentStepRecord):
            steps.append(update)
        elif isinstance(update, AgentRecord):
            record = update
    if record is None:
        raise PlaygroundError("The loop ended before it produced a record.")
    told = changes(old.model.model_dump(), record.model.model_dump()) + changes(old.environment, record.environment)
    return list(_differences(old, record)), told


def _differences(old: AgentRecord, new: AgentRecord) -> Iterator[str]:
    """Only the first step that differs is told: all after it read something else."""
    for then, now in zip(old.steps, new.steps, strict=False):
        for before, after in zip(then.calls, now.calls, strict=False):
            if before.prompt_tokens != after.prompt_tokens:
                yield f"step {then.number}: a prompt of {before.prompt_tokens} tokens then, {after.prompt_tokens} now."
                return
            out_of_time = before.finish_reason == "time"
            now_ids = after.token_ids[: len(before.token_ids)] if out_of_time else after.token_ids
            if before.token_ids != now_ids:
                yield f"step {then.number}: the {before.purpose} is another one."
            if before.token_ids != now_ids or out_of_time:  # with time enough it goes on, and all after it differs
                return
        if (then.tool_text, len(then.calls)) != (now.tool_text, len(now.calls)):
            yield f"step {then.number}: the tool or the calls are others."
            return
    if len(old.steps) != len(new.steps):
        yield f"{len(old.steps)} steps then, {len(new.steps)} now: {new.ended_words}."
