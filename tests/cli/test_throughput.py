"""`playground throughput`: one JSON document, or a line a batch."""

from pathlib import Path

from playground.experiments.documents import parse_document, read_document
from playground.experiments.throughput.experiment import ThroughputRecord
from tests.cli.conftest import Invoke

FAST = ("--batch", "1,2", "--input-tokens", 12, "--output-tokens", 3)


def test_json_is_one_document_and_the_saved_file_is_the_same(playground: Invoke, folder: Path, tmp_path: Path):
    result = playground("throughput", "--model", folder, *FAST, "--json", "--save", tmp_path / "t.json")
    assert result.exit_code == 0, result.output
    record = parse_document(result.stdout)
    assert isinstance(record, ThroughputRecord)
    assert [batch.rows for batch in record.batches] == [1, 2]
    assert (record.input_tokens, record.output_tokens) == (12, 3)
    assert read_document(tmp_path / "t.json") == record


def test_a_person_reads_a_line_a_batch_with_units_and_what_it_ran_on(playground: Invoke, folder: Path):
    result = playground("throughput", "--model", folder, *FAST)
    assert result.exit_code == 0
    for words in ("rows", "tok/s", "ttft", "J", "read once for all rows", "modelled at", "tiny-llama fp32"):
        assert words in result.stdout
    assert "batch of 2:" in result.stderr


def test_bad_input_ends_with_one_line_before_a_model_is_loaded(playground: Invoke):
    for flags in (("--batch", "0"), ("--input-tokens", "nan"), ("--output-tokens", "1e30"), ("--model", "nosuch")):
        result = playground("throughput", *flags)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
