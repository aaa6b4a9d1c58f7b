"""The page's words in one file per language: files that agree, and a page in a language of brackets."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import Browser, Page, expect

import playground.ui
from playground.ui.app import build_app
from playground.ui.components.words import FOLDER, Text, english, read_words
from playground.ui.server.languages import all_english, table, with_tables_for
from tests.scripted import ScriptedRunner
from tests.ui.pages import serving_page
from tests.ui.test_golden_page import TABS

UI = Path(playground.ui.__file__).parent
_PLACE = re.compile(r"\{\w+\}")
_USED = re.compile(r"""\w*word\(\s*f?['"]([a-z_]+\.[^'"]+)['"]|\bw\[([a-z_]+\.[\w.]+)\]""")
_COUNTED = re.compile(r"""plural\((?:[^()]|\([^()]*\))*?, '([a-z ]+)'(?:, '([a-z ]+)')?\)""")
_MADE = re.compile(r"\{[^}]*\}")  # a part of an id that the code puts in


def forms(text: Text) -> list[str]:
    return list(text.values()) if isinstance(text, dict) else [text]


def test_every_id_is_used_and_every_used_id_has_a_text():
    source = "\n".join(path.read_text("utf-8") for kind in ("py", "js", "html") for path in UI.rglob(f"*.{kind}"))
    found = {match[1] or match[2] for match in _USED.finditer(source)}
    patterns = [re.compile(r"[\w-]+".join(map(re.escape, _MADE.split(id)))) for id in found]
    counted = {f"count.{match[1].replace(' ', '_')}" for match in _COUNTED.finditer(source)}
    assert [one.pattern for one in patterns if not any(one.fullmatch(id) for id in english())] == []
    assert {id for id in english() if not any(one.fullmatch(id) for one in patterns)} == counted


def test_every_language_has_the_same_ids_and_placeholders():
    ours = all_english()
    assert {id: ours[id] for id in english()} == english()  # a declared text has no id of these
    for file in FOLDER.glob("*.yaml"):
        theirs, one = read_words(file), dict[str, Text]()
        assert set(theirs) == set(english() if file.stem == "en" else ours), file.name
        for id, text in theirs.items():
            places = {frozenset(_PLACE.findall(form)) for form in forms(text)}
            assert places == {frozenset(_PLACE.findall(form)) for form in forms(ours[id])}, (file.name, id)
            assert one.setdefault(str(ours[id]), text) == text, (file.name, id)  # the English text is the key


PSEUDO = "en-XA"
_SEEN = """() => {
  const within = (node) => node.closest('[data-part]')?.dataset.part ?? '', found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const isText = node.nodeType === Node.TEXT_NODE && !/^(SCRIPT|STYLE)$/.test(node.parentNode.nodeName);
    if (isText) found.push([within(node.parentNode), node.data]);
    for (const name of ['aria-label', 'aria-description', 'title', 'placeholder']) {
      const text = node.getAttribute?.(name);
      if (text) found.push([within(node), text]);
    }
  }
  return found;
}"""
_BRACKETED = re.compile(r"\[[^\]]*\]")
_WORD = re.compile(r"[A-Za-z]{2,}")
_RESULTS = {  # parts that show what came out, beside words of their own
    "token_view", "inspector", "timeline", "chart", "bar_rows", "status", "cost_figures", "gallery", "settings_strip",
    "plain_table",
}  # fmt: skip
_AS_IT_IS = re.compile(  # names, figures, sentences that Python composes from results, and Gradio's own words
    r"Inference Playground|(bf16|fp16|fp32|int[48])\b.*|layer-cast|transformers|llama\.cpp|[\d.,]+ [kMG]?B"
    r"|Fake-.*|Answers at once, .*|.* measured, .* calculated\..*|this processor has .*|.*per million tokens"
    r"|\d+ answers\. .*|A (question|list|story|summary).*|.*\$[\d.]+/h"
    r"|assumed: .*|.*genai-prices.*|\(\(input - cached.*"
    r"|\d+ list prices|.*runs, at most .*|This model's tokenizer .*|(processing|queue:).*"
    r"|Toggle Sidebar|More tabs|Reset to default value|(number input|range slider) for .*",
    re.DOTALL,
)


def test_a_page_holds_the_tables_of_the_languages_that_its_reader_accepts():
    document = b'{"i18n_translations":{"en":{},"de":{"a\\u003cb":"c"},"pt-BR":{"d":"e"}},"more":1}'
    for accepted, tags in {"": set(), "fr": set(), "de-AT,en;q=0.9": {"en", "de"}, "pt-BR;q=0.5": {"pt-BR"}}.items():
        found = with_tables_for(document, accepted)
        assert b"<" not in found
        assert set(json.loads(found)["i18n_translations"]) == tags
        assert json.loads(found)["more"] == 1


def bracketed(text: Text) -> Text:
    """Every word in brackets; placeholders as they are."""
    if isinstance(text, dict):
        return {name: str(bracketed(form)) for name, form in text.items()}
    return re.sub(r"\{\w+\}|[^\s{}]+", lambda one: one[0] if one[0].startswith("{") else f"[{one[0]}]", text)


@pytest.fixture(scope="module")
def pseudo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page with a second language, in which every word is in brackets."""
    ours = all_english()
    i18n = gr.I18n(en={}, **{PSEUDO: table(ours, {id: bracketed(text) for id, text in ours.items()})})
    demo = build_app(ScriptedRunner(), user_presets_dir=tmp_path_factory.mktemp("presets"))
    with serving_page(demo, i18n=i18n) as url:
        yield url


def _left(page: Page) -> tuple[set[tuple[str, str]], int]:
    """Part and text of what is in English, and how many texts are in the other language."""
    texts = [(part, text.strip()) for part, text in page.evaluate(_SEEN) if part not in _RESULTS]
    english_ones = {(part, text) for part, text in texts if _WORD.search(_BRACKETED.sub("", text))}
    return {one for one in english_ones if not _AS_IT_IS.fullmatch(one[1])}, sum("[" in text for _, text in texts)


@pytest.mark.browser
def test_every_word_of_the_page_is_in_the_language_of_the_browser(browser: Browser, pseudo_url: str):
    context = browser.new_context(locale=PSEUDO, viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.goto(pseudo_url)
    expect(page.get_by_text("[ready]", exact=True).first).to_be_visible()
    left, translated = set[tuple[str, str]](), 0
    for name, sections in TABS.items():
        for tab in (name, *sections):
            page.get_by_role("tab", name=str(bracketed(tab)), exact=True).click()
            expect(page.get_by_role("tabpanel").last).to_be_visible()
            found, count = _left(page)
            left, translated = left | found, max(translated, count)
    context.close()
    assert left == set()
    assert translated > len(english())
