"""What happens in the Compare tab: a run, its results, another reference, a file that is opened."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.compare.changes import base_of
from playground.experiments.compare.diff import diff_runs
from playground.experiments.compare.experiment import CompareRequest
from playground.experiments.compare.records import CompareRecord, SweepRecord
from playground.experiments.compare.saved import compare_saved
from playground.experiments.compare.sweep import estimate_runs
from playground.experiments.compare.table import metric_rows
from playground.runs.records import RunRecord
from playground.runs.request import read_request
from playground.runs.runner import Runner
from playground.ui.components.words import word
from playground.ui.rooms.compare.layout import Compare
from playground.ui.rooms.compare.live import MODES, CompareView, compare_frames
from playground.ui.rooms.compare.pane_values import (
    NAMES,
    READY,
    chips_between,
    own_changes,
    pane_changes,
    pane_problems,
    pane_value,
)
from playground.ui.rooms.compare.sweep_events import sweep_updates
from playground.ui.shell.common import Controls, named, note, refused, session_of
from playground.ui.shell.controls import make_request, priced
from playground.ui.shell.follow import Due
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import opened, sent
from playground.views import compare as views
from playground.views.format import ahead_text
from playground.views.metric_table import busy_text, table_value
from playground.views.verdict import verdict

Updates = dict[Component, Any]
PaneValues = tuple[str, dict[str, Any], dict[str, Any]]
"""Of tokens, status and meters."""
_PAUSE_S = 0.25  # while a person types, one request at a time


class CompareEvents:
    """Handlers of the tab over the runner."""

    def __init__(self, tab: Compare, controls: Controls, runner: Runner, pages: Pages):
        self._tab, self._controls, self._runner, self._pages = tab, controls, runner, pages
        self._slot = pages.slot("compare")

    def checker(self, pane: gr.HTML) -> Callable[[dict[Component, Any]], Any]:
        """Reports to a pane which of its settings are wrong."""

        def check(data: dict[Component, Any]) -> Any:
            problems, own = dict[str, str](), ["model"]
            try:
                changes = own_changes(data[pane]) or {}
                problems = pane_problems(changes)
                own = [name for name in ("model", "quantization") if name in changes]
                if own and not problems:
                    wanted = named(self._controls, data) | changes
                    self._runner.check(str(wanted["model"]), str(wanted["quantization"]))
            except PlaygroundError as error:
                problems[own[-1]] = str(error)
            return gr.update(problems=problems)

        return check

    async def ahead(self, data: dict[Component, Any]) -> str:
        """How long these panes may take, where a person would notice; none where they can't run, which Run says."""
        await asyncio.sleep(_PAUSE_S)
        prompt = self._controls["prompt"]
        try:
            wanted, _ = self._request(data | {prompt: str(data[prompt] or "").strip() or "any"})
            return ahead_text("", await asyncio.to_thread(estimate_runs, self._runner, wanted))
        except PlaygroundError:
            return ""

    async def run(self, data: dict[Component, Any], request: gr.Request) -> AsyncIterator[tuple[Any, ...]]:
        """Values of all panes at the start and the end; between them the page polls the feeds."""
        try:
            wanted, slots = self._request(data)
            runner = priced(self._runner, named(self._controls, data), request)
            for model in dict.fromkeys([wanted.model, *(pane.get("model", wanted.model) for pane in wanted.panes)]):
                runner.shelf.refuse_missing(model)
        except PlaygroundError as error:
            problem = refused(word("common.did_not_run"), error)
            yield gr.skip(), gr.skip(), problem, gr.skip(), *[gr.skip()] * (3 * len(NAMES))
            return
        ticket, view, due = self._slot.begin(session_of(request)), CompareView(wanted), Due()
        for pane in view.panes:
            self._pages.publish(pane.feed, ticket)
        begun = _live(slots, [(pane.head, pane.status, {}) for pane in view.panes])
        async with aclosing(compare_frames(runner, view, ticket)) as frames:
            async for _ in frames:
                if due(view.why):
                    yield view.mode or gr.skip(), view.why, {}, slots, *begun
        if ticket.is_replaced:  # by a file that was opened meanwhile
            return
        await asyncio.gather(*(pane.feed.taken() for pane in view.panes))
        ended = await asyncio.to_thread(lambda: [(pane.head, pane.status, pane.meters) for pane in view.panes])
        record = ticket.record
        finished = tuple(slots[place] for place in record.places) if isinstance(record, CompareRecord) else ()
        yield gr.skip(), view.why, {}, finished, *_live(slots, ended)

    def _request(self, data: dict[Component, Any]) -> tuple[CompareRequest, tuple[int, ...]]:
        values = named(self._controls, data)
        base = make_request(values)
        before, slots, panes = base_of(base), [], []
        for slot, pane in enumerate(self._tab.panes):
            try:
                changes = own_changes(data[pane.settings])
                if changes is not None:
                    panes.append(pane_changes(before, changes))
                    slots.append(slot)
            except PlaygroundError as error:
                raise PlaygroundError(f"Pane {NAMES[slot]}: {error}") from None
        reference = _slot(data[self._tab.reference])
        given = {
            "prompt": base.prompt, "model": base.model, "quantization": base.quantization, "settings": base.settings,
            "panes": panes, "together": data[self._tab.mode] == "together",
            "reference": slots.index(reference) + 1 if reference in slots else 1,
        }  # fmt: skip
        return read_request(CompareRequest, given), tuple(slots)

    def results(self, slots: Any, request: gr.Request) -> Updates:
        """The results of the page's finished comparison."""
        ticket = self._slot.last(session_of(request))
        record = ticket.record if ticket else None
        if not isinstance(record, CompareRecord) or len(slots) != len(record.panes):
            return self._nothing()
        return self._shown(record, slots)

    def _nothing(self) -> Updates:
        tab = self._tab
        return {tab.reference: gr.update(value="", options=[]), tab.verdict: "", tab.diffs: "", tab.table: ""}

    def _shown(self, record: CompareRecord, slots: Sequence[int]) -> Updates:
        names = [NAMES[slot] for slot in slots]
        options = [[str(slot), NAMES[slot], ""] for slot in slots] if len(slots) > 1 else []
        rows = metric_rows(record.panes, record.mode, record.passes, record.control)
        return {
            self._tab.reference: gr.update(value=str(slots[record.reference]), options=options),
            self._tab.verdict: verdict(record.panes, names, record.reference, record.diffs, rows),
            self._tab.diffs: views.diffs_value(record.panes, names, record.reference, record.diffs),
            self._tab.table: table_value(rows, names, record.mode, busy_text(record.panes, names)),
        }

    async def refer(self, chosen: Any, slots: Any, request: gr.Request) -> Updates:
        """Another reference: the diffs against it, from the same runs; the saved record follows."""
        ticket, slot = self._slot.last(session_of(request)), _slot(chosen)
        record = ticket.record if ticket else None
        if ticket is None or not isinstance(record, CompareRecord) or slot not in slots:
            return {self._tab.table: gr.skip()}
        changed = await asyncio.to_thread(_referring, record, slots.index(slot))
        ticket.record = changed
        return self._shown(changed, slots)

    def opener(self, bar: gr.HTML) -> Callable[..., Awaitable[Updates]]:
        """A saved comparison or sweep from this bar fills the tab again; nothing runs."""

        async def open_it(data: dict[Component, Any], request: gr.Request) -> Updates:
            return await self._open(data[bar], named(self._controls, data), request)

        return open_it

    async def _open(self, value: Any, values: dict[str, Any], request: gr.Request) -> Updates:
        text, only_result = sent(value)
        try:
            record = await asyncio.to_thread(_read, text)
            base = base_of(make_request({**values, "prompt": "any"}))
            if isinstance(record, CompareRecord) and len(record.panes) > len(NAMES):
                raise PlaygroundError(f"This file has {len(record.panes)} panes; the page shows at most {len(NAMES)}.")
        except PlaygroundError as error:
            return {self._tab.notice: refused(word("common.not_opened"), error)}
        if isinstance(record, CompareRecord):
            slot, filled = self._slot, await asyncio.to_thread(self._filled, record, base)
        else:
            slot, filled = self._pages.slot("sweep"), await asyncio.to_thread(sweep_updates, self._tab.sweep, record)
        slot.keep(session_of(request), record)
        if only_result:
            return {part: value for part, value in filled.items() if part not in self._tab.set_before}
        news = note(word("compare.saved_results"), word("compare.nothing_has_run"))
        filled |= {self._tab.why: word("compare.saved_runs_side")} if _is_list(text) else {}
        return {self._tab.notice: news, self._tab.prompt: getattr(record, "prompt", ""), **filled}

    def _filled(self, record: CompareRecord, base: dict[str, Any]) -> Updates:
        """Chips show what differs from the sidebar now, so that Run repeats the same settings."""
        slots = tuple(range(len(record.panes)))
        updates: Updates = {
            self._tab.mode: MODES[record.mode],
            self._tab.why: word(f"compare.saved.{record.mode}"),
            self._tab.slots: slots,
            **self._shown(record, slots),
        }
        for slot, pane in enumerate(self._tab.panes):
            run = record.panes[slot] if slot < len(record.panes) else None
            on = run is not None or slot < 2
            value = pane_value(on, chips_between(base, run) if run else None)
            updates[pane.settings] = gr.update(value=value, problems={})
            updates[pane.tokens] = views.run_lines(run) if run else ""
            updates[pane.status] = views.run_status(run) if run else READY
            updates[pane.meters] = views.run_meters(run) if run else {}
        return updates


