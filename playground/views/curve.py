"""What length costs: time and memory against length as charts, and every length in a table."""

from collections.abc import Sequence

from playground.experiments.context.fit import time_at
from playground.experiments.context.records import ContextRecord, FitRecord, PointRecord, PredictionRecord
from playground.views.format import count_of, format_bytes, format_money, format_rate, format_seconds
from playground.views.panels import Content, Panel, Sofar, Table, View
from playground.views.run import format_predicted
from playground.views.spec import Axis, ChartSpec, Series

_CURVE_POINTS = 48
_HEAD = ("tokens", "prefill", "prefill rate", "KV cache, measured", "KV cache, predicted", "list price")


def _time_chart(points: Sequence[PointRecord], fit: FitRecord | None, predicted: PredictionRecord | None) -> ChartSpec:
    """Prefill time, measured and fitted, and the prediction for the longest length from the shorter half."""
    series = [Series("measured", "dots", [(one.tokens, one.prefill_s) for one in points], "time")]
    if fit is not None:
        longest = points[-1].tokens
        at = [longest * n / _CURVE_POINTS for n in range(_CURVE_POINTS + 1)]
        series.append(Series("fitted", "line", [(round(n), time_at(fit, n)) for n in at], "ink-2"))
    if predicted is not None:
        series.append(Series("predicted", "dots", [(predicted.tokens, predicted.predicted_s)], "energy"))
    return ChartSpec(
        title="Prefill time", x=Axis("tokens of the prompt", min=0), y=Axis("time", unit="s", min=0), series=series,
        summary=fit_words(fit, predicted),
    )  # fmt: skip


def fit_words(fit: FitRecord | None, predicted: PredictionRecord | None = None) -> str:
    """The fitted curve and its check, in words."""
    if fit is None:
        return "A curve needs at least three lengths."
    r2 = "" if fit.r2 is None else f" R² {fit.r2:.4f}."
    words = (
        f"t = {format_seconds(fit.a_s)} + {format_seconds(fit.b_s_per_token)} per token + "
        f"{format_seconds(fit.c_s_per_token2)} per token², by least squares.{r2} The part per token is the matrix "
        "products, the part per token² attention"
    )
    words += "." if fit.c_is_clear else ", here not distinguishable from zero."
    if predicted is not None:
        words += (
            f" From the lengths up to {predicted.from_tokens[-1]:,}, {format_seconds(predicted.predicted_s)} were "
            f"predicted for {predicted.tokens:,} tokens; measured: {format_seconds(predicted.measured_s)}."
        )
    return words


def _memory_chart(points: Sequence[PointRecord]) -> ChartSpec:
    """Bytes of keys and values, measured, over the predicted line."""
    predicted = [(one, one.kv_predicted_bytes) for one in points if one.kv_predicted_bytes is not None]
    apart = max((abs(one.kv_bytes - size) for one, size in predicted), default=0)
    summary = "Measured and predicted bytes " + (f"differ by at most {format_bytes(apart)}." if apart else "are equal.")
    return ChartSpec(
        title="KV cache",
        x=Axis("tokens of the prompt", min=0),
        y=Axis("keys and values", unit="MB", min=0),
        series=[
            Series("measured", "dots", [(one.tokens, one.kv_bytes / 1e6) for one in points], "memory"),
            Series("predicted", "line", [(one.tokens, size / 1e6) for one, size in predicted], "ink-2"),
        ],
        summary=summary if predicted else "Measured; the cache of this architecture can't be predicted.",
    )


def _cells(point: PointRecord) -> tuple[str, ...]:
    return (
        f"{point.tokens:,}",
        format_seconds(point.prefill_s),
        format_rate(point.tokens / point.prefill_s),
        format_bytes(point.kv_bytes),
        format_predicted(point.kv_predicted_bytes),
        format_money(point.input_usd),
    )


def _draw(sofar: Sofar) -> dict[str, Content]:
    record: ContextRecord | None = sofar.record
    points = record.points if record else sofar.of(PointRecord)
    if not points:
        return {}
    fit, predicted = (record.fit, record.predicted) if record else (None, None)
    return {
        "times": _time_chart(points, fit, predicted),
        "memory": _memory_chart(points),
        "table": Table(_HEAD, [_cells(point) for point in points], _note(record) if record else ""),
    }


def _note(record: ContextRecord) -> str:
    cut = "" if record.ended == "complete" else f"Measured: {_words(record)}. "
    return f"{cut}Read: {record.text}. Price: {record.reference_model}, {record.prices_as_of}."


def _words(record: ContextRecord) -> str:
    words = f"{len(record.points)} of {count_of(len(record.lengths_asked), 'length')}"
    late = f", then the {record.time_limit_s:g} s allowed were used up"
    return words + {"time": late, "stopped": ", then it was stopped"}.get(record.ended, "")


def _line(part: PointRecord) -> str:
    return f"{count_of(part.tokens, 'token')}: {format_seconds(part.prefill_s)}"


VIEW = View(
    panels=(
        Panel("times", "chart", "Prefill time against context length", row="charts"),
        Panel("memory", "chart", "KV cache against context length", row="charts"),
        Panel("table", "table", "Every length that was measured"),
    ),
    draw=_draw,
    kept=lambda sofar: _words(sofar.record) if sofar.record else "nothing was measured",
    complete=lambda sofar: sofar.record is not None and sofar.record.ended != "stopped",
    line=_line,
)
