"""Thirty people work for a long time: no answer of 500 or above; threads, open files and memory stay flat."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.calls import run_async
from tests.reliability.alone import Alone, serving_alone
from tests.reliability.crowd import Address, Person, person

PEOPLE = 30
MORE_MEMORY = 50 * 2**20
MORE_FILES, MORE_THREADS = 20, 4  # 30 people open and close streams at any moment


async def _finishes(somebody: Person) -> None:
    done = await somebody.run(own := somebody.nonce(), 8, by_queue=random.random() < 0.5)
    assert done.is_finished or done.refusal
    assert not done.foreign(own)


async def _leaves(somebody: Person) -> None:
    """Closes the stream after its first line."""
    async with somebody.client.stream("GET", await somebody.send("long", 4000)) as answer:
        await anext(answer.aiter_lines(), "")


async def _sends_junk(somebody: Person) -> None:
    """A body that is refused, or whose run is."""
    junk = random.choice([None, "x", 10**30, {"a": [1]}])
    await somebody.client.post("/gradio_api/call/generate", json={"data": junk})
    done = await somebody.run("", 4)
    assert done.refusal


async def _looks(somebody: Person) -> None:
    for path in ("/", "/config", "/nothing"):
        await somebody.client.get(path)


async def _person(site: Address, name: int, end_s: float, did: Counter[str], statuses: Counter[int]) -> None:
    async def note(answer: httpx.Response) -> None:
        statuses[answer.status_code] += 1

    async with person(site, name) as somebody:
        somebody.client.event_hooks["response"] = [note]
        while time.monotonic() < end_s:
            act = random.choices([_finishes, _leaves, _sends_junk, _looks], [8, 1, 1, 1])[0]
            await act(somebody)
            did[act.__name__] += 1
            await asyncio.sleep(random.uniform(1, 4))


async def _watched(server: Alone, seconds: float) -> tuple[list[tuple[int, int, int]], Counter[str], Counter[int]]:
    """The server's threads, open files and memory, twice a second; what was done; the answers by status."""
    did, statuses, seen, process = Counter[str](), Counter[int](), list[tuple[int, int, int]](), server.process
    end_s = time.monotonic() + seconds
    people = [asyncio.create_task(_person(server.address, name, end_s, did, statuses)) for name in range(PEOPLE)]
    while not all(one.done() for one in people):
        seen.append((process.num_threads(), process.num_fds(), process.memory_info().rss))
        await asyncio.to_thread(server.runs)
        await asyncio.sleep(0.5)
    await asyncio.gather(*people)
    return seen, did, statuses


@pytest.mark.slow
def test_thirty_people_for_a_long_time_leave_nothing_behind(trials: Callable[[int, int], int], tmp_path: Path):
    with serving_alone(tmp_path) as server:
        seen, did, statuses = run_async(_watched(server, trials(120, 1800)))
        assert server.runs() == 0
    assert [status for status in statuses if status >= 500] == []
    quarter = len(seen) // 4
    early, late = (
        [statistics.median(values) for values in zip(*part, strict=True)]
        for part in (seen[quarter : 2 * quarter], seen[-quarter:])
    )
    print(f"did {dict(did)}, statuses {dict(statuses)}; threads, files, memory: {early} early, {late} late")
    assert late[0] <= early[0] + MORE_THREADS
    assert late[1] <= early[1] + MORE_FILES
    assert late[2] <= early[2] + MORE_MEMORY
