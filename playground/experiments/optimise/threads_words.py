"""What the panel of threads shows beside its bars, and its verdict."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from playground.experiments.optimise.records import ArmRecord, Figure, Grid, Line, Standing
from playground.experiments.optimise.two_terms import TwoTerms, figure, others, words
from playground.experiments.optimise.verdict import difference, verdict_of
from playground.models.catalogue import Catalogue
from playground.models.loading import LoadedModel
from playground.numbers import short_number

if TYPE_CHECKING:
    from playground.experiments.optimise.threads import Limit

_DECODE, _PREFILL = "decode_tokens_per_s", "prefill_tokens_per_s"


def described(
    found: Standing, limits: "Mapping[int, Limit]", terms: TwoTerms | None, held: LoadedModel, catalogue: Catalogue
) -> tuple[Standing, str]:
    """The same with charts and tables, and the verdict."""
    figures, grids = [_by_threads(found, limits, held)], [_roofline(found, limits)]
    if terms is not None:
        figures.append(figure(terms))
        grids.append(others(terms, held, catalogue))
    fitted = (
        words(terms) if terms else "Two terms: not here. Steps of several sizes are measured on our own decoder only."
    )
    shown = found.model_copy(update={"figures": figures, "grids": grids})
    return shown, verdict_of(found, *_busy_words(found), _limit_words(found), fitted)


def _on(found: Standing, busy: bool) -> list[ArmRecord]:
    """Arms on the processor by threads, those of a busy machine or the others."""
    arms = [arm for arm in found.arms if "threads" in arm.settings and bool(arm.settings["others"]) == busy]
    return sorted(arms, key=lambda arm: arm.settings["threads"])


def _by_threads(found: Standing, limits: "Mapping[int, Limit]", held: LoadedModel) -> Figure:
    """Decode by threads, and what the memory allows."""
    lines = [_line(_on(found, busy), name) for busy, name in ((False, "as it is"), (True, "machine busy"))]
    counts = sorted(limits)
    ys: list[float | None] = [limits[count].bandwidth / held.facts.step_bytes for count in counts]
    lines.append(Line(name="limit of the memory", xs=[float(count) for count in counts], ys=ys))
    return Figure(
        title="Decode by threads", x="threads", y="decode", y_unit="tok/s", lines=lines, summary=_limit_words(found)
    )


def _line(arms: list[ArmRecord], name: str) -> Line:
    rates = [arm.measured[_DECODE] for arm in arms]
    return Line(
        name=name, xs=[float(arm.settings["threads"]) for arm in arms], ys=[rate.median for rate in rates],
        low=[rate.low for rate in rates], high=[rate.high for rate in rates],
    )  # fmt: skip


def _roofline(found: Standing, limits: "Mapping[int, Limit]") -> Grid:
    """By threads: what the machine can do, and how much of it is reached."""
    rows = list[list[str | float | None]]()
    for arm in _on(found, False):
        limit = limits[arm.settings["threads"]]
        shares = [arm.median("bandwidth_share"), arm.median("arithmetic_share")]
        rows.append([arm.name, limit.bandwidth / 1e9, shares[0], limit.arithmetic / 1e9, shares[1],
                     limit.arithmetic / limit.bandwidth])  # fmt: skip
    head = ["", "memory, GB/s", "reached by decode", "arithmetic, GFLOP/s", "reached by prefill", "ridge, FLOP/B"]
    note = (
        "Measured: the memory by a sum, the arithmetic by a large product. Work with fewer operations per byte than "
        "the ridge waits for memory, as decode does; above 100%, a part of the weights stays in a cache."
    )
    return Grid(title="Roofline", head=head, units=["", "", "share", "", "share", ""], rows=rows, note=note)


def _limit_words(found: Standing) -> str:
    """How close the fastest comes to the machine's limits."""
    arms = [arm for arm in _on(found, False) if arm.median("bandwidth_share") is not None]
    decode = max(arms, key=lambda arm: arm.median(_DECODE) or 0.0)
    prefill = max(arms, key=lambda arm: arm.median(_PREFILL) or 0.0)
    most = max(decode.median("bandwidth_share") or 0.0, prefill.median("arithmetic_share") or 0.0)
    loose = " Above 100%, the limits were measured while the machine had less to give." if most > 1 else ""
    return (
        f"Decode reaches {short_number(100 * (decode.median('bandwidth_share') or 0.0))}% of the measured bandwidth "
        f"({decode.name}), prefill {short_number(100 * (prefill.median('arithmetic_share') or 0.0))}% of the measured "
        f"arithmetic ({prefill.name}).{loose}"
    )


def _busy_words(found: Standing) -> list[str]:
    """What others cost, and with how many threads a busy machine decodes fastest."""
    arms = _on(found, True)
    if not arms:
        return []
    best = max(arms, key=lambda arm: arm.median(_DECODE) or 0.0)
    quiet = {arm.settings["threads"]: arm for arm in _on(found, False)}[best.settings["threads"]]
    kept = (best.median(_DECODE) or 0.0) / (quiet.median(_DECODE) or 1.0)
    count = best.settings["threads"]
    who, have = (f"{count} threads decode", "they have") if count > 1 else ("1 thread decodes", "it has")
    text = (
        f"With {best.settings['others']} other processes computing, {who} fastest, at {short_number(kept)} times the "
        f"rate that {have} alone."
    )
    same = next(arm for arm in arms if arm.settings["threads"] == found.baseline.settings["threads"])
    one = difference(found, same, _DECODE)
    if one is not None and one.is_seen:
        text += f" The threads that are set now keep {short_number(one.times)} of theirs."
    return [text]
