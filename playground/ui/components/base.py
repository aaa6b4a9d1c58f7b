"""The base of every component: its markup, script and style in files of its name.

Text of a model or a person enters the page only in those scripts, by `textContent`. The template is evaluated in the
browser, so it holds only our constants.

Components are functions that make a `gr.HTML`: for a subclass Gradio would write a stub file beside our source when it
is imported.
"""

import json
import re
from collections.abc import Collection, Sequence
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


def scripts(first: Collection[str]) -> tuple[str, str]:
    """The scripts of all parts, each once a page and compiled once a kind of part: those needed first, and the rest."""
    sources = {file.stem: without_comments(file.read_text("utf-8")) for file in sorted(_HERE.glob("*.js"))}
    now = {name: text for name, text in sources.items() if name in first}
    later = {name: text for name, text in sources.items() if name not in first}
    return _DRAW.replace("SOURCES", _literal(now)), f"playground.know({_literal(later)});"


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def without_comments(script: str) -> str:
    """A script without the lines that only say why, and without indents. No template of ours has lines."""
    return re.sub(r"(?m)^ *//.*\n|^ +", "", script)


# The rest is fetched when the first part that needs it is drawn: most people see one tab.
_DRAW = """(() => {
  const sources = SOURCES, made = {}, given = ['element', 'trigger', 'props', 'server', 'upload', 'watch'];
  const places = { ...document.currentScript?.dataset }, coming = {};
  const fetched = (name) => {
    coming[name] ??= new Promise((done, failed) => {
      const script = document.createElement('script');
      Object.assign(script, { src: places[name], onload: done, onerror: failed, async: false }); // in order
      document.head.append(script);
    });
    coming[name].catch(() => { coming[name] = null; });
    return coming[name];
  };
  const needed = () => Promise.all(['list', 'rest'].map(fetched));
  const missing = 'This part did not come, because the server did not answer. Reload the page.';
  const draw = (names, ...values) => {
    made[names] ??= new Function(...given, names.map((name) => sources[name]).join(''));
    made[names](...values);
  };
  Object.assign(window.playground ??= {}, {
    fetched,
    know: (more) => { Object.assign(sources, more); document.dispatchEvent(new Event('playground:known')); },
    draw: (names, ...values) => {
      if (names.every((name) => name in sources)) draw(names, ...values);
      else needed().then(() => draw(names, ...values), () => { values[0].textContent = missing; });
    },
  });
})();
"""
_DRAWN = re.compile(r"playground\.draw\((\[[^\]]*\])")


def drawn_at_first(demo: gr.Blocks) -> set[str]:
    """The scripts of the parts that do not wait in a tab behind another."""
    seen = (block for block in demo.blocks.values() if isinstance(block, gr.HTML) and not _waits(block))
    found = (_DRAWN.search(block.js_on_load or "") for block in seen)
    return {name for one in found if one for name in json.loads(one[1])}


def _waits(block: Any) -> bool:
    while (parent := block.parent) is not None:
        if isinstance(block, gr.Tab) and parent.children[0] is not block:
            return True
        block = parent
    return False


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
