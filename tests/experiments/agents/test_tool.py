"""The tool gives each passage once, in turn or by the words it shares with the answer."""

from playground.experiments.agents.tool import NO_MATCH, NO_MORE, Lookup, passages_of
from tests.tiny import tiny_tokenizer

PASSAGES = ["The ferry left before sunrise.", "Bread was baked twice a week.", "The ferry came back with bread."]


def test_passages_are_the_whole_document_in_order():
    document = "The ferry left the island. Brücke und Äpfel — 橋 🌉 ate the bread and the ants."
    passages = passages_of(tiny_tokenizer(), document, 7)
    assert len(passages) > 3
    assert "".join("".join(passages).split()) == "".join(document.split())


def test_passages_come_in_turn_until_there_are_no_more():
    lookup = Lookup(PASSAGES, "next")
    results = [lookup("whatever") for _ in range(4)]
    assert [one.passage for one in results] == [0, 1, 2, None]
    assert results[3].text == NO_MORE
    assert all(text in one.text for text, one in zip(PASSAGES, results, strict=False))


def test_a_search_takes_the_unread_passage_with_most_shared_words():
    lookup = Lookup(PASSAGES, "search")
    assert lookup("BREAD on the ferry, please").passage == 2
    assert lookup("bread on the ferry").passage == 0  # one word each: the first of them
    assert lookup("no such thing").text == NO_MATCH
    assert lookup("bread").passage == 1
    assert lookup("bread").text == NO_MORE
