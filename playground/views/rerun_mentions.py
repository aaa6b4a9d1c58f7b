"""How often a rerun mentions each word: what the shares count, how sure they are, and what would make them surer."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from playground.experiments.reruns.facts import is_one_repeated
from playground.experiments.reruns.mentions import mention_spans
from playground.experiments.reruns.records import MentionRecord, RerunRecord
from playground.views.format import count_of, format_percent
from playground.views.panels import Drawn, Marked, Table
from playground.views.passages import in_its_sentence
from playground.views.rerun_answers import groups_of
from playground.views.rerun_figures import ONE_REPEATED, between, place_text
from playground.views.run import packed

_LONGER = 4  # times the tokens that were too few, within what the page's slider reaches:
_LEAST_LONGER, _MOST_LONGER = 256, 2048
_SENTENCES = 30  # shown of a word
_Sentences = Counter[tuple[tuple[str, bool], ...]]
"""Sentences as pieces that are marked or not, each with the number of runs that say it."""


def mentions_drawn(record: RerunRecord) -> Drawn:
    """Each word's rate, interval, first places, and runs needed: value of `mentions`, and a table with advice."""
    longest, found = max((len(row.token_ids) for row in record.runs), default=1), record.summary.mentions
    said = sentences(record)
    rows = [
        {
            "word": word, "count": one.count, "median": one.first_token_median, "places": one.first_tokens,
            "rate": round(one.rate, 6), "low": round(low, 6), "high": round(high, 6),
            "said": mention_words(record, one), **_shown(said[word]),
        }
        for word, one in found.items()
        for low, high in [mention_ends(record, one)]
    ]  # fmt: skip
    value = packed({
        "n": record.n, "longest": longest, "rows": rows, "cut": cut_text(record), "raise": longer(record),
        "advice": _advice(record),
    })  # fmt: skip
    return Drawn(value, [*_plain(record), *_sentences(said)] if found else [])


def sentences(record: RerunRecord) -> dict[str, _Sentences]:
    """For each word the sentences of the answers that say it, each answer's first; equal ones together."""
    words = list(record.summary.mentions)
    found = {word: _Sentences() for word in words}
    for group in groups_of(record) if words else []:
        for word, spans in zip(words, mention_spans(group.row.text, words), strict=True):
            if spans:
                found[word][tuple(in_its_sentence(group.row.text, spans))] += len(group.runs)
    return found


def _shown(said: _Sentences) -> dict[str, Any]:
    kept = said.most_common(_SENTENCES)
    return {
        "sentences": [{"n": n, "pieces": [[text, int(is_on)] for text, is_on in pieces]} for pieces, n in kept],
        "left": len(said) - len(kept),
    }


def _sentences(said: dict[str, _Sentences]) -> Iterator[Marked]:
    """The same for terminal and report."""
    for word, all_of_it in said.items():
        if all_of_it:
            pieces: list[tuple[str, bool]] = [(f"“{word}” in its sentence:\n", False)]
            for sentence, n in all_of_it.most_common(_SENTENCES):
                pieces += [(f"{f'x{n}':>5}  ", False), *sentence, ("\n", False)]
            left = len(all_of_it) - _SENTENCES
            pieces += [(f"and {count_of(left, 'more sentence')}\n", False)] if left > 0 else []
            yield Marked(pieces)


def cut_text(record: RerunRecord) -> str:
    """What the shares leave out, since answers were cut; empty if none was."""
    cut = [len(run.token_ids) for run in record.runs if run.finish_reason in ("length", "time")]
    if not cut:
        return ""
    of_them = "" if len(cut) == record.n else "of these "
    return (
        f"{len(cut)} of {count_of(record.n, 'answer')} {'was' if len(cut) == 1 else 'were'} cut: {of_them}rates count "
        f"the first {count_of(max(cut), 'token')}."
    )


def longer(record: RerunRecord) -> int:
    """A token limit that would cut fewer answers; 0 if none was cut at the limit, or there is no higher one."""
    limit = int(record.settings["max_new_tokens"])
    was_cut = any(run.finish_reason == "length" and len(run.token_ids) >= limit for run in record.runs)
    return min(_MOST_LONGER, max(_LEAST_LONGER, limit * _LONGER)) if was_cut and limit < _MOST_LONGER else 0


def mention_ends(record: RerunRecord, one: MentionRecord) -> tuple[float, float]:
    """The interval of a share; the share itself where one answer was repeated, since no chance was at work."""
    return (one.rate, one.rate) if is_one_repeated(record) else (one.low, one.high)


def mention_words(record: RerunRecord, one: MentionRecord) -> str:
    """The share of runs that say it, with its interval."""
    known = ONE_REPEATED if is_one_repeated(record) else between((one.low, one.high), share=True)
    return f"{format_percent(one.rate)} ({known})"


def _advice(record: RerunRecord) -> list[str]:
    """How many runs each share takes, a sentence or two a word; one for all where one answer was repeated."""
    if is_one_repeated(record) and record.summary.mentions:
        return ["One answer, repeated: no token was drawn at random, so more runs say no more."]
    return [_needed(word, one, record.n) for word, one in record.summary.mentions.items()]


def _needed(word: str, one: MentionRecord, n: int) -> str:
    need = one.reruns_for_5_points
    if n >= need:
        return f"“{word}” is known to within 5 points: that takes about {need:,} runs, and these are {n}."
    advice = f"To know “{word}” to within 5 points, rerun about {need:,} times."
    if one.count == 0:
        return f"“{word}” was in none of {n}, so its share may be up to {format_percent(one.high)}. {advice}"
    return advice


def _plain(record: RerunRecord) -> Iterator[Table | str]:
    found = record.summary.mentions
    rows = [
        (
            word, f"{one.count} of {record.n}", mention_words(record, one),
            place_text(one.first_token_median) if one.count else "",
        )
        for word, one in found.items()
    ]  # fmt: skip
    more = f" Raise the most new tokens to {longer(record):,} to count more of them." if longer(record) else ""
    yield Table(("mention", "runs", "share, 95 % interval", "first at, median"), rows, f"{cut_text(record)}{more}")
    yield "\n".join(_advice(record))
