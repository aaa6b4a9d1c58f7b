"""The Context section's values for the page: strip, transcript, chips, tables. Pure functions, no Gradio."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.engine.chat import PreparedChat, Segment, Turn
from playground.experiments.context.records import LanguageRecord, PieceRecord, TokensRecord
from playground.views.format import count_of
from playground.views.run import FINISH_REASONS
from playground.views.spec import Axis, ChartSpec, Series

MAX_CHIPS = 16_384
PART_NAMES = {
    "dropped": "dropped", "system": "system prompt", "history": "history", "prompt": "prompt", "template": "template",
    "answer": "answer", "room": "room for the answer", "free": "free",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """What the strip shows.

    Attributes:
        model: Id of the model whose tokens these are.
        prepared: The chat as the model reads it.
        whole: The chat without a limit.
        newest: Number of the newest message's turn, from 0.
        answer_ids: Ids of the answer so far; None before there is one.
        room: The most tokens the answer may still have.
    """

    model: str
    prepared: PreparedChat
    whole: PreparedChat
    newest: int
    answer_ids: Sequence[int] | None
    room: int


def _packed(value: Any) -> str:
    """JSON without "<": Gradio warns about text that looks like a tag."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def strip_value(shown: Shown) -> str:
    """Parts of the context with their tokens: dropped, read, the answer, free."""
    prepared = shown.prepared
    newest = shown.newest
    parts: list[tuple[str, str, int]] = [("dropped", name, tokens) for name, tokens in _dropped(shown)]
    parts += [(kind_of(one, newest), part_name(one, newest), one.end - one.start) for one in prepared.segments]
    free = prepared.context_length - len(prepared.ids)
    if shown.answer_ids is not None:
        answer = min(len(shown.answer_ids), free)
        parts.append(("answer", "answer", answer))
        free -= answer
    room = min(shown.room, free)
    parts += [("room", "room for the answer", room), ("free", "free", free - room)]
    shares = [
        [kind, name, tokens, PART_NAMES[kind]] for kind, name, tokens in parts if tokens or kind in ("answer", "free")
    ]
    return _packed(
        {
            "context": prepared.context_length,
            "parts": shares,
            "turns_out": prepared.dropped_turns,
            "summary": _summary(shown),
        }
    )


def problem_value(problem: str) -> str:
    """The reason instead of a strip."""
    return _packed({"context": 1, "parts": [], "turns_out": 0, "summary": problem, "problem": True})


def kind_of(segment: Segment, newest: int) -> str:
    """The kind of part that a segment is; the newest message is the prompt, all before it history."""
    if segment.turn is None:
        return segment.kind
    return "prompt" if segment.turn == newest else "history"


def part_name(segment: Segment, newest: int) -> str:
    """Name of a segment."""
    kind = kind_of(segment, newest)
    if segment.turn is None or kind == "prompt":
        return PART_NAMES[kind]
    return f"turn {segment.turn + 1}, {'you' if segment.kind == 'user' else 'model'}"


def _dropped(shown: Shown) -> list[tuple[str, int]]:
    """The dropped part: the oldest turns, the oldest tokens of the newest message, and the template around them."""
    sums: dict[str, int] = {}
    for segment in fallen(shown):
        turn = segment.turn or 0
        name = f"turn {turn + 1}" if turn < shown.prepared.dropped_turns else "the newest message"
        sums[name] = sums.get(name, 0) + segment.end - segment.start
    rest = shown.prepared.dropped_tokens - sum(sums.values())
    return [*sums.items(), ("their template", rest)] if rest > 0 else list(sums.items())


def fallen(shown: Shown) -> list[Segment]:
    """Segments of the whole chat that are not read, or the unread part of one."""
    kept = Counter[tuple[str, int | None]]()
    for one in shown.prepared.segments:
        kept[one.kind, one.turn] += one.end - one.start
    lost = list[Segment]()
    for one in reversed(shown.whole.segments):  # a template may write a message twice: its newest tokens are kept
        here = min(one.end - one.start, kept[one.kind, one.turn])
        kept[one.kind, one.turn] -= here
        if one.turn is not None and one.start < one.end - here:
            lost.append(Segment(one.kind, one.turn, one.start, one.end - here))
    return lost[::-1]


