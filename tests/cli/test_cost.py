"""`playground cost`, without a model and without a network."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from playground.data.lengths import LengthList
from playground.data.presets import HardwareList, PriceChoices, load_list
from playground.experiments.costing.records import CostSheet
from playground.experiments.documents import parse_document, read_document
from playground.metrics.prices import rates
from playground.paths import presets_dir
from tests.cli.conftest import Invoke
from tests.cli.test_run import refused

EXAMPLE = ["--requests-per-day", 10000, "--input-tokens", 300, "--output-tokens", 200, "--model", "openai:gpt-4o-mini"]


@pytest.fixture
def cost(playground: Invoke) -> Invoke:
    return lambda *flags, stdin=None: playground("cost", *flags, stdin=stdin)


def recorded(result: Any) -> CostSheet:
    assert result.exit_code == 0, result.output
    document = parse_document(result.stdout)
    assert isinstance(document, CostSheet)
    return document


def test_json_is_one_document_of_kind_cost_with_what_is_promised_and_nothing_else(cost: Invoke):
    document = json.loads(cost(*EXAMPLE, "--json").stdout)
    assert document["kind"] == "cost"
    one = rates("openai/gpt-4o-mini")
    usd = float((300 * one.input[0][1] + 200 * one.output[0][1]) / 1_000_000)
    assert document["per_request_usd"] == pytest.approx(usd, rel=1e-14)
    assert document["per_day_usd"] == pytest.approx(usd * 10_000, rel=1e-14)
    assert document["per_month_usd"] == pytest.approx(usd * 10_000 * 30.4, rel=1e-14)
    assert document["input_usd"] + document["output_usd"] == pytest.approx(usd, rel=1e-14)
    assert document["prices_as_of"].startswith("genai-prices ")
    assert document["assumptions"]["input_tokens"] == 300
    assert list(document["sections"]) == ["month"]
    assert document["models"] == [one.id for one in load_list(PriceChoices, presets_dir() / "prices.yaml").models]


@pytest.mark.parametrize(
    ("flags", "sections"),
    [
        (["--agent"], ["agents"]),
        (["--own-hardware"], ["own_hardware"]),
        (["--agent", "--own-hardware"], ["agents", "own_hardware"]),
        ([f"--calculator={name}" for name in ("cascade", "own-hardware", "cascade")], ["cascade", "own_hardware"]),
        (["--calculator", "all"],
         ["month", "example", "own_hardware", "agents", "retrieval", "cascade", "cache", "energy"]),
    ],
    ids=lambda value: " ".join(value),
)  # fmt: skip
def test_the_sheet_holds_the_calculators_asked_for(cost: Invoke, flags: list[str], sections: list[str]):
    assert list(recorded(cost(*flags, "--json")).sections) == sections


def test_any_input_can_be_set_and_what_is_typed_wins_over_the_list_of_machines(cost: Invoke):
    machine = load_list(HardwareList, presets_dir() / "hardware.yaml").hardware[0]
    flags = [
        "--own-hardware",
        "--hardware",
        machine.id,
        "--watts",
        123,
        "--set",
        "peak_factor=2",
        "--throughput",
        "1,000",
    ]
    sheet = recorded(cost(*flags, "--json"))
    assert sheet.assumptions["usd_per_hour"] == Decimal(str(machine.usd_per_hour))
    assert sheet.sources["usd_per_hour"].startswith(f"list: {machine.title}")
    assert [sheet.assumptions[name] for name in ("watts", "peak_factor", "throughput_tokens_per_s")] == [123, 2, 1000]
    assert {sheet.sources[name] for name in ("watts", "peak_factor", "throughput_tokens_per_s")} == {"typed"}
    assert sheet.sources["years"].startswith("assumed")


def test_a_price_to_buy_at_makes_the_machine_a_bought_one(cost: Invoke):
    sheet = recorded(cost("--own-hardware", "--buy-usd", 8760, "--years", 1, "--watts", 0, "--json"))
    assert sheet.sections["own_hardware"].figures["hourly_usd"] == 1


def test_models_to_compare_with_and_a_currency_can_be_chosen(cost: Invoke):
    flags = ["--compare", "openai:gpt-4o", "--compare", "groq:llama-3.1-8b-instant", "--currency", "eur=0.5"]
    sheet = recorded(cost(*EXAMPLE, *flags, "--json"))
    assert sheet.models == ["openai/gpt-4o", "groq/llama-3.1-8b-instant"]
    assert (sheet.currency.code, sheet.currency.per_usd) == ("EUR", Decimal("0.5"))
    assert sheet.per_day_usd == Decimal("1.65")  # the document stays in the currency of the price list
    shown = cost(*EXAMPLE, *flags).stdout
    assert "€0.825" in shown
    assert "1 USD is 0.5 EUR" in shown


def test_the_text_tells_amounts_figures_inputs_with_their_sources_and_the_date_of_prices(cost: Invoke):
    shown = cost(*EXAMPLE, "--calculator", "month", "--calculator", "example").stdout
    lines = shown.splitlines()
    assert "$1.65" in next(line for line in lines if "a day" in line)
    assert next(line for line in lines if "Requests a day " in line).endswith("typed")
    assert "assumed: " in next(line for line in lines if "Monthly growth " in line)
    assert "List prices of genai-prices" in shown
    assert "without tax" in shown
    assert "Lengths of answers" in shown


def test_the_worked_example_draws_from_lengths_of_real_runs(cost: Invoke):
    first = load_list(LengthList, presets_dir() / "lengths.yaml").lengths[0]
    sheet = recorded(cost("--calculator", "example", "--json"))
    assert sheet.output_lengths == list(first.output_tokens)
    assert sheet.lengths_source == first.source


def test_a_saved_run_fills_inputs_and_what_is_typed_wins(cost: Invoke, run: Invoke, tmp_path: Path):
    file = tmp_path / "run.json"
    made = json.loads(run("hello", "--json", "--save", file).stdout)
    sheet = recorded(cost("--from", file, "--json"))
    assert sheet.assumptions["input_tokens"] == made["cost"]["input_tokens"]
    assert sheet.assumptions["output_tokens"] == made["cost"]["output_tokens"] == 6
    assert sheet.sources["output_tokens"].startswith("measured: one run of “hello”")
    typed = recorded(cost("--from", file, "--output-tokens", 9, "--json"))
    assert (typed.assumptions["output_tokens"], typed.sources["output_tokens"]) == (9, "typed")
    assert typed.assumptions["input_tokens"] == made["cost"]["input_tokens"]


def test_a_saved_rerun_gives_a_spread_and_the_lengths_to_draw_from(
    cost: Invoke, playground: Invoke, folder: Path, tmp_path: Path
):
    file = tmp_path / "rerun.json"
    playground("rerun", "hello", "--model", folder, "--seed", 7, "--max-new-tokens", 6, "--n", 4, "--save", file)
    made = json.loads(file.read_text())
    sheet = recorded(cost("--from", file, "--calculator", "example", "--calculator", "month", "--json"))
    assert sheet.output_lengths == [len(run["token_ids"]) for run in made["runs"]]
    assert sheet.lengths_source.startswith("measured: 4 runs")
    spread = [sheet.assumptions[f"output_tokens{end}"] for end in ("_low", "", "_high")]
    assert spread == sorted(spread)
    assert sheet.sources["output_tokens"].startswith("measured")
    cut_alike = (
        len(set(sheet.output_lengths)) == 1 and "cut" in sheet.lengths_source
    )  # where the limit cut is no spread
    for end in ("_low", "_high"):
        assert sheet.sources[f"output_tokens{end}"].startswith("assumed" if cut_alike else "measured")


def test_an_earlier_calculation_goes_on_with_one_input_changed(cost: Invoke, tmp_path: Path):
    file = tmp_path / "cost.json"
    first = recorded(cost("--agent", "--steps", 7, "--model", "openai:gpt-4o", "--save", file, "--json"))
    assert read_document(file) == first
    again = recorded(cost("--from", file, "--tasks-per-day", 5, "--json"))
    assert (again.calculator, again.model) == ("agents", "openai/gpt-4o")
    assert [again.assumptions[name] for name in ("steps", "tasks_per_day")] == [7, 5]
    assert again.sources["tool_tokens"].startswith("assumed")


def test_the_sheet_is_written_as_csv_and_html_beside_the_json(cost: Invoke, tmp_path: Path):
    table, report = tmp_path / "cost.csv", tmp_path / "cost.html"
    sheet = recorded(cost(*EXAMPLE, "--json", "--csv", table, "--html", report))
    rows = list(csv.DictReader(io.StringIO(table.read_bytes().decode(), newline="")))
    assert any(row["name"] == "per_month_usd" and Decimal(row["value"]) == sheet.per_month_usd for row in rows)
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_saved_calculation_is_replayed_without_a_model_and_says_what_differs(
    cost: Invoke, playground: Invoke, tmp_path: Path
):
    file = tmp_path / "cost.json"
    cost(*EXAMPLE, "--save", file)
    assert playground("replay", file).stdout.splitlines() == ["identical"]
    document = json.loads(file.read_text())
    document["sections"]["month"]["figures"]["base_usd"] += 1
    file.write_text(json.dumps(document))
    outcome = json.loads(playground("replay", file, "--json").stdout)
    assert not outcome["identical"]
    assert len(outcome["differences"]) == 1
    assert "base_usd" in outcome["differences"][0]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--requests-per-day", "-5"], "--requests-per-day: Requests a day must be 1 to 1,000,000,000; got -5."),
        (["--input-tokens", "nan"], "--input-tokens: Input tokens must be a number; got 'nan'."),
        (["--output-tokens", "1e30"], "--output-tokens: Output tokens must be 1 to 1,000,000; got 1e30."),
        (["--days", "abc"], "--days: Days must be a number; got 'abc'."),
        (["--own-hardware", "--usd-per-kwh", "0,3"], "got '0,3': write decimals with a point, such as 0.3."),
        (["--currency", "EUR=0,92"], "got 'EUR=0,92': write decimals with a point, such as 0.3."),
        (["--own-hardware", "--buy-usd", "-1"], "--buy-usd: Price must be 0 to 100,000,000"),
        (["--set", "days=0"], "--set days: Days must be 1 to 1,095; got 0."),
        (["--set", "dayz=3"], "did you mean 'days'"),
        (["--set", "days"], "NAME=VALUE"),
        (["--model", "openai:nope"], "--model: 'openai/nope' is not among the"),
        (["--compare", "nope"], "--compare: 'nope' is not among the"),
        (["--calculator", "mont"], "did you mean 'month'"),
        (["--hardware", "lap"], "did you mean 'laptop'"),
        (["--currency", "EUR"], "EUR=0.92"),
        (["--currency", "EUR=0"], "EUR=0.92"),
        (["--currency", "EUR=nan"], "EUR=0.92"),
        (["--csv", "/nonexistent/cost.csv"], "folder does not exist"),
        (["--from", "/nonexistent/run.json"], "does not exist"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_a_wrong_flag_is_one_clear_line_that_names_the_option_and_the_limit(cost: Invoke, flags: list[str], words: str):
    assert words in refused(cost(*flags))
    assert words in refused(cost("--json", *flags))


def test_a_file_that_measured_nothing_of_use_is_refused(cost: Invoke, tmp_path: Path):
    file = tmp_path / "odd.json"
    file.write_text('{"kind": "nonsense"}')
    assert "Unknown kind" in refused(cost("--from", file))
