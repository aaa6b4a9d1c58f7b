"""What a person reads of a model that is not on this machine: pure functions, no Gradio."""

from typing import Any

from playground.models.offer import Offer
from playground.views.format import format_bytes


def asking(model: str, title: str) -> dict[str, Any]:
    """Until its hub has answered."""
    return {"phase": "asking", "model": model, "head": _head(title), "note": "Asking for its size and licence…"}


def offered(model: str, title: str, offer: Offer | None) -> dict[str, Any]:
    """Size, licence, place and free space; nothing has been fetched."""
    if offer is None:
        note = "Its file is gone. Put it back, or choose another model."
        return {"phase": "gone", "model": model, "head": _head(title), "note": note}
    note = " ".join(filter(None, [offer.note, "Nothing is downloaded before you press Fetch."]))
    return {"phase": "offer", "model": model, "head": _head(title), "rows": _rows(offer), "note": note}


def fetching(model: str, title: str, stage: str, fraction: float | None, offer: Offer | None) -> dict[str, Any]:
    """While it comes."""
    whole = offer.fetched_bytes if offer else None
    done = "" if whole is None or fraction is None else f": {format_bytes(fraction * whole)} of {format_bytes(whole)}"
    head = f"{stage}{done}"
    return {"phase": "fetching", "model": model, "head": head, "fraction": fraction, "about": title}


def ended(value: dict[str, Any], problem: str, *, stopped: bool) -> dict[str, Any]:
    """The offer again, after a fetch that was stopped or failed; files that came whole are kept by what fetches."""
    note = f"{problem} Files that came whole are kept: fetch again for the rest." if stopped else problem
    return value | {"phase": "offer" if stopped else "failed", "note": note}


def offer_text(offer: Offer) -> str:
    """The same for a terminal, on one line."""
    return " ".join(filter(None, ["; ".join(f"{name}: {words}" for name, words in _rows(offer)) + ".", offer.note]))


def _head(title: str) -> str:
    return f"{title} is not on this machine."


def _rows(offer: Offer) -> list[list[str]]:
    size = "unknown" if offer.fetched_bytes is None else f"{format_bytes(offer.fetched_bytes)} to fetch"
    if offer.fetched_bytes is None:
        size += f", about {format_bytes(offer.needed_bytes)} by its number of weights"
    elif offer.needed_bytes > offer.fetched_bytes:
        size += f", {format_bytes(offer.needed_bytes)} of disk while it is unpacked"
    licence = f"{offer.licence} ({offer.licence_source})" if offer.licence else "unknown: its card does not say"
    free = f"{format_bytes(offer.free_bytes)}"
    return [["Size", size], ["Licence", licence], ["From", offer.place], ["Free disk", free]]
