"""The page's words: `words/en.yaml` has each by a dotted id, and a file of the same ids is another language.

The English text is also the key by which the browser finds a translation: `gr.I18n` sends a table from English texts
to texts of a language, and `server/scripts/languages.js` reads it before Gradio draws the page. So the page in English
needs no table and sends no byte more, the API and every test see plain English, and a text that has no translation
stays English. Gradio's own markers, `I18nData`, would name each id in the page and in the API's labels, and Gradio
replaces them in six properties only: neither in choices nor in our templates and scripts.

Texts that are declared elsewhere, such as the fields of a request, have ids too: see `server/languages.py`.
"""

import json
import re
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[1] / "words"
"""A file a language, named by its tag, such as `de.yaml` or `pt-BR.yaml`."""
Text = str | dict[str, str]
"""A text, or one for each plural category of the language, chosen by its placeholder `{n}`."""
_USED = re.compile(r"\bword\('([a-z_]+\.[\w.]+)'")


def read_words(file: Path) -> dict[str, Text]:
    """The texts of a language by id."""
    return yaml.load(file.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def english() -> dict[str, Text]:
    """The texts of `en.yaml` by id."""
    return read_words(FOLDER / "en.yaml")


def word(id: str, **values: object) -> str:
    """An English text; the values stand for its placeholders."""
    text = english()[id]
    if isinstance(text, dict):
        text = text["one" if values["n"] == 1 else "other"]
    return text.format(**values) if values else text


def with_words(script: str) -> str:
    """A script of ours with texts in place of ids: each call of `word` gets the text of its id."""
    return _USED.sub(lambda found: f"word({json.dumps(english()[found[1]], ensure_ascii=False)}", script)
