"""One client sends far more than its share: it is refused in words, and nobody else is."""

import asyncio
import statistics
from collections.abc import Callable
from pathlib import Path

from playground.backends.turns import LITTLE_S, MAX_OF_PERSON
from tests.calls import run_async
from tests.reliability.crowd import Outcome, Site, person, serving
from tests.scripted import Script

SLACK_S = 5.0  # for a busy machine


async def _flood(site: Site, posts: int) -> tuple[list[Outcome], int, Outcome, list[Outcome]]:
    """What was refused, how many were taken, the neighbour's run, and refusals one after another."""
    async with person(site, 1) as flooder, person(site, 2) as neighbour:
        runs = [
            asyncio.create_task(flooder.run("much " * 10, 4000, by_queue=number % 2 == 0)) for number in range(posts)
        ]
        while sum(run.done() for run in runs) < posts - MAX_OF_PERSON:
            await asyncio.sleep(0.05)
        later = [await flooder.run("more", 4000) for _ in range(20)]
        neighbours = await neighbour.run(neighbour.nonce(), 4)
        taken = [run for run in runs if not run.done()]
        for run in taken:
            run.cancel()
        await asyncio.gather(*taken, return_exceptions=True)
        return [run.result() for run in runs if run not in taken], len(taken), neighbours, later


def test_a_flood_of_one_client_is_refused_in_words_and_a_neighbour_is_answered(
    trials: Callable[[int, int], int], tmp_path: Path
):
    posts = trials(30, 200)
    with serving(tmp_path, Script(count=4000, tokens_per_s=50)) as site:
        refused, taken, neighbours, later = run_async(_flood(site, posts))
    assert taken == MAX_OF_PERSON
    assert [one for one in (*refused, *later) if one.is_finished or not one.refusal] == []
    assert neighbours.is_finished
    assert neighbours.took_s < LITTLE_S + SLACK_S
    times_s = sorted(one.took_s for one in refused)
    print(f"{posts} posts at once: {len(refused)} refused, longest after {times_s[-1]:.2f} s; one after another: "
          f"median {statistics.median(one.took_s for one in later) * 1000:.0f} ms, "
          f"longest {max(one.took_s for one in later) * 1000:.0f} ms; neighbour {neighbours.took_s:.2f} s")  # fmt: skip
