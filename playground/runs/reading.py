"""Long documents, validated in short steps: what is whole is kept, and not validated again with what holds it."""

from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo

from playground.pieces import PIECE, Pieces, pause

M = TypeVar("M", bound=BaseModel)
MAX_WHOLE = 2 * 2**20  # characters of what can only be validated in one step

Where = tuple[str | int, ...]


class Misfit(ValueError):
    """What does not fit, and where."""

    def __init__(self, where: Where, problem: str):
        super().__init__(problem)
        self.where, self.problem = where, problem


class Reader:
    """Reads one text. As `model_validate_json(text, strict=True)`, only that no step is long."""

    def __init__(self, text: str):
        self._text, self._pieces = text, Pieces(text)
        self._models: dict[Any, type[BaseModel]] = {}

    def head(self) -> str | None:
        """The member `kind` of the document, if it is a short text.

        Raises:
            ValueError: The text is not a JSON object.
        """
        found = list[Any]()

        def take(key: str | None, at: int) -> int:
            if key == "kind":
                found[:] = self._pieces.short(at) or ()
            return self._pieces.end(at)

        self._whole(self._pieces.each(self._pieces.after_space(0), take))
        return found[0] if found and isinstance(found[0], str) else None

    def document(self, kind: type[M]) -> M:
        """The document.

        Raises:
            Misfit: It is not of this kind.
            ValueError: The text is not JSON.
        """
        made, end = self._object(kind, self._pieces.after_space(0), ())
        self._whole(end)
        return made

    def _whole(self, end: int) -> None:
        end = self._pieces.after_space(end)
        if end < len(self._text):
            raise self._pieces.broken("Extra data", end)

    def _object(self, kind: type[M], at: int, where: Where) -> tuple[M, int]:
        if not self._pieces.starts(at, "{"):
            raise Misfit(where, "Input should be an object")
        fields = {name: field for key, field in kind.model_fields.items() for name in (key, field.alias or key)}
        config = ConfigDict(
            extra=kind.model_config.get("extra"), allow_inf_nan=kind.model_config.get("allow_inf_nan", True)
        )
        values = dict[str, Any]()

        def take(key: str | None, start: int) -> int:
            name = key or ""
            if name not in fields:
                values[name], end = None, self._pieces.end(start)  # refused below, or ignored
            else:
                values[name], end = self._value(fields[name], config, start, (*where, name))
            return end

        end = self._pieces.each(at, take)
        try:
            return kind.model_validate(values, strict=True), end
        except ValidationError as error:
            raise _misfit(error, where) from None

    def _value(self, field: FieldInfo, config: ConfigDict, at: int, where: Where) -> tuple[Any, int]:
        short = self._pieces.short(at)
        kind: Any = field.annotation
        if field.metadata:
            kind = Annotated[kind, *field.metadata]
        if short is not None:
            return self._slice(kind, config, at, short[1], where)[0], short[1]
        return self._long(kind, config, at, where)

    def _long(self, kind: Any, config: ConfigDict, at: int, where: Where) -> tuple[Any, int]:
        plain = _plain(kind)
        if get_origin(plain) is list and self._pieces.starts(at, "["):
            return self._list(get_args(plain)[0], config, at, where)
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            return self._object(plain, at, where)
        if plain is str and self._pieces.starts(at, '"'):
            return self._pieces.value(at)
        end = self._pieces.end(at)
        if end - at > MAX_WHOLE:
            raise Misfit(where, f"It has {end - at:,} characters; the limit is {MAX_WHOLE:,}")
        return self._slice(kind, config, at, end, where)[0], end

    def _list(self, kind: Any, config: ConfigDict, at: int, where: Where) -> tuple[list[Any], int]:
        made, begun, ended, count = list[Any](), 0, 0, 0

        def flush() -> None:
            nonlocal count
            if count:
                made.extend(self._slice(kind, config, begun, ended, where, len(made)))
            count = 0

        def take(_: str | None, start: int) -> int:
            nonlocal begun, ended, count
            short = self._pieces.short(start)
            if short is None:
                flush()
                one, end = self._long(kind, config, start, (*where, len(made)))
                made.append(one)
                return end
            if count and short[1] - begun > PIECE:
                flush()
            begun = start if not count else begun
            ended, count = short[1], count + 1
            return ended

        end = self._pieces.each(at, take)
        flush()
        return made, end

    def _slice(
        self, kind: Any, config: ConfigDict, start: int, end: int, where: Where, before: int | None = None
    ) -> list[Any]:
        """Values that stand one after another here; `before` of the same list went before them."""
        model = self._models.get(kind)
        if model is None:
            model = self._models[kind] = create_model("Slice", __config__=config, values=(list[kind], ...))
        if end - start > PIECE // 4:
            pause()
        try:
            made = model.model_validate_json(f'{{"values":[{self._text[start:end]}]}}', strict=True)
        except ValidationError as error:
            wrong = _misfit(error, ())
            place = [] if before is None else [before + index for index in wrong.where[1:2] if isinstance(index, int)]
            raise Misfit((*where, *place, *wrong.where[2:]), wrong.problem) from None
        return vars(made)["values"]


def _plain(kind: Any) -> Any:
    """The type without what is said of it, and without `None`."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        some = [one for one in get_args(kind) if one is not type(None)]
        return _plain(some[0]) if len(some) == 1 else kind
    return kind


def _misfit(error: ValidationError, where: Where) -> Misfit:
    """The first of the errors, as of the document."""
    first = error.errors()[0]
    return Misfit((*where, *first["loc"]), first["msg"])
