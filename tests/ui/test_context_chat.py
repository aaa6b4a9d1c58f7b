"""The chat's handlers without a browser: turns are kept, stopped ones too; pages never mix; the strip can be zoomed."""

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from playground.backends.slot import ModelSlot
from playground.engine.chat import Turn
from playground.runs.runner import Runner
from playground.ui.components.feed import Feed
from playground.ui.rooms.inside.context.chat import ChatEvents
from playground.ui.shell.controls import SLIDERS
from playground.ui.shell.pages import Pages
from tests.calls import request_of, run_async
from tests.tiny_runner import (
    answer,
    before_each_forward,
    endless_folder,
    make_runner,
    make_slot,
    request,
)

NAMES = (*(spec.name for spec in SLIDERS), "system", "stop", "raw", "model", "quantization", "message", "limit")
VALUES: dict[str, Any] = {
    "temperature": 0, "top_p": 1, "top_k": 0, "min_p": 0, "repetition_penalty": 1, "context_length": 512, "seed": 1,
    "max_new_tokens": 8, "system": "", "stop": "", "raw": False, "model": "tiny-llama", "quantization": "fp32",
    "message": "Hello", "limit": 512,
}  # fmt: skip


@pytest.fixture(scope="module")
def slot(tmp_path_factory: pytest.TempPathFactory) -> ModelSlot:
    return make_slot(endless_folder(tmp_path_factory.mktemp("chat")))


@pytest.fixture
def runner(slot: ModelSlot) -> Runner:
    made = make_runner(slot)
    slot.backend = None
    list(made.load("tiny-llama", "fp32"))
    return made


@pytest.fixture
def looked() -> SimpleNamespace:
    return SimpleNamespace(record=lambda request: None)


@pytest.fixture
def events(runner: Runner, looked: Any, monkeypatch: pytest.MonkeyPatch) -> ChatEvents:
    monkeypatch.setattr("playground.ui.components.feed._GRACE_S", 0)  # no page asks for the lines
    return ChatEvents({name: name for name in NAMES}, runner, looked, Pages())


def send(events: ChatEvents, session: str = "one", **values: Any) -> list[tuple[Any, ...]]:
    async def all_frames() -> list[tuple[Any, ...]]:
        data: Any = VALUES | values
        return [frame async for frame in events.send(data, request_of(session))]

    return run_async(all_frames())


def turns(events: ChatEvents, session: str = "one") -> tuple[Turn, ...]:
    return events._chats.of(session).turns


def feed_of(events: ChatEvents, session: str = "one") -> Feed:
    ticket = events._slot.last(session)
    assert ticket is not None
    return ticket.feeds[0]


def text_of(events: ChatEvents) -> str:
    return "".join(json.loads(line).get("add", "") for line in feed_of(events).lines)


def zoom(events: ChatEvents, kind: str, session: str = "one") -> Any:
    return run_async(events.zoom(kind, request_of(session)))


def preview(events: ChatEvents, session: str = "one", **values: Any) -> Any:
    data: Any = VALUES | values
    return run_async(events.preview(data, request_of(session)))


