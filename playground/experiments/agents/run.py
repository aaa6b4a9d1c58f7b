"""A loop of an agent, really run: answer, tool, answer, every prompt longer than the one before, or cut or summarised.

Tools and loops like this one: Yao et al. 2023, "ReAct". The tool here is called on every answer, since a small model
can't be trusted to ask for it; so what is measured is the loop's tokens and times, not the model's skill.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from playground.backends.base import Backend, Loading, Queued
from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.template import ids_of
from playground.experiments.agents.calls import Caller
from playground.experiments.agents.history import History, Messages
from playground.experiments.agents.plan import forecast, plan_of, rendered
from playground.experiments.agents.records import AgentEnded, AgentRecord, AgentStepRecord, CallRecord, ForecastRecord
from playground.experiments.agents.request import AgentRequest, check_agent
from playground.experiments.agents.tool import Lookup, passages_of
from playground.metrics.prices import price_list_date
from playground.runs.environment import describe_environment
from playground.runs.measure import model_record
from playground.runs.runner import with_seed
from playground.runs.services import Runner
from playground.runs.stages import Stage
from playground.settings import LIMITS


@dataclass(frozen=True)
class AgentPlan:
    """What the formulas say, told before the first step."""

    plan: dict[str, int]
    forecast: list[ForecastRecord]


AgentUpdate = Queued | Loading | Stage | AgentPlan | AgentStepRecord | AgentRecord
"""What `agent_loop` yields; the record comes last, also when stopped."""


def agent_loop(
    runner: Runner, request: AgentRequest, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[AgentUpdate]:
    """The loop, each step as soon as it has ended.

    Raises:
        PlaygroundError: The request is refused.
    """
    check_agent(runner, request)
    seeded = replace(request, settings=with_seed(request.settings))

    def work(backend: Backend) -> Iterator[AgentUpdate]:
        return _Loop(backend, seeded, runner.pricing.reference, should_stop).updates()

    return runner.holding(request.model, request.quantization, work, should_stop)


class _Ended(Exception):
    """The loop is over, and why."""

    def __init__(self, kind: AgentEnded, words: str):
        super().__init__(words)
        self.kind: AgentEnded = kind
        self.words = words


class _Loop:
    """One loop on its way."""

    def __init__(self, backend: Backend, request: AgentRequest, reference: str, should_stop: Callable[[], bool]):
        self._backend, self._request, self._reference = backend, request, reference
        self._limit = backend.context_length(request.settings)
        self._caller = Caller(backend, request, reference, should_stop)
        self._history = History(request)
        passages = backend.tokenize(lambda one: passages_of(one, request.document, request.passage_tokens))
        self._tool = Lookup(passages, request.tool)
        self._plan = plan_of(backend, request)
        self._forecast = forecast(self._plan, request, reference)
        self._steps: list[AgentStepRecord] = []

    def updates(self) -> Iterator[AgentUpdate]:
        yield AgentPlan(self._plan, self._forecast)
        self._caller.warm_up(rendered(self._backend, self._history.messages(), self._request).ids)
        end = _Ended("complete", f"all {self._request.steps} steps were run")
        try:
            for number in range(1, self._request.steps + 1):
                step = yield from self._step(number)
                self._steps.append(step)
                yield step
        except _Ended as early:
            end = early
        yield self._record(end.kind, end.words)

    def _step(self, number: int) -> Generator[Stage, None, AgentStepRecord]:
        """Maybe a summary, then the answer and the tool.

        Raises:
            _Ended: Stopped, or the prompt does not fit.
        """
        request, calls = self._request, list[CallRecord]()
        done = (number - 1) / request.steps
        if self._history.is_summary_due():
            yield Stage(f"step {number} of {request.steps}: summarising the history", done)
            calls.append(self._call(number, "summary", self._history.summary_messages()))
            self._history.replace(calls[0].text)
        messages = self._history.messages()
        yield Stage(f"step {number} of {request.steps}: answering", done)
        calls.append(self._call(number, "answer", messages))
        result = self._tool(calls[-1].text)
        self._history.pairs.append((calls[-1].text, result.text))
        return AgentStepRecord(
            number=number, seed=self._seed(number), calls=calls, tool_text=result.text,
            tool_tokens=len(self._backend.tokenize(lambda tokenizer: ids_of(tokenizer, result.text))),
            passage=result.passage,
        )  # fmt: skip

    def _seed(self, number: int) -> int:
        """Each step draws by its own seed, or all answers would share their luck."""
        return ((self._request.settings.seed or 0) + number - 1) % (int(LIMITS["seed"].high) + 1)

    def _call(self, number: int, purpose: Literal["answer", "summary"], messages: Messages) -> CallRecord:
        own = self._request.settings
        most = own.max_new_tokens if purpose == "answer" else self._request.summary_tokens
        ids = rendered(self._backend, messages, self._request).ids
        if len(ids) + most > self._limit:
            raise _Ended(
                "context",
                f"the {purpose} of step {number} needs {len(ids):,} tokens of prompt and up to {most:,} of its own, "
                f"and the context has {self._limit:,}",
            )
        settings = own.model_copy(update={"seed": self._seed(number), "max_new_tokens": most})
        call = self._caller.call(purpose, ids, settings)
        if call is None:
            raise _Ended("stopped", f"stopped in step {number}")
        return call

    def _record(self, ended: AgentEnded, words: str) -> AgentRecord:
        request = self._request
        own: dict[str, Any] = asdict(request)
        names = (
            "task", "document", "tool", "passage_tokens", "strategy", "keep_steps", "summary_every", "summary_tokens",
            "without_cache",
        )  # fmt: skip
        return AgentRecord(
            **{name: own[name] for name in names},
            model=model_record(self._backend.facts),
            settings=request.settings.model_dump(mode="json"),
            steps_asked=request.steps,
            ended=ended,
            ended_words=words,
            plan=self._plan,
            steps=self._steps,
            forecast=self._forecast,
            reference_model=self._reference,
            prices_as_of=price_list_date(),
            environment=describe_environment(self._backend.facts, PREFILL_CHUNK),
        )
