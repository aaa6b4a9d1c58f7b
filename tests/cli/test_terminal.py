import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.cli.terminal import ascii_json
from playground.cli.watch import watch
from playground.engine.events import PreparedPrompt
from playground.views.panels import View
from playground.views.terminal import safe_text


@pytest.mark.parametrize(
    "text",
    ["plain\n\ttabbed", "naïve “quotes”", "日本語\u3000です", "12\u202f000\xa0€", "👨‍👩‍👧 ❤️", "نمی‌خواهم שלום", "�"],
)
def test_text_of_every_script_stays_as_it_is(text: str):
    assert safe_text(text) == text


@pytest.mark.parametrize("code", [*range(32), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x2028])
def test_characters_that_act_on_a_terminal_are_shown(code: int):
    shown = safe_text(f"a{chr(code)}b")
    assert shown == (f"a{chr(code)}b" if chr(code) in "\n\t" else f"a\\u{code:04x}b")


@given(st.dictionaries(st.text(), st.text()))
def test_json_in_ascii_is_the_same_document(document: dict[str, str]):
    text = ascii_json(json.dumps(document, ensure_ascii=False))
    assert text.isascii()
    assert json.loads(text) == document


def test_what_is_not_read_as_written_is_said_once_of_any_experiment(capsys: pytest.CaptureFixture[str]):
    prompt = PreparedPrompt((1,), 0, 8, neutralised=True, notes=("The template has moved.",))
    view = View((), lambda _: {}, line=lambda update: f"line of {update}")
    assert watch(iter([prompt, prompt, "a part", 5]), int, view, text=True) == 5
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "The template has moved.", "Control tokens in the prompt are read as plain text.", "line of a part",
    ]  # fmt: skip
