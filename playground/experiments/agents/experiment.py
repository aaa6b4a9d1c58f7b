"""An agent's loop: its request, how a replay compares, and what Cost may start from."""

from collections.abc import Iterator
from statistics import fmean

from pydantic import field_validator

from playground.data.context import shipped_haystack
from playground.errors import PlaygroundError
from playground.experiments.agents.records import AgentRecord, Strategy, Tool, calls_of
from playground.experiments.costing.fact import FactSource, fact_source, known, quoted, where
from playground.metrics.prices import find_reference
from playground.runs.experiment import Experiment
from playground.runs.request import PromptRequest, item
from playground.runs.work import Work
from playground.settings import LIMITS, MAX_PROMPT_CHARS, Settings, make_settings

MAX_STEPS = 8
DEFAULT_TASK = (
    "I give you a document, one passage at a time. After each passage, say in one sentence what is new in it, and ask "
    "for the next one."
)
_MAX_TOKENS = LIMITS["max_new_tokens"].high


class AgentRequest(PromptRequest):
    """A loop: the prompt is its first message.

    Attributes:
        only: Number of steps to run, of those that are planned; None for all.
    """

    prompt: str = item(DEFAULT_TASK, "Task", flags=["--task"])
    document: str = item(lambda: shipped_haystack().text, "Document that the tool reads", file=True)
    tool: Tool = item(
        "next", "Tool", "next returns passage after passage; search the one that shares most words with the answer.",
        names={"next": "Next passage", "search": "Search: most shared words"},
    )  # fmt: skip
    strategy: Strategy = item(
        "full", "History", "Sent again in each step: full, truncated to the last steps, or summarised by the model.",
        flags=["--history"],
        names={"full": "Resend all", "truncated": "Keep the last steps", "summarised": "Replace by a summary"},
    )  # fmt: skip
    steps: int = item(MAX_STEPS, "Steps", "How many times the model answers, 1 to 8.", ge=1, le=MAX_STEPS)
    answer_tokens: int = item(48, "Longest answer, in tokens", flags=["--max-new-tokens"], ge=1, le=_MAX_TOKENS)
    passage_tokens: int = item(48, "Tokens of a passage", ge=1, le=2048)
    keep_steps: int = item(2, "Steps kept", "Of a truncated history.", ge=1, le=MAX_STEPS)
    summary_every: int = item(3, "Summary every … steps", "Of a summarised history.", ge=1, le=MAX_STEPS)
    summary_tokens: int = item(64, "Longest summary, in tokens", ge=1, le=_MAX_TOKENS)
    without_cache: bool = item(
        True, "Also run without cache", "Reads each prompt once more, to compare.", flags=["--without-cache/--no-plain"]
    )
    reference: str | None = item(None, "Model whose list price is shown", "provider:model.", page=False)
    only: int | None = None

    @field_validator("document")
    @classmethod
    def _document(cls, value: str) -> str:
        if not value.strip():
            raise PlaygroundError("The document is empty: give a text that the tool can look things up in.")
        if len(value) > MAX_PROMPT_CHARS:
            raise PlaygroundError(
                f"The document has {len(value):,} characters; the limit is {MAX_PROMPT_CHARS:,}: shorten it."
            )
        return value

    @field_validator("reference")
    @classmethod
    def _reference(cls, value: str | None) -> str | None:
        return None if value is None else find_reference(value)

    @property
    def step_settings(self) -> Settings:
        """Settings of an answer: its length is the loop's own."""
        return self.settings.model_copy(update={"max_new_tokens": self.answer_tokens})

    def work(self) -> Work:
        """An answer a step, after a prompt that grows by an answer and a passage."""
        tokens, more = self.steps * self.answer_tokens, self.answer_tokens + self.passage_tokens
        read = more * self.steps * (self.steps + 1) / 2 if self.without_cache else more * self.steps
        return Work(self.steps, tokens, tokens, read)


def _again(old: AgentRecord, model: str) -> AgentRequest:
    """The same loop; for a stopped one, only its finished steps."""
    settings = make_settings(**{**old.settings, "time_limit_s": None})
    return AgentRequest(
        prompt=old.task, document=old.document, model=model, quantization=old.model.quantization, settings=settings,
        steps=old.steps_asked, answer_tokens=settings.max_new_tokens, tool=old.tool, passage_tokens=old.passage_tokens,
        strategy=old.strategy, keep_steps=old.keep_steps, summary_every=old.summary_every,
        summary_tokens=old.summary_tokens, without_cache=old.without_cache,
        only=max(1, len(old.steps)) if old.ended == "stopped" else None,
    )  # fmt: skip


def _differences(old: AgentRecord, new: AgentRecord) -> Iterator[str]:
    """Only the first step that differs, since later ones read other text. Times are not compared."""
    for then, now in zip(old.steps, new.steps, strict=False):
        for before, after in zip(then.calls, now.calls, strict=False):
            if before.prompt_tokens != after.prompt_tokens:
                yield f"step {then.number}: a prompt of {before.prompt_tokens} tokens then, {after.prompt_tokens} now."
                return
            out_of_time = before.finish_reason == "time"
            now_ids = after.token_ids[: len(before.token_ids)] if out_of_time else after.token_ids
            if before.token_ids != now_ids:
                yield f"step {then.number}: the {before.purpose} differs."
            if before.token_ids != now_ids or out_of_time:  # with more time it continues, and all after it differs
                return
        if (then.tool_text, len(then.calls)) != (now.tool_text, len(now.calls)):
            yield f"step {then.number}: the tool's result or the calls differ."
            return
    if old.ended != "stopped" and len(old.steps) != len(new.steps):
        yield f"{len(old.steps)} steps then, {len(new.steps)} now: {new.ended_words}."


def _facts(record: AgentRecord) -> Iterator[FactSource]:
    if not record.steps:
        return
    calls = calls_of(record)
    what = f"{len(record.steps)} steps of {quoted(record.task)}, {where(record.model, record.environment)}"
    answers = fmean(call.output_tokens for call in calls if call.purpose == "answer")
    prompts = sum(call.prompt_tokens for call in calls)
    facts = {
        **known(f"counted in {what}", {name: record.plan[name] for name in ("system_tokens", "task_tokens")}),
        **known(f"mean of {what}", {
            "output_tokens": answers,
            "step_tokens": answers,
            "tool_tokens": fmean(step.tool_tokens for step in record.steps),
            "input_tokens": prompts / len(calls),
        }),
        **known(f"cache of {what}", {"cached_share": sum(call.cached_tokens for call in calls) / prompts}),
    }  # fmt: skip
    yield fact_source("agent", f"Agent: {len(record.steps)} steps of {quoted(record.task)}", facts)


AGENT = Experiment(
    name="agent",
    title="The same loop, measured",
    about="A loop of answers and tool results: what each step reads, how long it takes and what it costs, beside what "
    "the formulas predict. The model of the sidebar answers, a tool looks something up in a document, and its result "
    "is the next message. The tool is called on every answer: this measures the loop, not the model's skill.",
    verb="Run the loop",
    room="Cost/Agents",
    request=AgentRequest,
    record=AgentRecord,
    run="playground.experiments.agents.run:agent_loop",
    view="playground.views.agents:VIEW",
    again=_again,
    differences=_differences,
    facts=_facts,
    anchor="agents",
)
