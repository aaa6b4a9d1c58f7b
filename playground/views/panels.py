"""What an experiment shows, as data: words, tables, charts. Page, terminal and HTML report draw the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from playground.views.spec import ChartSpec


@dataclass(frozen=True)
class Cell:
    """A cell of a table that is more than text: a share, 0 to 1, drawn as a shade, and whether it is marked."""

    text: str
    share: float
    marked: bool = False


@dataclass(frozen=True)
class Table:
    """A row a thing, a column a quantity; the note stands below."""

    head: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    note: str = ""


@dataclass(frozen=True)
class Marked:
    """A text of several lines: pieces in reading order, and whether each is marked."""

    pieces: Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class Drawn:
    """What the page draws by a component of its own; terminal and report show the same as tables and words."""

    value: Any
    plain: "Sequence[Table | Marked | str]"


Content = ChartSpec | Table | Drawn | str
"""Of a panel; a string is a sentence or a few."""


@dataclass(frozen=True)
class Panel:
    """A place for content.

    Attributes:
        name: Of the place, the end of its element's id.
        kind: What is there; `part` is a component of the page that `make` builds.
        label: For those who do not see it, and the heading in report and terminal.
        empty: Stands there before there is anything.
        height: Of a chart, in pixels.
        row: Panels that follow each other with the same row stand side by side where there is room.
        make: "module:function" of the component, for the kind `part`; it takes `elem_id`.
        quiet: A chart that takes no room while it is empty.
        streamed: The terminal has it already, from `View.stream`.
    """

    name: str
    kind: Literal["chart", "table", "words", "part"]
    label: str
    empty: str = ""
    height: int = 240
    row: str = ""
    make: str = ""
    quiet: bool = False
    streamed: bool = False


@dataclass(frozen=True)
class Sofar:
    """A record, or what there is of it so far.

    Attributes:
        request: The request; None for an opened file.
        parts: Everything that the run has yielded, stages aside.
        record: The document, at the end.
        growth: What the last update that had any gave to `View.growth`.
    """

    request: Any = None
    parts: Sequence[Any] = ()
    record: Any = None
    growth: Any = None

    def of(self, kind: type) -> list[Any]:
        """The parts of a kind."""
        return [part for part in self.parts if isinstance(part, kind)]


def _is_complete(sofar: Sofar) -> bool:
    return sofar.record is not None and getattr(sofar.record, "ended", "complete") == "complete"


@dataclass(frozen=True)
class View:
    """How an experiment is shown.

    Attributes:
        panels: Its places, in the order of the page.
        draw: Content by name of the panel; a panel without content stays empty.
        kept: What there is, in a few words that go on "finished: " or "stopped: ".
        complete: Whether all that was requested is there.
        line: A finished part in a line for the terminal; empty says nothing of it.
        figures: What an update adds to the status line of the page, beside its words.
        tables: Whether there is a table or a chart among its contents.
        growth: What there is of an update to draw before a part is finished; the newest replaces the one before.
        stream: Text of an update that a person reads as it comes, in place of its line; also gets the record.
    """

    panels: tuple[Panel, ...]
    draw: Callable[[Sofar], Mapping[str, Content]]
    kept: Callable[[Sofar], str] = lambda sofar: f"{len(sofar.parts)} parts"
    complete: Callable[[Sofar], bool] = _is_complete
    line: Callable[[Any], str] = lambda _part: ""
    figures: Callable[[Any], Mapping[str, Any]] = lambda _update: {}
    growth: Callable[[Any], Any] = lambda _update: None
    stream: Callable[[Any], str] = lambda _update: ""
    tables: bool = True

    def contents(self, sofar: Sofar) -> list[tuple[Panel, Content]]:
        """Panels that have content, in their order."""
        drawn = self.draw(sofar)
        return [(panel, drawn[panel.name]) for panel in self.panels if drawn.get(panel.name)]


Plain = ChartSpec | Table | Marked | str
"""What terminal and report can draw."""


def plain(content: Content) -> Sequence[Plain]:
    """What terminal and report can draw."""
    return content.plain if isinstance(content, Drawn) else (content,)


def marked_text(text: Marked) -> str:
    """As text alone: what is marked stands in brackets."""
    return "".join(f"[{piece}]" if is_marked else piece for piece, is_marked in text.pieces)


def cell_text(cell: str | Cell) -> str:
    """A cell as text; a mark becomes a sign."""
    return cell if isinstance(cell, str) else f"{cell.text}{' ✓' if cell.marked else ''}"
