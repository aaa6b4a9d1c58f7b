"""The page's own numbers of a step, computed in a browser, against the engine's."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Page

from playground.engine.sampling import Noise
from playground.experiments.inspection.compact import EXACT_TOKENS, TAIL_BINS, compact
from playground.experiments.inspection.stages import ORDERS, draw, stages
from playground.settings import Settings, make_settings
from playground.ui import components
from tests.tiny import tiny_model

pytestmark = pytest.mark.browser
SCRIPT = Path(components.__file__).parent / "sampler_math.js"
ASK = """([data, asked]) => {
  const sampler = makeSampler(JSON.parse(data));
  return asked.map(([settings, order]) => {
    const found = sampler.run(settings, order);
    const { chance, uniform, drawn, second } = found, { ids } = sampler.data;
    const kept = found.stages.map((one) => [one.kept, one.ratio, one.bits]);
    return { stages: kept, chance, uniform, drawn: ids[drawn], second: second === null ? null : ids[second] };
  });
}"""
Asked = list[tuple[Settings, str]]


def in_the_browser(page: Page, data: dict[str, Any], asked: Asked) -> list[dict[str, Any]]:
    """What the page's own script makes of a distribution, for each of the settings."""
    page.goto("about:blank")
    page.add_script_tag(content=SCRIPT.read_text("utf-8"))
    return page.evaluate(ASK, [json.dumps(data), [(one.model_dump(), order) for one, order in asked]])


def random_settings(count: int, vocabulary: int) -> Asked:
    """Settings over the whole range of the sliders, each of them off now and then."""
    pick = random.Random(3)

    def one() -> Settings:
        return make_settings(
            temperature=pick.choice([0, 1, round(pick.uniform(0.01, 2), 2), round(pick.uniform(0.3, 1.5), 2)]),
            top_k=pick.choice([0, pick.randint(1, 200), pick.randint(1, vocabulary)]),
            top_p=pick.choice([1, round(pick.uniform(0.01, 0.99), 2), round(pick.uniform(0.8, 0.99), 2)]),
            min_p=pick.choice([0, 0, round(pick.uniform(0.001, 0.2), 3), round(pick.uniform(0, 1), 2)]),
            repetition_penalty=pick.choice([1, round(pick.uniform(0.5, 2), 2)]),
        )

    return [(one(), pick.choice(list(ORDERS))) for _ in range(count)]


def check(page: Page, logits: torch.Tensor, seen: torch.Tensor, count: int) -> None:
    """Counts within 0.1 % of the vocabulary, masses within 0.001, entropies within 0.02 bits, the same token drawn."""
    vocabulary = len(logits)
    noise = Noise(5).gumbel(3, torch.arange(vocabulary))
    asked = random_settings(count, vocabulary)
    answers = in_the_browser(page, compact(logits, seen, noise, str), asked)
    for (settings, order), answer in zip(asked, answers, strict=True):
        found = stages(logits, seen, settings, order)
        said = f"{settings} {order}"
        for stage, (kept, mass, bits) in zip(found, answer["stages"], strict=True):
            assert abs(stage.kept - kept) <= vocabulary / 1000, (said, stage.name, stage.kept, kept)
            assert stage.mass == pytest.approx(mass, abs=1e-3), (said, stage.name)
            assert stage.entropy_bits == pytest.approx(bits, abs=0.02), (said, stage.name)
        drawn = draw(found[-1].scores, None if settings.temperature == 0 else noise)
        assert answer["drawn"] == drawn.id, said
        assert answer["second"] == drawn.runner_up, said
        assert answer["chance"] == pytest.approx(drawn.prob, abs=1e-3), said
        assert answer["uniform"] == (None if drawn.uniform is None else pytest.approx(drawn.uniform, abs=1e-6))


def test_the_page_computes_a_small_vocabulary_as_the_engine_does(empty_page: Page):
    prompt = torch.arange(40, 60)
    logits = tiny_model("llama")(prompt[None]).logits[0, -1].float()
    check(empty_page, logits, prompt, 200)


def large(spread: float, seed: int) -> torch.Tensor:
    """49,152 logits with a few likely words and a long tail, as a language model has."""
    numbers = torch.Generator().manual_seed(seed)
    logits = torch.randn(49_152, generator=numbers) * spread
    logits[torch.randint(0, 49_152, (30,), generator=numbers)] += torch.rand(30, generator=numbers) * 5 * spread
    return logits


def test_the_page_computes_a_large_vocabulary_as_the_engine_does(empty_page: Page):
    seen = torch.randint(0, 49_152, (300,), generator=torch.Generator().manual_seed(1))
    check(empty_page, large(2.0, 0), seen, 120)
    check(empty_page, large(0.8, 1), seen, 80)


def test_many_equal_logits_are_cut_as_the_engine_cuts_them(empty_page: Page):
    seen = torch.randint(0, 49_152, (300,), generator=torch.Generator().manual_seed(2))
    check(empty_page, large(2.0, 2).to(torch.bfloat16).float(), seen, 80)


def test_what_is_sent_stays_small_for_the_largest_vocabulary_and_a_long_context():
    logits = torch.randn(262_144, generator=torch.Generator().manual_seed(0)) * 2
    seen = torch.randperm(262_144)[:8_192]
    data = compact(logits, seen, torch.rand(262_144), lambda token: f" token {token}")
    assert len(json.dumps(data)) < 2_000_000
    assert len(data["ids"]) >= EXACT_TOKENS
    assert len(data["ids"]) + data["tail"]["at"][-1] == 262_144
    assert len(data["tail"]["high"]) >= TAIL_BINS