def kinds(strip: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for kind, _, tokens, _ in json.loads(strip)["parts"]:
        found[kind] = found.get(kind, 0) + tokens
    return found


def test_a_turn_is_kept_and_stands_before_the_next_message(events: ChatEvents):
    *_, strip, status = send(events)[-1]
    assert status["phase"] == "finished"
    (turn,) = turns(events)
    assert turn == Turn("Hello", text_of(events))
    assert kinds(strip)["answer"] == 8
    *_, last = send(events, message="And?")
    assert [one.user for one in turns(events)] == ["Hello", "And?"]
    assert kinds(last[2])["history"] > 0


def test_what_is_sent_at_a_time_does_not_grow_with_the_answer(events: ChatEvents):
    frames, pieces = dict[int, int](), dict[int, int]()
    for tokens in (8, 128):
        sent = send(events, str(tokens), max_new_tokens=tokens)
        frames[tokens] = max(len(json.dumps(frame)) for frame in sent)
        feed = feed_of(events, str(tokens))
        shown = events._chats.of(str(tokens)).shown
        assert shown is not None
        assert len(shown.answer_ids or ()) == tokens
        pieces[tokens] = len(json.dumps(feed.piece(len(feed.lines) - 4)))
    assert frames[128] < frames[8] + 120  # less than a byte for each token more
    assert pieces[128] < pieces[8] + 120


def test_the_message_moves_into_the_transcript_once_and_what_is_typed_meanwhile_stays(events: ChatEvents):
    messages, transcripts, *_ = zip(*send(events), strict=True)
    assert [one for one in messages if isinstance(one, str)] == [""]
    (transcript,) = [one for one in transcripts if isinstance(one, str)]
    begun, live = map(json.loads, transcript.splitlines())
    assert (begun, live) == ({"user": "Hello"}, {"live": feed_of(events).run})


def test_the_last_answer_stays_in_the_strip_until_something_changes(events: ChatEvents):
    send(events)
    assert preview(events, message="")["__type__"] == "update"  # nothing new
    assert "answer" not in kinds(preview(events, message="x"))
    assert "answer" in kinds(preview(events, message=""))  # what was typed is deleted: the last answer comes back
    assert preview(events, message="")["__type__"] == "update"
    assert json.loads(preview(events, message="", limit=40))["context"] == 40


def test_a_preview_of_what_was_sent_meanwhile_is_not_shown(events: ChatEvents):
    async def both() -> Any:
        asked: Any = VALUES | {"message": "typed"}
        late = asyncio.create_task(events.preview(asked, request_of("one")))
        await asyncio.sleep(0)  # it waits for more typing
        async for _ in events.send(asked, request_of("one")):
            pass
        return await late

    assert run_async(both())["__type__"] == "update"


def test_a_stopped_answer_is_kept_as_far_as_it_came(events: ChatEvents, slot: ModelSlot):
    def slowly(number: int) -> None:
        if number == 3:
            events._slot.stop("one")
        time.sleep(0.01)

    before_each_forward(slot, slowly)
    *_, last = send(events, max_new_tokens=300)
    assert last[3]["phase"] == "stopped"
    assert 1 <= kinds(last[2])["answer"] < 300
    assert len(turns(events)) == 1


def test_a_message_stopped_before_its_answer_goes_back_where_it_was_written(events: ChatEvents, slot: ModelSlot):
    before_each_forward(slot, lambda number: events._slot.stop("one"))
    *_, last = send(events, message="word " * 80, limit=512)  # two chunks: the second is not read
    assert last[0] == "word " * 80
    assert last[3]["phase"] == "stopped"
    assert turns(events) == ()


def test_two_pages_never_mix(events: ChatEvents):
    send(events, "one", message="mine")
    send(events, "two", message="yours")
    assert [one.user for one in turns(events, "one")] == ["mine"]
    assert [one.user for one in turns(events, "two")] == ["yours"]
    ones, twos = events._slot.last("one"), events._slot.last("two")
    assert ones is not None
    assert ones is not twos


def test_a_new_chat_forgets_the_turns(events: ChatEvents):
    send(events)
    data: Any = VALUES | {"message": ""}
    message, strip, transcript, _ = run_async(events.begin(data, request_of("one")))
    assert (message, transcript, turns(events)) == ("", "", ())
    assert "history" not in kinds(strip)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"message": " "}, "empty"), ({"temperature": 9}, "temperature"), ({"message": 5}, "must be text"),
     ({"limit": "x"}, "context_length"), ({"model": "gone"}, "gone"), ({"system": "s" * 600}, "no room")],
)  # fmt: skip
def test_what_cannot_be_sent_is_named_and_nothing_is_lost(events: ChatEvents, wrong: dict[str, Any], words: str):
    *_, last = send(events, **wrong)
    assert last[3]["phase"] == ("empty" if words == "empty" else "failed")
    assert words in last[3]["hint" if words == "empty" else "problem"]
    assert last[0] == wrong.get("message", "Hello") or last[0]["__type__"] == "update"
    assert turns(events) == ()


def test_zooming_shows_the_tokens_of_a_part(events: ChatEvents):
    assert zoom(events, "prompt") == ""
    send(events)
    prompt, said = json.loads(zoom(events, "prompt")), json.loads(zoom(events, "answer"))
    assert "".join(text for _, text, _ in prompt["tokens"]) == "Hello"
    assert len(said["tokens"]) == 8
    assert {kind for _, _, kind in json.loads(zoom(events, "template"))["tokens"]} == {"template", "control"}
    assert json.loads(zoom(events, "no such kind"))["tokens"] == []
    preview(events, message="next", limit=40)
    assert json.loads(zoom(events, "dropped"))["tokens"][0][1] == "H"


def test_the_run_that_is_looked_into_fills_the_strip_until_a_chat_begins(
    events: ChatEvents, runner: Runner, looked: SimpleNamespace
):
    record = answer(runner, request("Hello there"))
    assert events.fill(request_of("one")) is None
    looked.record = lambda request: record
    strip = events.fill(request_of("one"))
    assert strip is not None
    assert (kinds(strip)["answer"], sum(kinds(strip).values())) == (12, record.settings["context_length"])
    assert len(json.loads(zoom(events, "answer"))["tokens"]) == 12
    assert kinds(preview(events, message="", limit=64))["answer"] == 12
    send(events)
    assert events.fill(request_of("one")) is None


def test_the_slider_ends_where_the_models_context_does(events: ChatEvents):
    assert events.longest("tiny-llama", 8192) == gr.update(maximum=512, value=512)
    assert events.longest("tiny-llama", 100) == gr.update(maximum=512, value=100)
    assert events.longest("gone", 100)["__type__"] == "update"
