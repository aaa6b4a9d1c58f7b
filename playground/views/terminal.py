"""Panels as text for a terminal: tables in columns, charts by their summary."""

import unicodedata
from collections.abc import Iterator
from itertools import zip_longest
from textwrap import wrap

from playground.views.panels import Marked, Plain, Sofar, Table, View, cell_text, marked_text, plain
from playground.views.spec import ChartSpec

_WIDTH = 118
_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def safe_text(text: str) -> str:
    """Text for a terminal: characters that could move the cursor, recolour the screen or turn text round are shown."""
    return "".join(f"\\u{ord(c):04x}" if _acts(c) else c for c in text)


def _acts(char: str) -> bool:
    """Whether a terminal would act on it. Emoji joiners and the spaces of other scripts are text."""
    return (unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char not in "\n\t") or (
        unicodedata.bidirectional(char) in _TURNS
    )


def view_text(view: View, sofar: Sofar, *, streamed: bool = False) -> str:
    """Every panel that has content, with a blank line between them; those that were `streamed` only if wanted."""
    contents = [content for panel, content in view.contents(sofar) if streamed or not panel.streamed]
    blocks = ["\n".join(_lines(one)) for content in contents for one in plain(content)]
    return "\n\n".join(block for block in blocks if block)


def _lines(content: Plain) -> Iterator[str]:
    if isinstance(content, Table):
        yield from table_lines(content)
    elif isinstance(content, Marked):
        yield from wrapped(marked_text(content))
    else:
        yield from wrapped(content.summary if isinstance(content, ChartSpec) else content)


def wrapped(text: str) -> Iterator[str]:
    """Lines of a terminal's width; the text's own line ends stay."""
    for line in text.splitlines():
        yield from wrap(line, _WIDTH) or [""]


def table_lines(table: Table) -> Iterator[str]:
    """Columns as wide as their widest cell, the first one to the left and numbers to the right."""
    rows = [list(table.head), *([cell_text(cell) for cell in row] for row in table.rows)]
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    for row in rows if table.rows else []:
        rest = (text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=False))
        yield "  ".join([row[0].ljust(widths[0]), *rest]).rstrip()
    yield from wrapped(table.note)
