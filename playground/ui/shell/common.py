"""Small things that every handler of the page needs."""

import ipaddress
import secrets
import time
from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import NoPrompt, NotHere, PlaygroundError

Controls = dict[str, Any]
"""Components by field name; which events one has depends on its kind, so their type is left open."""
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "preprocess": False}
"""Options of an event of the page only; values come as they were sent: `make_request` checks them, in words."""
NEWEST: dict[str, Any] = QUIET | {"trigger_mode": "always_last", "concurrency_limit": None}
"""Options of an event of which only the newest counts: one that comes while another is answered follows it."""
WORK: dict[str, Any] = {"concurrency_limit": None, "concurrency_id": "work"}
"""Options of an event that waits for the model: the server counts those of a person."""

PERSON_HEADER = "x-playground-person"
"""The server writes it into each request, in place of whatever the client sent."""


def named(controls: Controls, data: Mapping[Component, Any]) -> dict[str, Any]:
    """The values of an event, by field name instead of by component."""
    return {name: data[component] for name, component in controls.items()}


def whole(value: Any) -> int | None:
    """A whole number that the page sent; None if it is something else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def session_of(request: gr.Request) -> str:
    """The page that sent the request; a caller without a page gets its own session."""
    return request.session_hash or secrets.token_hex(16)


def person_of(request: gr.Request) -> str:
    """Who sent the request: the server's id of a person, the same on all of their pages; else the page itself."""
    return request.headers.get(PERSON_HEADER) or f"page {session_of(request)}"


def is_on_this_machine(request: gr.Request) -> bool:
    """Whether it came over loopback; a page that nobody serves counts as here."""
    client = request.client
    if client is None:
        return True
    try:
        return ipaddress.ip_address(client.host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def refused(title: str, error: PlaygroundError) -> dict[str, Any]:
    """A value for the `Notice` about what a person wanted and did not get; a missing prompt is a hint at its field."""
    value = note(title, str(error), kind="hint" if isinstance(error, NoPrompt) else "problem")
    return value | ({"act": "fetch"} if isinstance(error, NotHere) else {})


def note(title: str, text: str, *, kind: str = "note") -> dict[str, Any]:
    """A value for the `Notice`, kind `note`, `ask`, `hint` or `problem`; `id` makes the same words appear again."""
    return {"kind": kind, "title": title, "text": text, "id": time.time_ns()}
