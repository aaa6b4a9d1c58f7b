"""What one piece of work and one person may use: refused before anything is computed, or ended with what it has."""

import pytest

from playground.backends.job import Job
from playground.backends.slot import ModelSlot
from playground.errors import PlaygroundError
from playground.runs import budget
from playground.runs.budget import Budget, Spending, TimeUsed
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.settings import make_settings
from playground.views.run import status
from tests.experiments.reruns.asked import make_rerun, rerun
from tests.tiny_runner import answer, before_each_forward, ids, of, record_of, request


def test_work_over_the_tokens_of_a_job_is_refused_before_anything_is_computed(tiny: Runner, slot: ModelSlot):
    tiny.spending.budget = Budget(job_tokens=10)
    passes = list[int]()
    before_each_forward(slot, passes.append)
    with pytest.raises(PlaygroundError, match="10"):
        list(tiny.start(request(max_new_tokens=11)))
    assert passes == []
    assert len(ids(answer(tiny, request(max_new_tokens=10)))) == 10
    assert slot.turns.count == 0


def test_a_person_has_tokens_of_an_hour_and_others_have_their_own(tiny: Runner):
    tiny.spending.budget = Budget(person_tokens=25)
    for _ in range(2):
        answer(tiny.of("me"), request(max_new_tokens=12))
    with pytest.raises(PlaygroundError, match="24"):
        list(tiny.of("me").start(request(max_new_tokens=2)))
    answer(tiny.of("another"), request(max_new_tokens=12))


def test_a_person_has_seconds_of_an_hour(tiny: Runner):
    tiny.spending.budget = Budget(person_s=1e-6)
    answer(tiny.of("me"), request())
    with pytest.raises(PlaygroundError):
        list(tiny.of("me").start(request()))


def test_work_over_its_seconds_ends_with_what_it_has(tiny: Runner):
    tiny.spending.budget = Budget(job_s=0.05)
    record = answer(tiny, request(max_new_tokens=500))
    assert record.finish_reason == "time"
    assert 0 < len(record.tokens) < 500


@pytest.mark.parametrize("n", [None, 50])
def test_work_that_its_limit_ended_says_so_before_its_record_and_no_other_does(tiny: Runner, n: int | None):
    tiny.spending.budget = Budget(job_s=0.25)
    for tokens in (400, 1):
        asked = request(max_new_tokens=tokens)
        updates = list(tiny.start(asked) if n is None else rerun(tiny, make_rerun(asked, n)))
        said = of(TimeUsed, updates)
        assert bool(said) == (tokens > 1)
        assert all(one.text in (status(one) or {})["text"] for one in said)
        if n is None:
            assert isinstance(updates[-1], RunRecord)


def test_a_person_s_own_time_limit_is_not_taken_for_the_budget_s(tiny: Runner):
    tiny.spending.budget = Budget(job_s=60)
    updates = list(tiny.start(request(max_new_tokens=400, time_limit_s=0.05)))
    assert record_of(updates).finish_reason == "time"
    assert not of(TimeUsed, updates)


def test_the_shorter_time_limit_counts():
    assert Budget(job_s=5).within(make_settings(time_limit_s=2)).time_limit_s == 2
    assert Budget(job_s=2).within(make_settings(time_limit_s=5)).time_limit_s == 2
    assert Budget(job_s=2).within(make_settings()).time_limit_s == 2


def test_what_is_kept_of_past_use_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(budget, "MAX_PEOPLE", 3)
    spending = Spending(Budget(person_tokens=10))
    for place in range(8):
        job = Job()
        job.person, job.done_tokens = f"person {place}" if place < 5 else "often", 3
        spending.add(job)
    assert len(spending._used) == 3
    assert sum(map(len, spending._used.values())) == 3
    with pytest.raises(PlaygroundError, match="9"):
        spending.check("often", 2)
    spending.check("often", 1)
