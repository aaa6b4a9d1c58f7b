"""Runs as frames, sessions, and the handlers: called directly, without a page."""

import asyncio
import json
import threading
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise

import pytest

from playground.engine.events import TokenEvent
from playground.errors import PlaygroundError
from playground.runs.records import parse_record
from playground.runs.updates import RunRequest
from playground.settings import make_settings
from playground.ui.components.feed import MOST_LINES, Feed, Feeds
from playground.ui.rooms.play.layout import preview_of
from playground.ui.shell.bar import form_of
from playground.ui.shell.follow import Due
from playground.ui.shell.live import RunView, run_frames
from playground.ui.shell.pages import MAX_SESSIONS, Pages, Slot, Ticket
from playground.ui.shell.saving import document_of
from tests.calls import run_async
from tests.scripted import Script, ScriptedRunner
from tests.ui.compare_samples import made_run
from tests.ui.pages import PATIENCE_S


def request_for(prompt: str, **settings) -> RunRequest:
    return RunRequest(prompt, "fake-135m", "fp32", make_settings(**settings))


@dataclass(frozen=True)
class Seen:
    """A view as it stood when it was yielded."""

    lines: list[str]
    status: dict
    text: str


async def seen_of(runner: ScriptedRunner, request: RunRequest, ticket: Ticket) -> list[Seen]:
    async with aclosing(run_frames(runner, request, ticket)) as run:
        return [seen(view) async for view in run]


def seen(view: RunView) -> Seen:
    return Seen(view.feed.lines[:], view.status, view.text)


def tokens_in(lines: Sequence[str]) -> list[str]:
    items = [json.loads(line) for line in lines]
    return [item["text"] for item in items if "text" in item]


def test_lines_only_ever_append_and_end_with_every_token():
    runner, ticket = ScriptedRunner(Script(tokens_per_s=150)), Ticket()
    frames = run_async(seen_of(runner, request_for("a b c"), ticket))
    for before, after in pairwise(frames):
        assert after.lines[: len(before.lines)] == before.lines
    assert len(frames) < 20  # 40 tokens in 0.27 s are a few frames, not one each
    assert tokens_in(frames[-1].lines) == [*[f" {'abc'[i % 3]}" for i in range(40)], ""]
    assert frames[-1].status == {"phase": "finished", "text": "finished: end of answer"}
    assert json.loads(frames[-1].lines[-1]) == {"end": "eos"}
    assert ticket.record is not None
    assert ticket.record.text == frames[-1].text
    assert runner.answers[0].closed


def test_a_page_that_asks_at_its_own_pace_gets_every_line_once_and_the_end_beside_the_last():
    async def ask() -> tuple[list[str], list[dict], RunView]:
        feeds, pieces, lines = Feeds(), list[dict](), list[str]()
        more = feeds.more()
        async with aclosing(run_frames(ScriptedRunner(Script(tokens_per_s=2000, count=600)), asked, Ticket())) as run:
            async for view in run:
                feeds.add(view.feed)
        while not pieces or not pieces[-1]["over"] or pieces[-1]["count"]:
            pieces.append(await more([view.feed.run, len(lines)]))
            lines += pieces[-1]["lines"].splitlines(keepends=True)
        return lines, pieces, view

    asked = request_for("a b c", max_new_tokens=600)
    lines, pieces, view = run_async(ask())
    assert lines == view.feed.lines
    assert len(pieces) > 600 / MOST_LINES
    assert all(piece["count"] <= MOST_LINES for piece in pieces)
    assert [piece["more"] for piece in pieces] == [True] * (len(pieces) - 2) + [False] * 2
    assert pieces[-1]["status"]["phase"] == "finished"
    assert pieces[-1]["meters"]["tokens"] == "11 / 600"


def test_what_a_piece_carries_does_not_grow_with_the_answer():
    view = RunView(ordered=True)
    run = ScriptedRunner(Script(count=3000, tokens_per_s=1e6)).start(
        request_for("a b c", max_new_tokens=3000), lambda: False
    )
    view.read = run.meters
    sizes: dict[int, int] = {}
    for update in run:
        if isinstance(update, TokenEvent):
            view.add(update)
            if update.index in (199, 2999):
                sizes[update.index] = len(json.dumps(view.feed.piece(len(view.feed.lines) - 8)))
    assert sizes[2999] <= 1.05 * sizes[199]


