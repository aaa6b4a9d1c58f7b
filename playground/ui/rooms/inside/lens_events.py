"""Handlers of a look between the layers: its tokens, and attention that follows each choice."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.experiments.lens.experiment import LENS, AttentionRecord, LensRecord, again
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from playground.ui.components.words import word
from playground.ui.rooms.inside.looked import Looked
from playground.ui.shell.common import session_of, whole
from playground.ui.shell.pages import Slot
from playground.views.layers import attention_value
from playground.views.run import packed

_ATTENTION = replace(LENS, run="playground.experiments.lens.run:attention")
_log = logging.getLogger(__name__)


class LensEvents:
    """Handlers of the section; `slot` holds each page's look."""

    def __init__(self, looked: Looked, runner: Runner, slot: Slot):
        self._looked, self._runner, self._slot = looked, runner, slot

    def summary(self, request: gr.Request) -> str:
        """What a click would inspect."""
        record = self._looked.record(request)
        if record is None:
            return word("inside.no_run_reads_prompt")
        tokens = len(record.prompt_token_ids) + len(record.tokens)
        return f"This reads the prompt and answer of the run above: {tokens:,} tokens, in a second pass."

    def request_fields(self, request: gr.Request) -> dict[str, Any]:
        """Fields of the inspected run with its answer, if there is one; attention of a short text in full."""
        record = self._looked.record(request)
        answer = () if record is None else tuple(token.id for token in record.tokens)
        return self._looked.request_fields(request) | {"answer_ids": answer, "matrix": True}

    async def attend(self, sent: Any, request: gr.Request) -> str:
        """Attention of another layer, head or token of the record shown; a value of the map."""
        session = session_of(request)
        ticket = self._slot.last(session)
        record = ticket.record if ticket else None
        if ticket is None or not isinstance(record, LensRecord) or not isinstance(sent, dict):
            return ""
        chosen = {name: whole(sent.get(name)) for name in ("layer", "query", "head")}
        chosen["head"] = chosen["head"] or None  # 0 is the mean
        try:
            found = await asyncio.to_thread(self._attention, record, chosen, lambda: ticket.is_replaced)
        except PlaygroundError as error:
            return packed({"problem": str(error)})
        except Exception:
            _log.exception("attention failed")
            return packed({"problem": "Attention could not be computed; the log says why."})
        return attention_value(record, found, chosen["head"] or 0)

    def _attention(
        self, record: LensRecord, chosen: dict[str, int | None], should_stop: Callable[[], bool]
    ) -> AttentionRecord | None:
        request = again(record, record.model.id).model_copy(update={**chosen, "matrix": True})
        came = updates(self._runner, _ATTENTION, request, should_stop)
        return next((one for one in came if isinstance(one, AttentionRecord)), None)
