"""People who use the page's server at once, each with their own cookie and words that nobody else sends."""

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from playground.ui.app import build_app
from playground.ui.shell.listeners import Listeners
from playground.ui.shell.pages import Pages
from tests.scripted import Script, ScriptedRunner
from tests.ui.pages import PATIENCE_S, serving_page

_NONCE = re.compile(r"nonce\d+x\d+")


def _is_last(line: str) -> bool:
    """Whether no event follows on the stream of a page's queue."""
    return line.startswith('data: {"msg":"process_completed"')


@dataclass
class Address:
    """Where a page is served, and the number of its event for programs."""

    url: str
    generate: int


@dataclass
class Site(Address):
    """A page that this process serves, and its runner."""

    runner: ScriptedRunner


@contextmanager
def serving(folder: Path, script: Script) -> Iterator[Site]:
    """The page's server over a scripted backend, without rooms."""
    runner, pages = ScriptedRunner(script), Pages(Listeners())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "gradio"))
        demo = build_app(runner, user_presets_dir=folder / "presets", rooms=[], pages=pages)
        with serving_page(demo, pages=pages) as url:
            config = httpx.get(f"{url}config", timeout=PATIENCE_S, trust_env=False).json()
            generate = next(one["id"] for one in config["dependencies"] if one["api_name"] == "generate")
            yield Site(url, generate, runner)


@dataclass
class Outcome:
    """What came back: all lines of the stream, how long it took from the request on, and why there is no stream."""

    lines: list[str]
    took_s: float
    problem: str = ""

    @property
    def is_finished(self) -> bool:
        """Whether the run went to its end."""
        return any(line == "event: complete" or (_is_last(line) and '"success":true' in line) for line in self.lines)

    @property
    def refusal(self) -> str:
        """Why it was refused; empty if it was not."""
        if self.problem:
            return self.problem
        for line, data in zip(["", *self.lines], self.lines, strict=False):
            if line == "event: error":
                return json.loads(data.removeprefix("data: ")).get("error") or ""
            if _is_last(data) and '"success":false' in data:
                return json.loads(data.removeprefix("data: "))["output"].get("error") or ""
        return ""

    def foreign(self, own: str) -> set[str]:
        """Words that only others have sent."""
        return {nonce for line in self.lines for nonce in _NONCE.findall(line)} - {own}


class Person:
    """One person in one browser."""

    def __init__(self, site: Address, client: httpx.AsyncClient, name: int):
        self._site, self.client, self._name = site, client, name
        self._runs = 0

    def nonce(self) -> str:
        """A word for the next run."""
        self._runs += 1
        return f"nonce{self._name}x{self._runs}"

    async def run(self, prompt: str, tokens: int = 12, *, by_queue: bool = False) -> Outcome:
        """Send a run and read its stream to the end."""
        begun_s, lines = time.monotonic(), list[str]()
        try:
            path = await self.send(prompt, tokens, by_queue=by_queue)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != 429:
                raise
            return Outcome([], time.monotonic() - begun_s, error.response.json()["error"])
        async with self.client.stream("GET", path) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                lines.append(line)
                if _is_last(line):
                    break
        return Outcome(lines, time.monotonic() - begun_s)

    async def send(self, prompt: str, tokens: int, *, by_queue: bool = False) -> str:
        """Send a run; gives the path of its stream."""
        data = [prompt, "", "", 0.8, 0.95, 0, 0, 1, 5, tokens, None, "", [], False]
        if not by_queue:
            made = await self.client.post("/gradio_api/call/generate", json={"data": data})
            return f"/gradio_api/call/generate/{made.raise_for_status().json()['event_id']}"
        session = f"page{self._name}r{time.monotonic_ns()}"
        body = {"data": data, "fn_index": self._site.generate, "session_hash": session}
        (await self.client.post("/gradio_api/queue/join", json=body)).raise_for_status()
        return f"/gradio_api/queue/data?session_hash={session}"


@asynccontextmanager
async def person(site: Address, name: int) -> AsyncIterator[Person]:
    """Somebody who has opened the page."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=site.url, timeout=PATIENCE_S, limits=limits, trust_env=False, verify=False
    ) as client:
        (await client.get("/")).raise_for_status()
        assert client.cookies
        yield Person(site, client, name)