@pytest.mark.parametrize(
    "asked", [None, [], ["nobody", 0], [1, 0], ["x", -1], ["x", "0"], {"run": "x"}, "x", ["x", 0.5]]
)
def test_a_page_that_asks_for_what_is_not_there_gets_nothing(asked: object):
    feeds, feed = Feeds(), Feed()
    feed.run = "x"
    feed.lines.append("{}\n")
    feeds.add(feed)
    assert run_async(feeds.more()(asked)) == {"gone": True}


def test_the_same_news_is_sent_again_only_to_see_whether_the_page_is_still_there(monkeypatch: pytest.MonkeyPatch):
    due = Due()
    assert [due("a"), due("a"), due("b"), due("b")] == [True, False, True, False]
    monkeypatch.setattr("playground.ui.shell.follow.STILL_HERE_S", 0)
    assert due("b")


def test_a_feed_goes_with_the_ticket_that_holds_it():
    async def ask(feeds: Feeds, run: str) -> dict:
        return await feeds.more()([run, 0])

    pages = Pages()
    feed = Feed()
    pages.publish(feed, pages.slot("play").begin("me"))
    run = feed.run
    del feed
    assert "lines" in run_async(ask(pages.feeds, run))
    pages.forget("me")
    assert run_async(ask(pages.feeds, run)) == {"gone": True}


def test_two_runs_never_share_a_name():
    assert len({RunView(ordered=True).head for _ in range(3)}) == 3


def test_stop_ends_the_frames_before_the_script_does_and_the_record_comes_after():
    async def stopped() -> tuple[list[Seen], Ticket]:
        runner, ticket = ScriptedRunner(Script(count=5000, tokens_per_s=100)), Ticket()
        frames: list[Seen] = []
        async for view in run_frames(runner, request_for("a b", max_new_tokens=5000), ticket):
            frames.append(seen(view))
            if len(tokens_in(frames[-1].lines)) > 5:
                ticket.stop.set()
        return frames, ticket

    frames, ticket = run_async(stopped())
    assert frames[-1].status == {"phase": "stopped", "text": "stopped"}
    assert 5 < len(tokens_in(frames[-1].lines)) < 5000
    assert ticket.ended.wait(PATIENCE_S)
    assert ticket.record is not None
    assert ticket.record.finish_reason == "cancelled"


def test_stop_does_not_wait_for_an_engine_that_is_slow_to_hear():
    heard = threading.Event()

    async def stopped() -> tuple[str, bool]:
        ticket, runner = Ticket(), ScriptedRunner(Script(prompt_parts=4, between=lambda: heard.wait(PATIENCE_S)))
        async with aclosing(run_frames(runner, request_for("a"), ticket)) as frames:
            async for frame in frames:
                if frame.status["phase"] == "reading":
                    ticket.stop.set()
        return frame.status["phase"], heard.is_set()

    phase, heard_by_then = run_async(stopped())
    heard.set()
    assert phase == "stopped"
    assert not heard_by_then


def test_closing_the_frames_stops_the_engine():
    async def leave() -> ScriptedRunner:
        runner = ScriptedRunner(Script(count=5000, tokens_per_s=100))
        frames = run_frames(runner, request_for("a b", max_new_tokens=5000), Ticket())
        async for frame in frames:
            if tokens_in(frame.feed.lines):
                break
        await frames.aclose()
        for _ in range(100):
            if runner.answers[0].closed:
                break
            await asyncio.sleep(0.02)
        return runner

    assert run_async(leave()).answers[0].closed


def test_a_failure_keeps_what_came_and_says_why():
    runner = ScriptedRunner(Script(fail_after=4, tokens_per_s=500))
    last = run_async(seen_of(runner, request_for("a"), Ticket()))[-1]
    assert len(tokens_in(last.lines)) == 4
    assert last.status["phase"] == "failed"
    assert last.status["problem"].endswith("use fp32.")


