"""Named rows as SVG text for a file without scripts: bars of models, and a tornado around its base."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from playground.views.svg_chart import WIDTH

ROW_HEIGHT, BAR_HEIGHT = 38, 12
_CHAR = 6.6
_LEAST = 1.5  # width of an empty bar, so it stays visible


@dataclass(frozen=True)
class Row:
    """One bar from `low` to `high` with its text; `note` follows its name."""

    name: str
    low: float
    high: float
    text: str
    note: str = ""
    strong: bool = False
    whisker: tuple[float, float] | None = None


@dataclass(frozen=True)
class Rows:
    """A chart of rows, drawn in their order; `base` is a vertical line through all of them."""

    title: str
    about: str
    rows: Sequence[Row]
    colour: str = "money"
    base: float | None = None


def rows_svg(chart: Rows) -> str:
    """The chart as one `svg` element; each row has its name and its number above its bar."""
    ends = [end for row in chart.rows for end in (row.low, row.high, *(row.whisker or ()))]
    low = min(ends, default=0.0)
    span = (max(ends, default=1.0) - low) or 1.0
    height = len(chart.rows) * ROW_HEIGHT
    drawn = [_row(row, place * ROW_HEIGHT, chart.colour, low, span) for place, row in enumerate(chart.rows)]
    parts = "".join(part for row in drawn for part in row)
    if chart.base is not None:
        tops = "".join(
            f"M{(chart.base - low) / span * WIDTH:.1f} {place * ROW_HEIGHT + 16}v18" for place in range(len(drawn))
        )
        parts += f'<path class="base" d="{tops}"/>'
    title, desc = escape(chart.title), "; ".join(f"{row.name}: {row.text}" for row in chart.rows)
    head = f"<title>{title}</title><desc>{escape(desc)}</desc>"
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{title}">{head}{parts}</svg>'


def _row(row: Row, top: float, colour: str, low: float, span: float) -> Iterator[str]:
    def at(value: float) -> float:
        return round((value - low) / span * WIDTH, 1)

    base, width = top + 14, max(_LEAST, at(row.high) - at(row.low))
    named = escape(_cut(row.name, row.text, row.note))
    note = f' <tspan class="note">{escape(row.note)}</tspan>' if row.note else ""
    yield f'<text class="{"row strong" if row.strong else "row"}" x="0" y="{base}">{named}{note}</text>'
    yield f'<text class="row amount" text-anchor="end" x="{WIDTH}" y="{base}">{escape(row.text)}</text>'
    yield f'<path class="track" d="M0 {top + 19}h{WIDTH}v{BAR_HEIGHT}H0z"/>'
    yield f'<rect class="bar {colour}" x="{min(at(row.low), WIDTH - _LEAST)}" y="{top + 19}" width="{width:.1f}" height="{BAR_HEIGHT}"/>'  # noqa: E501 - one element, one line
    if row.whisker is not None:
        first, last = at(row.whisker[0]), at(row.whisker[1])
        middle = top + 19 + BAR_HEIGHT / 2
        yield f'<path class="whisker" d="M{first} {middle - 4}v8M{first} {middle}H{last}M{last} {middle - 4}v8"/>'


def _cut(name: str, text: str, note: str) -> str:
    """The name, cut to leave room for the number beside it."""
    room = int((WIDTH - 12) / _CHAR) - len(text) - len(note)
    return name if len(name) <= room else f"{name[: max(1, room - 1)]}…"
