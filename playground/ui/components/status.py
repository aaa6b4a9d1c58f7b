"""What a part of the page is doing: work in progress, a note, a pending request."""

from typing import Any, Literal

import gradio as gr

from playground.ui.components.base import part, safe_word

_STATE = '<span class="dot"></span><span class="words"></span>'
_FIGURES = ("unique", "tokens", "speed", "elapsed")


def surprise_key() -> str:
    """What the colours of an answer's tokens mean."""
    sure, surprised, scale = (safe_word(f"legend.{name}") for name in ("sure", "surprised", "scale"))
    return f'<span>{sure}</span><span class="ramp"></span><span>{surprised}</span><span class="scale">{scale}</span>'


def status_line(idle: str, *, pane: str, look: Literal["line", "legend", "figures"] = "line", **props: Any) -> gr.HTML:
    """The state of a run or of other work.

    Its value is a dict with `phase`, `text` and `fraction`, as `views.run.status` makes it; a failure has `title` and
    `problem`, a missing prompt `hint`. Its prop `limit` says why nothing can run here; while it is not empty, it has
    precedence. Its prop `ahead` is what stands below while nothing runs: how long a run may take.

    Args:
        idle: Text before anything has run.
        pane: Whose work it is; other parts of the pane follow it.
        look: A line of progress under the words; or the words beside the legend of an answer's colours; or beside
            the figures of a rerun, with its plan below.
        props: More of `part`.
    """
    chip = f'<span class="chip">{_STATE}</span>'
    figures = "".join(f'<div><dt>{safe_word(f"status.{key}")}</dt><dd data-k="{key}"></dd></div>' for key in _FIGURES)
    rows = {
        "line": f'{_STATE}<span class="far"></span>',
        "legend": f'<span class="legend">{surprise_key()}</span>{chip}',
        "figures": f'{chip}<dl class="live">{figures}</dl>',
    }
    template = (
        f'<div class="row">{rows[look]}</div><div class="line"><i></i></div>'
        f"{'<div class=plan></div>' if look == 'figures' else ''}"
        '<div class="ahead"></div>'
        '<div class="voice" role="status" aria-live="polite"></div>'
    )
    return part("status", {}, template, idle=idle, limit="", look=look, pane=pane, **props)


def notice(*, pane: str, **props: Any) -> gr.HTML:
    """Its value: `kind` (`note`, `ask`, `hint`, `problem`), `title`, `text`, `id`.

    A failed run of its pane appears by itself. A hint appears at an empty prompt, where one is in view. A problem goes
    when something later has succeeded.
    """
    return part("notice", {}, pane=pane, **props)


def stamp(**props: Any) -> gr.HTML:
    """Its value is any text; a new text triggers the event `input`."""
    return part("stamp", "", "", **props)
