"""Texts with the words that were looked for: cut into pieces that are marked or not, and the sentence around each."""

import re
from collections.abc import Iterable, Sequence

from playground.experiments.reruns.mentions import Span

Pieces = list[tuple[str, bool]]
"""A text in reading order, and whether each piece is marked."""
_END = re.compile(r"""[.!?…]+["'”’)\]]*(?=\s)|[。！？]+|\n+""")  # noqa: RUF001 - full stops of other scripts
_AROUND = 160  # characters of a sentence before and after the mention


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same places in order, those that overlap as one."""
    kept: list[Span] = []
    for start, end in sorted(spans):
        if kept and start < kept[-1][1]:
            kept[-1] = kept[-1][0], max(end, kept[-1][1])
        else:
            kept.append((start, end))
    return kept


def split_at(text: str, spans: Sequence[Span], first: int = 0) -> Pieces:
    """A stretch that begins with character `first` of the text that the spans count, marked where they are."""
    pieces, at = list[tuple[str, bool]](), 0
    for start, end in spans:
        start, end = max(at, start - first), min(len(text), end - first)
        if start < end:
            pieces += [(text[at:start], False), (text[start:end], True)]
            at = end
    return [piece for piece in (*pieces, (text[at:], False)) if piece[0]]


def cut(pieces: Pieces, most: int) -> Pieces:
    """The first characters; what is left out leaves three dots."""
    kept, left = list[tuple[str, bool]](), most
    for text, is_marked in pieces:
        if len(text) > left:
            return [*kept, (text[:left], is_marked), ("...", False)]
        kept.append((text, is_marked))
        left -= len(text)
    return kept


def sentence_around(text: str, span: Span) -> Span:
    """Where the sentence of a mention begins and ends."""
    start = max((end.end() for end in _END.finditer(text, 0, span[0])), default=0)
    close = _END.search(text, span[1])
    return start, close.end() if close else len(text)


def in_its_sentence(text: str, spans: Sequence[Span]) -> Pieces:
    """The sentence of the first mention, every mention in it marked; a long one is cut on both sides."""
    first = spans[0]
    start, stop = sentence_around(text, first)
    begin, end = max(start, first[0] - _AROUND), min(stop, first[1] + _AROUND)
    pieces = [(re.sub(r"\s+", " ", piece), is_marked) for piece, is_marked in split_at(text[begin:end], spans, begin)]
    if not pieces[0][1]:
        pieces[0] = ("..." if begin > start else "") + pieces[0][0].lstrip(), False
    if not pieces[-1][1]:
        pieces[-1] = pieces[-1][0].rstrip() + ("..." if end < stop else ""), False
    return [piece for piece in pieces if piece[0]]
