"""One prompt under 2 to 4 settings, models or quantizations: which way they run, what each tells, the record."""

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.compare.changes import base_of, pane_request
from playground.experiments.compare.diff import diff_runs
from playground.experiments.compare.panes import PaneFailed, Panes, PaneUpdate
from playground.experiments.compare.records import CompareMode, CompareRecord, FailedRecord
from playground.runs.runner import Runner
from playground.runs.updates import Meters, RunRequest
from playground.settings import check_prompt

MIN_PANES, MAX_PANES = 2, 4
_READ_ALIKE = {"system": "system prompts", "raw": "chat templates", "context_length": "context lengths"}


@dataclass(frozen=True)
class CompareRequest:
    """A comparison that somebody asked for.

    Attributes:
        panes: A run each, of the same prompt.
        changes: What each sets otherwise than the base, as `parse_changes` gives it.
        base: What all start from, as `base_of` gives it.
        reference: Index of the pane that the others are compared with.
        together: As one batch where the panes allow it; else one after the other.
    """

    panes: tuple[RunRequest, ...]
    changes: tuple[dict[str, Any], ...]
    base: dict[str, Any]
    reference: int = 0
    together: bool = False


@dataclass(frozen=True)
class ModeChosen:
    """How the panes will run, and why in a sentence or two; told first."""

    mode: CompareMode
    why: str


def make_compare(
    base: RunRequest, changes: Sequence[dict[str, Any]], *, reference: int = 0, together: bool = False
) -> CompareRequest:
    """A comparison of the base under each of these changes.

    Raises:
        PlaygroundError: Too few or too many panes, a name or value that can't be, or a reference that is no pane.
    """
    panes = tuple(pane_request(base, own) for own in changes)
    request = CompareRequest(panes, tuple(changes), base_of(base), reference, together)
    _check(request)
    return request


def start_compare(
    runner: Runner, request: CompareRequest, should_stop: Callable[[], bool] = lambda: False
) -> "Comparison":
    """A comparison that has not begun; iterating it does the work.

    Panes without a seed of their own draw with one and the same, so that what differs is the setting.

    Raises:
        PlaygroundError: The request is refused at once.
    """
    _check(request)
    return Comparison(runner, request, should_stop)


class Comparison:
    """Panes on their way. Iterate it once, in a thread of its own; ask for a pane's meters from anywhere."""

    def __init__(self, runner: Runner, request: CompareRequest, should_stop: Callable[[], bool]):
        self.request, self.seed = _seeded(request)
        self._panes = Panes(runner, self.request.panes, should_stop)
        self._iterator = self._updates()

    def __iter__(self) -> Iterator[ModeChosen | PaneUpdate | PaneFailed | CompareRecord]:
        """`ModeChosen`, what the panes tell, and the record last; none if it was stopped before any pane had one.

        Raises:
            PlaygroundError: Every pane failed.
        """
        return self._iterator

    def close(self) -> None:
        """End the runs and give the model back; from the thread that iterates."""
        self._iterator.close()

    def meters(self, pane: int) -> Meters | None:
        """Everything measured so far of a pane; None before it has begun."""
        return self._panes.meters(pane)

    def _updates(self) -> Generator[ModeChosen | PaneUpdate | PaneFailed | CompareRecord, None, None]:
        chosen = _choose_mode(self.request)
        if self.seed is not None:
            chosen = replace(chosen, why=f"{chosen.why} Panes without a seed of their own draw with seed {self.seed}.")
        yield chosen
        yield from self._panes.as_batch() if chosen.mode == "batch" else self._panes.in_turns()
        if self._panes.records:
            yield self._record(chosen.mode)
        else:
            self._panes.raise_problems()

    def _record(self, mode: CompareMode) -> CompareRecord:
        request, panes = self.request, self._panes
        places = sorted(panes.records)
        runs = [panes.records[place] for place in places]
        reference = places.index(request.reference) if request.reference in places else 0
        return CompareRecord(
            mode=mode,
            prompt=request.panes[0].prompt,
            base=request.base,
            changes=[request.changes[place] for place in places],
            reference=reference,
            panes=runs,
            diffs=[diff_runs(runs[reference], run, n) for n, run in enumerate(runs) if n != reference],
            failed=[
                FailedRecord(pane=place, changes=changes, problem=panes.why_missing(place))
                for place, changes in enumerate(request.changes)
                if place not in panes.records
            ],
        )


def _check(request: CompareRequest) -> None:
    count = len(request.panes)
    if not MIN_PANES <= count <= MAX_PANES:
        raise PlaygroundError(f"A comparison takes {MIN_PANES} to {MAX_PANES} panes; got {count}.")
    if len(request.changes) != count or len({pane.prompt for pane in request.panes}) != 1:
        raise PlaygroundError("All panes of a comparison must have one prompt, and each its changes.")
    if not 0 <= request.reference < count:
        raise PlaygroundError(f"The reference must be one of the {count} panes; got pane {request.reference + 1}.")
    check_prompt(request.panes[0].prompt)


def _seeded(request: CompareRequest) -> tuple[CompareRequest, int | None]:
    """The same with one drawn seed in all panes that have none, and that seed; None if every pane has its own."""
    without = [pane for pane in request.panes if pane.settings.seed is None]
    seed = without[0].settings.seeded().seed if without else None
    panes = tuple(
        replace(pane, settings=pane.settings.model_copy(update={"seed": seed})) if pane in without else pane
        for pane in request.panes
    )
    base = request.base | ({"seed": seed} if without else {})
    plain = json.loads(json.dumps([base, *request.changes]))  # a tuple is a list in a record that was read again
    return replace(request, panes=panes, base=plain[0], changes=tuple(plain[1:])), seed


def _choose_mode(request: CompareRequest) -> ModeChosen:
    """How the panes run: as one batch only if that was asked for and they share model and prompt."""
    if not request.together:
        return ModeChosen("turns", "One after the other, so that the times of each are its own.")
    differs = [word for word in ("model", "quantization") if len({getattr(p, word) for p in request.panes}) > 1]
    kinds = [f"{word}s" for word in differs]
    kinds += [kind for name, kind in _READ_ALIKE.items() if len({getattr(p.settings, name) for p in request.panes}) > 1]
    if kinds:
        return ModeChosen("turns", f"One after the other: panes of different {kinds[0]} can't be one batch.")
    return ModeChosen("batch", "Side by side as one batch: the prompt is read once, and the panes share their times.")
