"""Context documents as text for a terminal."""

from playground.experiments.context.records import CellRecord, ContextRecord, NeedleRecord, TokensRecord
from playground.runs.records import Document
from playground.views.context_charts import fit_words
from playground.views.format import NOTHING, format_bytes, format_money, format_percent, format_rate, format_seconds
from playground.views.run import format_predicted


def document_text(record: Document) -> str:
    """Any of the three."""
    if isinstance(record, ContextRecord):
        return _context(record)
    if isinstance(record, NeedleRecord):
        return _needle(record)
    assert isinstance(record, TokensRecord)
    return _tokens(record)


def _context(record: ContextRecord) -> str:
    rows = [["tokens", "prefill", "prefill rate", "KV cache", "predicted", "price"]]
    for point in record.points:
        rows.append(
            [
                f"{point.tokens:,}", format_seconds(point.prefill_s), format_rate(point.tokens / point.prefill_s),
                format_bytes(point.kv_bytes), format_predicted(point.kv_predicted_bytes), format_money(point.input_usd),
            ]
        )  # fmt: skip
    lines = [_table(rows), "", fit_words(record.fit, record.predicted)]
    if record.ended != "complete":
        why = f"the {record.time_limit_s:g} s allowed" if record.ended == "time" else "it was stopped"
        lines.append(f"{len(record.points)} of {len(record.lengths_asked)} lengths were measured: {why}.")
    lines.append(f"Text: {record.text}. Price: input of {record.reference_model}, {record.prices_as_of}.")
    return "\n".join(lines)


def _needle(record: NeedleRecord) -> str:
    cells = {(cell.length, cell.depth): cell for cell in record.cells}
    rows = [["tokens", *(f"depth {depth:.0%}" for depth in record.depths)]]
    for length in record.lengths:
        found = [cells.get((length, depth)) for depth in record.depths]
        rows.append([f"{length:,}", *map(_cell, found)])
    begun = record.answer.replace("{code}", "").strip()
    note = f"Probability of the right code after “{begun}”; * where greedy decoding says it."
    cut = "" if record.ended == "complete" else f"\nStopped: {len(record.cells)} cells were scored."
    return f"{_table(rows)}\n\n{note}{cut}"


def _cell(cell: CellRecord | None) -> str:
    return NOTHING if cell is None else f"{format_percent(cell.probability)}{'*' if cell.greedy else ' '}"


def _tokens(record: TokensRecord) -> str:
    marks = {"control": "control", "template": "template", "text": ""}
    rows = [f"{token.id:>8}  {token.text!r:<24} {marks[token.kind]}".rstrip() for token in record.tokens]
    told = (
        f"{record.characters:,} characters, {record.bytes:,} bytes, {record.text_tokens:,} tokens of the text: "
        f"{record.characters / max(1, record.text_tokens):.2f} characters a token."
    )
    if record.controls:
        how = "read as control tokens" if record.inject else "spelt out as plain text"
        told += f" Control tokens typed in the text ({', '.join(record.controls)}) are {how}."
    languages = [["language", "tokens", "characters a token"]]
    languages += [[one.title, str(one.tokens), f"{one.characters / one.tokens:.2f}"] for one in record.languages]
    return "\n".join([*rows, "", told, "", record.languages_source, _table(languages)])


def _table(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
