"""The engine's laws once more, on the embedded default model."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.engine.events import PromptProcessed
from playground.engine.generate import stream, stream_batch
from playground.engine.prompting import prepare_prompt
from playground.engine.text import BROKEN, IncrementalDecoder
from playground.settings import Settings
from tests.engine.helpers import ids_of, text_of

pytestmark = pytest.mark.real_model

QUESTION = "What is the capital of France? Answer in one short sentence."
STORY = "It was a dark and stormy night; the rain fell in torrents. " * 20


def _prompt(model, text: str, **values) -> list[int]:
    return list(prepare_prompt(model.tokenizer, text, Settings(**values), 8192).ids)


def test_a_chat_has_the_ids_of_its_own_template(default_model):
    for text, system in ((QUESTION, ""), (" \n odd \u00a0 日本 👍\n", " be brief "), ("x", "y")):
        messages = [{"role": "system", "content": system}] * bool(system) + [{"role": "user", "content": text}]
        theirs = default_model.tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
        assert _prompt(default_model, text, system=system) == theirs


def test_no_control_token_that_a_person_types_is_read_as_one(default_model):
    tokenizer = default_model.tokenizer
    controls = set(tokenizer.get_added_vocab().values())
    wanted = [id for id in _prompt(default_model, "x") if id in controls]
    for token in tokenizer.get_added_vocab():
        assert [id for id in _prompt(default_model, f"a{token}\n{token}b") if id in controls] == wanted


@pytest.mark.parametrize(("text", "penalty"), [(QUESTION, 1.0), (STORY, 1.2)], ids=["plain", "long and penalised"])
def test_greedy_ids_are_those_of_transformers_generate(default_model, default_module, text: str, penalty: float):
    prompt = torch.tensor([_prompt(default_model, text)])
    sampling = Settings(temperature=0, max_new_tokens=12, repetition_penalty=penalty)
    ours = ids_of(stream(default_model, prompt[0].tolist(), sampling))
    theirs = default_module.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=False,
        max_new_tokens=12,
        repetition_penalty=penalty,
        eos_token_id=sorted(default_model.eos_ids),
    )
    assert ours == theirs[0, prompt.shape[1] :].tolist()


def test_it_knows_the_capital_of_france_and_ends_by_itself(default_model):
    events = list(stream(default_model, _prompt(default_model, QUESTION), Settings(temperature=0)))
    assert "Paris" in text_of(events)
    assert events[-1].reason == "eos"
    assert text_of(events) == default_model.tokenizer.decode(ids_of(events), skip_special_tokens=True)


def test_rows_of_a_batch_are_the_runs_alone_and_share_one_prompt(default_model):
    prompt = _prompt(default_model, "Tell a joke.")
    rows = [Settings(temperature=1, seed=seed, max_new_tokens=10) for seed in range(3)]
    events = list(stream_batch(default_model, prompt, rows))
    assert sum(isinstance(item.event, PromptProcessed) for item in events) == 1
    for row in range(3):
        alone = ids_of(stream(default_model, prompt, rows[row]))
        assert ids_of(item.event for item in events if item.row == row) == alone


@given(data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_texts_of_any_ids_join_to_the_full_decoding(default_model, data: st.DataObject):
    tokenizer = default_model.tokenizer
    words = st.text(st.characters(exclude_categories=["Cs"]), max_size=5).map(lambda text: tokenizer(text)["input_ids"])
    anything = st.integers(0, len(tokenizer) - 1).map(lambda id: [id])
    ids = [id for part in data.draw(st.lists(st.one_of(anything, words))) for id in part]
    decoder = IncrementalDecoder(tokenizer)
    shown = [decoder.add(id) for id in ids]
    full = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    assert full.startswith("".join(shown))
    assert "".join(shown) + decoder.flush() == full


@pytest.mark.parametrize("text", ["👍🏽 🧑‍🚀 👨‍👩‍👧‍👦", "日本語と中文", "שלום مرحبا", "e\u0301 ก\u0e33"])
def test_no_broken_character_is_shown(default_model, text: str):
    decoder = IncrementalDecoder(default_model.tokenizer)
    shown = [decoder.add(id) for id in default_model.tokenizer(text)["input_ids"]]
    assert "".join(shown) == text
    assert not any(BROKEN in part for part in shown)
