"""The ladder as panels: parts of the page, and the same as tables and words."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from playground.experiments.determinism.records import (
    ControlRecord,
    FixRecord,
    ProbeRecord,
    ReferenceRecord,
    RungRecord,
)
from playground.experiments.determinism.rungs import FIXES, RUNGS
from playground.views.format import count_of, format_number, format_percent, format_seconds
from playground.views.ladder import (
    ANOTHER_MODEL,
    control_value,
    control_words,
    fix_words,
    fixes_value,
    gap_chart,
    plain_words,
    probe_value,
    reference_text,
    rung_verdict,
    rungs_value,
)
from playground.views.panels import Content, Drawn, Panel, Sofar, Table, View

_GROUPS = {
    "sampling": "Sampling",
    "numerics": "Numerics, the same model",
    ANOTHER_MODEL: "Another model, not noise",
}
_PROBE = ("This machine, single operations", "operation", "type", "bits change?", "outputs that differ", "largest")
_RUNG = ("max |dz|", "KL mean", "top-1", "risky", "fork", "tokens there", "predicted", "time")


def _found(sofar: Sofar) -> tuple[ControlRecord | None, ReferenceRecord | None, list[Any], list[Any], list[Any]]:
    """Control, reference, probes, rungs and fixes, as far as they are known."""
    record = sofar.record
    if record is not None:
        return record.control, record.reference, record.host_probe, record.rungs, record.fixes
    control = next(iter(sofar.of(ControlRecord)), None)
    reference = next(iter(sofar.of(ReferenceRecord)), None)
    return control, reference, sofar.of(ProbeRecord), sofar.of(RungRecord), sofar.of(FixRecord)


def _draw(sofar: Sofar) -> dict[str, Content]:
    control, reference, probes, rungs, fixes = _found(sofar)
    own = [rung for rung in rungs if rung.group != ANOTHER_MODEL]
    others = [rung for rung in rungs if rung.group == ANOTHER_MODEL]
    drawn: dict[str, Content | None] = {
        "control": Drawn(control_value(control), _control(control)) if control else None,
        "probe": Drawn(probe_value(probes), [_probes(probes)]) if probes else None,
        "reference": Drawn(reference_text(reference), _reference(reference)) if reference else None,
        "gaps": gap_chart(reference, rungs),
        "rungs": Drawn(rungs_value(reference, own), list(_rungs(own))) if reference and own else None,
        "others": Drawn(rungs_value(reference, others), list(_rungs(others))) if reference and others else None,
        "fixes": Drawn(fixes_value(fixes), [_fixes(fixes)]) if fixes else None,
    }
    return {name: content for name, content in drawn.items() if content is not None}


def _control(control: ControlRecord) -> list[str]:
    title, text = control_words(control)
    differing = [f"{plain_words(line)}." for line in control.differing]
    return [" ".join([f"A/A control: {title}. {text}", *differing, f"sha1 {control.logits_sha1[:12]}."])]


def _reference(reference: ReferenceRecord) -> list[str]:
    gaps = reference.gaps
    least, median = format_number(min(gaps)), format_number(statistics.median(gaps))
    return [
        f"{reference_text(reference)} Gap between the two likeliest tokens: least {least}, median {median}.",
        reference.text,
    ]


def _probes(probes: Sequence[ProbeRecord]) -> Table:
    rows = [
        (
            probe.knob, probe.operation, probe.dtype, "yes" if probe.active else "no",
            format_percent(probe.differing_share) if probe.active else "", format_number(probe.max_abs_diff),
        )
        for probe in probes
    ]  # fmt: skip
    notes = dict.fromkeys(f"{probe.knob}: {probe.note}" for probe in probes if probe.note)
    return Table(_PROBE, rows, "\n".join(notes))


def _rungs(rungs: Iterable[RungRecord]) -> Iterator[Table]:
    """A table for each group."""
    found = list(rungs)
    for group, title in _GROUPS.items():
        own = [rung for rung in found if rung.group == group]
        notes = [f"{rung.name}: {plain_words(text)}" for rung in own if (text := rung.skipped or rung.note)]
        if own:
            yield Table((title, *_RUNG), [_rung(rung) for rung in own], "\n".join(notes))


def _rung(rung: RungRecord) -> tuple[str, ...]:
    if rung.skipped or rung.kl_mean is None:
        return (rung.name, "skipped", *[""] * (len(_RUNG) - 1))
    fork = rung.divergence_token
    return (
        rung.name,
        format_number(rung.max_abs_logit_diff or 0.0),
        format_number(rung.kl_mean),
        format_percent(rung.top1_agreement),
        str(len(rung.predicted_risky)),
        "no fork" if fork is None else str(fork + 1),
        "" if fork is None else f"{rung.reference_token!r} / {rung.rung_token!r}",
        "" if rung.was_predicted is None else "yes" if rung.was_predicted else "no",
        format_seconds(rung.seconds),
    )


def _fixes(fixes: Sequence[FixRecord]) -> Table:
    shown = [fix_words(fix) for fix in fixes]
    notes = [
        f"{fix['title']}, {when}: {fix[when]}" for fix in shown if not fix["skipped"] for when in ("before", "after")
    ]
    return Table(
        ("Fixes", "verdict", "cost"),
        [(fix["title"], fix["verdict"], fix["cost"]) for fix in shown],
        "\n".join(notes),
    )


def _refused(control: ControlRecord | None) -> bool:
    return control is not None and not control.bitwise_equal


def _complete(sofar: Sofar) -> bool:
    control, _, _, rungs, fixes = _found(sofar)
    only = getattr(sofar.request, "only", ()) or [one.name for one in (*RUNGS, *FIXES)]
    wanted = sum(rung.name in only for rung in RUNGS), sum(fix.name in only for fix in FIXES)
    return _refused(control) or (len(rungs), len(fixes)) == wanted


def _kept(sofar: Sofar) -> str:
    control, _, _, rungs, fixes = _found(sofar)
    if _refused(control):
        return "the control was not equal, so nothing is claimed"
    run = sum(not rung.skipped for rung in rungs)
    skipped = f" and {len(rungs) - run} skipped" if run < len(rungs) else ""
    where = f", {sofar.record.model.id} {sofar.record.model.quantization}" if sofar.record and not sofar.request else ""
    return f"{count_of(run, 'rung')} measured{skipped}, {count_of(len(fixes), 'fix', 'fixes')} tried{where}"


def _line(part: Any) -> str:
    if isinstance(part, ControlRecord):
        return _control(part)[0]
    if isinstance(part, RungRecord):
        return f"{part.title}: {rung_verdict(part)}"
    return f"{part.title}: {fix_words(part)['verdict']}" if isinstance(part, FixRecord) else ""


_PART = "playground.ui.components.ladder:"
VIEW = View(
    panels=(
        Panel("control", "part", "A/A control", make=f"{_PART}control_badge"),
        Panel("probe", "part", "What changes bits on this machine", make=f"{_PART}host_probe"),
        Panel("reference", "words", "The reference"),
        Panel(
            "gaps",
            "chart",
            "Gaps of the reference, and how far each rung reaches",
            "Gaps between the two likeliest tokens of the reference appear here.",
            height=220,
        ),
        Panel("rungs", "part", "Rungs", make=f"{_PART}rungs"),
        Panel("others", "part", "Another model, not noise", make=f"{_PART}other_models"),
        Panel("fixes", "part", "Fixes", make=f"{_PART}fix_list"),
    ),
    draw=_draw,
    kept=_kept,
    complete=_complete,
    line=_line,
)
