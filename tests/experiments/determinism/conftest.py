"""One ladder of each tiny architecture, climbed once for all tests."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from playground.experiments.determinism.experiment import LADDER, LadderRequest
from playground.experiments.determinism.records import LadderRecord
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from playground.runs.stages import ShouldStop
from playground.settings import make_settings
from tests.tiny_runner import make_runner, make_slot

MODELS = ("tiny-llama", "tiny-gpt2", "tiny-gemma3")


def asked(tokens: int = 12, model: str = "tiny-llama", *, only: tuple[str, ...] = (), quick: bool = True,
          quantization: str = "fp32", **settings: Any) -> LadderRequest:  # fmt: skip
    own = make_settings(**{"seed": 7, **settings})
    return LadderRequest(
        model=model, quantization=quantization, prompt="Hello there", settings=own, tokens=tokens, only=only,
        quick=quick,
    )  # fmt: skip


def ladder(runner: Runner, request: LadderRequest, should_stop: ShouldStop = lambda: False) -> Iterator[Any]:
    return updates(runner, LADDER, request, should_stop)


class Climbs:
    """Quick ladders over tiny models; each is climbed when it is first asked for."""

    def __init__(self, folders: list[Path]):
        self._folders = folders
        self.updates = cache(self._updates)

    def runner(self) -> Runner:
        return make_runner(make_slot(*self._folders))

    def _updates(self, model: str, quantization: str) -> list[Any]:
        return list(ladder(self.runner(), asked(24, model, quantization=quantization, temperature=1.5)))

    def record(self, model: str, quantization: str) -> LadderRecord:
        last = self.updates(model, quantization)[-1]
        assert isinstance(last, LadderRecord)
        return last


@pytest.fixture(scope="session")
def climbs(folders: list[Path]) -> Climbs:
    return Climbs(folders)
