"""Charts of the Context section: time and memory against length, characters per token by language."""

from collections.abc import Sequence

from playground.experiments.context.fit import time_at
from playground.experiments.context.records import FitRecord, LanguageRecord, PointRecord, PredictionRecord
from playground.views.format import format_bytes, format_seconds
from playground.views.spec import Axis, ChartSpec, Series

_CURVE_POINTS = 48


def time_chart(
    points: Sequence[PointRecord], fit: FitRecord | None = None, predicted: PredictionRecord | None = None
) -> str:
    """Prefill time, measured and fitted, and the prediction for the longest length from the shorter half."""
    if not points:
        return ""
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
    ).to_json()  # fmt: skip


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


def kv_chart(points: Sequence[PointRecord]) -> str:
    """Bytes of keys and values, measured, over the predicted line."""
    if not points:
        return ""
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
    ).to_json()


def languages_chart(languages: Sequence[LanguageRecord], source: str = "") -> str:
    """Characters per token of the same text in several languages: the fewer, the more a language costs."""
    if not languages:
        return ""
    bars = [(place, one.characters / one.tokens) for place, one in enumerate(languages)]
    return ChartSpec(
        title="Characters a token, by language",
        x=Axis("language", categories=tuple(one.title for one in languages)),
        y=Axis("characters a token", min=0),
        series=[Series("characters a token", "bars", bars, "memory", labels=[f"{o.tokens} tokens" for o in languages])],
        summary=f"The same text in each: {source} Fewer characters a token make a text longer, slower and dearer.",
    ).to_json()
