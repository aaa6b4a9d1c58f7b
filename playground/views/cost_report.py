"""A cost calculation as one HTML file to mail: no scripts, no requests, readable on paper."""

from collections.abc import Iterator, Mapping
from datetime import date
from html import escape

from playground.experiments.costing.fields import CostFields
from playground.experiments.costing.plans import Figure, Section
from playground.experiments.costing.records import CostSheet, RatesRecord
from playground.experiments.costing.sections import section_of
from playground.experiments.costing.words import matters, source_text, source_word
from playground.views.cost_charts import drawing
from playground.views.cost_words import headline, input_text, sheet_figure, verdict_text
from playground.views.format import count_of, format_number
from playground.views.report import page_html

Notes = Mapping[str, Mapping[str, str]]
_PRICES = ("input", "cached", "written", "output")


def sheet_html(sheet: CostSheet, fields: CostFields, notes: Notes, made: date | None = None) -> str:
    """The whole sheet as an HTML document.

    `notes` hold `about`, `formula` and `source` of each formula by name; without `made` its date is today.
    """
    body = [_header(sheet, made or date.today())]
    body += [_section(section_of(id), sheet, fields, notes) for id in sheet.sections]
    body += [_prices(sheet), _closing(sheet)]
    return page_html(_title(sheet), "".join(body))


def _title(sheet: CostSheet) -> str:
    return f"Cost calculation: {sheet.prices[sheet.model].title}"


def _header(sheet: CostSheet, made: date) -> str:
    code, rate = sheet.currency.code, sheet.currency.per_usd
    money = "Amounts in USD." if code == "USD" else f"Amounts in {code}: 1 USD is {rate.normalize():f} {code}."
    line = f"{made.isoformat()}. List prices of {sheet.prices_as_of}. {money}"
    return (
        f"<header>\n<h1>{escape(_title(sheet))}</h1>\n<p>{escape(line)}</p>\n"
        f'<dl class="large">{"".join(_large(*one) for one in headline(sheet))}</dl>\n</header>\n'
    )


def _large(label: str, text: str) -> str:
    return f"<div><dt>{escape(label)}</dt><dd>{escape(text)}</dd></div>"


def _section(section: Section, sheet: CostSheet, fields: CostFields, notes: Notes) -> str:
    large, small = section.figures[: section.large], section.figures[section.large :]
    verdict = verdict_text(section, sheet, fields)
    charts = "".join(_figure(plan.title, plan.id, drawing(plan, section, sheet, fields)) for plan in section.charts)
    return (
        f'<section aria-labelledby="{section.id}">\n<h2 id="{section.id}">{escape(section.title)}</h2>\n'
        f"<p>{escape(section.lead)}</p>\n{f'<p class=verdict>{escape(verdict)}</p>' if verdict else ''}"
        f'<dl class="large">{"".join(_large(one.label, sheet_figure(one, section.id, sheet)) for one in large)}</dl>\n'
        f'<div class="charts">{charts}</div>\n'
        f"<h3>How each figure is computed</h3>\n"
        f'<table class="figures"><tbody>{"".join(_computed(one, section, sheet, notes) for one in (*large, *small))}'
        f"</tbody></table>\n{_drawn_from(section, sheet)}"
        f"<h3>Inputs</h3>\n<table class=inputs><tbody>{''.join(_inputs(section, sheet, fields))}</tbody></table>\n"
        "</section>\n"
    )


def _figure(title: str, id: str, svg: str) -> str:
    return f'<figure id="{escape(id)}"><figcaption>{escape(title)}</figcaption>{svg}</figure>'


def _computed(figure: Figure, section: Section, sheet: CostSheet, notes: Notes) -> str:
    note = notes.get(figure.formula, {})
    texts = [note.get("formula", ""), f"Source: {note['source']}" if note.get("source") else ""]
    how = "".join(f"<span>{escape(text)}</span>" for text in texts if text) or escape(note.get("about", ""))
    text = sheet_figure(figure, section.id, sheet)
    named = f"<th scope=row>{escape(figure.label)}</th><td class=number>{escape(text)}</td>"
    return f"<tr>{named}<td class=how>{how}</td></tr>"


def _inputs(section: Section, sheet: CostSheet, fields: CostFields) -> Iterator[str]:
    for name in section.inputs:
        field, source = fields.find(name), sheet.sources[name]
        if not matters(field, sheet):
            continue
        why = source_text(source)
        yield (
            f"<tr><th scope=row>{escape(field.label)}</th>"
            f"<td class=number>{escape(input_text(sheet.assumptions[name], field))}</td>"
            f"<td class=how><b>{escape(source_word(source))}</b> {escape(why[:1].upper() + why[1:])}</td></tr>"
        )


def _drawn_from(section: Section, sheet: CostSheet) -> str:
    if section.id != "example":
        return ""
    shortest, longest = min(sheet.output_lengths), max(sheet.output_lengths)
    lengths = f"Real answers: {len(sheet.output_lengths):,}, of {shortest:,} to {count_of(longest, 'token')}."
    return f"<p>{escape(f'{lengths} {sheet.lengths_source}')}</p>\n"


def _prices(sheet: CostSheet) -> str:
    head = "".join(f"<th scope=col class=number>{name}</th>" for name in _PRICES)
    rows = "".join(_price(id, prices) for id, prices in sheet.prices.items())
    about = f"{sheet.prices_as_of}. USD per million tokens; “over” gives the prompt length above which a price applies."
    return (
        f'<section aria-labelledby="prices">\n<h2 id="prices">Prices used</h2>\n<p>{escape(about)}</p>\n'
        f'<div class="wide" role="region" aria-label="Table of prices" tabindex="0"><table class="prices"><thead>'
        f"<tr><th scope=col>model</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>\n</section>\n"
    )


def _price(id: str, prices: RatesRecord) -> str:
    extra = ""
    if prices.request_usd:
        extra = f" and {format_number(prices.request_usd)} USD a request"
    cells = "".join(f"<td class=number>{_tiers(name, prices)}</td>" for name in _PRICES)
    return f"<tr><th scope=row>{escape(prices.title)}<small>{escape(id + extra)}</small></th>{cells}</tr>"


def _tiers(kind: str, prices: RatesRecord) -> str:
    if (kind == "cached" and not prices.has_cached) or (kind == "written" and not prices.has_written):
        return "as input"
    lines = []
    for start, usd in getattr(prices, kind):
        over = f"<small>over {start:,f}</small>" if start >= 0 else ""
        lines.append(f"{escape(format_number(usd))}{over}")
    return "<br>".join(lines)


def _closing(sheet: CostSheet) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in sheet.notes)
    return f"<footer>\n<ul>{notes}</ul>\n<p>Made by the Inference Playground.</p>\n</footer>\n"
