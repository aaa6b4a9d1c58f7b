"""`playground cost`: the calculators without the page."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from playground.cli.common import check_folder_of, give
from playground.cli.cost_start import Start, started
from playground.data.presets import HardwareList, PriceChoices, load_list
from playground.errors import PlaygroundError, nearest
from playground.experiments.costing.export import sheet_csv
from playground.experiments.costing.fields import CostFields, FieldErrors, load_cost_fields
from playground.experiments.costing.records import CostSheet, Currency
from playground.experiments.costing.sections import SECTIONS
from playground.experiments.costing.sheet import CostRequest, build_sheet
from playground.metrics.prices import find_reference
from playground.numbers import plain_number, with_a_point
from playground.paths import presets_dir
from playground.saving import write_atomic
from playground.views.cost_report import sheet_html
from playground.views.cost_text import cost_text
from playground.views.formula_script import formula_notes

_ALIASES = {
    "buy_usd": "purchase_usd", "throughput": "throughput_tokens_per_s", "prefill": "prefill_tokens_per_s",
    "ttft": "ttft_s",
}  # fmt: skip


@dataclass(frozen=True)
class CostOptions:
    """The options other than inputs; models, files and settings as they were typed."""

    calculators: list[str]
    model: str | None
    compare: list[str]
    large_model: str | None
    small_model: str | None
    currency: str | None
    hardware: str | None
    settings: list[str]
    files: list[str]


def run_cost(
    values: dict[str, str], options: CostOptions, *, csv: str | None, html: str | None, save: str | None, json: bool
) -> None:
    """Calculate, show, and write; `values` are the inputs given by their own options."""
    for file in (csv, html, save):
        if file is not None:
            check_folder_of(Path(file))
    fields = load_cost_fields(presets_dir() / "cost.yaml")
    sheet = _calculated(values, options, fields)
    give(sheet, cost_text(sheet, fields), save, json)
    if csv is not None:
        write_atomic(Path(csv), sheet_csv(sheet, fields, formula_notes()).encode())
    if html is not None:
        write_atomic(Path(html), sheet_html(sheet, fields, formula_notes()).encode())


def _calculated(values: dict[str, str], options: CostOptions, fields: CostFields) -> CostSheet:
    start = started(options.files, fields)
    given, sources, options_of = _inputs(values, options, start, fields)
    compared = (
        options.compare
        or start.compared
        or [one.id for one in load_list(PriceChoices, presets_dir() / "prices.yaml").models]
    )
    models = {
        name: _model(f"--{name.replace('_', '-')}", reference)
        for name, reference in (
            ("model", options.model or start.models.get("model")),
            ("large_model", options.large_model or start.models.get("large_model")),
            ("small_model", options.small_model or start.models.get("small_model")),
        )
        if reference is not None
    }
    currency = start.currency if options.currency is None else _currency(options.currency)
    request = CostRequest(
        _sections(options.calculators or start.calculators), start.lengths, given=given, sources=sources,
        compared=tuple(_model("--compare", name) for name in compared), currency=currency, **models,
    )  # fmt: skip
    try:
        return build_sheet(request, fields)
    except FieldErrors as error:
        lines = [f"{options_of.get(name, name)}: {problem}" for name, problem in error.problems.items()]
        raise PlaygroundError(" ".join(lines)) from None


def _inputs(
    values: dict[str, str], options: CostOptions, start: Start, fields: CostFields
) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """Values, sources and options by input; typed values win over lists, and lists over files."""
    given: dict[str, Any] = {**start.given}
    sources, options_of = dict(start.sources), dict(start.files)
    listed = _machine(options.hardware)
    typed = {_ALIASES.get(name, name): value for name, value in values.items()}
    names = {_ALIASES.get(name, name): f"--{name.replace('_', '-')}" for name in values}
    if "buy_usd" in values:
        typed["bought"], names["bought"] = "1", "--buy-usd"
    for setting in options.settings:
        name, sign, value = setting.partition("=")
        if not sign:
            raise PlaygroundError(f"--set must be NAME=VALUE, such as --set days=90; got {setting[:60]!r}.")
        field = fields.find(name.strip())
        typed[field.id], names[field.id] = value, f"--set {field.id}"
    for name, (value, source) in listed.items():
        given[name], sources[name], options_of[name] = value, source, "--hardware"
    for name, value in typed.items():
        given[name], sources[name], options_of[name] = value, "typed", names[name]
    return given, sources, options_of


def _machine(id: str | None) -> dict[str, tuple[Any, str]]:
    """Rent and watts of a listed machine, each with its source."""
    if id is None:
        return {}
    machines = load_list(HardwareList, presets_dir() / "hardware.yaml")
    known = {one.id: one for one in machines.hardware}
    if id not in known:
        raise PlaygroundError(f"--hardware: unknown machine {id[:60]!r}: {nearest(id[:60], list(known))}")
    found = known[id]
    source = f"list: {found.title}, {machines.as_of}. {found.source}"
    return {"usd_per_hour": (found.usd_per_hour, source), "watts": (found.watts, source), "bought": (0, source)}


def _sections(names: list[str]) -> tuple[str, ...]:
    known = [section.id for section in SECTIONS]
    if "all" in names:
        return tuple(known)
    chosen = [name.replace("-", "_") for name in names] or ["month"]
    for name in chosen:
        if name not in known:
            raise PlaygroundError(
                f"--calculator: unknown calculator {name[:60]!r}: {nearest(name[:60], [*known, 'all'])}"
            )
    return tuple(dict.fromkeys(chosen))


def _model(flag: str, name: str) -> str:
    try:
        return find_reference(name)
    except PlaygroundError as error:
        raise PlaygroundError(f"{flag}: {error}") from None


def _currency(text: str) -> Currency:
    code, _, rate = text.partition("=")
    try:
        return Currency(code=code.strip().upper(), per_usd=Decimal(plain_number(rate) or "nan"))
    except (ValidationError, InvalidOperation):
        raise PlaygroundError(
            "--currency must be three letters and the value of 1 USD, above 0 and at most 1,000,000: EUR=0.92; "
            f"got {text[:60]!r}{with_a_point(rate)}"
        ) from None
