"""The base of every component: a static template, and a script and a style in files beside its module.

Text of a model or a person enters the page only in those scripts, by `textContent`. The template is evaluated in the
browser, so it holds nothing but our own constants.

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


def attribute(text: str) -> str:
    """Our own text, safe inside a template and its attributes."""
    return escape(text).replace("{", "&#123;").replace("$", "&#36;").replace("`", "&#96;")


def styles() -> str:
    """The styles of all parts, for the document's head.

    Gradio would write a part's style anew with each of its values, and the browser would style the whole page again.
    The selector weighs as much as an id, and `part` puts the name it asks for on the element.
    """
    files = sorted(_HERE.glob("*.css"))
    return "".join(f':where([data-part="{file.stem}"]):not(#_) {{\n{file.read_text("utf-8")}}}\n' for file in files)


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
        name: Of the files.
        value: To begin with.
        template: Our own constants only.
        scripts_before: Names of more scripts of this folder that stand before its own, in one scope with it.
        props: More of `gr.HTML`.
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
    """A part that gets a value before its tab is first drawn loses its properties in Gradio 6.31: put them back."""
    own = {key: value for key, value in props.items() if not key.startswith("elem_") and key != "server_functions"}
    given = json.dumps(own).replace("<", "\\u003c")
    return f"for (const [key, own] of Object.entries({given})) props[key] ??= own;"
