"""A field of a request as an option of a command."""

from pathlib import Path
from typing import Annotated, Any, cast, get_origin

import typer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from playground.errors import PlaygroundError
from playground.files import read_text
from playground.runs.request import plain_type, shown_value
from playground.settings import MAX_PROMPT_CHARS

_MAX_DEFAULT = 60  # characters; a longer one is described by the field
_METAVARS = {int: "NUMBER", float: "NUMBER", tuple: "A,B,..."}


def extra_of(field: FieldInfo) -> dict[str, Any]:
    """What `item` says of a field beyond pydantic's own."""
    return cast(dict[str, Any], field.json_schema_extra)


def _variable(flag: str) -> str:
    return flag.strip("-").replace("-", "_")


def shortcuts(field: FieldInfo) -> dict[str, tuple[Any, bool]]:
    """The options without a value that set this field."""
    found = dict[str, tuple[Any, bool]]()
    for flag, value in extra_of(field)["shortcuts"].items():
        text = f"{field.title}: {extra_of(field)['names'].get(value, value)}."
        found[_variable(flag)] = (Annotated[bool, typer.Option(flag, help=text)], False)
    return found


def without_shortcuts(items: dict[str, FieldInfo], values: dict[str, Any]) -> dict[str, Any]:
    """The values by field.

    Raises:
        PlaygroundError: Two options set one field.
    """
    for name, field in items.items():
        flags = extra_of(field)["shortcuts"]
        chosen = [value for flag, value in flags.items() if values.pop(_variable(flag))]
        if len(chosen) + bool(flags and values[name]) > 1:
            raise PlaygroundError(f"--{name}, {', '.join(flags)} can't be combined: give one of them.")
        values[name] = chosen[0] if chosen else values[name]
    return values


def hint(name: str, field: FieldInfo, *, has_default: bool = True) -> Any:
    """An option: its help is the field's label and sentence; values are checked later, in words."""
    extra = extra_of(field)
    flags = extra["flags"] or [f"--{name.replace('_', '-')}"]
    value = "" if not has_default or field.default in (None, PydanticUndefined) else str(shown_value(field.default))
    value = f'"{value}"' if isinstance(field.default, str) and " " in value else value
    default = f"{value} if not given." if 0 < len(value) <= _MAX_DEFAULT else ""
    text = " ".join(part for part in (f"{field.title}.", field.description or "", default) if part)
    kind = plain_type(field.annotation)
    if not flags[0].startswith("-"):
        return Annotated[str | None, typer.Argument(help=text, metavar=flags[0], show_default=False)]
    if kind is bool:
        return Annotated[bool | None, typer.Option(*flags, help=text.removesuffix(default).strip(), show_default=False)]
    metavar = "TEXT" if extra["lines"] else _METAVARS.get(get_origin(kind) or kind, "TEXT")
    option = typer.Option(*flags, help=text, metavar=extra["metavar"] or metavar)
    return Annotated[list[str] | None if get_origin(kind) is tuple else str | None, option]


def given_text(field: FieldInfo, value: Any) -> Any:
    """What an option holds: of a file its text, of a repeated list one text.

    Raises:
        PlaygroundError: The file can't be read.
    """
    if extra_of(field)["file"]:
        return read_text(Path(value), 4 * MAX_PROMPT_CHARS)
    return ",".join(value) if isinstance(value, list | tuple) and not extra_of(field)["lines"] else value
