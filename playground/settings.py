"""The settings of a run: frozen, and checked on creation.

Every limit is defined once, in `LIMITS`: the sliders, the command line and the HTTP API all read it.
"""

import secrets
from dataclasses import dataclass
from reprlib import Repr
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, field_validator

from playground.errors import NoPrompt, PlaygroundError, nearest
from playground.numbers import with_a_point

QUANTIZATIONS = ("fp32", "bf16", "fp16", "int8", "int4")
PACKED = ("int8", "int4")  # weights rounded to whole numbers
MAX_PROMPT_CHARS = 1_000_000
MAX_SYSTEM_CHARS = 100_000
MAX_STOP_STRINGS = 8
MAX_STOP_CHARS = 200
MAX_SENTENCES = 5  # in one message: a file with a million wrong keys still gives a readable error


@dataclass(frozen=True)
class Limit:
    """The closed range of a number; `above` makes the lower end open."""

    low: float
    high: float
    step: float
    above: bool = False

    def __str__(self) -> str:
        low, high = (f"{x:.10g}" for x in (self.low, self.high))
        return f"above {low} and at most {high}" if self.above else f"from {low} to {high}"

    def holds(self, value: float) -> bool:
        """Whether the value is in the range (NaN never is)."""
        return self.low < value <= self.high if self.above else self.low <= value <= self.high


LIMITS = {
    "temperature": Limit(0, 2, 0.01),
    "top_p": Limit(0, 1, 0.01, above=True),
    "top_k": Limit(0, 1_000_000, 1),
    "min_p": Limit(0, 1, 0.01),
    "repetition_penalty": Limit(0.5, 2, 0.01),
    "seed": Limit(0, 2**32 - 1, 1),
    "max_new_tokens": Limit(1, 32_768, 1),
    "context_length": Limit(16, 1_048_576, 1),
    "top": Limit(0, 50, 1),
    "time_limit_s": Limit(0, 86_400, 1, above=True),
}


def _encodable(text: str) -> str:
    """Text that can be encoded as UTF-8; a lone surrogate can't, and would fail when the run is saved."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"holds half a character at position {error.start:,} (a lone surrogate): remove it") from None
    return text


def _number(value: Any) -> Any:
    """Numbers arrive as numbers or as text; a bool is rejected."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    return value


def _whole(value: Any) -> Any:
    """A slider sends 40.0 for 40."""
    value = _number(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]


class Settings(BaseModel):
    """How a run samples and stops. Make one from outside input with `make_settings`.

    Attributes:
        temperature: Divides the logits; 0 is greedy.
        top_p: Keep the smallest set of tokens whose probabilities sum to this; 1 is off.
        top_k: Keep the k likeliest tokens; 0 is off.
        min_p: Drop tokens less likely than this share of the likeliest; 0 is off.
        repetition_penalty: Divides positive and multiplies negative logits of ids already seen; 1 is off.
        seed: Fixes the draw; None draws a seed, which the record then shows.
        max_new_tokens: The answer ends after this many tokens.
        context_length: Tokens of prompt and answer together; None is the model's limit.
        system: System prompt of a chat; not used in raw mode.
        stop: The answer ends before the first of these strings.
        raw: Continue the prompt as is, without a chat template.
        top: How many alternatives of each token to record.
        time_limit_s: The answer ends after this many seconds; None is no limit.
        reuse_prefix: Read only what follows the longest beginning that an earlier prompt left in memory; last bits
            may differ from a run that reads all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Number = 0.8
    top_p: Number = 0.95
    top_k: Whole = 0
    min_p: Number = 0.0
    repetition_penalty: Number = 1.0
    seed: Whole | None = None
    max_new_tokens: Whole = 256
    context_length: Whole | None = None
    system: str = ""
    stop: tuple[str, ...] = ()
    raw: bool = False
    top: Whole = 10
    time_limit_s: Number | None = None
    reuse_prefix: bool = False

    @field_validator(*LIMITS)
    @classmethod
    def _within_limit(cls, value: float | None, info: Any) -> float | None:
        if value is None:
            return value
        if not LIMITS[info.field_name].holds(value):
            raise ValueError("out of range")
        return value

    @field_validator("system")
    @classmethod
    def _system_length(cls, value: str) -> str:
        if len(value) > MAX_SYSTEM_CHARS:
            raise ValueError(f"must have at most {MAX_SYSTEM_CHARS:,} characters; got {len(value):,}")
        return _encodable(value)

    @field_validator("stop")
    @classmethod
    def _stop_strings(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > MAX_STOP_STRINGS:
            raise ValueError(f"takes at most {MAX_STOP_STRINGS} strings; got {len(value)}")
        if any(not 0 < len(text) <= MAX_STOP_CHARS for text in value):
            raise ValueError(f"strings must have 1 to {MAX_STOP_CHARS} characters")
        return tuple(_encodable(text) for text in value)

    def seeded(self) -> "Settings":
        """The same; a missing seed is drawn, so that the record can be replayed."""
        if self.seed is not None:
            return self
        return self.model_copy(update={"seed": secrets.randbelow(int(LIMITS["seed"].high) + 1)})


def make_settings(**values: Any) -> Settings:
    """Settings from outside input.

    Raises:
        PlaygroundError: Names each wrong field, its limit and the value given.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        raise PlaygroundError(" ".join(_sentence(item) for item in error.errors()[:MAX_SENTENCES])) from None


def _sentence(item: Any) -> str:
    """One validation error as a sentence: field, limit, value."""
    field = str(item["loc"][0])[:60] if item["loc"] else "settings"
    value = shown(item["input"])
    if item["type"] == "extra_forbidden":
        return f"Unknown setting {field!r}: {nearest(field, list(Settings.model_fields))}"
    if field in LIMITS:
        kind = "a whole number" if LIMITS[field].step == 1 and field != "time_limit_s" else "a number"
        return f"{field} must be {kind} {LIMITS[field]}; got {value}{with_a_point(value)}"
    if item["type"] == "value_error":
        return f"{field} {item['ctx']['error']}."
    return f"{field}: {item['msg'].lower()}; got {value}."


def shown(value: Any) -> str:
    """Any value for use in a message, bounded in length and depth."""
    short = Repr()
    short.maxstring = short.maxother = short.maxlong = 60
    short.maxlevel = 3
    try:
        return short.repr(value)
    except ValueError:  # Python refuses to write out an integer of more than 4,300 digits
        return "a number too long to show"


def check_prompt(prompt: str) -> str:
    """The prompt, if it can be used.

    Raises:
        PlaygroundError: It is empty, longer than `MAX_PROMPT_CHARS`, or can't be encoded.
    """
    if not isinstance(prompt, str) or not prompt.strip():
        raise NoPrompt("The prompt is empty: write something for the model to answer.")
    if len(prompt) > MAX_PROMPT_CHARS:
        raise PlaygroundError(
            f"The prompt has {len(prompt):,} characters; the limit is {MAX_PROMPT_CHARS:,}. Shorten it and run again."
        )
    try:
        return _encodable(prompt)
    except ValueError as error:
        raise PlaygroundError(f"The prompt {error}.") from None
