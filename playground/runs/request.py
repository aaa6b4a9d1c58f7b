"""The request of an experiment: fields that declare default, limits, label and help once.

The command's options, the fields of the page, the sentences of errors and the saved request all come from them.
"""

import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Self, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from playground.engine.events import PreparedPrompt
from playground.errors import PlaygroundError, nearest
from playground.numbers import plain_number, with_a_point
from playground.runs.work import Work
from playground.settings import MAX_SENTENCES, Settings, check_prompt, make_settings, shown

Q = TypeVar("Q", bound="Request")
ASCENDING = AfterValidator(lambda value: tuple(sorted(set(value))))
"""Of a list whose numbers count once, the smallest first."""
_MAX_CHARS = 5_000  # of a list that a person types


def item(
    default: Any, title: str, about: str = "", *, flags: Sequence[str] = (), page: bool = True,
    names: Mapping[str, str] | None = None, shortcuts: Mapping[str, str] | None = None, file: bool = False,
    lines: bool = False, metavar: str = "", **limits: Any,
) -> Any:  # fmt: skip
    """A field of a request that a person sets.

    Args:
        default: Its value if nothing is given, or a function that makes it.
        title: Its label in the page, and the first words of its help.
        about: One more sentence, if the title is not enough.
        flags: Names of its option, the main one first; by default the field's name. A name without dashes is an
            argument.
        page: Whether the page has a field for it.
        names: Labels in the page for the possible values. Those of a list become checkboxes.
        shortcuts: Options without a value, each with the value that it stands for.
        file: Whether its option takes the name of a text file.
        lines: Whether an element of a list may hold a comma: an option gives one, a text has one a line.
        metavar: What the help calls the value of its option, if not after its type.
        limits: `ge`, `le`, `min_length`... of pydantic.
    """
    extra: dict[str, Any] = {"flags": list(flags), "page": page, "names": dict(names or {}), "file": file}
    extra |= {"shortcuts": dict(shortcuts or {}), "lines": lines, "metavar": "FILE" if file else metavar}
    limits["default_factory" if callable(default) else "default"] = default
    return Field(title=title, description=about or None, json_schema_extra=extra, validate_default=False, **limits)


