"""Handlers of the chat: preview while typing, send, stop, start a new chat, and zoom into the strip."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.engine.chat import Turn
from playground.errors import PlaygroundError
from playground.experiments.context.chat import ChatRequest, chat, preview_chat
from playground.experiments.context.tokens import pieces_of
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.settings import MAX_PROMPT_CHARS, check_prompt, make_settings
from playground.ui.components.words import word
from playground.ui.rooms.inside.context.answer import ChatAnswer
from playground.ui.rooms.inside.context.store import Chat, Chats
from playground.ui.rooms.inside.looked import Looked
from playground.ui.shell.bar import Given
from playground.ui.shell.common import Controls, named, person_of, session_of
from playground.ui.shell.controls import settings_of
from playground.ui.shell.follow import Due, failure, follow
from playground.ui.shell.pages import Pages
from playground.views import context as views
from playground.views.context import Shown
from playground.views.terminal import safe_text

_TYPING_S = 0.2


class ChatEvents:
    """Handlers over the runner. `fields` are the sidebar's controls by name, and `message` and `limit` of the chat."""

    def __init__(self, fields: Controls, runner: Runner, looked: Looked, pages: Pages):
        self._fields, self._runner, self._looked = fields, runner, looked
        self._pages, self._slot = pages, pages.slot("chat")
        self._chats = Chats(self._slot)

    def _request(self, data: dict[Component, Any], history: tuple[Turn, ...]) -> ChatRequest:
        """The request that the controls describe; the context length is the chat's, at most the model's."""
        values = named(self._fields, data)
        message, model, quantization = values["message"], values["model"], values["quantization"]
        if not all(isinstance(text, str) for text in (message, model, quantization)):
            raise PlaygroundError("Message, model and quantization must be text.")
        if len(message) > MAX_PROMPT_CHARS:
            check_prompt(message)
        settings = settings_of(values | {"context_length": self._limit(values["limit"], model)})
        return ChatRequest(history, message, model, quantization, settings)

    def _limit(self, limit: Any, model: str) -> Any:
        backend = self._runner.loaded(model)
        own = backend.facts.context_length if backend else None
        return min(limit, own) if own and isinstance(limit, int | float) and not isinstance(limit, bool) else limit

    def _runs(self, session: str) -> bool:
        ticket = self._slot.last(session)
        return ticket is not None and not ticket.ended.is_set()

    async def preview(self, data: dict[Component, Any], request: gr.Request) -> Any:
        """The strip as it would be if the message were sent now; nothing is sent."""
        session = session_of(request)
        before = self._slot.last(session)
        await asyncio.sleep(_TYPING_S)  # while a person types, the page sends one request at a time, then the newest
        own = self._chats.of(session)
        if self._runs(session) or self._slot.last(session) is not before:  # sent meanwhile: that is shown
            return gr.skip()
        try:
            wanted = self._request(data, own.turns)
            return await asyncio.to_thread(self._previewed, own, wanted, self._looked.record(request))
        except PlaygroundError as error:
            return views.problem_value(str(error))

    def _previewed(self, own: Chat, wanted: ChatRequest, record: RunRecord | None) -> Any:
        """With an empty message the last answer stays or comes back, or else the inspected run."""
        settings = wanted.settings.model_copy(update={"seed": None})
        if not wanted.prompt and own.answered is not None and own.answered[1] == settings:
            if own.shown is own.answered[0]:
                return gr.skip()
            own.shown, own.settings = own.answered
            return views.strip_value(own.shown)
        if not wanted.prompt and own.settings == settings:
            return gr.skip()
        own.settings = settings
        if not wanted.prompt and not own.turns and record is not None:
            return self._strip_of_run(own, record, settings.context_length)
        read = preview_chat(self._runner, wanted)
        if read is None:
            return views.problem_value(word("inside.strip_drawn_once"))
        own.shown = Shown(wanted.model, read.prepared, read.whole, len(own.turns), None, settings.max_new_tokens)
        return views.strip_value(own.shown)

    async def send(self, data: dict[Component, Any], request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        """Values of message, transcript, strip and status while the answer comes."""
        session = session_of(request)
        own = self._chats.of(session)
        try:
            wanted = self._request(data, own.turns)
            check_prompt(wanted.prompt)
        except PlaygroundError as error:
            yield gr.skip(), gr.skip(), gr.skip(), failure(error)
            return
        ticket, answer = self._slot.begin(session), ChatAnswer(wanted)
        runner = self._runner.of(person_of(request))
        self._pages.publish(answer.feed, ticket)
        due = Due()
        async with aclosing(follow(answer, lambda stop: chat(runner, wanted, stop), ticket)) as frames:
            async for _ in frames:
                if due(answer.shown is not None or answer.status):
                    yield self._frame(own, answer)
        if not ticket.is_replaced:  # by a new chat
            self._keep(own, answer)
            if answer.ids:
                await answer.feed.taken()
        if not ticket.is_replaced:
            yield self._ended(own, answer)

    def _frame(self, own: Chat, answer: ChatAnswer) -> tuple[Any, ...]:
        """The message moves into the transcript as soon as it is read; the page polls the feed for the rest."""
        shown = answer.shown
        if shown is None or (own.shown is not None and own.shown.answer_ids is answer.ids):
            return gr.skip(), gr.skip(), gr.skip(), answer.status
        own.shown = shown
        return "", answer.transcript, views.strip_value(shown), answer.status

    def _keep(self, own: Chat, answer: ChatAnswer) -> None:
        """Keep the turn. One without a token of an answer is not a turn."""
        if not answer.ids:
            return
        own.turns = (*answer.request.history, Turn(answer.request.prompt, answer.text))
        own.shown, own.settings = answer.shown, answer.request.settings.model_copy(update={"seed": None})
        own.answered = None if own.shown is None else (own.shown, own.settings)

    def _ended(self, own: Chat, answer: ChatAnswer) -> tuple[Any, ...]:
        """The page at rest; a message without an answer goes back into its field."""
        if own.shown is not None and answer.ids:
            return gr.skip(), gr.skip(), views.strip_value(own.shown), answer.status
        state = answer.status if answer.status["phase"] == "failed" else {"phase": "stopped", "text": "stopped"}
        return answer.request.prompt, views.transcript_lines(own.turns), gr.skip(), state

    async def begin(self, data: dict[Component, Any], request: gr.Request) -> tuple[Any, ...]:
        """Start an empty chat; an answer in progress is stopped."""
        session = session_of(request)
        self._slot.keep(session)
        own = self._chats.of(session)
        own.turns, own.shown, own.settings, own.answered = (), None, None, None
        return "", await self.preview(data, request), "", {}

    async def zoom(self, kind: Any, request: gr.Request) -> Any:
        """The tokens of a part of the strip, each with its text and id."""
        shown = self._chats.of(session_of(request)).shown
        backend = None if shown is None else self._runner.loaded(shown.model)
        if shown is None or backend is None or not isinstance(kind, str):
            return ""
        return await asyncio.to_thread(backend.tokenize, lambda tokenizer: _chips(tokenizer, shown, kind))

    async def give(self, _wanted: dict[str, Any], request: gr.Request) -> Given:
        """The turns as text.

        Raises:
            PlaygroundError: Nothing was said yet.
        """
        turns = self._chats.of(session_of(request)).turns
        if not turns:
            raise PlaygroundError("The chat has no answer yet: send a message.")
        return "chat.txt", safe_text("\n\n".join(f"You: {one.user}\n\nModel: {one.answer}" for one in turns) + "\n")

    def fill(self, request: gr.Request) -> str | None:
        """The strip of the inspected run; None if a chat that has begun keeps its own."""
        session, record = session_of(request), self._looked.record(request)
        own = self._chats.of(session)
        if own.turns or record is None or self._runs(session):
            return None
        try:
            return self._strip_of_run(own, record, record.settings["context_length"])
        except PlaygroundError as error:
            return views.problem_value(str(error))

    def _strip_of_run(self, own: Chat, record: RunRecord, context_length: int | None) -> str:
        settings = make_settings(**{**record.settings, "context_length": context_length})
        wanted = ChatRequest((), record.prompt, record.model.id, record.model.quantization, settings)
        read = preview_chat(self._runner, wanted)
        if read is None:
            return views.problem_value(word("inside.strip_drawn_once"))
        answer = tuple(token.id for token in record.tokens)
        own.shown = Shown(wanted.model, read.prepared, read.whole, 0, answer, 0)
        return views.strip_value(own.shown)

    def longest(self, model: Any, limit: Any) -> Any:
        """The slider as long as the model's context; where the model is not known yet it stays."""
        backend = self._runner.loaded(model) if isinstance(model, str) else None
        most = backend.facts.context_length if backend else None
        if most is None:
            return gr.skip()
        is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
        return gr.update(maximum=most, value=min(limit, most) if is_number else most)


def _chips(tokenizer: Any, shown: Shown, kind: str) -> str:
    """Tokens of one kind of part, each stretch with its name."""
    pieces, labels = [], []
    for name, ids, is_template in _stretches(shown, kind):
        labels.append((len(pieces), name))
        pieces += pieces_of(tokenizer, ids, template=is_template)
    return views.chips_value(pieces, title=views.PART_NAMES.get(kind, ""), labels=labels if len(labels) > 1 else ())


def _stretches(shown: Shown, kind: str) -> list[tuple[str, tuple[int, ...], bool]]:
    if kind == "answer":
        return [("", tuple(shown.answer_ids or ()), False)]  # more may come meanwhile
    if kind == "dropped":
        return [(views.part_name(one, -1), shown.whole.ids[one.start : one.end], False) for one in views.fallen(shown)]
    newest = shown.newest
    return [
        (views.part_name(one, newest), shown.prepared.ids[one.start : one.end], one.kind == "template")
        for one in shown.prepared.segments
        if views.kind_of(one, newest) == kind
    ]
