"""The response cache: what it answers, how often wrongly, whether a threshold separates; document and replay."""

from hypothesis import given
from hypothesis import strategies as st

from playground.data.optimise import shipped_responses
from playground.experiments.documents import parse_document
from playground.experiments.optimise.declared.response_cache import RESPONSE_CACHE, ResponseCacheRequest
from playground.experiments.optimise.records import OptimisationRecord
from playground.experiments.optimise.response_shown import EXACT, GATED, NONE, SIMILAR
from playground.experiments.optimise.response_stream import queries_of
from playground.experiments.optimise.similarity import (
    Looked,
    best_threshold,
    content_words,
    ranking,
    rates_at,
    separates,
    threshold_for,
)
from playground.experiments.registry import experiment_of
from playground.experiments.replays import replay_document
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from playground.views.optimise import VIEW
from playground.views.panels import Sofar
from tests.tiny_runner import of

SHORT = ResponseCacheRequest(model="tiny-llama", prompt="Where is it?", tokens=2, cycles=2, quick=True)
similarities = st.lists(st.tuples(st.booleans(), st.floats(-1, 1), st.booleans()), min_size=1, max_size=20)


def _looked(*seen: tuple[bool, float, bool]) -> list[Looked]:
    return [Looked(is_same, True, similarity, words) for is_same, similarity, words in seen]


def _run(runner: Runner, **changes: object) -> OptimisationRecord:
    (record,) = of(OptimisationRecord, updates(runner, RESPONSE_CACHE, SHORT.model_copy(update=changes)))
    return record


def _medians(record: OptimisationRecord, quantity: str) -> dict[str, float | None]:
    return {arm.name: arm.median(quantity) for arm in record.arms}


def test_twenty_opposites_ship_and_no_small_word_turns_a_meaning_around():
    data = shipped_responses()
    assert len(data.pairs) == 20
    assert not {"on", "off", "not", "no", "up", "down"} & set(data.small_words)
    texts = [text for one in data.pairs for text in (one.prompt, one.paraphrase, one.opposite)]
    assert len(set(texts)) == len(texts)
    small = frozenset(data.small_words)
    assert any(content_words(one.paraphrase, small) == content_words(one.prompt, small) for one in data.pairs)


def test_every_pair_of_a_stream_is_used_once():
    queries = queries_of("mine", shipped_responses().pairs, 3)
    own = [one.own for one in queries if one.own]
    assert len(set(own)) == len(own) == 9
    assert (queries[0].text, queries[-1].text) == ("mine", "mine")
    assert all((one.own in one.right) == (one.kind != "opposite") for one in queries if one.own)


@given(similarities)
def test_a_higher_threshold_answers_no_more_and_a_gate_answers_no_more(seen: list[tuple[bool, float, bool]]):
    found = _looked(*seen)
    low, high = (rates_at(found, threshold) for threshold in (-0.5, 0.5))
    gated = rates_at(found, -0.5, gate=True)
    for other in (high, gated):
        assert other.hit.count <= low.hit.count
        assert other.false.count <= low.false.count
    assert low.precision.of == low.hit.count + low.false.count


def test_what_can_be_separated_is_and_what_cannot_is_not():
    apart = _looked((True, 0.9, True), (True, 0.8, True), (False, 0.7, True), (False, 0.1, True))
    assert separates(apart)
    assert (best_threshold(apart), ranking(apart)) == (0.8, 1)
    mixed = _looked((True, 0.9, True), (True, 0.2, True), (False, 0.95, True), (False, 0.1, True))
    assert not separates(mixed)
    assert threshold_for(mixed, 0.9) == 0.2
    assert rates_at(mixed, 0.2).false.count == 1


def test_a_cache_answers_what_repeats_and_a_lax_one_answers_wrongly(tiny: Runner):
    lax, strict = _run(tiny, threshold=-1), _run(tiny, threshold=1)
    repeated = 3 / 8
    answered, wrong = _medians(lax, "answered_share"), _medians(lax, "wrong_share")
    assert (answered[NONE], answered[EXACT], wrong[EXACT]) == (0, repeated, 0)
    assert answered[SIMILAR] == 1
    assert wrong[SIMILAR] >= 3 / 8  # the person's prompt, and the opposites
    assert SIMILAR not in lax.verdict.splitlines()[0]  # it is wrong at times
    assert answered[GATED] < 1
    usd = _medians(lax, "requests_usd")
    assert usd[SIMILAR] == 0 < usd[GATED] <= usd[EXACT] < usd[NONE]
    assert _medians(strict, "answered_share")[SIMILAR] == repeated
    assert all(arm.same_answer for arm in strict.variants)


def test_a_file_of_it_reads_back_is_drawn_and_runs_again(tiny: Runner):
    record = _run(tiny)
    again = parse_document(record.to_json())
    assert again == record
    assert experiment_of(again) is RESPONSE_CACHE
    drawn = VIEW.draw(Sofar(record=again))
    assert {"verdict", "bars-1", "figure-1", "figure-2", "grid-1", "grid-2", "table"} <= drawn.keys()
    assert len(record.grids[0].rows) == 20
    outcome = replay_document(again, tiny)
    assert outcome.identical, outcome.differences


def test_a_model_whose_states_are_not_read_still_has_the_exact_cache(runner: Runner):
    record = _run(runner, model="tiny-gpt2")
    arms = {arm.name: arm for arm in record.arms}
    assert arms[SIMILAR].not_here
    assert not arms[EXACT].not_here
    assert arms[EXACT].same_answer
