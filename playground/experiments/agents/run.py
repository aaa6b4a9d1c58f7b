"""An agent's loop, actually run: answer, tool, answer, every prompt longer than the one before, or cut or summarised.

Tools and loops like this one: Yao et al. 2023, "ReAct". The tool here is called on every answer, since a small model
can't be trusted to call it; so the loop's tokens and times are measured, not the model's skill.
"""

from contextlib import suppress
from typing import Literal

from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.template import ids_of
from playground.experiments.agents.calls import Caller
from playground.experiments.agents.experiment import AgentRequest
from playground.experiments.agents.history import History, Messages
from playground.experiments.agents.plan import forecast, plan_of, rendered
from playground.experiments.agents.records import AgentEnded, AgentPlan, AgentRecord, AgentStepRecord, CallRecord
from playground.experiments.agents.tool import Lookup, passages_of
from playground.metrics.prices import price_list_date
from playground.runs.experiment import Lab
from playground.runs.stages import Stage, Steps, Stopped
from playground.settings import LIMITS


def agent_loop(lab: Lab, request: AgentRequest) -> Steps[AgentRecord | None]:
    """The prediction, then each step as soon as it has ended."""
    loop = _Loop(lab, request)
    with suppress(Stopped):
        yield from loop.run()
    return None if loop.ended == "stopped" and not loop.steps else loop.record()


class _Loop:
    """One loop in progress.

    Attributes:
        steps: Those that have ended.
        ended, words: Why the loop is over; it was stopped until it says otherwise.
    """

    def __init__(self, lab: Lab, request: AgentRequest):
        self._lab, self._request = lab, request
        self._reference = request.reference or lab.runner.pricing.reference
        self._limit = lab.backend.context_length(request.settings)
        self._caller = Caller(lab, request, self._reference)
        self._history = History(request)
        passages = lab.backend.tokenize(lambda one: passages_of(one, request.document, request.passage_tokens))
        self._tool = Lookup(passages, request.tool)
        plan = lab.read(lambda backend: plan_of(backend, request))
        self._plan = AgentPlan(plan, forecast(plan, request, self._reference))
        self.steps: list[AgentStepRecord] = []
        self.ended: AgentEnded = "stopped"
        self.words = "stopped in step 1"

    def run(self) -> Steps[None]:
        """Every step, until the context is full.

        Raises:
            Stopped: On the way.
        """
        yield self._plan
        self._caller.warm_up(self._read(self._history.messages()))
        for number in range(1, (self._request.only or self._request.steps) + 1):
            self.words = f"stopped in step {number}"
            step = yield from self._step(number)
            if step is None:
                return
            self.steps.append(step)
            yield step
        self.ended, self.words = "complete", f"all {self._request.steps} steps were run"

    def _step(self, number: int) -> Steps[AgentStepRecord | None]:
        """A summary if it is due, then the answer and the tool; None if there is no room."""
        calls = list[CallRecord]()
        if self._history.is_summary_due():
            yield self._stage(number, "summarising the history")
            if (summary := self._call(number, "summary")) is None:
                return None
            self._history.replace(summary.text)
            calls.append(summary)
        yield self._stage(number, "answering")
        if (answer := self._call(number, "answer")) is None:
            return None
        result = self._tool(answer.text)
        self._history.pairs.append((answer.text, result.text))
        tool_tokens = len(self._lab.backend.tokenize(lambda tokenizer: ids_of(tokenizer, result.text)))
        return AgentStepRecord(
            number=number, seed=self._seed(number), calls=[*calls, answer], tool_text=result.text,
            tool_tokens=tool_tokens, passage=result.passage,
        )  # fmt: skip

    def _read(self, messages: Messages) -> tuple[int, ...]:
        """Token ids of the chat."""
        return self._lab.read(lambda backend: rendered(backend, messages, self._request)).ids

    def _stage(self, number: int, what: str) -> Stage:
        steps = self._request.steps
        return Stage(f"step {number} of {steps}: {what}", (number - 1) / steps)

    def _seed(self, number: int) -> int:
        """Each step has its own seed; otherwise all answers would share the same random numbers."""
        return ((self._request.settings.seed or 0) + number - 1) % (int(LIMITS["seed"].high) + 1)

    def _call(self, number: int, purpose: Literal["answer", "summary"]) -> CallRecord | None:
        """None, and the loop is over, if the prompt does not fit."""
        request, history = self._request, self._history
        most = request.answer_tokens if purpose == "answer" else request.summary_tokens
        messages = history.messages() if purpose == "answer" else history.summary_messages()
        ids = self._read(messages)
        if len(ids) + most > self._limit:
            self.ended = "context"
            self.words = (
                f"the {purpose} of step {number} needs {len(ids):,} tokens of prompt and up to {most:,} of its own, "
                f"and the context has {self._limit:,}"
            )
            return None
        settings = request.settings.model_copy(update={"seed": self._seed(number), "max_new_tokens": most})
        return self._caller.call(purpose, ids, settings)

    def record(self) -> AgentRecord:
        """The document of the steps that have ended."""
        request = self._request
        names = {
            "document", "tool", "passage_tokens", "strategy", "keep_steps", "summary_every", "summary_tokens",
            "without_cache",
        }  # fmt: skip
        return AgentRecord(
            **self._lab.stamp(PREFILL_CHUNK),
            **request.model_dump(include=names),
            task=request.prompt,
            settings=request.step_settings.model_dump(mode="json"),
            steps_asked=request.steps,
            ended=self.ended,
            ended_words=self.words,
            plan=self._plan.plan,
            steps=self.steps,
            forecast=self._plan.forecast,
            reference_model=self._reference,
            prices_as_of=price_list_date(),
        )
