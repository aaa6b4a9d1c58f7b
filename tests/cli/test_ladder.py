import json
from pathlib import Path

import pytest

from playground.experiments.determinism.records import LadderRecord, LoadRecord
from playground.experiments.documents import parse_document, read_document
from tests.cli.conftest import Invoke
from tests.cli.test_run import refused


@pytest.fixture
def ladder(playground: Invoke, folder: Path) -> Invoke:
    """A short ladder without fresh processes."""
    return lambda prompt, *flags, stdin=None: playground(
        "ladder", prompt, "--model", folder, "--quick", "--max-new-tokens", 6, *flags, stdin=stdin
    )


@pytest.fixture
def load(playground: Invoke, folder: Path) -> Invoke:
    """A small load."""
    return lambda prompt, *flags: playground(
        "load", prompt, "--model", folder, "--requests", 5, "--max-new-tokens", 4, *flags
    )


def test_a_ladder_is_one_json_document_with_the_fields_that_are_promised(ladder: Invoke, tmp_path: Path):
    file = tmp_path / "ladder.json"
    result = ladder("-", "--json", "--save", file, "--only", "batch-8", "--only", "seed", stdin="hello")
    assert result.exit_code == 0, result.output
    record = parse_document(result.stdout)
    assert isinstance(record, LadderRecord)
    assert record == read_document(file)
    assert record.prompt == "hello"
    plain = json.loads(result.stdout)
    assert plain["kind"] == "ladder"
    assert plain["control"]["bitwise_equal"]
    (rung,) = plain["rungs"]
    promised = {
        "name",
        "max_abs_logit_diff",
        "kl_mean",
        "top1_agreement",
        "divergence_token",
        "predicted_risky",
        "text",
    }
    assert promised <= rung.keys()
    assert [fix["name"] for fix in plain["fixes"]] == ["seed"]
    assert plain["host_probe"]


def test_a_ladder_for_people_is_a_table_on_standard_output_and_its_progress_is_not(ladder: Invoke):
    only = [flag for name in ("batch-8", "int8", "instruction-set", "fixed-tile") for flag in ("--only", name)]
    result = ladder("hello", *only)
    assert result.exit_code == 0, result.output
    shown = (
        "A/A control: Bitwise equal. 5 runs", "the logits of every step", "bits change?", "max |dz|", "batch-8",
        "instruction-set: Left out", "Another model, not noise", "Batch-invariant products", "tok/s",
    )  # fmt: skip
    for words in shown:
        assert words in result.stdout
    assert "Batch of 8: " in result.stderr
    assert "Batch of 8: " not in result.stdout


def test_a_load_is_one_json_document_and_a_table_for_people(load: Invoke, tmp_path: Path):
    result = load("hello", "--json", "--arm", "fp32", "--seed", 3, "--save", tmp_path)
    assert result.exit_code == 0, result.output
    record = parse_document(result.stdout)
    assert isinstance(record, LoadRecord)
    assert (record.asked, record.max_new_tokens) == (5, 4)
    assert [arm.name for arm in record.arms] == ["fp32"]
    (saved,) = tmp_path.glob("load-*.json")
    assert read_document(saved) == record
    shown = load("hello", "--arm", "fp32")
    for words in ("unique", "batch sizes", "80 unique answers of 1,000", "fp32"):
        assert words in shown.stdout


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--requests", "many"), "Requests must be a whole number from 2 to 1,000; got 'many'"),
        (("--requests", "1"), "got '1'"),
        (("--max-new-tokens", "0"), "Tokens of each answer must be a whole number"),
        (("--arm", "fp31"), "did you mean 'fp32'"),
        (("--save", "/no/such/folder/file.json"), "folder does not exist"),
    ],
)
def test_a_wrong_load_is_refused_in_one_line(load: Invoke, flags, said):
    assert said in refused(load("hello", *flags))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--only", "batch-9"), "Unknown rung or fix 'batch-9'"),
        (("--max-new-tokens", "513"), "from 1 to 512; got '513'"),
        (("--quantization", "int3"), "Unknown quantization 'int3'"),
        (("--save", "/no/such/folder/file.json"), "folder does not exist"),
    ],
)
def test_a_wrong_ladder_is_refused_in_one_line(ladder: Invoke, flags, said):
    assert said in refused(ladder("hello", *flags))
