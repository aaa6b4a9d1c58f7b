"""Reruns and the ladder of temperatures as panels, and the words and figures of their progress."""

from collections.abc import Sequence
from typing import Any

from playground.experiments.reruns.collect import RerunProgress
from playground.experiments.reruns.records import RerunRecord
from playground.runs.updates import BatchPlan
from playground.views.format import count_of, format_bytes, format_rate, format_seconds
from playground.views.money import usage
from playground.views.panels import Content, Drawn, Panel, Sofar, Table, View
from playground.views.rerun_answers import answers_text, answers_view, heat_view
from playground.views.rerun_charts import agreement_chart, entropy_chart, ladder_chart, lengths_chart
from playground.views.rerun_figures import (
    headline_view,
    made_with,
    numbers_drawn,
    requests_of,
)
from playground.views.rerun_mentions import mention_words, mentions_drawn
from playground.views.rerun_tree import growing_tree, tree_view


def plan_text(plan: BatchPlan) -> str:
    """How the rows are computed, in words; empty while all go together."""
    if plan.rows <= plan.rows_at_once:
        return ""
    if not plan.together:
        return f"{plan.rows} rows are computed one at a time: this model can't compute several together."
    waves = -(-plan.rows // plan.rows_at_once)
    if plan.row_bytes is None:
        return f"{plan.rows} rows are computed one after the other: how much KV cache this model needs is not known."
    why = f"one row needs {format_bytes(plan.row_bytes)} of KV cache, {format_bytes(plan.available_bytes)} are free"
    return f"{plan.rows} rows go in {waves} waves of at most {plan.rows_at_once}: {why}."


def _figures(update: Any) -> dict[str, Any]:
    """For the status of a rerun: its plan, what came so far, and the tokens to pay for."""
    if isinstance(update, BatchPlan):
        return {"plan": plan_text(update)}
    if isinstance(update, RerunProgress):
        counts = (update.unique, update.output_tokens, update.tokens_per_s, update.elapsed_s)
        begun = update.finished + update.active  # each run is a request with its own prompt
        paid = {"requests": begun, "input": begun * update.prompt_tokens, "cached": 0, "output": update.output_tokens}
        return _counted(*counts) | {"usage": paid if begun else None}
    if isinstance(update, RerunRecord):
        tokens = sum(len(row.token_ids) for row in update.runs)
        counts = (update.summary.unique, tokens, update.throughput_tokens_per_s, update.wall_s)
        return _counted(*counts) | {"usage": usage(update.cost, requests_of(update))}
    return {}


def _counted(unique: int, tokens: int, tokens_per_s: float | None, seconds: float) -> dict[str, str]:
    speed = "" if tokens_per_s is None else format_rate(tokens_per_s)
    return {"unique": f"{unique:,}", "tokens": f"{tokens:,}", "speed": speed, "elapsed": format_seconds(seconds)}


def _line(update: Any) -> str:
    if isinstance(update, BatchPlan):
        return plan_text(update)
    if isinstance(update, RerunProgress):
        rate = "" if update.tokens_per_s is None else f", {format_rate(update.tokens_per_s)}"
        return f"{update.text}, {update.unique:,} different; {count_of(update.output_tokens, 'token')}{rate}"
    if isinstance(update, RerunRecord):
        return f"temperature {update.settings['temperature']:g}: {_different(update)}"
    return ""


def _different(record: RerunRecord) -> str:
    return f"{record.summary.unique} different answers of {record.n}"


def _draw_rerun(sofar: Sofar) -> dict[str, Content]:
    """Everything there is to show; takes about a second for 200 long answers."""
    record: RerunRecord | None = sofar.record
    if record is None:
        return {"tree": Drawn(growing_tree(sofar.growth), [])} if sofar.growth else {}
    charts = {"agreement": agreement_chart(record), "entropy": entropy_chart(record), "lengths": lengths_chart(record)}
    made = f"{_different(record)}. {made_with(record)}; {record.rows_at_once} at once on {record.model.device}."
    return {
        "headline": Drawn(headline_view(record), [made]),
        "tree": Drawn(tree_view(record), []),
        **{name: chart for name, chart in charts.items() if chart is not None},
        **mentions_of(record),
        "numbers": numbers_drawn(record),
        "heat": Drawn(heat_view(record), []),
    }


def mentions_of(record: RerunRecord) -> dict[str, Content]:
    """The panels that change with the words that are looked for."""
    return {
        "mentions": mentions_drawn(record),
        "answers": Drawn(answers_view(record), [answers_text(record)]),
    }


def _kept_runs(sofar: Sofar) -> str:
    record = sofar.record
    if record is None:
        return "before any run had finished"
    return count_of(record.n, "run") if record.n == record.asked else f"{record.n} of {record.asked} runs finished"


RERUN_VIEW = View(
    panels=(
        Panel("headline", "part", "Headline"),
        Panel("tree", "part", "Fork tree"),
        Panel("agreement", "chart", "Agreement: share of runs still alike after each token"),
        Panel("mentions", "part", "Mentions"),
        Panel("entropy", "chart", "Entropy along the common path, and its forks", height=200),
        Panel("lengths", "chart", "Lengths of the answers", height=200),
        Panel("answers", "part", "Answers"),
        Panel("numbers", "part", "All numbers"),
        Panel("heat", "part", "Similarity of pairs"),
    ),
    draw=_draw_rerun,
    kept=_kept_runs,
    complete=lambda sofar: sofar.record is not None and sofar.record.n == sofar.record.asked,
    line=_line,
    figures=_figures,
    growth=lambda update: getattr(update, "growth", None),
)


def _rungs(sofar: Sofar) -> Sequence[RerunRecord]:
    return sofar.record.rungs if sofar.record else sofar.of(RerunRecord)


def _draw_temperatures(sofar: Sofar) -> dict[str, Content]:
    rungs = _rungs(sofar)
    return {"chart": ladder_chart(rungs), "table": _table(rungs)} if rungs else {}


def _table(rungs: Sequence[RerunRecord]) -> Table:
    """A row a temperature: unique answers, entropy, and the share of each mention."""
    head = ("temperature", "unique", "entropy", "first fork", *rungs[0].summary.mentions)
    return Table(head, [_rung(rung) for rung in rungs])


def _rung(rung: RerunRecord) -> list[str]:
    summary, first = rung.summary, rung.summary.divergence.min_token
    return [
        f"{rung.settings['temperature']:g}",
        f"{summary.unique} of {summary.n}",
        f"{summary.answer_entropy_bits:.2f} bits",
        "none" if first is None else f"token {first + 1}",
        *(mention_words(rung, one) for one in summary.mentions.values()),
    ]


def _is_whole(sofar: Sofar) -> bool:
    wanted = len(sofar.request.temperatures) if sofar.request else 0
    rungs = sofar.record.rungs if sofar.record else []
    return len(rungs) >= max(1, wanted) and all(rung.n == rung.asked for rung in rungs)


def _kept_rungs(sofar: Sofar) -> str:
    rungs = _rungs(sofar)
    if not rungs:
        return "before any run had finished"
    wanted = len(sofar.request.temperatures) if sofar.request and not _is_whole(sofar) else 0
    ways = count_of(wanted or len(rungs), "temperature")
    return f"{f'{len(rungs)} of ' if wanted else ''}{ways}, {count_of(sum(rung.n for rung in rungs), 'run')}"


TEMPERATURE_VIEW = View(
    panels=(
        Panel(
            "chart",
            "chart",
            "Unique answers and mentions against temperature",
            "One line for the share of unique answers, one for each mention, from low to high temperature.",
            height=260,
        ),
        Panel("table", "table", "Every temperature"),
    ),
    draw=_draw_temperatures,
    kept=_kept_rungs,
    complete=_is_whole,
    line=_line,
)
