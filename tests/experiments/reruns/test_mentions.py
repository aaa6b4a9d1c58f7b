import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.errors import PlaygroundError
from playground.experiments.reruns.intervals import reruns_needed, wilson
from playground.experiments.reruns.mentions import check_mentions, count_mentions, find_mention, mention_spans
from tests.experiments.reruns.made import row

SAID = [
    ("Buy NIKE now", "nike"), ("Nike's best", "Nike"), ("Nike-sponsored", "nike"), ("(Nike)", "nike"),
    ("_Nike_", "nike"), ("Nike™ and Nike²", "nike"), ("\uff2e\uff29\uff2b\uff25", "nike"), ("d\u2019Adidas", "adidas"),
    ("Levi\u2019s jeans", "levi's"), ("a well\u2011known one", "well-known"), ("New \n\tBalance", "new balance"),
    ("STRASSE", "straße"), ("İstanbul", "i\u0307stanbul"), ("cafe\u0301!", "CAFÉ"), ("un caffè", "caffe\u0300"),
    ("C++, not C", "c++"), ("Nikes, then Nike", "nike"), ("soft\u00adly", "softly"), ("👟 shoes", "👟"),
    ("我喜欢耐克鞋", "耐克"), ("我喜欢Nike鞋", "nike"), ("ナイキが好き", "ナイキ"), ("나이키를 샀다", "나이키"),
    ("รองเท้าไนกี้ดี", "ไนกี้"), ("НАЙК", "найк"), ("ΣΊΣΥΦΟΣ", "σίσυφος"),
]  # fmt: skip
NOT_SAID = [
    ("Nikerson", "Nike"), ("Nike2", "nike"), ("Monike", "nike"), ("New York Balance", "new balance"), ("", "x"),
    ("найковать", "найк"), ("हिन्दी", "हिन"), ("unlike", "like"), ("Café", "caf"), ("Cafe\u0301", "cafe"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "mention"), SAID)
def test_whole_words_are_found_in_any_case_and_script(text: str, mention: str):
    assert find_mention(text, mention) is not None


@pytest.mark.parametrize(("text", "mention"), NOT_SAID)
def test_parts_of_words_are_not_found(text: str, mention: str):
    assert find_mention(text, mention) is None


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from(["Nike", "Zoë's", "well-known", "耐克", "C++"]))
def test_a_mention_among_spaces_is_found_where_it_is_or_before(before: str, after: str, mention: str):
    text = f"{before} {mention} {after}"
    at = find_mention(text, mention)
    assert at is not None
    assert at <= len(before) + 1
    assert find_mention(unicodedata.normalize("NFD", text), mention) is not None


@pytest.mark.parametrize(("text", "mention"), SAID)
def test_a_mention_is_found_again_in_the_stretch_that_is_marked(text: str, mention: str):
    for start, end in mention_spans(text, [mention])[0]:
        assert find_mention(text[start:end], mention) == 0
        assert find_mention(f"{text[:start]}, {text[end:]}", mention) is None or text.lower().count(mention.lower()) > 1


def test_every_mention_has_its_place():
    text = "Nike, NIKE\u2019s and Nikerson; new \n Balance, cafe\u0301."
    spans = mention_spans(text, ["nike", "new balance", "café", "puma"])
    said = [[text[start:end] for start, end in each] for each in spans]
    assert said == [["Nike", "NIKE"], ["new \n Balance"], ["cafe\u0301"], []]


@given(
    st.lists(
        st.lists(st.sampled_from([" Nike", "Ni", "ke", " ", "", ",", " Puma"]), max_size=8), min_size=1, max_size=8
    )
)
def test_counts_and_places_are_a_recount(texts: list[list[str]]):
    runs = [row(range(len(pieces)), pieces) for pieces in texts]
    found = count_mentions(runs, ["nike", "puma", "absent thing"])
    assert list(found) == ["nike", "puma", "absent thing"]
    for word, record in found.items():
        places = []
        for pieces in texts:
            at = find_mention("".join(pieces), word)
            if at is not None:
                shown = [index for index, piece in enumerate(pieces) for _ in piece]
                places.append(shown[at])
        assert record.first_tokens == places
        assert record.count == len(places)
        assert record.rate == len(places) / len(texts)
        assert (record.low, record.high) == wilson(record.rate, len(texts))
        likeliest = (
            min(0.5, record.high) if record.rate == 0 else max(0.5, record.low) if record.rate == 1 else record.rate
        )
        assert record.reruns_for_5_points == reruns_needed(likeliest)
        assert (record.first_token_median is None) == (not places)


@pytest.mark.parametrize(
    ("mentions", "words"),
    [
        (["x"] * 3 + [f"w{n}" for n in range(20)], "At most 20"),
        (["  "], "from 1 to 200"),
        (["\u00ad"], "from 1 to 200"),
        (["x" * 201], "got 201"),
        (["\udcff"], "half a character"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(mentions: list[str], words: str):
    with pytest.raises(PlaygroundError, match=words):
        check_mentions(mentions)


def test_mentions_are_trimmed_and_counted_once():
    assert check_mentions([" Nike ", "Nike", "nike"]) == ("Nike", "nike")
