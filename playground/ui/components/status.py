"""What a part of the page is doing: a run, long work, a rerun, a note, a pending request."""

from typing import Any

import gradio as gr

from playground.ui.components.base import part

_TEMPLATE = (
    '<div class="row"><span class="legend"><span>sure</span><span class="ramp"></span><span>surprised</span>'
    '<span class="scale">0 to 8 bits and more</span></span>'
    '<span class="chip"><span class="dot"></span><span class="words"></span></span></div>'
    '<div class="line"><i></i></div><div class="voice" role="status" aria-live="polite"></div>'
)


def status(*, pane: str, **props: Any) -> gr.HTML:
    """Its value is the dict that `views.status` makes: phase, text, fraction, and for a failure what went wrong."""
    return part("status", {}, _TEMPLATE, pane=pane, **props)


_STAGE_LINE_TEMPLATE = (
    '<div class="row"><span class="dot"></span><span class="words"></span><span class="far"></span></div>'
    '<div class="track" aria-hidden="true"><i></i></div><div class="voice" role="status" aria-live="polite"></div>'
)


def stage_line(idle: str, *, pane: str, **props: Any) -> gr.HTML:
    """Its value is a dict with `phase`, `text` and `fraction`, as `views.status` makes; `idle` is shown before that.

    Its prop `limit` says why nothing can run here; while set, it is shown instead of everything else.
    """
    return part("stage_line", {}, _STAGE_LINE_TEMPLATE, idle=idle, limit="", pane=pane, **props)


_LIVE = (("unique", "unique answers"), ("tokens", "tokens"), ("speed", "speed"), ("elapsed", "elapsed"))


def rerun_status(**props: Any) -> gr.HTML:
    """Its value is the dict that `rerun_views.Progress` keeps; a failure has `title` and `problem`."""
    live = "".join(f'<div><dt>{name}</dt><dd data-k="{key}"></dd></div>' for key, name in _LIVE)
    template = (
        '<div class="row"><span class="chip"><span class="dot"></span><span class="words"></span></span>'
        f'<dl class="live">{live}</dl></div><div class="line"><i></i></div><div class="plan"></div>'
        '<div class="voice" role="status" aria-live="polite"></div>'
    )
    return part("rerun_status", {}, template, **props)


_NOTICE_TEMPLATE = (
    '<div class="box" hidden><div class="words"><b></b><span></span></div>'
    '<button type="button" aria-label="Dismiss this note">✕</button></div>'
    '<div class="voice" role="status" aria-live="polite"></div>'
)


def notice(*, pane: str, **props: Any) -> gr.HTML:
    """Its value: `kind` (`note`, `ask`, `problem`), `title`, `text`, `id`; it listens for a run's failure itself."""
    return part("notice", {}, _NOTICE_TEMPLATE, pane=pane, **props)


def stamp(**props: Any) -> gr.HTML:
    """Its value is any text; a new text triggers the event `input`."""
    return part("stamp", "", "", **props)
