"""One prompt under 2 to 4 settings, models or quantizations: in turns or as one batch."""

from dataclasses import dataclass

from playground.experiments.compare.changes import base_of
from playground.experiments.compare.diff import diff_runs
from playground.experiments.compare.experiment import CompareRequest
from playground.experiments.compare.panes import Panes
from playground.experiments.compare.records import CompareMode, CompareRecord, FailedRecord
from playground.runs.experiment import Lab
from playground.runs.stages import Steps

_READ_ALIKE = {
    "system": "system prompts", "raw": "chat templates", "context_length": "context lengths",
    "reuse_prefix": "ways to read the prompt",
}  # fmt: skip


@dataclass(frozen=True)
class ModeChosen:
    """How the runs go, and why or with which seed, in a sentence or two; comes first."""

    mode: CompareMode
    why: str


def compare(lab: Lab, request: CompareRequest) -> Steps[CompareRecord | None]:
    """`ModeChosen`, then the updates of the panes.

    Panes without a seed of their own draw with one and the same, so that what differs is the setting.

    Raises:
        PlaygroundError: Every pane failed.
    """
    request, seed = request.with_seed()
    mode, why = choose_mode(request)
    drawn = f" Panes without their own seed use seed {seed}."
    yield ModeChosen(mode, why if seed is None else why + drawn)
    panes = Panes(lab.runner, request.runs(), request.titles(), lab.should_stop, request.rounds)
    yield from panes.as_batch() if mode == "batch" else panes.in_turns()
    if not panes.records:
        panes.raise_problems()
        return None
    return _record(request, panes, mode)


def _record(request: CompareRequest, panes: Panes, mode: CompareMode) -> CompareRecord:
    places = sorted(panes.records)
    runs = [panes.records[place] for place in places]
    wanted = request.reference - 1
    reference = places.index(wanted) if wanted in places else 0
    return CompareRecord(
        mode=mode,
        prompt=request.prompt,
        base=base_of(request.base),
        changes=[request.changes[place] for place in places],
        reference=reference,
        panes=runs,
        diffs=[diff_runs(runs[reference], run, n) for n, run in enumerate(runs) if n != reference],
        failed=[
            FailedRecord(pane=place, changes=changes, problem=panes.why_missing(place))
            for place, changes in enumerate(request.changes)
            if place not in panes.records
        ],
        **panes.measured(places),
    )


def choose_mode(request: CompareRequest) -> tuple[CompareMode, str]:
    """How the panes run, and why: as one batch only if that is wanted and they share model and prompt."""
    if not request.together:
        more = f", {request.passes} times there and back" if request.passes > 1 else ""
        return "turns", f"One after the other{more}, so that the times of each are its own."
    panes = request.runs()
    differs = [word for word in ("model", "quantization") if len({getattr(p, word) for p in panes}) > 1]
    kinds = [f"{word}s" for word in differs]
    kinds += [kind for name, kind in _READ_ALIKE.items() if len({getattr(p.settings, name) for p in panes}) > 1]
    if kinds:
        return "turns", f"One after the other: panes of different {kinds[0]} can't be one batch."
    return "batch", "Side by side as one batch: the prompt is read once, and the panes share their times."
