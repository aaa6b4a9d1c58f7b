"""Laws of the text: what is shown joins to the decoding of all ids, and no stop string is ever in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.engine.template import plain_ids
from playground.engine.text import BROKEN, AnswerText, IncrementalDecoder, StopScanner, answer_text, piece_texts
from playground.settings import Settings
from tests.engine.helpers import byte_fallback_tokenizer
from tests.tiny import ENDOFTEXT_ID, IM_END_ID, VOCABULARY, tiny_tokenizer

TOKENIZERS = {"byte-level": tiny_tokenizer(), "byte-fallback": byte_fallback_tokenizer()}
TEXTS = [
    "plain words, twice  spaced\n\tand tabbed ",
    "👍🏽 🧑‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 emoji",
    "日本語と中文和한국어",
    "שלום עולם، مرحبا بالعالم ‏RTL‏",
    "e\u0301 n\u0303 \u0e01\u0e33 \u0937\u094d\u0924 combining",
    "\ufffd a replacement character of its own \ufffd",
    "   leading and trailing   ",
    "\x00 control \x7f",
]


def _decoded(tokenizer, ids) -> str:
    return tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def _shown(tokenizer, ids) -> list[str]:
    decoder = IncrementalDecoder(tokenizer)
    return [*(decoder.add(id) for id in ids), decoder.flush()]


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("text", TEXTS)
def test_texts_join_to_the_full_decoding_and_show_no_broken_character(name: str, text: str):
    tokenizer = TOKENIZERS[name]
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    shown = _shown(tokenizer, ids)
    assert "".join(shown) == _decoded(tokenizer, ids) == text
    assert "".join(shown).count(BROKEN) == text.count(BROKEN)
    assert text.startswith("".join(shown[:-1]))


@pytest.mark.parametrize("name", TOKENIZERS)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_texts_of_any_ids_join_to_the_full_decoding(name: str, data: st.DataObject):
    tokenizer = TOKENIZERS[name]
    size = len(tokenizer)
    every = st.integers(0, size - 1)
    special = st.sampled_from(tokenizer.all_special_ids)
    byte_runs = st.text(st.characters(exclude_categories=["Cs"]), max_size=4).flatmap(
        lambda text: st.just(tokenizer(text, add_special_tokens=False)["input_ids"])
    )
    parts = data.draw(st.lists(st.one_of(every.map(lambda id: [id]), special.map(lambda id: [id]), byte_runs)))
    ids = [id for part in parts for id in part]
    full = _decoded(tokenizer, ids)
    shown = _shown(tokenizer, ids)
    assert "".join(shown) == full
    for end in range(len(shown)):  # at every moment: nothing that the whole takes back
        assert full.startswith("".join(shown[:end]))


def test_text_is_shown_as_soon_as_its_character_is_whole():
    tokenizer = TOKENIZERS["byte-level"]
    ids = tokenizer("a日b", add_special_tokens=False)["input_ids"]
    assert _shown(tokenizer, ids) == ["a", "", "", "日", "b", ""]


def test_special_tokens_and_unknown_ids_show_nothing():
    tokenizer = TOKENIZERS["byte-level"]
    (letter,) = tokenizer("a")["input_ids"]
    assert _shown(tokenizer, [ENDOFTEXT_ID, letter, IM_END_ID, VOCABULARY + 7, letter]) == ["", "a", "", "", "a", ""]


stop_strings = st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3).map(tuple)


def _oracle(text: str, stops: tuple[str, ...]) -> tuple[str, bool]:
    """Read letter by letter: the answer ends where the first stop string is complete, and is cut where that began."""
    for end in range(1, len(text) + 1):
        begun = [end - len(stop) for stop in stops if text[:end].endswith(stop)]
        if begun:
            return text[: min(begun)], True
    return text, False


@given(parts=st.lists(st.text("ab\n", max_size=5)), stops=stop_strings)
@settings(max_examples=500, deadline=None)
def test_the_scanner_finds_what_a_search_of_the_whole_finds_however_it_is_split(parts, stops):
    scanner = StopScanner(stops)
    shown = ""
    for part in parts:
        shown += scanner.add(part)
        assert not any(stop in shown for stop in stops)
        if scanner.found:
            break
    shown += scanner.flush()
    assert (shown, scanner.found) == _oracle("".join(parts), stops)


@given(parts=st.lists(st.text("abc", max_size=4)), stop=st.text("abc", min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_one_stop_string_cuts_where_str_find_finds_it_and_no_more_is_held_than_may_begin_it(parts, stop):
    scanner = StopScanner((stop,))
    text, shown = "", ""
    for part in parts:
        text += part
        shown += scanner.add(part)
        if scanner.found:
            assert shown == text[: text.find(stop)]
            return
        held = text[len(shown) :]
        assert stop not in text
        assert stop.startswith(held)


@given(
    text=st.text("ab日é👍", max_size=12),
    stops=st.lists(st.text("ab日é👍", min_size=1, max_size=3), max_size=3).map(tuple),
    name=st.sampled_from(sorted(TOKENIZERS)),
)
@settings(max_examples=200, deadline=None)
def test_an_answer_is_its_decoding_up_to_the_first_stop_string(text, stops, name):
    tokenizer = TOKENIZERS[name]
    answer, shown = AnswerText(tokenizer, stops), ""
    for id in tokenizer(text, add_special_tokens=False)["input_ids"]:
        shown += answer.add(id)
        if answer.stopped:
            break
    shown += answer.flush()
    assert (shown, answer.stopped) == _oracle(text, stops)
    assert answer.flush() == ""


def test_every_token_has_a_look_of_its_own():
    piece = piece_texts(TOKENIZERS["byte-level"])
    tokenizer = TOKENIZERS["byte-level"]
    first, second, third = tokenizer("▁")["input_ids"]
    assert [piece(id) for id in (first, second, third)] == ["<0xE2>", "<0x96>", "<0x81>"]
    assert piece(IM_END_ID) == "<|im_end|>"
    assert piece(VOCABULARY + 7) == ""
    looks = [piece(id) for id in range(VOCABULARY)]
    assert len(set(looks)) == VOCABULARY
    assert not any(BROKEN in look for look in looks)


def test_a_piece_keeps_the_space_that_a_decoder_strips():
    tokenizer = TOKENIZERS["byte-fallback"]
    piece = piece_texts(tokenizer)
    pieces = {spelling: piece(id) for spelling, id in tokenizer.get_vocab().items()}
    assert (pieces["▁ab"], pieces["ab"], pieces["▁"], pieces["▁▁"]) == (" ab", "ab", " ", "  ")
    assert (pieces["<0xE2>"], pieces["<0x41>"], pieces["</s>"]) == ("<0xE2>", "A", "</s>")


CONTINUING = Settings(raw=True)


def _answered(tokenizer, asked: Settings, prompt_ids, ids) -> str:
    answer = answer_text(tokenizer, asked, prompt_ids)
    return "".join([*(answer.add(id) for id in ids), answer.flush()])


@pytest.mark.parametrize("name", TOKENIZERS)
@given(
    text=st.text("ab é日👍\n", max_size=16), more=st.text("ab é日👍\n", min_size=1, max_size=12), at=st.integers(0, 20)
)
@settings(max_examples=80, deadline=None)
def test_in_raw_mode_prompt_and_answer_join_to_the_decoding_of_both(name: str, text: str, more: str, at: int):
    tokenizer = TOKENIZERS[name]
    ids = tokenizer("a" + text + more, add_special_tokens=False)["input_ids"]
    cut = min(at + 1, len(ids))
    while BROKEN in _decoded(tokenizer, ids[:cut]) or BROKEN in _decoded(tokenizer, ids[cut:]):
        cut -= 1
    prompt, whole = _decoded(tokenizer, ids[:cut]), _decoded(tokenizer, ids)
    assert prompt + _answered(tokenizer, CONTINUING, ids[:cut], ids[cut:]) == whole


def test_a_sentencepiece_answer_keeps_its_first_space_in_raw_mode_and_has_none_in_a_chat():
    tokenizer = byte_fallback_tokenizer()
    prompt, answer = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("ab", "a ab"))
    assert _answered(tokenizer, CONTINUING, prompt, answer) == " a ab"
    assert _answered(tokenizer, Settings(), prompt, answer) == " a ab"  # without a template it goes on too
    tokenizer.chat_template = "{{ messages[-1]['content'] }}"
    assert _answered(tokenizer, Settings(), prompt, answer) == "a ab"
    for special in (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<0xE6>")):
        assert _answered(tokenizer, CONTINUING, [*prompt, special], answer) == " a ab"
    assert _answered(tokenizer, CONTINUING, [tokenizer.bos_token_id], answer) == "a ab"


@pytest.mark.parametrize(
    ("stop", "ids", "shown"),
    [
        ("<|im_start|>", ["a", "<|im_start|>", "b"], "a"),
        ("b<|im_start|>", ["a", "<|im_start|>", "b", "<|im_start|>", "c"], "a"),
        ("<|im_start|>b", ["a", "<|im_start|>", "<|im_start|>", "b"], "a"),
        ("<|im_start|><|im_end|>", ["a", "<|im_end|>", "<|im_start|>", "<|im_end|>"], "a"),
        ("<|im_start|>b", ["a", "<|im_start|>", "c", "b"], "acb"),
        ("<|im", ["a", "<|im_start|>", "b"], "ab"),
    ],
)
def test_a_stop_string_may_hold_special_tokens(stop: str, ids: list[str], shown: str):
    tokenizer = TOKENIZERS["byte-level"]
    answer, text = AnswerText(tokenizer, ("zz", stop)), ""
    for id in tokenizer("".join(ids), add_special_tokens=False)["input_ids"]:
        text += answer.add(id)
        if answer.stopped:
            break
    text += answer.flush()
    assert (text, answer.stopped) == (shown, shown not in ("acb", "ab"))


def test_a_special_stop_token_that_is_spelt_in_letters_ends_the_answer_too():
    tokenizer = TOKENIZERS["byte-level"]
    answer = AnswerText(tokenizer, ("<|im_start|>",))
    assert "".join(answer.add(id) for id in plain_ids(tokenizer, "ab<|im_start|>")) == "ab"
    assert answer.stopped


def test_a_special_stop_token_is_found_behind_bytes_that_are_held_back():
    tokenizer = TOKENIZERS["byte-fallback"]
    ids = tokenizer("ab👍", add_special_tokens=False)["input_ids"]
    answer = AnswerText(tokenizer, ("👍</s>",))
    assert "".join(answer.add(id) for id in [*ids, tokenizer.eos_token_id]) == "ab"
    assert answer.stopped


@given(data=st.data(), stops=st.lists(st.sampled_from(["<|im_start|>", "q<|im_end|>", "<|endoftext|>q"]), min_size=1))
@settings(max_examples=60, deadline=None)
def test_a_special_stop_string_changes_no_text_before_it_comes(data: st.DataObject, stops: list[str]):
    tokenizer = TOKENIZERS["byte-level"]
    ids = data.draw(st.lists(st.integers(0, VOCABULARY - 1)))
    answer = AnswerText(tokenizer, tuple(stops))
    text = ""
    for count, id in enumerate(ids, start=1):
        text += answer.add(id)
        if answer.stopped:
            assert any(tokenizer.decode(ids[:count]).endswith(stop) for stop in stops)
            return
    assert text + answer.flush() == _decoded(tokenizer, ids)
