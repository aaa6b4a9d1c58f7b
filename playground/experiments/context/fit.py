"""How prefill time grows: a constant, a linear and a quadratic part, fitted to what was measured."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from playground.experiments.context.records import FitRecord, PointRecord, PredictionRecord

_TERMS = 3
Points = Sequence[tuple[float, float]]


def fit(points: Points) -> FitRecord | None:
    """Least squares t = a + b n + c n^2 with a, b, c >= 0, over (n, t); None with fewer points than terms.

    The best of all subsets of terms whose plain solution has no negative coefficient: for three terms that is the exact
    answer (Lawson and Hanson 1974, chapter 23).
    """
    if len(points) < _TERMS:
        return None
    n, t = (np.array(values, dtype=float) for values in zip(*points, strict=True))
    scale = n.max()
    terms = np.stack([np.ones_like(n), n / scale, (n / scale) ** 2], axis=1)
    solved = [_solved(terms, t, list(kept)) for size in range(1, _TERMS + 1) for kept in combinations(range(3), size)]
    residual, found = min((one for one in solved if (one[1] >= 0).all()), key=lambda one: one[0])
    a, b, c = (float(value) for value in found / scale ** np.arange(_TERMS))
    spread = float(((t - t.mean()) ** 2).sum())
    error = _error_of_quadratic(terms, residual, scale)
    return FitRecord(
        a_s=a, b_s_per_token=b, c_s_per_token2=c, r2=1 - residual / spread if spread else None,
        c_error_s_per_token2=error, c_is_clear=error is not None and c > 2 * error,
    )  # fmt: skip


def _solved(terms: np.ndarray, t: np.ndarray, kept: list[int]) -> tuple[float, np.ndarray]:
    """Sum of squares and coefficients with these terms only; the others are zero."""
    found = np.zeros(_TERMS)
    found[kept] = np.linalg.lstsq(terms[:, kept], t, rcond=None)[0]
    return float(((terms @ found - t) ** 2).sum()), found


def _error_of_quadratic(terms: np.ndarray, residual: float, scale: float) -> float | None:
    """Standard error of c: the root of the residual variance times its place in the inverse of X'X."""
    free = len(terms) - _TERMS
    if free < 1:
        return None
    inverse = np.linalg.pinv(terms.T @ terms)
    return float(np.sqrt(residual / free * inverse[2, 2]) / scale**2)


def time_at(curve: FitRecord, tokens: float) -> float:
    """Seconds that the fitted curve gives for this number of tokens."""
    return curve.a_s + curve.b_s_per_token * tokens + curve.c_s_per_token2 * tokens**2


def predict(points: Sequence[PointRecord]) -> PredictionRecord | None:
    """The longest point from those up to half of it; None where these are too few."""
    longest = max(points, key=lambda point: point.tokens, default=None)
    if longest is None:
        return None
    shorter = [point for point in points if point.tokens <= longest.tokens / 2]
    curve = fit([(point.tokens, point.prefill_s) for point in shorter])
    if curve is None:
        return None
    return PredictionRecord(
        tokens=longest.tokens, from_tokens=[point.tokens for point in shorter],
        predicted_s=time_at(curve, longest.tokens), measured_s=longest.prefill_s,
    )  # fmt: skip
