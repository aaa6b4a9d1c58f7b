"""Controls for the fields of a request, and parts of the page for the panels of a view."""

from typing import Any, cast, get_args, get_origin

import gradio as gr
from pydantic.fields import FieldInfo

from playground.runs.experiment import late
from playground.runs.request import Request, plain_type, shown_value
from playground.ui.components.charts import chart
from playground.ui.components.forms import menu, text_line
from playground.ui.components.tables import plain_table
from playground.views.context import table_value
from playground.views.panels import Cell, Content, Drawn, Panel, Table, View


def page_items(request: type[Request]) -> dict[str, FieldInfo]:
    """The fields of a request that its section shows."""
    items = request.items()
    return {name: field for name, field in items.items() if cast(dict[str, Any], field.json_schema_extra)["page"]}


def field_value(field: FieldInfo, value: Any) -> Any:
    """A value of a field as its control holds it."""
    is_ticked = isinstance(value, tuple) and cast(dict[str, Any], field.json_schema_extra or {}).get("names")
    return list(value) if is_ticked else shown_value(value)


def field_control(ids: str, name: str, field: FieldInfo) -> Any:
    """The control of a field, by its type."""
    kind, value = plain_type(field.annotation), field_value(field, field.get_default(call_default_factory=True))
    names = cast(dict[str, Any], field.json_schema_extra)["names"]
    props: dict[str, Any] = {"elem_id": f"{ids}-{name}"}
    texts: dict[str, Any] = {"label": field.title, "info": field.description, "interactive": True}
    if get_args(kind) and get_origin(kind) is not tuple:  # a choice
        return menu(field.title or name, value, [(one, names.get(one, one), None) for one in get_args(kind)], **props)
    if names:
        return gr.CheckboxGroup([(title, one) for one, title in names.items()], value=value, **texts, **props)
    if kind is bool:
        return gr.Checkbox(value, **texts, **props)
    if kind in (int, float):
        return gr.Number(value, precision=0 if kind is int else None, **texts, **props)
    lines, most = (3, 6) if kind is str else (1, 1)
    return gr.Textbox(value, lines=lines, max_lines=most, **texts, **props)


def panel_parts(ids: str, view: View) -> dict[str, gr.HTML]:
    """Panels of one row appear side by side."""
    made: dict[str, gr.HTML] = {}
    for first in view.panels:
        if first.name in made:
            continue
        together = [one for one in view.panels if one is first or (first.row and one.row == first.row)]
        with gr.Row(elem_classes="section-row" if first.row else "section-panel"):
            made |= {one.name: _panel(f"{ids}-{one.name}", one) for one in together}
    return made


def _panel(elem_id: str, panel: Panel) -> gr.HTML:
    if panel.kind == "chart":
        more = {"empty": panel.empty} if panel.empty else {}
        return chart(label=panel.label, height=panel.height, summary=True, elem_id=elem_id, quiet=panel.quiet, **more)
    if panel.kind == "table":
        return plain_table(panel.label, elem_id=elem_id)
    return text_line(panel.empty, elem_id=elem_id) if panel.kind == "words" else late(panel.make)(elem_id=elem_id)


def panel_value(content: Content | None) -> Any:
    """Content as the value of its part."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, Table):
        cells = [[[c.text, c.share, c.marked] if isinstance(c, Cell) else c for c in row] for row in content.rows]
        return table_value(content.head, cells, content.note)
    return content.value if isinstance(content, Drawn) else content.to_json()
