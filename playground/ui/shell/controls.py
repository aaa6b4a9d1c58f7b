"""The settings of a run as controls of the page: one table, from which layout, validation, links and storage follow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.runs.runner import Runner
from playground.runs.updates import RunRequest
from playground.settings import LIMITS, Settings, check_prompt, make_settings
from playground.ui.shell.common import person_of

_MAX_USD_PER_HOUR = 10_000


@dataclass(frozen=True)
class SliderSpec:
    """A number of `Settings`: its label, the slider's range (never wider than `LIMITS`), and one sentence about it."""

    name: str
    label: str
    high: float
    about: str
    low: float | None = None

    @property
    def minimum(self) -> float:
        """Lower end of the slider; one step above the limit if the limit itself is excluded."""
        limit = LIMITS[self.name]
        if self.low is not None:
            return self.low
        return limit.low + limit.step if limit.above else limit.low

    @property
    def step(self) -> float:
        """Step of the slider."""
        return LIMITS[self.name].step


SLIDERS = (
    SliderSpec("temperature", "Temperature", 2, "Divides the logits: 0 always takes the likeliest token."),
    SliderSpec("top_p", "Top-p", 1, "Keeps the likeliest tokens up to this share of probability; 1 is off."),
    SliderSpec("top_k", "Top-k", 200, "Keeps this many of the likeliest tokens; 0 is off."),
    SliderSpec("min_p", "Min-p", 1, "Drops tokens less likely than this share of the likeliest; 0 is off."),
    SliderSpec("repetition_penalty", "Repetition penalty", 2, "Makes tokens already seen less likely; 1 is off."),
    SliderSpec("context_length", "Context length", 8192, "Tokens of prompt and answer together."),
    SliderSpec("max_new_tokens", "Max new tokens", 2048, "The answer ends after this many tokens."),
    SliderSpec("seed", "Seed", LIMITS["seed"].high, "Fixes the draw: same seed, same settings, same answer."),
)
CHECKS = {"random_seed": "Random seed", "raw": "Raw completion", "reuse_prefix": "Reuse earlier prompts"}
HINTS = {
    "raw": "Continue the text as it stands, with no chat template.",
    "reuse_prefix": "Read only what follows the beginning of a prompt still in memory; last bits may change.",
}
_ELEM_IDS = {
    "preset": "preset", "model": "model", "quantization": "quantization", "prompt": "prompt",
    "reference_model": "reference-price",
}  # fmt: skip
_BY_NAME = {spec.name: spec for spec in SLIDERS}


def elem_id_of(field: str) -> str:
    """Where the page has the control of a field; the page's script fills it in before it is drawn."""
    return _ELEM_IDS.get(field, f"setting-{field}")


def slider_update(name: str, value: float) -> dict[str, Any]:
    """A new value for a slider, which grows if the value lies beyond its end."""
    return gr.update(value=value, maximum=max(_BY_NAME[name].high, value))


def stop_text(stop: tuple[str, ...] | list[str]) -> str:
    """Stop strings as the text box shows them: one per line, a line end written as a backslash and n."""
    return "\n".join(text.replace("\\", "\\\\").replace("\n", "\\n") for text in stop)


def stop_strings(text: str) -> tuple[str, ...]:
    """Stop strings from what the text box shows."""
    lines = (line for line in text.split("\n") if line)
    return tuple(re.sub(r"\\([n\\])", lambda found: "\n" if found[1] == "n" else "\\", line) for line in lines)


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise PlaygroundError(f"{name} must be text; got a value of type {type(value).__name__}.")
    return value


def settings_of(values: Mapping[str, Any]) -> Settings:
    """The settings that the controls hold.

    Raises:
        PlaygroundError: Names each wrong field, its limit and the value given.
    """
    numbers = {spec.name: values.get(spec.name) for spec in SLIDERS}
    return make_settings(
        **numbers, system=_text(values, "system"), stop=stop_strings(_text(values, "stop")), raw=values.get("raw"),
        reuse_prefix=values.get("reuse_prefix", False),
    )  # fmt: skip


def make_request(values: Mapping[str, Any]) -> RunRequest:
    """The run that the controls describe. The values are always checked here.

    Raises:
        PlaygroundError: Says which value is wrong, and its limit.
    """
    return RunRequest(
        prompt=check_prompt(values.get("prompt", "")),
        model=_text(values, "model"),
        quantization=_text(values, "quantization"),
        settings=settings_of(values),
    )


def priced(runner: Runner, values: Mapping[str, Any], request: gr.Request) -> Runner:
    """The runner for the person who sent the request, at the prices that the controls hold.

    Raises:
        PlaygroundError: Says which value is wrong, and its limit.
    """
    price = values.get("hardware_usd_per_hour")
    if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price <= _MAX_USD_PER_HOUR:
        limits = f"from 0 to {_MAX_USD_PER_HOUR:,} $/h"
        raise PlaygroundError(f"The price of own hardware must be {limits}; got {price!r:.60}.")
    return runner.of(person_of(request)).priced(_text(values, "reference_model"), float(price))
