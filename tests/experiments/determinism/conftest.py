"""One ladder of each tiny architecture, climbed once for all tests."""

from functools import cache
from pathlib import Path

import pytest

from playground.experiments.determinism.ladder import LadderRequest, LadderUpdate, ladder
from playground.experiments.determinism.records import LadderRecord
from playground.runs.runner import Runner
from tests.tiny_runner import make_runner, make_slot, request

MODELS = ("tiny-llama", "tiny-gpt2", "tiny-gemma3")


class Climbs:
    """Quick ladders over tiny models; each is climbed when it is first asked for."""

    def __init__(self, folders: list[Path]):
        self._folders = folders
        self.updates = cache(self._updates)

    def runner(self) -> Runner:
        return make_runner(make_slot(*self._folders))

    def _updates(self, model: str, quantization: str) -> list[LadderUpdate]:
        asked = request(model=model, quantization=quantization, max_new_tokens=24, temperature=1.5)
        return list(ladder(self.runner(), LadderRequest(asked, quick=True)))

    def record(self, model: str, quantization: str) -> LadderRecord:
        last = self.updates(model, quantization)[-1]
        assert isinstance(last, LadderRecord)
        return last


@pytest.fixture(scope="session")
def climbs(folders: list[Path]) -> Climbs:
    return Climbs(folders)
