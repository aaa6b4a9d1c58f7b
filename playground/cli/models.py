"""`playground models`."""

import json as json_module

from playground.cli.terminal import print_json, show_progress
from playground.models.catalogue import Catalogue
from playground.models.fetch import fetch, is_ready
from playground.paths import presets_dir
from playground.runs.progress import with_progress


def list_models(*, json: bool) -> None:
    """All models of the catalogue, and whether they are on this machine."""
    catalogue = Catalogue.load(presets_dir(), [])
    rows = [
        {
            "id": entry.id, "title": entry.title, "source": entry.source.kind, "parameters": entry.parameters,
            "context_length": entry.context_length, "licence": entry.licence, "ready": is_ready(entry),
            "default": entry.id == catalogue.default.id, "about": entry.about,
        }
        for entry in catalogue.entries
    ]  # fmt: skip
    if json:
        print_json(json_module.dumps(rows, indent=1))
        return
    for row in rows:
        state = "ready" if row["ready"] else "not fetched"
        mark = "*" if row["default"] else " "
        print(
            f"{mark} {row['id']:<16} {row['parameters'] / 1e6:>6.0f} M  {row['licence']:<12} {state:<12} {row['about']}"
        )


def fetch_model(model: str, *, json: bool) -> None:
    """Fetch a model to this machine."""
    entry = Catalogue.load(presets_dir(), []).find(model)
    show_progress(with_progress(lambda progress: fetch(entry, progress)))
    folder = str(fetch(entry))
    if json:
        print_json(json_module.dumps({"id": entry.id, "path": folder}))
    else:
        print(f"{entry.title} is in {folder}")
