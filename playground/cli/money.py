"""Commands about money: cost."""

from typing import Annotated, Any

import typer

from playground.cli.options import Json, Save, errors_in_one_line, option, takes_options

_INPUTS: dict[str, str] = {
    "requests_per_day": "Requests a day.",
    "input_tokens": "Tokens of the whole prompt.",
    "output_tokens": "Tokens of the answer.",
    "cached_share": "Share of the prompt billed as cached, 0 to 1.",
    "growth_per_month": "Growth of the requests in a month, as a share: 0.05.",
    "days": "How far the projection goes.",
    "tokens_per_token": "Tokens of the API's tokenizer per token of the local one.",
    "usd_per_hour": "Own hardware: its rent.",
    "buy_usd": "Own hardware: its price, bought instead of rented.",
    "years": "Own hardware: years in use.",
    "watts": "Own hardware: power drawn.",
    "usd_per_kwh": "Own hardware: electricity.",
    "pue": "Own hardware: power of the site for a watt of the machine.",
    "throughput": "Own hardware: output tokens a second of a whole batch.",
    "prefill": "Own hardware: prompt tokens read a second.",
    "ttft": "Own hardware: seconds to the first token, alone.",
    "utilisation": "Own hardware: share of its time that may be used, 0.01 to 1.",
    "peak_factor": "Own hardware: requests of the busiest hour against the mean.",
    "system_tokens": "Agent: system prompt and tools.",
    "task_tokens": "Agent: the task.",
    "steps": "Agent: calls of the model for a task.",
    "step_tokens": "Agent: tokens written a step.",
    "tool_tokens": "Agent: tokens of a tool's result.",
    "keep_steps": "Agent: steps kept when truncated.",
    "summary_every": "Agent: steps between summaries.",
    "summary_tokens": "Agent: tokens of a summary.",
    "tasks_per_day": "Agent: tasks a day.",
    "small_share": "Cascade: share answered by the small model, 0 to 1.",
    "prefix_hit_rate": "Cache: share of requests whose prefix is found, 0 to 1.",
    "answer_hit_rate": "Cache: share of requests answered before, 0 to 1.",
    "joules_per_token": "Energy: joules of an output token.",
    "g_per_kwh": "Energy: grams of CO2e of a kWh.",
}
_OPTIONS: dict[str, Any] = {name: Annotated[str | None, option(text)] for name, text in _INPUTS.items()}


@errors_in_one_line
@takes_options(_OPTIONS)
def cost(
    values: dict[str, Any],
    calculator: Annotated[
        list[str] | None,
        option("month, example, own_hardware, agents, retrieval, cascade, cache, energy or all.", "NAME"),
    ] = None,
    agent: Annotated[bool, typer.Option("--agent", help="What an agent's loop costs.")] = False,
    own_hardware: Annotated[
        bool, typer.Option("--own-hardware", help="A machine of your own against the API.")
    ] = False,
    model: Annotated[str | None, option("Of the price list.", "PROVIDER:MODEL")] = None,
    compare: Annotated[list[str] | None, option("More of them; may be repeated, up to ten.", "PROVIDER:MODEL")] = None,
    large_model: Annotated[str | None, option("Cascade: what the small model can't answer.", "PROVIDER:MODEL")] = None,
    small_model: Annotated[str | None, option("Cascade: what answers first.", "PROVIDER:MODEL")] = None,
    currency: Annotated[
        str | None, option("Show amounts in this currency; RATE is the value of 1 USD.", "CODE=RATE")
    ] = None,
    hardware: Annotated[str | None, option("Rent and watts of a machine of presets/hardware.yaml.", "ID")] = None,
    set: Annotated[list[str] | None, option("Any input of presets/cost.yaml; may be repeated.", "NAME=VALUE")] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--from", help="Start from what a saved document measured; may be repeated.", metavar="FILE"),
    ] = None,
    csv: Annotated[str | None, option("Write the whole sheet as CSV.", "FILE")] = None,
    html: Annotated[str | None, option("Write it as one HTML file with charts.", "FILE")] = None,
    save: Save = None,
    json: Json = False,
) -> None:
    """What requests cost at list prices: a month, own hardware, an agent, and other ways; every input can be set."""
    from playground.cli.cost import CostOptions, run_cost  # noqa: PLC0415  --help must not wait for pydantic

    chosen = [*(calculator or []), *(["agents"] if agent else []), *(["own_hardware"] if own_hardware else [])]
    options = CostOptions(
        calculators=chosen, model=model, compare=compare or [], large_model=large_model, small_model=small_model,
        currency=currency, hardware=hardware, settings=set or [], files=source or [],
    )  # fmt: skip
    run_cost(values, options, csv=csv, html=html, save=save, json=json)
