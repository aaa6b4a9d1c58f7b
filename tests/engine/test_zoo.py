"""Every architecture of transformers gives the numbers of its plain forward pass, or is refused in a sentence."""

import copy
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from playground.engine.probe import probe_module
from playground.models.facts import Findings
from playground.models.quiet import quiet
from tests.zoo.judge import Verdict, judge
from tests.zoo.models import NAMES, zoo_model
from tests.zoo.table import as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
# One of each kind that was once read wrongly, or broke, and what it can't do; None is refused.
KINDS: dict[str, set[str] | None] = {
    "gemma4_text": {"rewind"},  # heads as wide as their layer, and a window that has slid
    "qwen3_next": {"rewind"},  # a state of all tokens beside keys and values
    "falcon_h1": {"rewind"},  # both in one layer
    "bamba": {"rewind"},  # counts positions from 0 at each call
    "deepseek_v4": {"rewind"},  # layers of a cache of its own
    "roberta as a decoder": set(),  # positions begin after the padding's
    "phi3 with longrope": set(),  # other rotations beyond a length, for all tokens
    "mamba": {"chunks", "rewind"},  # several tokens after others forget the state
    "openai-gpt": {"cache"},  # knows no cache, and ignores one
    "bert": None,  # looks ahead
    "recurrent_gemma": {"cache"},  # keeps its state in the module, where two texts mix
}


def probed(name: str, dtype: torch.dtype) -> Findings:
    with quiet():
        return probe_module(copy.deepcopy(zoo_model(name)).to(dtype))


def judged(name: str) -> Verdict:
    with quiet():
        return judge(name)


@pytest.mark.parametrize("name", KINDS)
def test_a_model_of_each_kind_gives_the_numbers_of_its_plain_pass_or_is_refused(name: str):
    verdict, limits = judged(name), KINDS[name]
    assert verdict.faults == ()
    assert (verdict.kind == "refused") == (limits is None)
    assert set(verdict.limits) == (limits or set())
    if limits is None:
        assert len(verdict.words.split()) > 5
        assert verdict.words.endswith(".")


@pytest.mark.parametrize("name", [*KINDS, "bert as a decoder", "xmod as a decoder"])
def test_rounding_to_16_bits_hides_nothing_from_the_probe(name: str):
    wide, narrow = probed(name, torch.float32), probed(name, torch.bfloat16)
    assert (wide.refused is None) == (narrow.refused is None)
    assert wide.limits.keys() == narrow.limits.keys()
    if "cache" not in wide.limits:
        assert wide.positions == narrow.positions


@pytest.fixture(scope="module")
def verdicts() -> Sequence[Verdict]:
    return [judged(name) for name in NAMES]


@pytest.mark.slow
def test_every_architecture_gives_the_numbers_of_its_plain_pass_or_is_refused(verdicts: Sequence[Verdict]):
    assert {verdict.name: verdict.faults for verdict in verdicts if verdict.faults} == {}


@pytest.mark.slow
def test_the_page_of_the_documentation_says_what_became_of_every_architecture(verdicts: Sequence[Verdict]):
    assert PAGE.read_text(encoding="utf-8") == as_markdown(verdicts)
