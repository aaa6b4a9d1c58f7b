"""Characters that nobody sees are told before a run, whatever brought them."""

import pytest

from playground.views.hidden import hidden, hidden_text

TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "ignore")


@pytest.mark.parametrize(
    "char",
    ["\u202e", "\u2066", "\u200b", "\u200f", "\u2060", "\ufeff", "\u00ad", "\u2028", "\x00", "\x1b", "\x85",
     "\u3164", "\u2800", "\ue000", "\U000e0041", "\U000e0101"],
)  # fmt: skip
def test_what_has_no_ink_is_named_with_its_number(char: str):
    assert hidden(f"pay {char}no one") == [char]
    assert f"U+{ord(char):04X}" in hidden_text([f"pay {char}no one"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain\ntext\twith\r\nlines",
        "Grüße, 你好, שלום, مرحبا",
        "نمی\u200cشود",
        "👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3",
        "e\u0301",
    ],
)
def test_what_scripts_and_emoji_need_is_text(text: str):
    assert hidden(text) == []
    assert hidden_text([text]) == ""


def test_a_message_in_characters_without_ink_is_found_whole():
    assert hidden(f"hello{TAGS}") == list(TAGS)
    selectors = "\ufe01\ufe02\ufe0f"
    assert hidden(f"hello😀\ufe0f{selectors}") == list(selectors)
    assert hidden("a\u200db\u200cc\u200d") == ["\u200d", "\u200c", "\u200d"]
    words = hidden_text([f"hello{TAGS}", "\u200b\u200b"])
    assert "8 characters" in words
    assert "U+200B zero width space (2 times)" in words
    assert len(words) < 400
