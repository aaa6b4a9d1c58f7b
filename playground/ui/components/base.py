"""The base of every component: its markup, script and style in files of its name.

Text of a model or a person enters the page only in those scripts, by `textContent`. The template is evaluated in the
browser, so it holds only our constants.

Components are functions that make a `gr.HTML`: for a subclass Gradio would write a stub file beside our source when it
is imported.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from playground.views.formula_script import formula_notes

_HERE = Path(__file__).parent
_COMMON = _HERE / "common.css"


def attribute(text: str) -> str:
    """Our text, safe inside a template and its attributes."""
    return escape(text).replace("{", "&#123;").replace("$", "&#36;").replace("`", "&#96;")


def markup(name: str, /, **texts: object) -> str:
    """The markup of `<name>.html` on one line, with our texts in it, escaped unless their name ends in `_html`."""
    text = (_HERE / f"{name}.html").read_text("utf-8").strip()
    line = re.sub(r"\s*\n\s*", " ", re.sub(r">\s*\n\s*<", "><", text))
    return line.format(**{key: one if key.endswith("_html") else attribute(str(one)) for key, one in texts.items()})


@cache
def definitions(name: str) -> dict[str, dict[str, str]]:
    """What each figure of `<name>_definitions.json` means: term, unit, definition, formula, source.

    Where `noted` names a function of `metrics.formulas`, formula and source are those of its docstring.
    """
    texts = json.loads((_HERE / f"{name}_definitions.json").read_text("utf-8"))
    for text in texts.values():
        if (formula := text.pop("noted", None)) is not None:
            text |= {part: formula_notes()[formula][part].rstrip(".") for part in ("formula", "source")}
    return texts


def term(key: str, words: str, about: str, prefix: str) -> str:
    """The name of a figure with a "?", as HTML, and what is shown of it on hover, focus and click."""
    return (
        f'<span class="term" data-term="{key}">{words}'
        f'<button type="button" aria-label="Explain" aria-describedby="{prefix}-{key}">?</button></span>'
        f'<span class="about" id="{prefix}-{key}">{attribute(about)}</span>'
    )


def terms(names: str, prefix: str) -> dict[str, str]:
    """The terms of `<names>_definitions.json` by key, for `markup`; they need a `.tip` and `explain`."""
    return {f"{key}_html": term(key, attribute(one["term"]), one["definition"], prefix) for key, one in
            definitions(names).items()}  # fmt: skip


def styles() -> str:
    """The styles of all parts, for the document's head.

    Gradio would write a part's style again with each value, and the browser would restyle the whole page.
    The selector has the specificity of an id; `part` puts the matching name on the element. `common.css` is for all.
    """
    own = "".join(_rules(f'="{file.stem}"', file) for file in sorted(_HERE.glob("*.css")) if file != _COMMON)
    return _rules("", _COMMON) + own


def _rules(named: str, file: Path) -> str:
    return f":where([data-part{named}]):not(#_) {{\n{file.read_text('utf-8')}}}\n"


def scripts() -> str:
    """The scripts of all parts, for the document's head: once a page, and compiled once a kind of part."""
    sources = {file.stem: file.read_text("utf-8") for file in sorted(_HERE.glob("*.js"))}
    return _DRAW.replace("SOURCES", json.dumps(sources).replace("<", "\\u003c"))


_DRAW = """(() => {
  const sources = SOURCES, made = {}, given = ['element', 'trigger', 'props', 'server', 'upload', 'watch'];
  (window.playground ??= {}).draw = (names, ...values) => {
    made[names] ??= new Function(...given, names.map((name) => sources[name]).join(''));
    made[names](...values);
  };
})();
"""


def part(
    name: str, value: Any, template: str | None = None, *, scripts_before: Sequence[str] = (), **props: Any
) -> gr.HTML:
    """A component drawn by `<name>.js` and `<name>.css` of this folder; the script sees `props`.

    Without a template it has the one of `<name>.html`. `scripts_before` are other scripts of this folder, which run
    before this one in the same scope.
    """
    names = json.dumps(["common", *scripts_before, name])
    return gr.HTML(
        value,
        html_template=markup(name) if template is None else template,
        js_on_load=f"element.dataset.part = {json.dumps(name)};\n{_restoring(props)}\n"
        f"playground.draw({names}, element, trigger, props, server, upload, watch);",
        apply_default_css=False,
        **props,
    )


def _restoring(props: dict[str, Any]) -> str:
    """Restores properties: Gradio 6.31 drops them if a part gets a value before its tab is first drawn."""
    own = {key: value for key, value in props.items() if not key.startswith("elem_") and key != "server_functions"}
    given = json.dumps(own).replace("<", "\\u003c")
    return f"for (const [key, value] of Object.entries({given})) props[key] ??= value;"
