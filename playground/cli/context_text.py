"""Context documents as text for a terminal."""

from playground.cli.terminal import bytes_text, duration_text, usd_text
from playground.experiments.context.records import ContextRecord, FitRecord, NeedleRecord, TokensRecord
from playground.runs.records import Document


def document_text(record: Document) -> str:
    """Any of the three."""
    if isinstance(record, ContextRecord):
        return _context(record)
    if isinstance(record, NeedleRecord):
        return _needle(record)
    assert isinstance(record, TokensRecord)
    return _tokens(record)


def _predicted(size: int | None) -> str:
    return "unknown" if size is None else bytes_text(size)


def _context(record: ContextRecord) -> str:
    rows = [["tokens", "prefill", "tokens/s", "KV cache", "predicted", "price"]]
    for point in record.points:
        rows.append(
            [
                f"{point.tokens:,}", duration_text(point.prefill_s), f"{point.tokens / point.prefill_s:.0f}",
                bytes_text(point.kv_bytes), _predicted(point.kv_predicted_bytes), usd_text(point.input_usd),
            ]
        )  # fmt: skip
    lines = [_table(rows), "", fit_text(record.fit)]
    if record.predicted is not None:
        told = record.predicted
        lines.append(
            f"From the lengths up to {told.from_tokens[-1]:,}, the curve foretells {duration_text(told.predicted_s)} "
            f"for {told.tokens:,} tokens; measured: {duration_text(told.measured_s)}."
        )
    if record.ended != "complete":
        why = f"the {record.time_limit_s:g} s allowed" if record.ended == "time" else "it was stopped"
        lines.append(f"{len(record.points)} of {len(record.lengths_asked)} lengths were measured: {why}.")
    lines.append(f"Text: {record.text}. Price: input of {record.reference_model}, {record.prices_as_of}.")
    return "\n".join(lines)


def fit_text(fit: FitRecord | None) -> str:
    """The curve in words."""
    if fit is None:
        return "Fewer than three lengths: no curve is fitted."
    r2 = "" if fit.r2 is None else f", R2 {fit.r2:.4f}"
    clear = "" if fit.c_is_clear else " The quadratic part is not distinguishable from zero here."
    return (
        f"Fitted: t = {fit.a_s:.3g} s + {fit.b_s_per_token:.3g} s n + {fit.c_s_per_token2:.3g} s n^2{r2}; "
        f"the linear part is the matrix products, the quadratic part attention.{clear}"
    )


def _needle(record: NeedleRecord) -> str:
    cells = {(cell.length, cell.depth): cell for cell in record.cells}
    rows = [["tokens", *(f"depth {depth:.0%}" for depth in record.depths)]]
    for length in record.lengths:
        found = [cells.get((length, depth)) for depth in record.depths]
        rows.append([f"{length:,}", *("-" if one is None else _share(one.probability, one.greedy) for one in found)])
    begun = record.answer.replace("{code}", "").strip()
    note = f"Probability of the right code after “{begun}”; * where greedy decoding says it."
    cut = "" if record.ended == "complete" else f"\nStopped: {len(record.cells)} cells were scored."
    return f"{_table(rows)}\n\n{note}{cut}"


def _share(probability: float, greedy: bool) -> str:
    return f"{probability:.1%}{'*' if greedy else ' '}"


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
