"""Menus, choices, and files between the page and the person."""

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from playground.ui.components.base import attribute, markup, part, term
from playground.ui.components.words import word


def choice(label: str, value: str, options: Sequence[tuple[str, str, str]], *, elem_id: str, **props: Any) -> gr.HTML:
    """Its value is that of the chosen option; an option is a value, a text, and a sentence about it.

    Without options it shows nothing. `gr.update` changes all; a person's choice triggers the event `input`, and so does
    a link's, where the page is made for the option `first`.
    """
    shown = [list(option) for option in options]
    return part("choice", value, markup("choice", label=label), options=shown, group=elem_id, elem_id=elem_id, **props)


Option = tuple[str, str, str | None]
"""Value, text, and why it can't be chosen (None if it can)."""


def menu(
    label: str,
    value: str,
    options: Sequence[Option],
    *,
    elem_id: str,
    hint: str = "",
    hints: Mapping[str, str] | None = None,
    about: str = "",
) -> gr.HTML:
    """Its value is that of the chosen option; below it is `hints[value]`, else `hint`. `gr.update` changes all.

    `about` explains the label.
    """
    props: dict[str, Any] = {"options": [list(option) for option in options], "hint": hint, "hints": dict(hints or {})}
    what = term("about", f'<span class="voice">{attribute(label)}</span>', attribute(about), elem_id) if about else ""
    template = markup("menu", label=label, id=elem_id, what_html=what)
    return part("menu", value, template, definitions={"about": {"definition": about}}, elem_id=elem_id, **props)


def model_offer(**props: Any) -> gr.HTML:
    """What fetching a model would bring, or how far the fetch is: a value of `views.offer`, empty for nothing."""
    return part("model_offer", {}, **props)


def settings_strip(**props: Any) -> gr.HTML:
    """The settings that matter most, as the browser has them, in one button that opens the sidebar; it has no value."""
    return part("settings_strip", None, **props)


def download(**props: Any) -> gr.HTML:
    """Invisible; a value `{name, text, id}` is offered to the person as a file."""
    return part("download", {}, "", **props)


def open_file(
    *kinds: str, elem_id: str, max_bytes: int, label: str = "", accept: str = ".json", **props: Any
) -> gr.HTML:
    """A button that reads one text file; its value is the text, sent with the event `input`.

    It takes documents of these kinds, and what is of no known kind; another kind goes to the part that shows it.
    """
    template = markup("open_file", label=label or word("bar.open"), accept=accept)
    own: dict[str, Any] = {"kinds": list(kinds), "place": elem_id, "max_bytes": max_bytes, "elem_id": elem_id}
    return part("open_file", "", template, **own, **props)


def gallery(lead: str, made: str, cards: Sequence[dict[str, Any]], **props: Any) -> gr.HTML:
    """Cards with pictures; its value is the id of the one that was clicked, sent with the event `input`.

    It hides when a run begins. A card has `id`, `title`, `why`, `tab`, `run` and `picture`.
    """
    return part("gallery", "", markup("gallery", lead=lead, made=made), cards=list(cards), pane="play", **props)


def text_line(value: str = "", *, pane: str = "", **props: Any) -> gr.HTML:
    """A quiet line of text; a feed's `live-words` replace it while it reports."""
    return part("text_line", value, '<div class="line"></div>', pane=pane, **props)
