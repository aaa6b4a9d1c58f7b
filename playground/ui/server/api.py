"""The one named endpoint for programs, `/generate`: same checks, same runner, no page."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.events import api

from playground.errors import PlaygroundError
from playground.runs.runner import Runner
from playground.runs.updates import RunRequest
from playground.settings import QUANTIZATIONS, check_prompt, make_settings
from playground.ui.shell.common import WORK, person_of, session_of
from playground.ui.shell.live import run_frames
from playground.ui.shell.pages import Pages, Ticket

_FRAMES_PER_S = 5


def add_api(runner: Runner, pages: Pages) -> None:
    """Adds the endpoint to the Blocks being built."""

    async def generate(
        prompt: str,
        model: str = "",
        quantization: str = "",
        temperature: float = 0.8,
        top_p: float = 0.95,
        top_k: int = 0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        seed: int | None = None,
        max_new_tokens: int = 256,
        context_length: int | None = None,
        system: str = "",
        stop: list[str] | None = None,
        raw: bool = False,
        request: gr.Request | None = None,
    ) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
        """One answer: the text so far while it comes, and at the end the whole run as a record of schema 1.

        Parameters:
            prompt: What to answer.
            model: Id of the catalogue; empty is the model in memory, or the default.
            quantization: fp32, bf16, fp16, int8 or int4; empty is the one in memory, or fp32.
            temperature: 0 to 2; 0 is greedy.
            top_p: Above 0 and at most 1; 1 is off.
            top_k: 0 is off.
            min_p: 0 to 1; 0 is off.
            repetition_penalty: 0.5 to 2; 1 is off.
            seed: A whole number, or null to draw one.
            max_new_tokens: The answer ends after this many tokens.
            context_length: Tokens of prompt and answer together; null is the model's own.
            system: System prompt.
            stop: Strings that end the answer.
            raw: Continue the prompt as it stands.
        """
        try:
            settings = make_settings(
                temperature=temperature, top_p=top_p, top_k=top_k, min_p=min_p, repetition_penalty=repetition_penalty,
                seed=seed, max_new_tokens=max_new_tokens, context_length=context_length, system=system,
                stop=stop or (), raw=raw,
            )  # fmt: skip
            wanted = _request(runner, prompt, model, quantization, settings)
        except PlaygroundError as error:
            raise gr.Error(str(error), print_exception=False) from None
        ticket, text, own = _ticket(pages, request), "", runner.of(person_of(request)) if request else runner
        async with aclosing(run_frames(own, wanted, ticket, frames_per_s=_FRAMES_PER_S)) as run:
            async for view in run:
                text = _text_of(view)
                yield text, {}
        if ticket.record is not None:
            yield text, await asyncio.to_thread(ticket.record.plain)

    generate.__annotations__["return"] = tuple[str, dict]  # Gradio reads this hint as that of one step
    api(generate, api_name="generate", **WORK)


def _text_of(view: Any) -> str:
    """The answer so far; a run that failed says why."""
    if view.status["phase"] == "failed":
        raise gr.Error(view.status["problem"], print_exception=False)
    return view.text


def _ticket(pages: Pages, request: gr.Request | None) -> Ticket:
    """Heard by the one who reads the stream of the session, or of the event, as a program may read either."""
    names = (session_of(request), LocalContext.event_id.get(None)) if request else ()
    return pages.loose(*filter(None, names))


def _request(runner: Runner, prompt: Any, model: Any, quantization: Any, settings: Any) -> RunRequest:
    for name, value in {"model": model, "quantization": quantization}.items():
        if not isinstance(value, str):
            raise PlaygroundError(f"{name} must be text; got a value of type {type(value).__name__}.")
    facts = runner.facts
    model = model or (facts.id if facts else runner.catalogue.default.id)
    same = facts is not None and facts.id == model
    quantization = quantization or (facts.quantization if facts and same else QUANTIZATIONS[0])
    return RunRequest(check_prompt(prompt), model, quantization, settings)
