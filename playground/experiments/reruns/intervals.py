"""95 % intervals of what a sample of runs estimates, and how many runs a narrower one takes."""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean

from playground.experiments.reruns.records import Interval

Z = NormalDist().inv_cdf(0.975)


def wilson(share: float, n: float) -> Interval:
    """The Wilson score interval of a share seen in n runs: honest for few runs, and at 0 and 1.

    (p + z²/2n ± z sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n); Wilson 1927, J. Am. Stat. Assoc. 22(158).
    """
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = wilson_half_width(share, n)
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))  # rounding may not leave p out


def wilson_half_width(share: float, n: float) -> float:
    """Half the width of that interval."""
    return Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))


def reruns_needed(share: float, half_width: float = 0.05) -> int:
    """The fewest runs whose Wilson interval is at most so wide to each side, if the share stays as seen.

    The half-width h falls with n, and is a quadratic in n: with v = p(1 - p),
    n = z²/2h² (v - 2h² + sqrt(v² - 4vh² + h²)).
    """
    v, h = share * (1 - share), half_width
    n = Z**2 / (2 * h**2) * (v - 2 * h**2 + math.sqrt(v**2 - 4 * v * h**2 + h**2))
    return max(1, math.ceil(n))


def jackknife(estimate: float, without_each: Sequence[float], low: float, high: float) -> Interval | None:
    """A normal interval from the estimates that leave out one run each.

    se² = (n - 1)/n sum (θ_i - mean θ)²; Tukey 1958; for U-statistics Arvesen 1969, Ann. Math. Stat. 40(6).

    Args:
        estimate: From all runs.
        without_each: From all but one, for each run.
        low: The least the quantity can be.
        high: The most it can be.

    Returns:
        None where leaving one out changes nothing: such runs do not show how much others would vary.
    """
    n = len(without_each)
    if n < 2:
        return None
    mean = fmean(without_each)
    error = math.sqrt((n - 1) / n * math.fsum((one - mean) ** 2 for one in without_each))
    if error <= 1e-12 * max(1.0, abs(estimate)):
        return None
    return max(low, estimate - Z * error), min(high, estimate + Z * error)
