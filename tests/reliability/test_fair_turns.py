"""Long work of one person and short work of another: neither holds the other up, nor changes what it computes."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from playground.backends import turns
from playground.backends.job import Queued
from playground.backends.slot import ModelSlot
from playground.engine.events import TokenEvent
from playground.experiments.compare.experiment import COMPARE
from playground.experiments.compare.pane_updates import PaneUpdate
from playground.experiments.reruns.records import RerunRecord
from playground.models.chat_template import chat_templates
from playground.runs.experiment import TIMES
from playground.runs.experiment import updates as updates_of
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.runs.updates import RunRequest, Update
from tests.experiments.compare.helpers import compare_request
from tests.experiments.reruns.asked import make_rerun, rerun
from tests.tiny_runner import answer, ids, of, record_of, request

WAITS_S = 3.0  # the bar: a short run ends within its own time and this
PROMPT = "The quick brown fox"


@contextmanager
def working(runner: Runner, person: str, n: int, tokens: int) -> Iterator[list[object]]:
    """Reruns of this person go on in a thread until the block ends, again and again; gives all their updates."""
    seen, leave = list[object](), threading.Event()

    def work() -> None:
        while not leave.is_set():
            seen.extend(rerun(runner.of(person), make_rerun(request(PROMPT, max_new_tokens=tokens), n), leave.is_set))

    thread = threading.Thread(target=work)
    thread.start()
    while len(seen) < 5:
        time.sleep(0.01)
    try:
        yield seen
    finally:
        leave.set()
        thread.join(60)
    assert not thread.is_alive()


def test_a_short_run_ends_soon_beside_a_long_batch_of_another(tiny: Runner, trials: Callable[[int, int], int]):
    short = request("Another prompt", max_new_tokens=20)
    alone_s, alone = _timed(tiny, short)
    more_s = list[float]()
    with working(tiny, "long", 200, 400) as seen:
        time.sleep(turns.LITTLE_S)  # by now it has used more than a little
        for number in range(trials(3, 20)):
            beside_s, beside = _timed(tiny.of(f"short {number}"), short)
            assert beside == alone
            more_s.append(beside_s - alone_s)
    assert of(Queued, seen), "the long work was never set aside"
    assert max(more_s) < WAITS_S
    print(f"{alone_s:.2f} s alone; beside 200 reruns {max(more_s):.2f} s more at most, {len(more_s)} times")


def test_panes_that_are_timed_say_so_to_the_others(tiny: Runner, slot: ModelSlot):
    panes = compare_request(request(PROMPT), "temperature=0", "temperature=1")
    shown = {
        slot.turns._holder.shown
        for update in updates_of(tiny, COMPARE, panes)
        if isinstance(update, PaneUpdate) and isinstance(update.update, TokenEvent) and slot.turns._holder is not None
    }
    assert shown
    assert all(TIMES in words for words in shown)


def _timed(runner: Runner, asked: RunRequest) -> tuple[float, list[int]]:
    begun_s = time.monotonic()
    tokens = ids(answer(runner, asked))
    return time.monotonic() - begun_s, tokens


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch):
    """Work is set aside at every step, if another waits."""
    monkeypatch.setattr(turns, "SLICE_S", 0.0)
    monkeypatch.setattr(turns, "LITTLE_S", 0.0)


@pytest.mark.usefixtures("_often")
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_was_set_aside_goes_on_bit_for_bit(tiny: Runner, temperature: float):
    asked = make_rerun(request(PROMPT, max_new_tokens=16, temperature=temperature), 12)
    (alone,) = of(RerunRecord, rerun(tiny, asked))
    with working(tiny, "another", 3, 12):
        updates = list(rerun(tiny.of("me"), asked))
    (beside,) = of(RerunRecord, updates)
    assert len(of(Queued, updates)) > 3
    assert beside.runs == alone.runs
    assert beside.forks == alone.forks


@pytest.mark.usefixtures("_often")
def test_two_people_with_two_models_are_both_right(runner: Runner, slot: ModelSlot):
    asked = {model: request(PROMPT, model, max_new_tokens=24) for model in ("tiny-llama", "tiny-gpt2")}
    alone = {model: ids(answer(runner, one)) for model, one in asked.items()}
    updates, ready = dict[str, list[Update]](), threading.Barrier(len(asked))

    def work(model: str) -> None:
        ready.wait()
        updates[model] = list(runner.of(model).start(asked[model]))

    threads = [threading.Thread(target=work, args=(model,)) for model in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {model: ids(record_of(all_of)) for model, all_of in updates.items()} == alone
    assert all(of(Queued, all_of) for all_of in updates.values())
    assert slot.turns.count == 0


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_template_that_takes_long_holds_nobody_with_another_model_up(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, is_loaded: bool
):
    slow, short = request("slow", "tiny-gpt2"), request(PROMPT, "tiny-llama")
    alone = [ids(answer(runner, one)) for one in (slow, short)]
    if is_loaded:
        list(runner.load(slow.model, slow.quantization))
    templates, begun, let = chat_templates(), threading.Event(), threading.Event()
    render = templates.render

    def held(tokenizer: object, chat: Sequence[dict[str, object]]) -> str:
        if "slow" in str(chat):
            begun.set()
            assert let.wait(60)
        return render(tokenizer, chat)

    monkeypatch.setattr(templates, "render", held)
    found = list[RunRecord]()
    thread = threading.Thread(target=lambda: found.append(answer(runner.of("slow"), slow)))
    thread.start()
    assert begun.wait(60)
    beside = ids(answer(runner.of("short"), short))
    assert not found
    let.set()
    thread.join(60)
    assert [ids(found[0]), beside] == alone
