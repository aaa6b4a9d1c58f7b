"""A ladder, or a load, while it is computed: what has come so far, as values of the page's parts."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from playground.experiments.determinism.records import (
    ArmRecord,
    ControlRecord,
    FixRecord,
    LadderRecord,
    LoadRecord,
    ProbeRecord,
    ReferenceRecord,
    RungRecord,
)
from playground.experiments.determinism.rungs import FIXES, RUNGS
from playground.runs.records import Document
from playground.runs.stages import Stage
from playground.ui.shell.follow import Start, follow
from playground.ui.shell.pages import Slot
from playground.views import ladder as ladder_views
from playground.views import load as load_views
from playground.views.format import count_of
from playground.views.ladder import ANOTHER_MODEL
from playground.views.run import status


class LabView:
    """What both have: a status in words, and figures that are made anew only when something was found."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self._model = ""
        self._found: tuple[Any, ...] | None = None

    def add(self, update: object) -> None:
        """Take in what was told; the record, which comes last, replaces everything before it."""
        if isinstance(update, Stage):
            self.status = {"phase": "running", "text": update.text, "fraction": update.fraction}
        elif self._take(update):
            self._found = None
        else:
            self.status = status(update) or self.status

    def values(self) -> tuple[Any, ...]:
        """The status, then the figures."""
        if self._found is None:
            self._found = self._figures()
        return self.status, *self._found

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """It is over, by itself or because somebody stopped it, or it broke; what was found stays."""
        phase = "finished" if self._complete() else "stopped"
        self.status = failed or {"phase": phase, "text": f"{phase}: {self._kept()}"}

    def opened(self) -> None:
        """It is a saved one."""
        self.status = {"phase": "finished", "text": f"opened: {self._kept()}, {self._model}"}

    def _take(self, update: object) -> bool:
        raise NotImplementedError

    def _figures(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def _complete(self) -> bool:
        raise NotImplementedError

    def _kept(self) -> str:
        raise NotImplementedError


class LadderView(LabView):
    """The ladder so far. Its figures: control, probe, reference, chart of gaps, rungs, other models, fixes."""

    def __init__(self) -> None:
        super().__init__()
        self._control: ControlRecord | None = None
        self._reference: ReferenceRecord | None = None
        self._probes: list[ProbeRecord] = []
        self._rungs: list[RungRecord] = []
        self._fixes: list[FixRecord] = []

    def _take(self, update: object) -> bool:
        if isinstance(update, ControlRecord):
            self._control = update
        elif isinstance(update, ReferenceRecord):
            self._reference = update
        elif isinstance(update, ProbeRecord):
            self._probes.append(update)
        elif isinstance(update, RungRecord):
            self._rungs.append(update)
        elif isinstance(update, FixRecord):
            self._fixes.append(update)
        elif isinstance(update, LadderRecord):
            self._model = f"{update.model.id} {update.model.quantization}"
            self._control, self._reference = update.control, update.reference
            self._probes, self._rungs, self._fixes = update.host_probe, update.rungs, update.fixes
        else:
            return False
        return True

    def _figures(self) -> tuple[Any, ...]:
        own = [rung for rung in self._rungs if rung.group != ANOTHER_MODEL]
        others = [rung for rung in self._rungs if rung.group == ANOTHER_MODEL]
        return (
            ladder_views.control_value(self._control),
            ladder_views.probe_value(self._probes),
            ladder_views.reference_text(self._reference),
            ladder_views.gap_chart(self._reference, self._rungs),
            ladder_views.rungs_value(self._reference, own),
            ladder_views.rungs_value(self._reference, others),
            ladder_views.fixes_value(self._fixes),
        )

    def _refused(self) -> bool:
        return self._control is not None and not self._control.bitwise_equal

    def _complete(self) -> bool:
        return self._refused() or (len(self._rungs) == len(RUNGS) and len(self._fixes) == len(FIXES))

    def _kept(self) -> str:
        if self._refused():
            return "the control was not equal, so nothing is claimed"
        run = sum(not rung.skipped for rung in self._rungs)
        skipped = f" and {len(self._rungs) - run} skipped" if run < len(self._rungs) else ""
        return f"{count_of(run, 'rung')} measured{skipped}, {count_of(len(self._fixes), 'fix', 'fixes')} tried"


class LoadView(LabView):
    """The load so far, of so many ways of computing. Its figures: chart, ways of computing, ours beside the anchor."""

    def __init__(self, asked: int, ways: int) -> None:
        super().__init__()
        self._asked, self._ways = asked, ways
        self._arms: list[ArmRecord] = []
        self._ours = ""

    def _take(self, update: object) -> bool:
        if isinstance(update, ArmRecord):
            self._arms.append(update)
        elif isinstance(update, LoadRecord):
            self._model, self._asked, self._arms = update.model.id, update.asked, update.arms
            self._ours = load_views.ours(update)
        else:
            return False
        return True

    def _figures(self) -> tuple[Any, ...]:
        return load_views.arms_chart(self._arms, self._asked), load_views.arms_value(self._arms), self._ours

    def _complete(self) -> bool:
        return len(self._arms) >= self._ways

    def _kept(self) -> str:
        ways = count_of(len(self._arms), "way of computing", "ways of computing")
        return (
            f"{ways}, {count_of(self._asked, 'request')} each" if self._arms else "before any way of computing was done"
        )


async def frames(view: LabView, start: Start[Any], slot: Slot, session: str) -> AsyncGenerator[tuple[Any, ...]]:
    """The view's values again and again until the work has ended, or the page shows something else."""
    async with aclosing(follow(view, start, slot.begin(session))) as looks:
        async for _ in looks:
            yield view.values()


def opened_view(view: LabView, record: Document, slot: Slot, session: str) -> tuple[Any, ...]:
    """A saved record in place of what the page showed, which is told to stop."""
    slot.keep(session, record)
    view.add(record)
    view.opened()
    return view.values()