def _live(slots: Sequence[int], panes: Sequence[PaneValues]) -> list[Any]:
    """Tokens, status and meters of every pane of the page; unused panes are empty."""
    by_slot = dict(zip(slots, panes, strict=True))
    return [value for slot in range(len(NAMES)) for value in by_slot.get(slot, ("", READY, {}))]


def _slot(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 1 else None


def _is_list(text: Any) -> bool:
    return isinstance(text, str) and text.startswith("[")


def _read(text: Any) -> CompareRecord | SweepRecord:
    """A saved comparison or sweep; or a list of saved runs, each as text, which become one."""
    if not _is_list(text):
        record = opened(text, CompareRecord, SweepRecord)
        assert isinstance(record, CompareRecord | SweepRecord)
        return record
    try:
        texts = json.loads(text)
    except (ValueError, RecursionError):
        raise PlaygroundError("The chosen runs could not be read: they are not a list in JSON.") from None
    runs = [one for each in texts[: len(NAMES) + 1] if isinstance(one := opened(each, RunRecord), RunRecord)]
    return compare_saved(runs)


def _referring(record: CompareRecord, reference: int) -> CompareRecord:
    panes = record.panes
    diffs = [diff_runs(panes[reference], pane, n) for n, pane in enumerate(panes) if n != reference]
    return record.model_copy(update={"reference": reference, "diffs": diffs})
