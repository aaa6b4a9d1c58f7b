"""Which runs say a word or phrase, and where first.

A mention is the phrase as whole words, whatever the case: "Nike" is in "NIKE's" and "Nike-sponsored", not in
"Nikerson". The ends of a phrase must not touch another letter or digit. In scripts that put no spaces between words, or
join endings to them (Chinese, Japanese, Thai, Korean and their like), any place is an end. Curly and straight
apostrophes are equal, so are hyphens, composed and decomposed accents, full-width letters, and any run of spaces or
line breaks. An apostrophe ends a word, so "can" is in "can't".
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from statistics import median

from playground.errors import PlaygroundError
from playground.experiments.reruns.intervals import reruns_needed, wilson
from playground.experiments.reruns.records import MentionRecord, RerunRow

MAX_MENTIONS = 20
MAX_MENTION_CHARS = 200
Span = tuple[int, int]
_SAME = str.maketrans("\u2010\u2011\u2018\u2019\u02bc", "--'''")  # hyphens; curly apostrophes
_UNSPACED = ("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR",
             "TIBETAN", "YI")  # fmt: skip


def check_mentions(mentions: Sequence[str]) -> tuple[str, ...]:
    """The words and phrases to look for, without spaces around them and each once.

    Raises:
        PlaygroundError: Too many, or one is empty or too long.
    """
    cleaned = tuple(dict.fromkeys(mention.strip() for mention in mentions))
    if len(cleaned) > MAX_MENTIONS:
        raise PlaygroundError(f"At most {MAX_MENTIONS} words or phrases can be counted at once; got {len(cleaned)}.")
    for mention in cleaned:
        if not _folded(mention)[0] or len(mention) > MAX_MENTION_CHARS:
            raise PlaygroundError(
                f"A word or phrase to count must have from 1 to {MAX_MENTION_CHARS} characters; got {len(mention):,}."
            )
        try:
            mention.encode()
        except UnicodeEncodeError:
            raise PlaygroundError("A word to count holds half a character (a lone surrogate): remove it.") from None
    return cleaned


def count_mentions(runs: Sequence[RerunRow], mentions: Sequence[str]) -> dict[str, MentionRecord]:
    """For each word or phrase: how many runs say it, with interval, and the token where each says it first."""
    if not runs or not mentions:
        return {}
    texts = [_folded(run.text) for run in runs]
    ends = [list(accumulate(map(len, run.token_texts))) for run in runs]
    return {mention: _count(texts, ends, mention) for mention in mentions}


def _count(texts: list[tuple[str, list[int]]], ends: list[list[int]], mention: str) -> MentionRecord:
    phrase, first_tokens = _folded(mention)[0], []
    for (text, places), own_ends in zip(texts, ends, strict=True):
        at = next(_find(text, phrase), None)
        if at is not None:
            first_tokens.append(bisect_right(own_ends, places[at]))
    n, count = len(texts), len(first_tokens)
    low, high = wilson(count / n, n)
    return MentionRecord(
        count=count,
        rate=count / n,
        low=low,
        high=high,
        first_token_median=median(first_tokens) if first_tokens else None,
        first_tokens=first_tokens,
        reruns_for_5_points=reruns_needed(_cautious(count / n, low, high)),
    )


def _cautious(rate: float, low: float, high: float) -> float:
    """Of what none or all of the runs say, the end of the interval, or 0.5 if that is in it: the rate is not known."""
    return min(high, 0.5) if rate == 0 else max(low, 0.5) if rate == 1 else rate


def find_mention(text: str, mention: str) -> int | None:
    """Index of the character in which the first mention begins; None if it is not said."""
    spans = mention_spans(text, [mention])[0]
    return spans[0][0] if spans else None


def mention_spans(text: str, mentions: Sequence[str]) -> list[list[Span]]:
    """For each word or phrase where the text says it: its first character, and the one after its last."""
    folded, places = _folded(text)
    after = [*places, len(text)]

    def span(at: int, size: int) -> Span:
        last = places[at + size - 1]
        return places[at], next(place for place in after[at + size :] if place > last)

    phrases = [_folded(mention)[0] for mention in mentions]
    return [[span(at, len(phrase)) for at in _find(folded, phrase)] for phrase in phrases]


def _find(text: str, phrase: str) -> Iterator[int]:
    """Places of a phrase as whole words, none within another."""
    at = text.find(phrase) if phrase else -1
    while at >= 0:
        end = at + len(phrase)
        is_whole = not _joined(text[at - 1 : at], phrase[0]) and not _joined(phrase[-1], text[end : end + 1])
        if is_whole:
            yield at
        at = text.find(phrase, end if is_whole else at + 1)


def _joined(before: str, after: str) -> bool:
    """Whether these neighbours are parts of one word."""
    return all(_is_in_word(char) and not _is_unspaced(char) for char in (before, after))


def _is_in_word(char: str) -> bool:
    """A letter, a mark of one, or a digit; raised digits are notes, and a trademark sign is neither."""
    return char != "" and (unicodedata.category(char)[0] in "LM" or char.isdecimal())


def _is_unspaced(char: str) -> bool:
    return not char.isascii() and unicodedata.name(char, "").startswith(_UNSPACED)


def _folded(text: str) -> tuple[str, list[int]]:
    """Text as it is compared, and for each of its characters the index of the one it comes from."""
    folded: list[str] = []
    places: list[int] = []
    for at, cluster in _clusters(text):
        for char in cluster.lower() if cluster.isascii() else _normal(cluster):
            plain = " " if char.isspace() else char
            if not (plain == " " and folded[-1:] == [" "]):
                folded.append(plain)
                places.append(at)
    return "".join(folded), places


def _normal(cluster: str) -> str:
    """One spelling of what looks alike and differs in case only; what can't be seen is left out."""
    form = "NFC" if unicodedata.decomposition(cluster[0]).startswith("<super>") else "NFKC"  # a trademark is not TM
    plain = unicodedata.normalize(form, unicodedata.normalize(form, cluster).casefold()).translate(_SAME)
    return "".join(char for char in plain if unicodedata.category(char) != "Cf")


def _clusters(text: str) -> list[tuple[int, str]]:
    """Each character with the accents that follow it, and its index: what may be composed is composed together."""
    starts = [at for at, char in enumerate(text) if at == 0 or not unicodedata.combining(char)]
    return [(at, text[at:end]) for at, end in zip(starts, [*starts, len(text)][1:], strict=True)]
