"""The base of every component: its markup, script and style in files of its name.

Text of a model or a person enters the page only in those scripts, by `textContent`. The template is evaluated in the
browser, so it holds only our constants.

Components are functions that make a `gr.HTML`: for a subclass Gradio would write a stub file beside our source when it
is imported.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from playground.ui.components.words import with_words, word
from playground.views.formula_script import formula_notes

_HERE = Path(__file__).parent
_COMMON = _HERE / "common.css"
_WORD = re.compile(r"\{w\[([\w.]+)\]\}")


def attribute(text: str) -> str:
    """Our text, safe inside a template and its attributes."""
    return _escaped(text).replace("{", "&#123;")


def safe_word(id: str) -> str:
    """One of the page's words, safe as above."""
    return attribute(word(id))


def _escaped(text: str) -> str:
    return escape(text).replace("$", "&#36;").replace("`", "&#96;")


def markup(name: str, /, **texts: object) -> str:
    """The markup of `<name>.html` on one line, with our texts in it, escaped unless their name ends in `_html`.

    `{w[id]}` is one of the page's words, whose placeholders are our texts, too.
    """
    text = (_HERE / f"{name}.html").read_text("utf-8").strip()
    text = _WORD.sub(lambda found: _escaped(word(found[1])), text)
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


def term(key: str, words: str, about_html: str, prefix: str) -> str:
    """The name of a figure with a "?", as HTML, and what is shown of it on hover, focus and click."""
    return (
        f'<span class="term" data-term="{key}">{words}'
        f'<button type="button" aria-label="{safe_word("common.explain")}" '
        f'aria-describedby="{prefix}-{key}">?</button></span>'
        f'<span class="about" id="{prefix}-{key}">{about_html}</span>'
    )


def about_figure(figure: Mapping[str, str]) -> str:
    """What a figure means, as HTML for screen readers; each text in an element, since it is translated by itself."""
    named = [("unit", figure["unit"] or word("common.no_unit"))]
    named += [(part, figure[part]) for part in ("formula", "source") if figure.get(part)]
    more = [f"<i>{safe_word(f'common.{part}')}</i> <i>{attribute(text)}</i>." for part, text in named]
    return " ".join([f"<i>{attribute(figure['definition'])}</i>", *more])


def terms(names: str, prefix: str) -> dict[str, str]:
    """The terms of `<names>_definitions.json` by key, for `markup`; they need a `.tip` and `explain`."""
    return {f"{key}_html": term(key, attribute(one["term"]), attribute(one["definition"]), prefix) for key, one in
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
    sources = {file.stem: with_words(without_comments(file.read_text("utf-8"))) for file in sorted(_HERE.glob("*.js"))}
    now = {name: text for name, text in sources.items() if name in first}
    later = {name: text for name, text in sources.items() if name not in first}
    return with_words(_DRAW).replace("SOURCES", _literal(now)), f"playground.know({_literal(later)});"


def _literal(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def without_comments(script: str) -> str:
    """A script without the comments that only say why, and without indents. No template of ours has lines.

    A comment after code goes if it has no quotes: then it can't be the inside of a string.
    """
    return re.sub(r"""(?m)^ *//.*\n|^ +| +// [^'"`\n]*$""", "", script)


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
  const missing = window.playground.word('part.missing');
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
