"""Every saved kind: its fields and their types, and a file of each from before, which still opens."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from playground.experiments.documents import kinds, parse_document
from tests.golden.compare import HERE, same

SAVED = sorted((HERE / "saved").glob("*.json"))


def _fields(schema: dict[str, Any], names: dict[str, Any], path: str) -> Iterator[str]:
    """`path: type` of every leaf."""
    if "$ref" in schema:
        schema = names[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _fields(one, names, path)
    elif "properties" in schema:
        for name, one in schema["properties"].items():
            yield from _fields(one, names, f"{path}.{name}{'' if name in schema.get('required', ()) else '?'}")
    elif schema.get("type") == "array" and "items" in schema:
        yield from _fields(schema["items"], names, f"{path}[]")
    else:
        kind = schema.get("const", schema.get("enum", schema.get("type", "any")))
        yield f"{path}: {json.dumps(kind)}"


def test_the_fields_of_every_kind_are_as_agreed():
    lines = list[str]()
    for kind, document in sorted(kinds().items()):
        schema = document.model_json_schema()
        lines += dict.fromkeys(_fields(schema, schema.get("$defs", {}), kind))
    same("documents.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.stem)
def test_a_file_from_before_still_opens_and_keeps_all_it_holds(file: Any):
    document = parse_document(file.read_text("utf-8"))
    kept, then = json.loads(document.to_json()), json.loads(file.read_text("utf-8"))
    assert {name: kept[name] for name in then} == then


def test_there_is_a_file_of_every_kind():
    assert {json.loads(file.read_text("utf-8"))["kind"] for file in SAVED} == set(kinds())
