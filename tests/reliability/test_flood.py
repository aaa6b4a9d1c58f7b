"""One client sends far more than its share: it is refused in words, and nobody else is."""

import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playground.backends.turns import LITTLE_S, MAX_OF_PERSON
from tests.calls import run_async
from tests.reliability.crowd import Outcome, Site, person, serving
from tests.scripted import Script

SLACK_S = 5.0  # for a busy machine


async def _flood(site: Site, posts: int) -> tuple[list[Outcome], int, Outcome, Outcome]:
    """What was refused, how many were taken, the neighbour's run, and the flooder's own after it has ended those."""
    async with person(site, 1) as flooder, person(site, 2) as neighbour:
        runs = [
            asyncio.create_task(flooder.run("much " * 10, 4000, by_queue=number % 2 == 0)) for number in range(posts)
        ]
        while sum(run.done() for run in runs) < posts - MAX_OF_PERSON:
            await asyncio.sleep(0.05)
        neighbours = await neighbour.run(neighbour.nonce(), 4)
        taken = [run for run in runs if not run.done()]
        for run in taken:
            run.cancel()
        await asyncio.gather(*taken, return_exceptions=True)
        again = await flooder.run("more", 4)
        while again.refusal:  # the server notices after a moment that the streams have closed
            await asyncio.sleep(0.1)
            again = await flooder.run("more", 4)
        return [run.result() for run in runs if run not in taken], len(taken), neighbours, again


def test_a_flood_of_one_client_is_refused_in_words_and_a_neighbour_is_answered(
    trials: Callable[[int, int], int], tmp_path: Path
):
    posts = trials(30, 200)
    with serving(tmp_path, Script(count=4000, tokens_per_s=50)) as site:
        refused, taken, neighbours, again = run_async(_flood(site, posts))
    assert taken == MAX_OF_PERSON
    assert [one for one in refused if one.is_finished or not one.refusal] == []
    assert neighbours.is_finished
    assert neighbours.took_s < LITTLE_S + SLACK_S
    assert again.is_finished
    print(f"{posts} posts at once: {len(refused)} refused; neighbour {neighbours.took_s:.2f} s")


def test_refusals_are_quick_and_count_work_whose_stream_nobody_has_opened(
    trials: Callable[[int, int], int], tmp_path: Path
):
    posts = trials(100, 200)
    with serving(tmp_path, Script(count=4000, tokens_per_s=50)) as site:
        port = site.url.rstrip("/").rpartition(":")[2]
        command = [sys.executable, "-m", "tests.reliability.flooder", port, str(site.generate), str(posts), "40"]
        answered = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
        assert site.runner.answers == []
    refused = [took_s for status, took_s, words in answered["together"] if status == 429 and words]
    later = [took_s for status, took_s, words in answered["after"] if status == 429 and words]
    assert (len(refused), len(later)) == (posts - MAX_OF_PERSON, 40)
    assert statistics.median(later) < 0.1
    print(f"{posts} at once: median {statistics.median(refused) * 1000:.0f} ms, longest {max(refused) * 1000:.0f} ms; "
          f"one after another: median {statistics.median(later) * 1000:.1f} ms, longest {max(later) * 1000:.1f} ms"
    )  # fmt: skip
