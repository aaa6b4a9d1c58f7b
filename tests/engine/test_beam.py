"""Laws of beam search: it finds what transformers' own search finds, and with a width of one what greedy finds."""

import pytest
import torch

from playground.engine.beam import BeamEnd, BeamProgress, Hypothesis, beam_search
from playground.engine.generate import stream
from playground.engine.model import TextModel
from playground.engine.reading import read_to
from playground.errors import PlaygroundError
from playground.settings import Settings
from tests.engine.helpers import (
    GREEDY,
    MODELS,
    byte_fallback_tokenizer,
    random_ids,
    says,
    tiny_module,
    tiny_text_model,
    tokens,
)

PROMPT = random_ids(30)
ROOM = 14


def search(model, given=(), *, width: int, room: int = ROOM, settings: Settings = GREEDY, **options):
    cache = model.model.new_cache()
    logits = read_to(model, PROMPT, list(given), cache)
    assert logits is not None
    return list(beam_search(model, PROMPT, given, logits, cache, settings, width=width, room=room, **options))


def best(items) -> Hypothesis:
    assert isinstance(items[-1], BeamEnd)
    assert all(isinstance(item, BeamProgress) for item in items[:-1])
    return items[-1].hypotheses[0]


def ids(hypothesis: Hypothesis) -> list[int]:
    return [event.id for event in hypothesis.events]


def ends_of(arch: str) -> list[int]:
    """Tokens that this model likes to say, taken as ends: the search then meets many."""
    said = tokens(stream(tiny_text_model(arch), PROMPT, GREEDY.model_copy(update={"max_new_tokens": 8, "top": 3})))
    return sorted({said[5].top[0].id, said[3].top[2].id})


@pytest.mark.parametrize("arch", MODELS)
@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("endless", [True, False], ids=["endless", "with ends"])
def test_the_search_is_that_of_transformers(arch: str, width: int, endless: bool):
    eos = [] if endless else ends_of(arch)
    found = search(tiny_text_model(arch, eos), width=width)
    theirs = tiny_module(arch).generate(
        torch.tensor([PROMPT]), num_beams=width, do_sample=False, length_penalty=0.0, early_stopping=False,
        max_new_tokens=ROOM, eos_token_id=eos or None, pad_token_id=0, return_dict_in_generate=True, output_scores=True,
        num_return_sequences=width, attention_mask=torch.ones(1, len(PROMPT), dtype=torch.long),
    )  # fmt: skip
    answers = found[-1].hypotheses
    assert [len(answers), best(found).logprob] == [width, max(one.logprob for one in answers)]
    if width > 1:
        scores = theirs.sequences_scores.tolist()
        assert [one.logprob for one in answers] == pytest.approx(scores, abs=1e-3)
        if scores[0] - scores[1] < 1e-3:  # as good as each other: the last bits decide
            return
    own = ids(best(found))
    assert theirs.sequences[0, len(PROMPT) :].tolist()[: len(own)] == own
    assert best(found).reason == ("eos" if own[-1] in eos else "length")


@pytest.mark.parametrize("arch", MODELS)
def test_a_width_of_one_is_greedy_bit_for_bit(arch: str):
    model = tiny_text_model(arch, ends_of(arch))
    settings = GREEDY.model_copy(update={"max_new_tokens": ROOM})
    run = tokens(stream(model, PROMPT, settings))

    def bits(events):
        return [(e.index, e.id, e.text, e.logprob, e.rank, e.entropy_bits, e.top, e.kept) for e in events]

    found = best(search(model, width=1, settings=settings))
    assert bits(found.events) == bits(run)
    half = len(run) // 2
    given = [event.id for event in run[:half]]
    assert bits(best(search(model, given, width=1, settings=settings)).events) == bits(run[half:])


@pytest.mark.parametrize("width", [2, 8])
def test_the_total_is_the_sum_of_what_the_model_says_of_each_token(width: int):
    model = tiny_text_model()
    given = [7, 8, 9]
    for hypothesis in search(model, given, width=width)[-1].hypotheses:
        assert hypothesis.logprob == pytest.approx(sum(event.logprob for event in hypothesis.events), abs=1e-4)
        assert [event.index for event in hypothesis.events] == list(range(3, ROOM))
        whole = GREEDY.model_copy(update={"max_new_tokens": ROOM})
        again = tokens(stream(model, PROMPT, whole, forced=[*given, *ids(hypothesis)]))[3:]
        assert [event.logprob for event in again] == pytest.approx([e.logprob for e in hypothesis.events], abs=1e-4)
        assert "".join(event.text for event in again) == "".join(event.text for event in hypothesis.events)


def test_a_stop_string_ends_an_answer_before_it():
    model = says("abcdef")
    cache = model.model.new_cache()
    logits = model.model.forward(torch.tensor([[1, 2]]), cache)[0]
    cache.select = lambda rows: None
    found = list(beam_search(model, [1], [], logits, cache, Settings(stop=("d",), temperature=0), width=2, room=20))
    hypothesis = found[-1].hypotheses[0]
    assert hypothesis.reason == "stop"
    assert "".join(event.text for event in hypothesis.events) == "abc"


@pytest.mark.parametrize("raw", [True, False])
def test_the_text_of_a_search_begins_as_that_of_a_run(raw: bool):
    tokenizer = byte_fallback_tokenizer()
    tokenizer.chat_template = "{{ messages[-1]['content'] }}"
    (*_, prompt), (word, *_) = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("ab", "ab a"))
    logits = torch.zeros(len(tokenizer))
    logits[word] = 50.0
    model = TextModel(tiny_text_model().model, tokenizer, frozenset())
    found = beam_search(
        model, [prompt], [], logits, model.model.new_cache(), Settings(temperature=0, raw=raw), width=1, room=1
    )
    assert best(list(found)).events[0].text == (" ab" if raw else "ab")


def test_a_search_that_is_stopped_or_late_keeps_the_best_beginning():
    asked = iter([False, False, True])
    stopped = best(search(tiny_text_model(), width=3, should_stop=lambda: next(asked)))
    assert (stopped.reason, len(stopped.events)) == ("cancelled", 3)
    whole = search(tiny_text_model(), width=3)
    assert stopped.logprob == pytest.approx(whole[2].logprob)
    late = best(search(tiny_text_model(), width=3, settings=GREEDY.model_copy(update={"time_limit_s": 1e-9})))
    assert (late.reason, len(late.events)) == ("time", 1)


def test_progress_tells_of_every_step_and_totals_only_fall():
    steps = search(tiny_text_model(), width=4)[:-1]
    assert [step.tokens for step in steps] == list(range(1, ROOM + 1))
    totals = [step.logprob for step in steps]
    assert totals == sorted(totals, reverse=True)


@pytest.mark.parametrize("width", [0, 9])
def test_another_width_is_refused(width: int):
    with pytest.raises(PlaygroundError, match=f"from 1 to 8; got {width}"):
        search(tiny_text_model(), width=width)


def test_logits_that_are_no_numbers_end_the_search():
    model = tiny_text_model()
    nan = torch.full((288,), float("nan"))
    with pytest.raises(PlaygroundError, match="NaN"):
        list(beam_search(model, [1], [], nan, model.model.new_cache(), GREEDY, width=2, room=4))