def test_a_refused_request_is_a_failed_frame():
    last = run_async(seen_of(ScriptedRunner(), RunRequest("a", "nobody", "fp32", make_settings()), Ticket()))[-1]
    assert "Unknown model 'nobody'" in last.status["problem"]


def test_an_unexpected_error_is_logged_and_shown_without_its_insides(caplog: pytest.LogCaptureFixture):
    runner = ScriptedRunner(Script(fail_after=1, error=ValueError("/home/me/secret")))
    last = run_async(seen_of(runner, request_for("a"), Ticket()))[-1]
    assert "ValueError" in last.status["problem"]
    assert "secret" not in last.status["problem"]
    assert "secret" in caplog.text


def test_a_page_reaches_its_own_run_only():
    slot = Slot()
    one, two = slot.begin("one"), slot.begin("two")
    slot.stop("one")
    assert one.stop.is_set()
    assert not two.stop.is_set()
    again = slot.begin("two")  # a page has one run: the one before is told to stop
    assert two.stop.is_set()
    assert slot.last("two") is again
    slot.forget("two")
    assert again.stop.is_set()
    assert slot.last("two") is None
    slot.stop("nobody")


def test_a_slot_is_bounded_and_a_run_on_its_way_is_kept():
    slot = Slot()
    running = slot.begin("running")
    for number in range(MAX_SESSIONS + 10):
        slot.begin(str(number)).ended.set()
    assert slot.last("running") is running
    assert slot.last("0") is None
    assert slot.last(str(MAX_SESSIONS + 9)) is not None


def test_documents_of_a_page_come_newest_first_from_the_slots_that_are_named():
    pages, (one, two, three) = Pages(), (made_run([word]) for word in ("a", "b", "c"))
    pages.slot("play").keep("me", one)
    pages.slot("rerun").keep("me", two)
    pages.slot("rerun").keep("you", three)
    pages.slot("sweep").begin("me")  # has no document yet
    assert pages.documents("me") == [two, one]
    assert pages.documents("me", "play", "sweep") == [one]
    pages.forget("me")
    assert pages.documents("me") == []
    assert pages.documents("you") == [three]


def test_a_finished_run_is_saved_as_a_record_that_reads_back():
    runner, slot = ScriptedRunner(Script(tokens_per_s=2000)), Slot()
    run_async(seen_of(runner, request_for("a b c", seed=7), slot.begin("me")))
    name, text = run_async(form_of({"want": "save"}, run_async(document_of(slot, "me"))))
    assert name == "run-fake-135m-7.json"
    assert parse_record(text).prompt == "a b c"
    for session in ("somebody else", "nobody"):
        with pytest.raises(PlaygroundError):
            run_async(document_of(slot, session))


def test_the_preview_is_quiet_without_a_prompt_and_says_what_is_wrong():
    values = {"prompt": "a b", "model": "fake-135m", "quantization": "fp32", "hardware_usd_per_hour": 1, "raw": False}
    values |= {"temperature": 1, "top_p": 1, "top_k": 0, "min_p": 0, "repetition_penalty": 1, "seed": 0}
    values |= {"max_new_tokens": 4, "context_length": 64}
    runner = ScriptedRunner()
    assert run_async(preview_of(runner, values)) == "10 tokens will be read."
    assert run_async(preview_of(runner, values | {"prompt": "  "})) == ""
    for field in ("prompt", "system", "stop"):  # from a link, a preset or a file: the fields are the one way to a run
        assert "U+202E" in run_async(preview_of(runner, values | {field: "one \u202etwo"}))
    assert "U+200B" in run_async(preview_of(runner, values | {"model": "fake-small", "prompt": "one\u200b"}))
    assert "temperature must be" in run_async(preview_of(runner, values | {"temperature": "abc"}))
    assert "once the chosen model" in run_async(preview_of(runner, values | {"model": "fake-small"}))


def test_loading_errors_are_playground_errors():
    with pytest.raises(PlaygroundError, match="no network"):
        list(ScriptedRunner().load("fake-far", "fp32"))
