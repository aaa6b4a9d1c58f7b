"""The calculators: which inputs each takes, which formula it is, which figures and charts it shows."""

from playground.experiments.costing.plans import ChartPlan, Figure, Lines, Section
from playground.metrics.formulas.agent_tasks import agent_tasks
from playground.metrics.formulas.choices import cache_cost, cascade, retrieval
from playground.metrics.formulas.energy_month import energy_month
from playground.metrics.formulas.hardware import own_hardware
from playground.metrics.formulas.lengths import example
from playground.metrics.formulas.month import month

_UNCERTAIN = ("requests_per_day", "input_tokens", "output_tokens", "cached_share", "growth_per_month")
_DAYS = ("day", "")
_MONTH = Section(
    id="month",
    tab="Month",
    title="Month",
    lead="What a month of requests costs at a list price, how sure that is, and which input drives it most.",
    calculate=month,
    fields=(*_UNCERTAIN, "days", "tokens_per_token"),
    ranges=tuple(f"{name}_{end}" for name in _UNCERTAIN for end in ("low", "high")),
    hidden=("days_per_month",),
    figures=(
        Figure("base_usd", "All days, and from every input low to high", "usd", "projected_usd",
               low="low_usd", high="high_usd"),
        Figure("per_day_usd", "A day", "usd", "day_total"),
        Figure("per_request_usd", "One request", "usd", "request_cost"),
        Figure("input_usd", "One request, its prompt", "usd", "request_cost"),
        Figure("output_usd", "One request, its answer", "usd", "request_cost"),
        Figure("low_usd", "All days, every input low", "usd", "scenario"),
        Figure("high_usd", "All days, every input high", "usd", "scenario"),
        Figure("per_month_usd", "A mean month at today's requests", "usd", "month_total"),
    ), large=3,
    charts=(
        ChartPlan("month-cumulative", "Spent so far", _DAYS, ("cost", "usd"),
                  (Lines("base, between low and high", "base", low="low", high="high"),)),
        ChartPlan("month-tornado", "What drives it most", ("cost of all days", "usd"), ("", ""),
                  (Lines("low to high, the other inputs at their base", "tornado"),),
                  kind="tornado", categories=_UNCERTAIN, base="base_usd"),
        ChartPlan("month-models", "The same days at other list prices", ("model", ""), ("cost of all days", "usd"),
                  (Lines("base, between low and high", "models", "bars"),), kind="models"),
    ),
)  # fmt: skip
_EXAMPLE = Section(
    id="example",
    tab="Month",
    title="Worked example",
    lead="The same requests with the prompt length as a slider, and answers as long as real runs were instead of one "
    "constant.",
    calculate=example,
    fields=("input_tokens", "output_tokens", "requests_per_day", "longest_prompt", "samples"),
    hidden=("cached_share", "tokens_per_token"),
    figures=(
        Figure("sampled_day_usd", "A day, real lengths drawn", "usd", "sampled_costs"),
        Figure("constant_day_usd", "A day, one constant length", "usd", "request_cost"),
        Figure("request_median_usd", "A request, median", "usd", "percentile"),
        Figure("request_low_usd", "A request, 10th percentile", "usd", "percentile"),
        Figure("request_high_usd", "A request, 90th percentile", "usd", "percentile"),
        Figure("prompt_share", "Share of the cost that is the prompt", "share", "request_cost"),
        Figure("mean_length", "Mean length of the real answers", "tokens", "mean_of"),
    ),
    charts=(
        ChartPlan("example-prompt", "A day by prompt length", ("prompt", "tokens"), ("cost of a day", "usd"), (
            Lines("real lengths: mean, 10th to 90th percentile", "sampled", low="sampled_low", high="sampled_high"),
            Lines("one constant length", "constant", colour="ink-2"),
            Lines("the prompt alone", "prompt", colour="ink"),
        ), marks=(("input_tokens", "this prompt"),)),
        ChartPlan("example-requests", "Requests by what they cost", ("cost of 1,000 such requests", "usd"),
                  ("share of requests up to it", "share"), (Lines("drawn from real lengths", "shares"),)),
    ),
)  # fmt: skip
_HARDWARE = Section(
    id="own_hardware",
    tab="Own hardware",
    title="Own hardware",
    lead="What your own machine costs for the same requests, whether it can serve them at all, and when it pays.",
    calculate=own_hardware,
    fields=("requests_per_day", "input_tokens", "output_tokens", "bought", "usd_per_hour", "purchase_usd", "years",
            "watts", "pue", "usd_per_kwh", "throughput_tokens_per_s", "prefill_tokens_per_s", "ttft_s", "utilisation",
            "peak_factor"),
    hidden=("cached_share", "tokens_per_token", "days_per_month"),
    verdicts=(
        "The API charges nothing for these tokens: no machine of your own can be cheaper.",
        "A machine would have to serve {break_even_requests} requests a day to pay, and in the busiest hour it is full "
        "at {peak_served_per_day} a day: at these prices the API stays cheaper, however many machines there are.",
        "One machine would pay above {break_even_requests} requests a day, which it can serve; at {requests_per_day} "
        "a day it does not pay yet.",
        "It pays: {own_month_usd} a month on own hardware against {api_month_usd} at the API.",
    ),
    figures=(
        Figure("own_month_usd", "A month on own hardware", "usd", "own_month_usd"),
        Figure("api_month_usd", "A month at the API", "usd", "month_total"),
        Figure("pays_above_requests", "Pays above, requests a day", "requests/day", "pays_above",
               zero="never at this price"),
        Figure("peak_served_per_day", "One machine serves, requests a day", "requests/day", "peak_served"),
        Figure("machines", "Machines for the busiest hour", "machines", "machines_needed"),
        Figure("ttft_at_load_s", "Time to first token in the busiest hour", "s", "ttft_at_load",
               zero="the queue grows without end"),
        Figure("per_million_usd", "A million output tokens, prefill aside", "usd", "per_million_usd"),
        Figure("served_per_million_usd", "A million tokens, in and out, as here", "usd", "served_per_million_usd"),
        Figure("hourly_usd", "An hour of one machine", "usd", "hourly_usd"),
        Figure("request_seconds", "Machine time of a request", "s", "request_seconds"),
        Figure("own_request_usd", "One request on own hardware", "usd", "own_request_usd"),
        Figure("load", "Load in the busiest hour", "share", "peak_load"),
        Figure("break_even_requests", "It would have to serve, requests a day", "requests/day", "break_even_requests",
               zero="the API is free"),
    ),
    charts=(
        ChartPlan("hardware-month", "A month by requests a day", ("requests a day", ""), ("cost of a month", "usd"), (
            Lines("own hardware, as many machines as it takes", "own", "step"),
            Lines("the API", "api", colour="ink"),
        ), marks=(("pays_above_requests", "break-even"), ("peak_served_per_day", "one machine full")),
            never="The two do not cross: own hardware never pays at this price"),
        ChartPlan("hardware-models", "Requests a day above which one machine pays", ("model", ""),
                  ("requests a day", "requests/day"), (Lines("break-even", "models", "bars"),), kind="models",
                  limit="peak_served_per_day"),
    ),
)  # fmt: skip
_WAYS = {
    "resent": ("resent", "money"), "cached": ("resent, prefix cached", "ink"),
    "truncated": ("truncated", "ink-2"), "summarised": ("summarised", "memory"),
}  # fmt: skip
_AGENTS = Section(
    id="agents",
    tab="Agents",
    title="Agents",
    lead="Each step of an agent sends its history again: what that reads, what it costs, and three ways out.",
    calculate=agent_tasks,
    fields=("system_tokens", "task_tokens", "steps", "step_tokens", "tool_tokens", "keep_steps", "summary_every",
            "summary_tokens", "tasks_per_day"),
    hidden=("tokens_per_token", "days_per_month"),
    figures=(
        *(Figure(f"{way}_task_usd", f"A task, {name}", "usd", f"{way}_calls") for way, (name, _) in _WAYS.items()),
        *(Figure(f"{way}_input_tokens", f"Input of a task, {name}", "tokens", f"{way}_calls")
          for way, (name, _) in _WAYS.items()),
        *(Figure(f"{way}_month_usd", f"A month, {name}", "usd", "cost_of_steps") for way, (name, _) in _WAYS.items()),
    ),
    charts=(
        ChartPlan("agents-usd", "Cost of a task so far", ("step", ""), ("cost", "usd"),
                  tuple(Lines(name, f"{way}_usd", colour=colour) for way, (name, colour) in _WAYS.items())),
        ChartPlan("agents-tokens", "Input tokens so far", ("step", ""), ("input tokens", ""),
                  tuple(Lines(name, f"{way}_tokens", colour=colour) for way, (name, colour) in _WAYS.items()
                        if way != "cached")),
    ),
)  # fmt: skip
_RETRIEVAL = Section(
    id="retrieval",
    tab="Retrieval or training",
    title="Retrieval, prompt or fine-tuning",
    lead="Passages in every prompt, a longer prompt, or a model trained once: when does training pay?",
    calculate=retrieval,
    fields=("requests_per_day", "days", "question_tokens", "output_tokens", "retrieved_tokens",
            "retrieval_usd_per_thousand", "example_tokens", "cached_share", "training_tokens", "epochs",
            "training_usd_per_million", "training_fixed_usd", "tuned_price_factor"),
    hidden=("tokens_per_token",),
    figures=(
        Figure("break_even_requests", "Training pays against retrieval after", "requests", "break_even",
               zero="never at this price"),
        Figure("break_even_days", "Against retrieval, after", "days", "break_even", zero="never at this price"),
        Figure("prompt_break_even_requests", "Training pays against the longer prompt after", "requests", "break_even",
               zero="never at this price"),
        Figure("training_usd", "Training, once", "usd", "training_usd"),
        Figure("rag_request_usd", "A request with retrieval", "usd", "request_cost"),
        Figure("prompt_request_usd", "A request with the longer prompt", "usd", "request_cost"),
        Figure("tuned_request_usd", "A request of the tuned model", "usd", "request_cost"),
    ),
    charts=(
        ChartPlan("retrieval-usd", "Spent by number of requests", ("requests", ""), ("cost", "usd"), (
            Lines("retrieval", "retrieval"), Lines("longer prompt", "prompt", colour="ink-2"),
            Lines("fine-tuned", "tuned", colour="memory"),
        ), marks=(("break_even_requests", "training pays"),),
            never="Training never pays against retrieval at this price"),
    ),
)  # fmt: skip
_CASCADE = Section(
    id="cascade",
    tab="Cascade and cache",
    title="Cascade",
    lead="A small model answers first; only what it can't answer goes to the large one.",
    calculate=cascade,
    fields=("requests_per_day", "input_tokens", "output_tokens", "small_share", "check_usd_per_thousand", "own_small",
            "own_usd_per_million"),
    hidden=("cached_share", "tokens_per_token", "days_per_month"),
    figures=(
        Figure("cascade_month_usd", "A month of the cascade", "usd", "cascade_usd"),
        Figure("large_month_usd", "A month of the large model alone", "usd", "month_total"),
        Figure("saved_month_usd", "Saved in a month", "usd", "cascade_usd"),
        Figure("even_share", "Pays above this share for the small model", "share", "cascade_share",
               zero="always"),
        Figure("small_request_usd", "A request of the small model", "usd", "request_cost"),
        Figure("large_request_usd", "A request of the large model", "usd", "request_cost"),
        Figure("cascade_request_usd", "A request of the cascade", "usd", "cascade_usd"),
    ),
    charts=(
        ChartPlan("cascade-usd", "A month by what the small model answers", ("answered by the small model", "share"),
                  ("cost of a month", "usd"),
                  (Lines("cascade", "cascade"), Lines("large alone", "large", colour="ink-2")),
                  marks=(("small_share", "this share"),)),
    ),
)  # fmt: skip
_CACHE = Section(
    id="cache",
    tab="Cascade and cache",
    title="Cache",
    lead="A prompt that stays the same can be billed as cached; an answer given before need not be computed again.",
    calculate=cache_cost,
    fields=("requests_per_day", "prefix_tokens", "question_tokens", "output_tokens", "prefix_hit_rate",
            "answer_hit_rate", "lookup_usd_per_thousand"),
    hidden=("tokens_per_token", "days_per_month"),
    figures=(
        Figure("both_month_usd", "A month with both caches", "usd", "cached_answers"),
        Figure("plain_month_usd", "A month without", "usd", "month_total"),
        Figure("saved_month_usd", "Saved in a month", "usd", "cached_answers"),
        Figure("prefix_month_usd", "A month with the prefix cached", "usd", "prefix_request_usd"),
        Figure("answers_month_usd", "A month with answers cached", "usd", "cached_answers"),
        Figure("prefix_uses", "Uses of a prefix until its cache has paid", "uses", "prefix_uses",
               zero="no cached price in the list"),
    ),
    charts=(
        ChartPlan("cache-usd", "A month by hit rate", ("hit rate", "share"), ("cost of a month", "usd"),
                  (Lines("prefix cached", "prefix"), Lines("answers cached", "answers", colour="ink")),
                  marks=(("prefix_hit_rate", "prefix"), ("answer_hit_rate", "answers"))),
    ),
)  # fmt: skip
_ENERGY = Section(
    id="energy",
    tab="Energy",
    title="Energy",
    lead="What the same requests draw on the machine that was measured, and what that emits on your grid.",
    calculate=energy_month,
    fields=("requests_per_day", "output_tokens", "joules_per_token", "pue", "g_per_kwh", "usd_per_kwh"),
    hidden=("days_per_month",),
    figures=(
        Figure("month_kwh", "Energy of a month", "kWh", "facility_kwh"),
        Figure("month_kg", "Emissions of a month, CO2e", "kg", "carbon_g"),
        Figure("month_electricity_usd", "Electricity of a month", "usd", "electricity_usd"),
        Figure("request_j", "A request", "J", "request_joules"),
        Figure("request_wh", "A request", "Wh", "watt_hours"),
    ),
    charts=(
        ChartPlan("energy-month", "Emissions of a month by grid intensity", ("grid intensity, g/kWh", ""),
                  ("CO2e", "kg"), (Lines("this machine", "carbon", colour="energy"),),
                  marks=(("g_per_kwh", "this grid"),)),
    ),
)  # fmt: skip
SECTIONS: tuple[Section, ...] = (_MONTH, _EXAMPLE, _HARDWARE, _AGENTS, _RETRIEVAL, _CASCADE, _CACHE, _ENERGY)


def section_of(id: str) -> Section:
    """The calculator of that id; a KeyError for an unknown id."""
    return {section.id: section for section in SECTIONS}[id]
