"""The ladder and the load simulator as text for a terminal. Pure formatting."""

import statistics
from collections.abc import Iterable, Sequence

from playground.cli.terminal import safe_text
from playground.experiments.determinism.records import (
    ArmRecord,
    FixRecord,
    LadderRecord,
    LoadRecord,
    ProbeRecord,
    RungRecord,
)
from playground.views.format import format_number, format_percent, format_rate, format_seconds

_GROUPS = {
    "sampling": "Sampling",
    "numerics": "Numerics: the same model, computed otherwise",
    "another-model": "Another model, not noise",
}
_SHOWN = 60  # characters of an answer
_BEFORE = 20  # of them before the place where answers part
_ANSWERS = 5


def ladder_text(record: LadderRecord) -> str:
    """Control, probe, rungs and fixes."""
    reference, gaps = record.reference, record.reference.gaps
    parts = [
        f"Reference: {reference.name}, {len(reference.token_ids)} tokens",
        f"  {_short(reference.text)}",
        f"  gap between the two likeliest tokens: least {format_number(min(gaps))}, "
        f"median {format_number(statistics.median(gaps))}",
        _control(record),
    ]
    if record.claims:
        parts += [_probe(record.host_probe), *_rungs(record.rungs), _fixes(record.fixes)]
    return "\n".join(part for part in parts if part)


def load_text(record: LoadRecord) -> str:
    """Unique answers of each arm, beside the anchor."""
    rows = [("arm", "unique", "of", "most common", "first fork", "decode", "batch sizes")]
    rows += [_arm(arm) for arm in record.arms]
    lines = [f"{record.max_new_tokens} tokens each, temperature 0, {record.model.id}", *_table(rows)]
    lines += [
        "Arms are computed one after the other: other programs on this machine make their tokens/s hard to compare.",
        f"Elsewhere: {record.anchor}.",
    ]
    for arm in record.arms:
        lines += [f"\n{arm.title}", *_answers(arm)]
    return "\n".join(lines)


def _answers(arm: ArmRecord) -> Iterable[str]:
    """The most common answers, from shortly before the place where they part."""
    letters = enumerate(zip(*(answer.text for answer in arm.answers), strict=False))
    parted = next((place for place, each in letters if len(set(each)) > 1), 0)
    start = max(0, parted - _BEFORE)
    for answer in arm.answers[:_ANSWERS]:
        yield f"{answer.count:>6} x  {'...' if start else ''}{_short(answer.text[start:])}"
    if len(arm.answers) > _ANSWERS:
        yield f"        and {len(arm.answers) - _ANSWERS} others"


def _control(record: LadderRecord) -> str:
    control = record.control
    runs = f"{control.in_process} runs in this process, {control.fresh_processes} in fresh ones"
    if control.bitwise_equal:
        return f"Control: {runs}: every logit bitwise equal (sha1 {control.logits_sha1[:12]})"
    return f"Control FAILED: {runs}; {'; '.join(control.differing)}. Nothing is claimed of the rungs."


def _probe(found: Sequence[ProbeRecord]) -> str:
    if not found:
        return ""
    rows = [("knob", "operation", "type", "bits change?", "outputs that differ", "largest", "")]
    for each in found:
        answer = "yes" if each.active else "no"
        share = format_percent(each.differing_share) if each.active else ""
        rows.append((each.knob, each.operation, each.dtype, answer, share, format_number(each.max_abs_diff), each.note))
    return "\n".join(["\nThis machine, single operations at this model's widths", *_table(rows)])


def _rungs(found: Sequence[RungRecord]) -> Iterable[str]:
    for group, title in _GROUPS.items():
        own = [rung for rung in found if rung.group == group]
        if not own:
            continue
        rows = [("rung", "max |dz|", "KL mean", "top-1", "risky", "fork", "tokens there", "predicted", "time")]
        rows += [_rung(rung) for rung in own]
        yield "\n".join([f"\n{title}", *_table(rows)])
        yield "\n".join(f"  {rung.name}: {rung.skipped or rung.note}" for rung in own if rung.skipped or rung.note)


def _rung(rung: RungRecord) -> tuple[str, ...]:
    if rung.skipped or rung.kl_mean is None or rung.top1_agreement is None:
        return (rung.name, "skipped", *[""] * 7)
    fork = rung.divergence_token
    return (
        rung.name,
        format_number(rung.max_abs_logit_diff or 0.0),
        format_number(rung.kl_mean),
        format_percent(rung.top1_agreement),
        str(len(rung.predicted_risky)),
        "none" if fork is None else str(fork),
        "" if fork is None else f"{rung.reference_token!r} / {rung.rung_token!r}",
        "" if rung.was_predicted is None else "yes" if rung.was_predicted else "no",
        format_seconds(rung.seconds),
    )


def _fixes(found: Sequence[FixRecord]) -> str:
    lines = ["\nFixes"] if found else []
    for fix in found:
        works = {True: "works", False: "DOES NOT WORK here", None: "nothing to cure here"}[fix.works]
        lines.append(f"  {fix.title}: {f'skipped: {fix.skipped}' if fix.skipped else works}")
        if fix.skipped:
            continue
        lines += [f"      before  {fix.before}", f"      after   {fix.after}"]
        if fix.tokens_per_s_before and fix.tokens_per_s_after:
            rates = map(format_rate, (fix.tokens_per_s_before, fix.tokens_per_s_after))
            lines.append(f"      costs   {' -> '.join(rates)}")
    return safe_text("\n".join(lines))


def _arm(arm: ArmRecord) -> tuple[str, ...]:
    forks = [answer.first_fork for answer in arm.answers if answer.first_fork is not None]
    sizes = " ".join(f"{size}:{count}" for size, count in arm.batch_sizes.items())
    first = str(min(forks)) if forks else "none"
    return arm.name, str(arm.unique), str(arm.n), str(arm.mode_count), first, format_rate(arm.tokens_per_s), sizes


def _short(text: str) -> str:
    flat = " ".join(safe_text(text).split())
    return flat if len(flat) <= _SHOWN else f"{flat[:_SHOWN]}..."


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell, two spaces apart."""
    safe = [[safe_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*safe, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in safe
    ]
