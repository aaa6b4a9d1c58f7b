"""A document read and written in short steps is the one that is read and written at once."""

import copy
import json
from typing import Any

import pytest
from pydantic import ValidationError

from playground import pieces
from playground.errors import PlaygroundError
from playground.experiments.branching.records import BranchesRecord
from playground.experiments.compare.records import SweepRecord
from playground.experiments.documents import parse_document
from playground.runs import reading, records
from playground.runs.records import Document, RunRecord
from tests.runs.test_store import DOCUMENT

RUN: dict[str, Any] = {**DOCUMENT, "tokens": [{**DOCUMENT["tokens"][0], "index": index} for index in range(40)]}
SWEEP: dict[str, Any] = {
    "schema": 1, "kind": "sweep", "prompt": "Hi " * 100, "name": "seed", "values": list(range(90)),
    "asked": list(range(90)), "runs": [RUN, DOCUMENT, RUN], "failed": [],
}  # fmt: skip
BRANCHES: dict[str, Any] = {"schema": 1, "kind": "branch", "run": RUN, "branches": []}


@pytest.fixture(autouse=True)
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pieces, reading):
        monkeypatch.setattr(module, "PIECE", 200)
        monkeypatch.setattr(module, "pause", lambda: None)
    monkeypatch.setattr(records, "PIECE", 200)
    monkeypatch.setattr(records, "_STEP", 7)


@pytest.mark.parametrize(("kind", "plain"), [(RunRecord, RUN), (SweepRecord, SWEEP), (BranchesRecord, BRANCHES)])
def test_it_is_the_same_document_and_the_same_text(kind: type[Document], plain: dict[str, Any]):
    text = json.dumps(plain, ensure_ascii=False, indent=1)
    document = parse_document(text)
    assert document == kind.model_validate_json(text, strict=True)
    assert json.loads(document.to_json()) == json.loads(json.dumps(document.model_dump(by_alias=True)))
    assert list(document.plain()) == list(document.model_dump(by_alias=True))


@pytest.mark.parametrize(
    ("where", "value"),
    [(("runs", 2, "tokens", 30, "logprob"), "x"), (("runs", 2, "tokens", 3, "top", 0, "prob"), float("nan")),
     (("runs", 0, "cost", "total_usd"), "x"), (("runs", 1, "more"), 1), (("values",), 3), (("runs",), []),
     (("prompt",), [1] * 300), (("runs", 0, "tokens", 8, "more"), 1), (("runs", 0, "timing"), None),
     (("schema",), 2), (("asked",), {"a": "b" * 300})],
)  # fmt: skip
def test_what_does_not_fit_is_told_at_the_same_place(where: tuple[str | int, ...], value: Any):
    plain = copy.deepcopy(SWEEP)
    parent: Any = plain
    for step in where[:-1]:
        parent = parent[step]
    parent[where[-1]] = value
    text = json.dumps(plain)
    with pytest.raises(ValidationError) as expected:
        SweepRecord.model_validate_json(text, strict=True)
    with pytest.raises(PlaygroundError) as error:
        parse_document(text)
    assert f"{'.'.join(map(str, expected.value.errors()[0]['loc']))}: " in str(error.value)


def test_a_long_part_that_only_one_step_can_read_has_a_limit(monkeypatch: pytest.MonkeyPatch):
    text = json.dumps({**RUN, "environment": {"a": [1] * 1_000}})
    assert parse_document(text).kind == "run"
    monkeypatch.setattr(reading, "MAX_WHOLE", 2_000)
    with pytest.raises(PlaygroundError, match=r"environment: .* limit is 2,000"):
        parse_document(text)
