"""Words that a native reader stumbles over stay out of names, strings, comments and docstrings."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "playground"
CHECKED = [
    *(f"playground/**/*.{suffix}" for suffix in ("py", "js", "css", "html", "json")),
    "presets/[!l]*.yaml",  # lengths.yaml holds prompts
    "presets/sampling/*.yaml",
    "docs/*.md",
]

WORDS = {  # a pattern, and what to write instead
    r"told(?<!-told)": "status, summary, update, message, reported",
    # Saved: the field `asked` of some documents, and notes of a ladder that begin with "Not asked".
    r"asked(?<!Not.asked)(?<!\.asked)(?!=|: | for from the)": "requested, request, called, probed",
    r"anew": "again",
    r"(?<!here.)(?:is|are|was) none(?: of)?": "is not one of, is missing, is out of range",
    r"looked (?:into|at)": "inspected, considered",
    r"so many": "the count",
    r"handful": "a few, in batches",
    r"of which the|of whose": "a sentence of its own",
    r"no number|(?<!here.)is no (?:path|id|text|list|model|value)": "is not a number",
    r"(?:once|not|nothing|none|nobody) .{0,20}any more": "no longer",
    r"goes its own way": "independent",
    r"(?:in|by) (?:a|the) (?:process|folder|node|part) of (?:its|their) own": "a separate process",
    r"(?:of|in) one's own|oneself": "own, your own",
    r"(?:tells?|hears?) of": "reports, receives",
    r"stands? (?:there|twice|in its|in their|beside|behind)": "is, appears",
    r"whoever": "anyone who, everything that",
    r"foretold|spoken of|be had\b": "predicted, available",
    r"most tokens reached|cut at the most tokens|[Tt]he most tokens or": "token limit reached",
    r"[Ss]tart (?:over|anew)|First choice": "Reset, Reset list",
    r"[Mm]achine of the list": "machine from the list",
    r"[Tt]okens of theirs|[Tt]heir tokens per token of ours|for one of ours": "API tokens per local token",
    r"no JSON object with": "This isn't a file saved here",
    r"would make it surer|as (?:open|sure) a choice": "narrow it down, be as certain",
    r"Answer given before|Looking \d+ answers up": "found in the cache, looking up",
    r"[Ww]ays? of computing": "method",
    r"drawn by chance|draws? by chance|by chance each": "at random, a random seed",
    r"here the same random numbers|the first of as many": "with these settings",
    r"least length|above a least": "minimum length",
    r"as many (?:requests|tokens) (?:would|as)|[Ww]rites as many": "the same number of",
    r"(?:other|another) (?:bits|tokens|weights|one) than (?:then|before)|others than then": "different",
    r"wrote other tokens|HAS OTHER": "different",
    r"thrown away|that is gone": "discarded",
    r"exclude each other": "can't be combined",
    r"on its own way|and dearer": "freely, more expensive",
    r"(?:error it did not|error that was not) expect(?:ed)?": "an unexpected error",
}
PATTERN = re.compile(rf"\b(?:{'|'.join(WORDS)})\b".replace(" ", r"\s+"))
_MARGIN = re.compile(r"\n[ \t]*(?:#|//)?[ \t]*")


def _found(path: Path) -> list[str]:
    """Each word with its line; a phrase may run on over the end of a line."""
    text = path.read_text(encoding="utf-8")
    text = _MARGIN.sub(lambda end: "\n" + " " * (len(end[0]) - 1), text)  # without the signs of a comment
    name = path.relative_to(ROOT)
    return [f"{name}:{text.count(chr(10), 0, word.start()) + 1}: {word[0]!r}" for word in PATTERN.finditer(text)]


def test_no_stumbling_words():
    files = sorted({path for pattern in CHECKED for path in ROOT.glob(pattern)})
    assert [place for path in files for place in _found(path)] == []
