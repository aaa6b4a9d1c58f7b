"""A record of any experiment as an HTML file for someone who does not have the program: no script, no request."""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from playground.views.panels import Content, Marked, Panel, Plain, Sofar, Table, View, cell_text, plain
from playground.views.spec import ChartSpec
from playground.views.svg_chart import chart_svg

_STYLE = Path(__file__).with_name("cost_report.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def page_html(title: str, body: str) -> str:
    """A whole document in the look of our reports; the body is HTML."""
    style = _STYLE.read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def record_html(title: str, about: str, view: View, record: Any) -> str:
    """The panels of a record, then what it was measured on."""
    panels = "".join(_panel(panel, content) for panel, content in view.contents(Sofar(record=record)))
    first = record.members()[0]
    model, environment = getattr(first, "model", None), getattr(first, "environment", {})
    facts = {**(_flat("model", model.model_dump()) if model else {}), **_flat("", environment)}
    where = f"<h2>Where it was measured</h2>\n<table><tbody>{''.join(_rows(facts))}</tbody></table>"
    head = f"<header>\n<h1>{escape(title)}</h1>\n<p>{escape(about)}</p>\n</header>"
    return page_html(title, f"{head}\n{panels}<section>\n{where}\n</section>\n")


def _panel(panel: Panel, content: Content) -> str:
    drawn = "".join(map(_content, plain(content)))
    if not drawn:
        return ""  # what can be chosen in the page
    return f'<section aria-label="{escape(panel.label)}">\n<h2>{escape(panel.label)}</h2>\n{drawn}</section>\n'


def _content(content: Plain) -> str:
    if isinstance(content, ChartSpec):
        return f"<figure>{chart_svg(content)}<figcaption>{escape(content.summary)}</figcaption></figure>\n"
    if isinstance(content, Table):
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in content.head)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell_text(cell))}</td>' for cell in row)}</tr>" for row in content.rows
        )
        note = f"<p>{escape(content.note)}</p>\n" if content.note else ""
        return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>\n{note}'
    if isinstance(content, Marked):
        return "".join(f"<p>{line}</p>\n" for line in _marked(content).splitlines())
    return "".join(f"<p>{escape(line)}</p>\n" for line in content.splitlines())


def _marked(content: Marked) -> str:
    return "".join(f"<mark>{escape(text)}</mark>" if is_on else escape(text) for text, is_on in content.pieces)


def _flat(prefix: str, values: Mapping[str, Any]) -> dict[str, str]:
    known = {name: value for name, value in values.items() if value is not None}
    return {f"{prefix} {name}".strip().replace("_", " "): str(value) for name, value in known.items()}


def _rows(facts: Mapping[str, str]) -> Iterator[str]:
    for name, value in facts.items():
        yield f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
