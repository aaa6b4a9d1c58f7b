"""The determinism ladder as what the page shows: pure functions of its records, no Gradio."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from playground.experiments.determinism.records import (
    ControlRecord,
    FixRecord,
    ProbeRecord,
    ReferenceRecord,
    RungRecord,
)
from playground.views.format import NOTHING, count_of, format_number, format_percent, format_rate, without_unit
from playground.views.run import packed
from playground.views.spec import Axis, ChartSpec, Mark, Series

ANOTHER_MODEL = "another-model"
_NO_EFFECT = "No effect found here"
_NOT_ASKED = "Not asked"
_BINS_PER_DECADE = 4


def control_value(control: ControlRecord) -> str:
    """Whether the reference run equals itself; without that the page claims nothing."""
    title, text = control_words(control)
    return packed(
        {
            "equal": control.bitwise_equal, "title": title, "text": text, "hash": control.logits_sha1,
            "differing": [plain_words(line) for line in control.differing],
        }
    )  # fmt: skip


def control_words(control: ControlRecord) -> tuple[str, str]:
    """The outcome, and how often the reference ran."""
    here = f"{count_of(control.in_process, 'run')} in this process"
    fresh = f"{control.fresh_processes:,} in fresh processes"
    runs = f"{here}, {fresh if control.fresh_processes else 'none in fresh processes'}"
    if control.bitwise_equal:
        return "Bitwise equal", f"{runs}: the logits of every step have the same bits."
    return "Not bitwise equal", f"{runs}: they differ although nothing was changed, so nothing is claimed here."


def probe_value(probes: Sequence[ProbeRecord]) -> str:
    """A row per knob, a column per number format: operations that changed bits, and those that did not."""
    if not probes:
        return ""
    formats = list(dict.fromkeys(probe.dtype for probe in probes))
    rows = []
    for knob in dict.fromkeys(probe.knob for probe in probes):
        own = [probe for probe in probes if probe.knob == knob]
        notes = list(dict.fromkeys(probe.note for probe in own if probe.note))
        cells = [_probed([probe for probe in own if probe.dtype == name]) for name in formats]
        rows.append({"knob": knob, "note": " ".join(notes), "cells": cells})
    probed = [probe for probe in probes if not probe.note.startswith(_NOT_ASKED)]
    active = sum(probe.active for probe in probed)
    summary = f"{active} of {count_of(len(probed), 'probe')} found a change of bits on this machine."
    return packed({"formats": formats, "rows": rows, "summary": summary})


def _probed(probes: Sequence[ProbeRecord]) -> dict[str, Any]:
    """A cell; an operation in neither list was not probed."""
    probed = [probe for probe in probes if not probe.note.startswith(_NOT_ASKED)]
    active = [
        {
            "operation": probe.operation, "fraction": probe.differing_share,
            "share": format_percent(probe.differing_share), "diff": format_number(probe.max_abs_diff),
        }
        for probe in probed
        if probe.active
    ]  # fmt: skip
    return {"active": active, "calm": [probe.operation for probe in probed if not probe.active]}


def reference_text(reference: ReferenceRecord) -> str:
    """The reference of all comparisons, in words."""
    return f"Reference: {reference.name}, {count_of(len(reference.token_ids), 'token')}."


def gap_chart(reference: ReferenceRecord | None, rungs: Iterable[RungRecord]) -> ChartSpec | None:
    """How far apart the two likeliest tokens were at each step, and how far each rung could shift them."""
    gaps = [gap for gap in reference.gaps if gap > 0] if reference else []
    if reference is None or not gaps:
        return None
    marks = [Mark(2 * rung.max_abs_logit_diff, rung.title, "ink") for rung in rungs if rung.max_abs_logit_diff]
    ties = len(reference.gaps) - len(gaps)
    tied = f" {count_of(ties, 'exact tie')} of the reference cannot be shown on this axis." if ties else ""
    smallest = (
        f"The smallest gap of {count_of(len(reference.gaps), 'token')} is {format_number(min(reference.gaps))} logits."
    )
    return ChartSpec(
        x=Axis("gap between the two likeliest tokens", "logits", log=True),
        y=Axis("tokens of the reference"),
        series=[_histogram(gaps)],
        marks=marks,
        summary=f"{smallest}{tied} A mark is at twice a rung's largest |dz|: only gaps left of it can fork.",
    )


def _histogram(gaps: Sequence[float]) -> Series:
    """Bins of equal logarithmic width; empty bins between others are kept as zeros."""
    counts = Counter(math.floor(math.log10(gap) * _BINS_PER_DECADE) for gap in gaps)
    bins = range(min(counts), max(counts) + 1)
    ends = {place: 10 ** (place / _BINS_PER_DECADE) for place in (*bins, max(counts) + 1)}
    points = [(10 ** ((place + 0.5) / _BINS_PER_DECADE), counts[place]) for place in bins]
    labels = [f"{format_number(ends[place])} to {format_number(ends[place + 1])}" for place in bins]
    return Series("tokens", "bars", points, "prob", labels=labels)


def rungs_value(reference: ReferenceRecord, rungs: Sequence[RungRecord]) -> str:
    """Each rung against the reference: how far logits moved, which tokens were at risk, where answers diverge."""
    return packed(
        {
            "reference": reference.text,
            "tokens": reference.token_texts,
            "gaps": [format_number(gap) for gap in reference.gaps],
            "rungs": [_rung(reference, rung) for rung in rungs],
        }
    )


def _rung(reference: ReferenceRecord, rung: RungRecord) -> dict[str, Any]:
    sign, verdict = _verdict(rung)
    measured = rung.max_abs_logit_diff is not None
    fork = rung.divergence_token
    risky = f"{len(rung.predicted_risky)} of {len(reference.token_ids)}" if measured else NOTHING
    same, other = _parted(reference, rung)
    return {
        "name": rung.name, "title": rung.title, "factor": rung.factor, "note": _note(rung), "sign": sign,
        "verdict": verdict, "diff": format_number(rung.max_abs_logit_diff), "kl": format_number(rung.kl_mean),
        "top1": format_percent(rung.top1_agreement), "risky_count": risky, "risky": rung.predicted_risky, "fork": fork,
        "candidates": _candidates(reference, rung), "same": same, "other": other, "skipped": bool(rung.skipped),
    }  # fmt: skip


def _parted(reference: ReferenceRecord, rung: RungRecord) -> tuple[str, str]:
    """The rung's text: what it shares with the reference, and what follows from the fork on."""
    if rung.divergence_token is None:
        return rung.text, ""
    shared = "".join(reference.token_texts[: rung.divergence_token])
    differing = (place for place, pair in enumerate(zip(shared, rung.text, strict=False)) if pair[0] != pair[1])
    place = next(differing, min(len(shared), len(rung.text)))
    return rung.text[:place], rung.text[place:]


