"""Many people at once: each reads their own words only, and every run finishes or is refused in words."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.calls import run_async
from tests.reliability.crowd import Outcome, Site, person, serving
from tests.scripted import Script


async def _session(site: Site, name: int, runs: int) -> list[tuple[str, Outcome]]:
    done = []
    async with person(site, name) as somebody:
        for number in range(runs):
            own = somebody.nonce()
            done.append((own, await somebody.run(f"{own} {own}", by_queue=number % 2 == 0)))
    return done


async def _all(site: Site, people: int, runs: int) -> list[tuple[str, Outcome]]:
    sessions = await asyncio.gather(*(_session(site, name, runs) for name in range(people)))
    return [one for session in sessions for one in session]


def test_no_word_of_another_reaches_anybody(trials: Callable[[int, int], int], tmp_path: Path):
    people, runs = trials(5, 50), trials(3, 20)
    with serving(tmp_path, Script(count=12, tokens_per_s=2000)) as site:
        done = run_async(_all(site, people, runs))
    assert len(done) == people * runs
    assert [(own, foreign) for own, one in done if (foreign := one.foreign(own))] == []
    assert [own for own, one in done if not one.is_finished and not one.refusal] == []
    finished = [(own, one) for own, one in done if one.is_finished]
    assert [own for own, one in finished if not any(f"{own} {own}" in line for line in one.lines)] == []
    took_s = sorted(one.took_s for _, one in done)
    print(f"{people} people, {len(done)} runs: {len(finished)} finished, {len(done) - len(finished)} refused, "
          f"median {took_s[len(took_s) // 2]:.2f} s, longest {took_s[-1]:.2f} s")  # fmt: skip
