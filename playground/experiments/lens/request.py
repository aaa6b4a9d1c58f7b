"""What a look between the layers asks for, checked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.engine.lens.reading import MAX_POSITIONS
from playground.errors import PlaygroundError
from playground.runs.records import RunRecord
from playground.runs.updates import RunRequest
from playground.settings import check_prompt, make_settings

DEFAULT_POSITIONS = 24
MATRIX_TOKENS = 256  # beyond them, only rows of attention are given
LIMITS = {"positions": (1, MAX_POSITIONS), "answer_tokens": (0, 256)}


@dataclass(frozen=True)
class LookAt:
    """Attention that is asked for, counted as in records.

    Attributes:
        layer: From 1; None is the middle one.
        query: Position that looks; None is the last.
        matrix: Also all queries, where the text has at most `MATRIX_TOKENS` tokens.
        head: Of the matrix, from 1; None is the mean.
    """

    layer: int | None = None
    query: int | None = None
    matrix: bool = False
    head: int | None = None


@dataclass(frozen=True)
class LensRequest:
    """One pass over a prompt and its answer so far.

    Attributes:
        run: Prompt, model and settings.
        answer_tokens: Greedy tokens that are generated first; not used where ids are given.
        positions: How many of the last positions the grid shows.
        look: Attention to give with it.
        prompt_ids, answer_ids: Those of a run that is there; empty prompt ids mean that the prompt is read from `run`.
    """

    run: RunRequest
    answer_tokens: int = 8
    positions: int = DEFAULT_POSITIONS
    look: LookAt | None = None
    prompt_ids: tuple[int, ...] = ()
    answer_ids: tuple[int, ...] = ()

    def check(self) -> None:
        """Refuse what can't be looked at.

        Raises:
            PlaygroundError: A number is out of its limits, or the prompt is empty.
        """
        for name in LIMITS:
            check_number(name, getattr(self, name))
        if not self.prompt_ids:
            check_prompt(self.run.prompt)


def check_number(name: str, value: Any) -> int:
    """A whole number within the limits of this name.

    Raises:
        PlaygroundError: It is none.
    """
    low, high = LIMITS[name]
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if low <= number <= high and number == int(number):
        return int(number)
    raise PlaygroundError(f"{name} must be a whole number from {low} to {high}; got {str(value)[:60]!r}.")


def request_of_run(record: RunRecord, positions: int = DEFAULT_POSITIONS, look: LookAt | None = None) -> LensRequest:
    """A look into a finished run: its own ids, its own model.

    Raises:
        PlaygroundError: The record's settings are none of ours.
    """
    run = RunRequest(record.prompt, record.model.id, record.model.quantization, make_settings(**record.settings))
    answer: Sequence[int] = [token.id for token in record.tokens]
    return LensRequest(
        run, positions=positions, look=look, prompt_ids=tuple(record.prompt_token_ids), answer_ids=tuple(answer)
    )
