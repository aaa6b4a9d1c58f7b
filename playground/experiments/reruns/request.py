"""The request of a rerun, checked: number of runs, their seeds, and words to find in the answers."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from playground.errors import PlaygroundError, nearest
from playground.experiments.reruns.mentions import check_mentions
from playground.experiments.reruns.records import SeedMode
from playground.runs.updates import BatchRequest, RunRequest
from playground.settings import LIMITS, make_settings

MIN_RUNS, MAX_RUNS = 2, 200
MAX_TEMPERATURES = 12
DEFAULT_TEMPERATURES = (0.0, 0.2, 0.5, 0.7, 1.0, 1.5)
FORK_TOP = 5  # alternatives recorded where runs part
_SEEDS = int(LIMITS["seed"].high) + 1


@dataclass(frozen=True)
class RerunRequest:
    """N runs of one setting. Make one from outside input with `make_rerun`.

    Attributes:
        run: Prompt, model and settings of all. `settings.top` is for single runs; a rerun records forks only.
        n: How many, 2 to 200.
        seeds: All different (the setting's seed, and those that follow it), all the same, or drawn by chance.
        mentions: Words and phrases to look for.
    """

    run: RunRequest
    n: int
    seeds: SeedMode = "different"
    mentions: tuple[str, ...] = ()


def make_rerun(run: RunRequest, n: Any, seeds: str = "different", mentions: Sequence[str] = ()) -> RerunRequest:
    """A rerun from outside input.

    Raises:
        PlaygroundError: `n` or `seeds` is out of range or unknown, or a mention can't be searched for.
    """
    for mode in get_args(SeedMode):
        if seeds == mode:
            return RerunRequest(run, _count(n), mode, check_mentions(mentions))
    raise PlaygroundError(f"Unknown seeds {str(seeds)[:60]!r}: {nearest(str(seeds), list(get_args(SeedMode)))}")


def _count(n: Any) -> int:
    """A whole number of runs, which may come as 16, 16.0 or text."""
    try:
        count = None if isinstance(n, bool) else int(n)
        if count is not None and not isinstance(n, str) and count != n:
            count = None
    except (TypeError, ValueError, OverflowError):
        count = None
    if count is None or not MIN_RUNS <= count <= MAX_RUNS:
        raise PlaygroundError(f"A rerun takes from {MIN_RUNS} to {MAX_RUNS} runs; got {str(n)[:60]!r}.")
    return count


def with_base_seed(request: RerunRequest) -> RerunRequest:
    """The same with a random seed if it has none; without a seed if each run draws its own."""
    settings = request.run.settings
    settings = settings.model_copy(update={"seed": None}) if request.seeds == "none" else settings.seeded()
    return replace(request, run=replace(request.run, settings=settings))


def seeds_of(base: int | None, n: int, mode: SeedMode) -> list[int]:
    """A seed for each run: base, base + 1, ... (after 2^32 - 1 comes 0); n times base; or n by chance.

    Args:
        base: The setting's seed; needed unless the mode is "none".
        n: How many.
        mode: Which of the three.
    """
    if mode == "none":
        return [secrets.randbelow(_SEEDS) for _ in range(n)]
    assert base is not None
    return [(base + step * (mode == "different")) % _SEEDS for step in range(n)]


def batch_of(request: RerunRequest) -> BatchRequest:
    """The runs as rows of one batch."""
    run = request.run
    seeds = seeds_of(run.settings.seed, request.n, request.seeds)
    return BatchRequest(
        prompt=run.prompt,
        model=run.model,
        quantization=run.quantization,
        settings=tuple(run.settings.model_copy(update={"seed": seed, "top": FORK_TOP}) for seed in seeds),
    )


def check_temperatures(temperatures: Sequence[Any]) -> tuple[float, ...]:
    """Temperatures of a ladder, in the order given.

    Raises:
        PlaygroundError: None or too many, one twice, or one out of range.
    """
    if not 1 <= len(temperatures) <= MAX_TEMPERATURES:
        raise PlaygroundError(
            f"A temperature ladder takes from 1 to {MAX_TEMPERATURES} temperatures; got {len(temperatures)}."
        )
    checked = tuple(make_settings(temperature=one).temperature for one in temperatures)
    if len(set(checked)) < len(checked):
        raise PlaygroundError("Each temperature of a ladder can be given once only: remove the repeated one.")
    return checked


def at_temperature(request: RerunRequest, temperature: float) -> RerunRequest:
    """The same rerun at another, checked temperature."""
    settings = request.run.settings.model_copy(update={"temperature": temperature})
    return replace(request, run=replace(request.run, settings=settings))
