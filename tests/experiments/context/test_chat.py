"""A chat reads on from the turn before it."""

from playground.engine.chat import Turn
from playground.engine.events import PromptProcessed, TokenEvent
from playground.experiments.context.chat import ChatRequest, chat
from playground.runs.runner import Runner
from playground.settings import make_settings


def _said(runner: Runner, prompt: str, *history: Turn) -> tuple[PromptProcessed, Turn]:
    settings = make_settings(temperature=0, max_new_tokens=6)
    updates = list(chat(runner, ChatRequest(history, prompt, "tiny-llama", "fp32", settings)))
    (read,) = [one for one in updates if isinstance(one, PromptProcessed)]
    tokens = [one for one in updates if isinstance(one, TokenEvent)]
    return read, Turn(prompt, "".join(one.text for one in tokens))


def test_a_later_turn_reads_only_what_is_new(tiny: Runner):
    first, turn = _said(tiny, "Hello there")
    later, _ = _said(tiny, "And then?", turn)
    assert first.computed_tokens == first.prompt_tokens
    assert later.prompt_tokens > first.prompt_tokens
    assert later.computed_tokens <= later.prompt_tokens - first.prompt_tokens