def _note(rung: RungRecord) -> str:
    """What the record adds to the verdict."""
    return plain_words(rung.note.partition(".")[2].strip() if rung.note.startswith(_NO_EFFECT) else rung.note)


def plain_words(text: str) -> str:
    """Words of a record as they are shown: tokens counted from 1 instead of 0, and powers of ten."""
    text = re.sub(r"\bat token (\d+)", lambda found: f"at token {int(found[1]) + 1}", text)
    return re.sub(r"\b\d+(?:\.\d+)?e[+-]\d+\b", lambda found: format_number(float(found[0])), text)


def rung_verdict(rung: RungRecord) -> str:
    """Does the answer differ, and was that predicted?"""
    return _verdict(rung)[1]


def _verdict(rung: RungRecord) -> tuple[str, str]:
    """A sign and words."""
    if rung.skipped:
        return "", f"Skipped: {rung.skipped}"
    if rung.divergence_token is None:
        if rung.max_abs_logit_diff:
            return "≈", "No fork: the logits differ, the answer does not."
        if rung.max_abs_logit_diff is None:
            return "=", "The same answer."
        return "=", f"{_NO_EFFECT}: every logit is bitwise equal."
    forks = f"Forks at token {rung.divergence_token + 1}"
    if rung.group == "sampling":
        drawn = "the logits are the same, the draw is not" if rung.max_abs_logit_diff == 0 else "another draw"
        return "≠", f"{forks}: {drawn}."
    among = "one of the risky tokens" if rung.was_predicted else "which was not among the risky tokens"
    return "≠", f"{forks}, {among}."


def _candidates(reference: ReferenceRecord, rung: RungRecord) -> dict[str, Any] | None:
    """Both tokens at the fork, with the reference's probabilities and the gap there."""
    at = rung.divergence_token
    if at is None:
        return None
    top = reference.top[at] if at < len(reference.top) else []
    known = {item.text: format_percent(item.prob) for item in top}
    pair = [rung.reference_token, rung.rung_token]
    return {
        "texts": [text or "" for text in pair],
        "ends": [not text for text in pair],
        "probs": [known.get(text or "", "") for text in pair],
        "gap": format_number(reference.gaps[at]) if at < len(reference.gaps) else "",
    }


def fixes_value(fixes: Sequence[FixRecord]) -> str:
    """Each fix: what differs without it and with it, whether the difference is gone, and what the fix costs."""
    return packed([fix_words(fix) for fix in fixes])


def fix_words(fix: FixRecord) -> dict[str, Any]:
    """A fix in words."""
    if fix.skipped:
        sign, verdict = "", f"Skipped: {fix.skipped}"
    elif fix.works is None:
        sign, verdict = NOTHING, "Nothing to fix was found here."
    else:
        sign, verdict = ("✓", "Works here.") if fix.works else ("✗", "Does not help here.")
    return {
        "name": fix.name, "title": fix.title, "cures": fix.cures, "sign": sign,
        "before": plain_words(fix.before), "after": plain_words(fix.after),
        "verdict": verdict, "works": fix.works, "skipped": bool(fix.skipped),
        "cost": _cost(fix.tokens_per_s_before, fix.tokens_per_s_after),
    }  # fmt: skip


def _cost(before: float | None, after: float | None) -> str:
    if not before or not after:
        return ""
    return f"{without_unit(format_rate(before))} → {format_rate(after)}, {format_percent(after / before)} of the speed"
