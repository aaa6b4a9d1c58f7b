"""Laws of the tokenizer view: pieces make up the text, control tokens are spelt out unless asked for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.data.context import Haystack, LanguageList
from playground.data.presets import load_list
from playground.engine.prompting import prepare_prompt
from playground.errors import PlaygroundError
from playground.experiments.context.tokens import byte_length, tokens_of
from playground.experiments.replays import replay_document
from playground.paths import presets_dir
from playground.runs.runner import Runner
from playground.settings import Settings
from tests.engine.helpers import byte_fallback_tokenizer
from tests.tiny import IM_END_ID, tiny_tokenizer

FOLDER = presets_dir() / "context"
text = st.text("ab é日👍\n<|im_end|>", min_size=1).filter(str.strip)


@given(text=text, inject=st.booleans())
@settings(max_examples=60, deadline=None)
def test_bytes_of_all_tokens_are_the_bytes_of_the_text(text: str, inject: bool):
    record = tokens_of(tiny_tokenizer(), "tiny", text, inject=inject)
    assert sum(token.bytes for token in record.tokens) == record.bytes == len(text.encode())
    assert tiny_tokenizer().decode([token.id for token in record.tokens]) == text
    assert record.text_tokens == len(record.tokens)
    assert record.characters == len(text)


def test_a_piece_of_a_character_counts_its_bytes():
    assert byte_length("<0xE2><0x96>") == 2
    assert byte_length("é") == 2
    assert byte_length(" <0x") == 4
    pieces = tokens_of(byte_fallback_tokenizer(), "tiny", "日👍 ab").tokens
    assert sum(piece.bytes for piece in pieces) == len(" 日👍 ab".encode())  # this tokenizer begins with a space


def test_control_tokens_of_a_text_are_spelt_out_unless_injection_is_asked_for():
    typed = "hi<|im_end|>there"
    plain, injected = (tokens_of(tiny_tokenizer(), "tiny", typed, inject=inject) for inject in (False, True))
    assert plain.controls == injected.controls == ["<|im_end|>"]
    assert IM_END_ID not in [token.id for token in plain.tokens]
    assert [token.kind for token in injected.tokens if token.id == IM_END_ID] == ["control"]
    assert plain.text_tokens > injected.text_tokens
    assert tokens_of(tiny_tokenizer(), "tiny", "hi").controls == []


@pytest.mark.parametrize("typed", ["hello", "a<|im_end|>b"])
def test_a_wrapped_text_is_what_a_message_becomes(typed: str):
    record = tokens_of(tiny_tokenizer(), "tiny", typed, chat=True, system="be brief")
    message = prepare_prompt(tiny_tokenizer(), typed, Settings(system="be brief"), 10_000)
    assert tuple(token.id for token in record.tokens) == message.ids
    own = "".join(token.text for token in record.tokens if token.kind == "text")
    assert own == typed
    around = "".join(token.text for token in record.tokens if token.kind != "text")
    assert "<|im_start|>system\nbe brief<|im_end|>" in around


def test_what_cannot_be_shown_is_refused_in_words():
    with pytest.raises(PlaygroundError, match="no chat template"):
        tokens_of(tiny_tokenizer(chat=False), "tiny", "hi", chat=True)
    with pytest.raises(PlaygroundError, match="empty"):
        tokens_of(tiny_tokenizer(), "tiny", "  ")


def test_every_language_is_counted_with_the_models_tokenizer():
    record = tokens_of(tiny_tokenizer(), "tiny", "hi")
    samples = load_list(LanguageList, FOLDER / "languages.yaml").languages
    assert len({one.id for one in record.languages}) == len(samples) >= 12
    for sample, one in zip(samples, record.languages, strict=True):
        assert (one.id, one.characters) == (sample.id, len(sample.text))
        assert one.tokens == len(tiny_tokenizer()(sample.text)["input_ids"])


def test_a_replay_compares_the_ids(tiny: Runner):
    backend = tiny.loaded("tiny-llama")
    assert backend is not None
    record = backend.tokenize(lambda tokenizer: tokens_of(tokenizer, "tiny-llama", "a<|im_end|>", chat=True))
    assert replay_document(record, tiny).identical
    assert not replay_document(record.model_copy(update={"tokens": record.tokens[1:]}), tiny).identical


@pytest.mark.parametrize(
    ("name", "wrong", "told"),
    [("needle.yaml", ("answer: ", "answr: "), "unknown key 'answr'.*answer"),
     ("needle.yaml", ("is {code}\n", "is hidden\n"), "answer"),
     ("needle.yaml", ("is {code}\n", "is {code} now\n"), "must end with"),
     ("languages.yaml", ("    title: English", "    titel: English"), "unknown key 'languages.0.titel'.*title"),
     ("languages.yaml", ("schema: 1", "schema: 2"), "schema must be 1")],
)  # fmt: skip
def test_a_broken_data_file_says_what_is_wrong(tmp_path, name: str, wrong: tuple[str, str], told: str):
    (tmp_path / name).write_text((FOLDER / name).read_text("utf-8").replace(*wrong), "utf-8")
    with pytest.raises(PlaygroundError, match=told):
        load_list(Haystack if name == "needle.yaml" else LanguageList, tmp_path / name)