class Request(BaseModel):
    """A request of an experiment: frozen, nothing unknown in it. Make one from outside input with `read_request`.

    Attributes:
        model: Id in the catalogue.
        quantization: One of `settings.QUANTIZATIONS`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)

    model: str
    quantization: str = "fp32"

    @classmethod
    def items(cls) -> dict[str, FieldInfo]:
        """The fields that were made by `item`."""
        return {name: field for name, field in cls.model_fields.items() if field.title}

    @property
    def most_tokens(self) -> int:
        """How many tokens it may compute at most; 0 where no answer is computed, or their number is small."""
        return 0

    def work(self) -> Work | None:
        """How much it computes; None where that takes no time worth a word, or is not known."""
        return None

    def more_models(self) -> list[str]:
        """Models that it names beside its own, by id or path."""
        return []

    def with_models(self, ids: Sequence[str]) -> Self:
        """The same with these ids: its own, then those of `more_models`."""
        return self.model_copy(update={"model": ids[0]})

    @field_validator("*", mode="before")
    @classmethod
    def _from_outside(cls, value: Any, info: ValidationInfo) -> Any:
        """Numbers arrive as numbers or as text, lists as text with commas."""
        field = cls.model_fields[info.field_name or ""]
        kind = plain_type(field.annotation)
        if get_origin(kind) is tuple and isinstance(value, str):
            if len(value) > _MAX_CHARS:
                raise ValueError(f"must have at most {_MAX_CHARS:,} characters; got {len(value):,}")
            return tuple(one.strip() for one in re.split(_between(field, kind, value), value) if one.strip())
        is_list = get_origin(kind) is tuple and isinstance(value, list | tuple)
        if is_list and any(isinstance(one, bool) for one in value):
            raise ValueError("holds something that is not a number")
        if kind in (int, float):
            if isinstance(value, bool):
                raise ValueError("is not a number")
            return plain_number(value) or value if isinstance(value, str) else value
        return value


class PromptRequest(Request):
    """A request about a prompt under the settings of a run.

    Attributes:
        prompt: What the person wrote.
        settings: How to sample and stop.
        recorded: The prompt as a saved document has it, to be read again; None prepares it.
    """

    prompt: str
    settings: Settings = Settings()
    recorded: PreparedPrompt | None = Field(None, exclude=True)

    @field_validator("prompt")
    @classmethod
    def _prompt(cls, value: str) -> str:
        return check_prompt(value)

    def seeded(self) -> Self:
        """The same; a missing seed is drawn."""
        return self.model_copy(update={"settings": self.settings.seeded()})


def read_request(kind: type[Q], values: Mapping[str, Any]) -> Q:
    """A request from outside input; `settings` may be a dict of those that were given.

    Raises:
        PlaygroundError: Names each wrong field, its limits and the value given.
    """
    if isinstance(given := values.get("settings"), Mapping):
        base = kind.model_fields["settings"].default.model_dump()
        values = {**values, "settings": make_settings(**{**base, **given})}
    try:
        return kind(**values)
    except ValidationError as error:
        first = {one["loc"][:1]: one for one in reversed(error.errors())}  # one sentence a field
        sentences = [_sentence(kind, one) for one in reversed(first.values())]
        raise PlaygroundError(" ".join(sentences[:MAX_SENTENCES])) from None


def plain_type(annotation: Any) -> Any:
    """The type of a field without what is added to it, and without None."""
    if get_origin(annotation) is Annotated:
        return plain_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return plain_type(next(one for one in get_args(annotation) if one is not type(None)))
    return annotation


def _between(field: FieldInfo, kind: Any, text: str) -> str:
    """What separates the elements of a list that is given as text."""
    extra: Any = field.json_schema_extra or {}
    if extra.get("lines"):
        return "\n" if "\n" in text else ","
    return r"[,;\s]" if plain_type(get_args(kind)[0]) in (int, float) else "[,;]"


def _sentence(kind: type[Request], error: Any) -> str:
    """One error of pydantic as a sentence: label, limits, what was given."""
    name = str(error["loc"][0])[:60] if error["loc"] else "The request"
    field = kind.model_fields.get(name)
    if field is None:
        return f"Unknown field {name!r}: {nearest(name, list(kind.model_fields))}" if error["loc"] else _message(error)
    title, value = field.title or name, error["input"]
    if error["type"] == "missing":
        return f"{title} is missing: give it."
    if error["type"] == "value_error":
        message = _message(error)
        return message if message[:1].isupper() else f"{title} {message}."
    if error["type"] == "literal_error":
        known = [str(one) for one in get_args(plain_type(field.annotation))]
        return f"Unknown {title.lower()} {str(value)[:60]!r}: {nearest(str(value), known)}"
    text = shown(value)
    return f"{title} must be {allowed(field)}; got {text}{with_a_point(text)}"


def _message(error: Any) -> str:
    return str(error["ctx"]["error"]) if error["type"] == "value_error" else error["msg"]


def shown_value(value: Any) -> Any:
    """A value as a person types it; lists with commas, or one a line, and 1 rather than 1.0 in them."""
    if not isinstance(value, tuple):
        return value
    if any("," in str(one) for one in value):
        return "".join(f"{one}\n" for one in value)
    return ", ".join(str(one).removesuffix(".0") if isinstance(one, float) else str(one) for one in value)


def allowed(field: FieldInfo) -> str:
    """What a field takes, in words: "a whole number from 1 to 8"."""
    kind = plain_type(field.annotation)
    if get_origin(kind) is not tuple:
        return " ".join(["a", _WORDS.get(kind, "text"), *_range(field.metadata)]).replace("a text", "text")
    inner = get_args(kind)[0]
    low, high = (_limit(field.metadata, name) for name in ("min_length", "max_length"))
    count = "" if high is None else f"at most {high:,}" if not low else f"{low:,} to {high:,}"
    within = _range(get_args(inner)[1].metadata) if get_origin(inner) is Annotated else []
    return " ".join([*count.split(), f"{_WORDS.get(plain_type(inner), 'word')}s", *within, "with commas between them"])


def _range(metadata: Sequence[Any]) -> list[str]:
    low, above, high = (_limit(metadata, name) for name in ("ge", "gt", "le"))
    start = f"from {low:,}" if low is not None else f"above {above:,}" if above is not None else ""
    if not start or high is None:
        return [start] if start else []
    return [start, f"to {high:,}" if low is not None else f"and at most {high:,}"]


def _limit(metadata: Sequence[Any], name: str) -> Any:
    return next((getattr(one, name) for one in metadata if hasattr(one, name)), None)


_WORDS = {int: "whole number", float: "number"}
