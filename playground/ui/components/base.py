"""The base of every component: a static template, and a script and a style in files beside its module.

Text of a model or a person enters the page only in those scripts, by `textContent`. The template is evaluated in the
browser, so it holds only our constants.

Components are functions that make a `gr.HTML`: for a subclass Gradio would write a stub file beside our source when it
is imported.
"""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

_HERE = Path(__file__).parent
_COMMON = _HERE / "common.css"


def attribute(text: str) -> str:
    """Our text, safe inside a template and its attributes."""
    return escape(text).replace("{", "&#123;").replace("$", "&#36;").replace("`", "&#96;")


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


def part(name: str, value: Any, template: str, *, scripts_before: Sequence[str] = (), **props: Any) -> gr.HTML:
    """A component drawn by `<name>.js` and `<name>.css` of this folder; the script sees `props`.

    Args:
        name: Name of the files.
        value: Initial value.
        template: Our constants only.
        scripts_before: Other scripts of this folder, run before this one in the same scope.
        props: Other arguments of `gr.HTML`.
    """
    names = json.dumps(["common", *scripts_before, name])
    return gr.HTML(
        value,
        html_template=template,
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