def _summary(shown: Shown) -> str:
    prepared = shown.prepared
    room, answer = prepared.context_length - len(prepared.ids), len(shown.answer_ids or ())
    words = f"{len(prepared.ids) + min(answer, room):,} of {prepared.context_length:,} tokens are in use."
    turns = prepared.dropped_turns
    if turns:
        words += f" {turns} old turn{'s' if turns > 1 else ''} dropped, {prepared.dropped_tokens:,} tokens in all."
    elif prepared.dropped_tokens:
        words += f" The oldest {prepared.dropped_tokens:,} tokens of the message were dropped."
    if answer > room:
        words += f" The answer of {answer:,} tokens would end after {room:,}."
    if prepared.neutralised:
        words += " Control tokens in a message are read as plain text."
    return " ".join([words, *prepared.notes])


def transcript_lines(turns: Sequence[Turn]) -> str:
    """Answered turns."""
    return "".join(turn_start(turn.user) + piece_line(turn.answer) + turn_end("eos") for turn in turns)


def turn_start(user: str, who: str = "") -> str:
    """A message that is being answered; `who` said it, if not the person."""
    return _packed({"user": user} | ({"who": who} if who else {})) + "\n"


def live_line(run: str) -> str:
    """The answer is coming: the page reads it from the feed `run`."""
    return _packed({"live": run}) + "\n"


def piece_line(text: str) -> str:
    """More of its answer."""
    return _packed({"add": text}) + "\n" if text else ""


def turn_end(reason: str, *, speak: bool = False) -> str:
    """The answer has ended; any reason but its natural end is shown."""
    words = "" if reason == "eos" else FINISH_REASONS.get(reason, reason)
    return _packed({"end": words, "speak": speak}) + "\n"


def chips_value(
    pieces: Sequence[PieceRecord], *, title: str = "", note: str = "", labels: Sequence[tuple[int, str]] = ()
) -> str:
    """Tokens as chips; `labels` are shown before the tokens at these positions."""
    cut = f"; the first {MAX_CHIPS:,} are sent" if len(pieces) > MAX_CHIPS else ""
    note = note or f"{count_of(len(pieces), 'token')}{cut}"
    tokens = [[piece.id, piece.text, piece.kind] for piece in pieces[:MAX_CHIPS]]
    return _packed({"title": title, "note": note, "tokens": tokens, "labels": [list(label) for label in labels]})


def tokens_summary(record: TokensRecord) -> str:
    """Counts of a text in tokens, and how control tokens in it were read."""
    own = max(1, record.text_tokens)
    words = (
        f"{record.characters:,} characters, {record.bytes:,} bytes, {record.text_tokens:,} tokens: "
        f"{record.characters / own:.2f} characters and {record.bytes / own:.2f} bytes per token."
    )
    if record.chat:
        words += f" The template adds {len(record.tokens) - record.text_tokens:,} tokens."
    if record.controls:
        names = ", ".join(dict.fromkeys(record.controls))
        how = (
            "are read as control tokens: anyone who writes them can end a turn and speak as another role"
            if record.inject
            else "are read as plain text, as in every message"
        )
        words += f" Control tokens typed in the text ({names}) {how}."
    return words


def table_value(head: Sequence[str], rows: Sequence[Sequence[Any]], note: str = "") -> str:
    """A table; a cell is text, or text with a share from 0 to 1 and whether it is marked."""
    return _packed({"head": list(head), "rows": [list(row) for row in rows], "note": note})


def languages_chart(languages: Sequence[LanguageRecord], source: str = "") -> str:
    """Characters per token of the same text in several languages: the fewer, the more a language costs."""
    if not languages:
        return ""
    bars = [(place, one.characters / one.tokens) for place, one in enumerate(languages)]
    return ChartSpec(
        title="Characters per token, by language",
        x=Axis("text in", categories=tuple(one.title for one in languages)),
        y=Axis("characters per token", min=0),
        series=[
            Series("characters per token", "bars", bars, "memory", labels=[f"{o.tokens} tokens" for o in languages])
        ],
        summary=f"The same text in each: {source} Fewer characters per token make a text longer, slower and costlier.",
    ).to_json()
