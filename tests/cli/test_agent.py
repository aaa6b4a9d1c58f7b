"""`playground agent`: one JSON document, words for a person, and clear refusals."""

from pathlib import Path

import pytest

from playground.experiments.agents.records import AgentRecord
from playground.experiments.documents import read_document
from tests.cli.conftest import Invoke
from tests.cli.test_context import recorded
from tests.cli.test_run import refused


@pytest.fixture
def agent(playground: Invoke, folder: Path) -> Invoke:
    """`playground agent` on the tiny model, short."""
    short = ("--steps", 2, "--max-new-tokens", 4, "--passage-tokens", 8, "--seed", 7)
    return lambda *flags: playground("agent", "--model", folder, "--task", "Read it.", *short, *flags)


def test_json_is_the_document_that_is_saved(agent: Invoke, tmp_path: Path):
    text = tmp_path / "d.txt"
    text.write_text("The bread is old. The ants ate it.", "utf-8")
    record = recorded(agent("--document", text, "--json", "--save", tmp_path / "a.json"), AgentRecord)
    assert read_document(tmp_path / "a.json") == record
    assert (record.steps_asked, len(record.steps), record.document) == (2, 2, text.read_text("utf-8"))
    assert all(len(step.calls[0].token_ids) == 4 for step in record.steps)


def test_every_step_is_told_in_words(agent: Invoke):
    shown = agent("--reference", "openai:gpt-4o")
    assert shown.exit_code == 0, shown.output
    for words in ("> Read it.", "from scratch", "predicted", "Ended: all 2 steps", "openai/gpt-4o"):
        assert words in shown.stdout
    for step in ("step 1: ", "step 2: "):
        assert step in shown.stderr
    assert "from scratch" not in agent("--no-plain").stdout


@pytest.mark.parametrize(
    ("flags", "told"),
    [(("--steps", "9"), "from 1 to 8"), (("--steps", "x"), "Steps must be a whole number"),
     (("--tool", "web"), "Unknown tool"), (("--history", "none"), "Unknown history"),
     (("--document", "/no/such/file"), "/no/such/file"), (("--reference", "no:such"), "price list"),
     (("--passage-tokens", "9999999999"), "Tokens of a passage"), (("--task", " "), "empty"),
     (("--save", "/no/such/folder/a.json"), "folder does not exist")],
)  # fmt: skip
def test_bad_input_ends_with_one_clear_line(agent: Invoke, flags: tuple[str, ...], told: str):
    assert told in refused(agent(*flags))
