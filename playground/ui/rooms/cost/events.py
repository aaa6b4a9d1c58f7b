"""What the Cost tab asks of the server: measured numbers of this page's documents, exports, and files opened."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from playground.errors import PlaygroundError
from playground.experiments.costing.export import sheet_csv
from playground.experiments.costing.facts import facts_of
from playground.experiments.costing.fields import CostFields, load_cost_fields
from playground.experiments.costing.records import CostSheet, Currency
from playground.experiments.costing.sections import SECTIONS
from playground.experiments.costing.sheet import MAX_COMPARED, MAX_LENGTHS, CostRequest, Lengths, build_sheet
from playground.experiments.documents import kinds
from playground.numbers import plain_number
from playground.paths import presets_dir
from playground.runs.records import Document
from playground.ui.components.words import word
from playground.ui.shell.bar import Given
from playground.ui.shell.common import note, refused, session_of
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import opened
from playground.views.cost_report import sheet_html
from playground.views.cost_text import cost_text
from playground.views.formula_script import formula_notes
from playground.views.run import packed
from playground.views.terminal import safe_text

_Text = Annotated[str, Field(max_length=2_000)]
_WANTED = ("save", "text", "table", "report")


class _SheetRequest(BaseModel):
    """A snapshot of the page's inputs, as strange as any caller may make it."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(max_length=200)
    large_model: str = Field(max_length=200)
    small_model: str = Field(max_length=200)
    compared: list[str] = Field(max_length=MAX_COMPARED)
    given: dict[str, _Text] = Field(max_length=200)
    sources: dict[str, _Text] = Field(max_length=200)
    currency: dict[str, _Text] = Field(max_length=2)
    lengths: dict[str, Any] = Field(max_length=2)


class CostEvents:
    """Handlers of the tab; `pages` own the documents that a cost may start from."""

    def __init__(self, pages: Pages):
        self._pages = pages
        self._fields: CostFields = load_cost_fields(presets_dir() / "cost.yaml")

    def offer(self, request: gr.Request) -> str:
        """Sets of measured numbers, the newest document first."""
        return packed({"offered": self._offered(request)})

    def _offered(self, request: gr.Request) -> list[dict[str, Any]]:
        found = facts_of(self._pages.documents(session_of(request)))  # two slots may keep the same document
        return list({source.id: source.to_plain() for source in found}.values())

    async def open(self, text: Any, request: gr.Request) -> tuple[Any, Any]:
        """Values of an opened file, and a note."""
        try:
            return await asyncio.to_thread(self._opened, text, request)
        except PlaygroundError as error:
            return gr.skip(), refused(word("common.not_opened"), error)

    async def give(self, wanted: dict[str, Any], _request: gr.Request) -> Given:
        """The calculation as the bar wants it."""
        return await asyncio.to_thread(self._made, wanted)

    def _opened(self, text: Any, request: gr.Request) -> tuple[Any, Any]:
        """A saved calculation is set as it was; anything else is offered as measured, and taken."""
        document = opened(text, *kinds().values())
        if isinstance(document, CostSheet):
            return packed({"sheet": document.plain()}), {}
        return self._took(document, request)

    def _took(self, document: Document, request: gr.Request) -> tuple[Any, Any]:
        self._pages.slot("cost-file").keep(session_of(request), document)
        found = facts_of([document])
        if not found:
            kind = type(document).model_fields["kind"].default
            text = f"A file of kind {kind} has nothing that a cost calculation can use."
            return gr.skip(), note(word("cost.nothing_taken"), text)
        return packed({"offered": self._offered(request), "take": found[0].id}), {}

    def _made(self, raw: dict[str, Any]) -> Given:
        """The whole sheet as a file, recalculated here, exactly."""
        want, request = request_of(raw)
        sheet = build_sheet(request, self._fields)
        if want == "table":
            return "cost.tsv", sheet_csv(sheet, self._fields, formula_notes(), delimiter="\t")
        if want == "report":
            return "cost.html", sheet_html(sheet, self._fields, formula_notes())
        if want == "text":
            return "cost.txt", safe_text(cost_text(sheet, self._fields)) + "\n"
        return "cost.json", sheet.to_json()


def request_of(raw: Mapping[str, Any]) -> tuple[str, CostRequest]:
    """The page's request, checked.

    Raises:
        PlaygroundError: It can't be read.
    """
    try:
        want = raw["want"]
        sheet = _SheetRequest.model_validate(raw["sheet"])
        if want not in _WANTED:
            raise ValueError(f"{str(want)[:40]!r} is not one of {', '.join(_WANTED)}")
        currency = Currency(
            code=sheet.currency["code"], per_usd=Decimal(plain_number(sheet.currency["per_usd"]) or "nan")
        )
        lengths = _lengths(sheet.lengths)
    except PlaygroundError:
        raise
    except (ValidationError, ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise PlaygroundError(f"The inputs could not be read: {_reason(error)}") from None
    request = CostRequest(
        tuple(section.id for section in SECTIONS), lengths, sheet.model, tuple(sheet.compared), sheet.large_model,
        sheet.small_model, sheet.given, sheet.sources, currency,
    )  # fmt: skip
    return want, request


def _lengths(raw: Mapping[str, Any]) -> Lengths:
    tokens, source = raw["tokens"], raw["source"]
    if not isinstance(source, str) or not isinstance(tokens, list) or len(tokens) > MAX_LENGTHS:
        raise PlaygroundError(f"Real answer lengths are a list of at most {MAX_LENGTHS:,} numbers, with their source.")
    if not all(type(one) is int for one in tokens):
        raise PlaygroundError("Real answer lengths are whole numbers of tokens.")
    return Lengths(tuple(tokens), source[:400])


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part)[:60] for part in first['loc'])}: {first['msg']}."
    if isinstance(error, ArithmeticError):
        return "the currency's rate must be a number."
    return f"{str(error)[:200]}."
