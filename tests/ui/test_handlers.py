"""Every handler of the page, also the hidden ones, called as anybody could: with missing, wrong and huge values."""

import asyncio
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from gradio.block_function import BlockFunction
from gradio.exceptions import Error
from gradio.state_holder import SessionState

from playground.ui.app import build_app
from tests.calls import request_of, run_async
from tests.scripted import Script, ScriptedRunner

VALUES: dict[str, Any] = {
    "missing": None,
    "not finite": float("nan"),
    "long": "x" * 100_000,
    "huge": 10**30,
    "list": [[], {}, None],
    "object": {"kind": "run", "node": 10**30, "at": -1, "name": None, "other": []},
}
_MOST_FRAMES = 40


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gr.Blocks]:
    runner = ScriptedRunner(Script(count=2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        yield build_app(runner, user_presets_dir=tmp_path_factory.mktemp("presets"))


async def call(demo: gr.Blocks, handler: BlockFunction, values: list[Any]) -> None:
    """As the queue does it: once, and then on until a generator has ended."""
    state, request = SessionState(demo), request_of(f"page {handler._id}")
    iterator: Any = None
    for _ in range(_MOST_FRAMES):
        answer = await demo.process_api(handler, list(values), state, request, iterator)
        iterator = answer.get("iterator")
        if not answer.get("is_generating"):
            return
    await iterator.aclose()


async def all_at_once(demo: gr.Blocks, given: list[tuple[BlockFunction, Any]]) -> list[BaseException | None]:
    calls = (call(demo, handler, [values] * len(handler.inputs)) for handler, values in given)
    return await asyncio.gather(*calls, return_exceptions=True)


def broken(demo: gr.Blocks, values: list[Any]) -> list[tuple[Any, ...]]:
    """Handlers that end in a traceback, or without words; each is given one of the values, in turn."""
    handlers = [one for one in demo.fns.values() if one.fn is not None]
    assert len(handlers) > 50
    given = [(handler, values[place % len(values)]) for place, handler in enumerate(handlers)]
    found = []
    for (handler, value), error in zip(given, run_async(all_at_once(demo, given)), strict=True):
        in_words = isinstance(error, Error) and str(error).strip("'\" ")
        if error is not None and not in_words:
            found.append((handler.name, str(value)[:30], type(error).__name__, str(error)[:300]))
    return found


def test_no_handler_ends_in_a_traceback_whatever_it_is_given(demo: gr.Blocks):
    assert broken(demo, list(VALUES.values())) == []


@pytest.mark.slow
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_no_handler_ends_in_a_traceback_given_this_everywhere(demo: gr.Blocks, values: Any):
    assert broken(demo, [values]) == []
