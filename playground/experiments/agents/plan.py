"""Prediction of a loop before it runs: planned token counts, and each step's input and price."""

from playground.backends.base import Backend
from playground.engine.chat import PreparedChat, Turn, prepare_chat
from playground.engine.prompting import UNLIMITED
from playground.experiments.agents.experiment import AgentRequest
from playground.experiments.agents.history import History, Messages
from playground.experiments.agents.records import ForecastRecord, Strategy
from playground.experiments.agents.tool import HEADS
from playground.metrics.formulas.agents import agent_steps
from playground.metrics.prices import rates

_WAYS: dict[Strategy, str] = {"full": "resent", "truncated": "truncated", "summarised": "summarised"}


def rendered(backend: Backend, messages: Messages, request: AgentRequest) -> PreparedChat:
    """The chat as the model would read it, however long it is."""
    turns, newest = messages
    return backend.tokenize(lambda tokenizer: prepare_chat(tokenizer, turns, newest, request.settings, UNLIMITED))


def plan_of(backend: Backend, request: AgentRequest) -> dict[str, int]:
    """Token counts as `agent_steps` takes them.

    S and u are counted in the first prompt. t is a passage of the requested length, with the tool's words and the
    template around an answer and a result, counted with an empty passage.
    """
    first = rendered(backend, History(request).messages(), request)
    task = sum(one.end - one.start for one in first.segments if one.kind == "user")
    pair = rendered(backend, ((Turn(request.prompt, ""),), HEADS[request.tool]), request)
    return {
        "system_tokens": len(first.ids) - task,
        "task_tokens": task,
        "steps": request.steps,
        "output_tokens": request.answer_tokens,
        "tool_tokens": request.passage_tokens + len(pair.ids) - len(first.ids),
        "keep_steps": request.keep_steps,
        "summary_every": request.summary_every,
        "summary_tokens": request.summary_tokens,
    }


def forecast(plan: dict[str, int], request: AgentRequest, reference: str) -> list[ForecastRecord]:
    """Each step by the formulas, at the list price of `reference`."""
    ways = agent_steps(plan, rates(reference).plain())
    way, cached = ways[_WAYS[request.strategy]], ways["cached"]["cumulative_usd"]
    return [
        ForecastRecord(
            number=place + 1,
            input_tokens=way["input_tokens"][place],
            cumulative_input_tokens=way["cumulative_input_tokens"][place],
            resent_usd=way["cumulative_usd"][place],
            cached_usd=cached[place] if request.strategy == "full" else None,
        )
        for place in range(request.steps)
    ]
