"""What all parts of one ladder share: the reference model in memory, the prompt, and how to get another model."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import torch

from playground.backends.base import Backend
from playground.engine.clock import Clock
from playground.engine.text import piece_texts, whole_text
from playground.experiments.determinism.answers import Ground, Measured, Reference
from playground.experiments.determinism.process import Job
from playground.models.loading import Engine, LoadedModel, load, unload
from playground.runs.progress import with_progress
from playground.runs.stages import ShouldStop, Stage, Steps
from playground.settings import Settings

R = TypeVar("R")


@dataclass
class Scene:
    """The reference model and everything that is computed with it.

    Attributes:
        backend: The model in the page's slot, whose turn is held.
        loaded: The reference model: transformers' own module, beside it.
        settings: For the two sampling rungs; everything else is greedy.
        reference: The greedy answer; empty until it is computed.
        rungs: Measured rungs by name, for the fixes.
        drawn: Answers drawn for the sampling rungs, by name, for the fixes.
        alone: As `Lab.alone`, around what is timed.
        clock: Stands still while the ladder is set aside.
    """

    backend: Backend
    loaded: LoadedModel
    settings: Settings
    prompt: list[int]
    room: int
    quick: bool
    should_stop: ShouldStop
    reference: Reference = field(default_factory=Reference)
    rungs: dict[str, Measured] = field(default_factory=dict)
    drawn: dict[str, list[list[int]]] = field(default_factory=dict)
    alone: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext()
    clock: Clock = field(default_factory=Clock)

    @property
    def module(self) -> Any:
        """The reference model's module."""
        return self.loaded.module

    @property
    def quantization(self) -> str:
        """What the reference is computed in."""
        return self.loaded.facts.quantization

    @property
    def device(self) -> str:
        """Where everything is computed."""
        return self.loaded.facts.device

    @cached_property
    def ground(self) -> Ground:
        """Prompt and limits."""
        return Ground(self.prompt, self.room, frozenset(self.loaded.eos_ids), self.should_stop, self.clock)

    @cached_property
    def piece(self) -> Callable[[int], str]:
        """How a token looks alone."""
        return piece_texts(self.loaded.tokenizer)

    def text(self, ids: list[int]) -> str:
        """The answer that these ids are."""
        return whole_text(self.loaded.tokenizer, self.settings, self.prompt, ids)

    def job(self, kind: str = "answer", **values: Any) -> Job:
        """The reference's computation for a fresh process."""
        common: dict[str, Any] = {
            "entry": self.loaded.entry.model_dump_json(), "quantization": self.quantization, "device": self.device,
            "prompt": tuple(self.prompt), "room": self.room, "eos_ids": tuple(self.loaded.eos_ids),
        }  # fmt: skip
        return Job(kind, torch.get_num_threads(), **(common | values))

    def with_model(
        self, quantization: str, work: Callable[[LoadedModel], Steps[R]], engine: Engine = "transformers"
    ) -> Steps[R]:
        """Work with the same model in another quantization, loaded for as long as the work goes on.

        Raises:
            PlaygroundError: It can't run here, or does not fit.
        """
        if quantization == self.quantization and engine == "transformers":
            return (yield from work(self.loaded))
        loaded = yield from loading(self.loaded, quantization, engine)
        try:
            return (yield from work(loaded))
        finally:
            unload(loaded)


def loading(
    like: LoadedModel, quantization: str, engine: Engine = "transformers", device: str | None = None
) -> Steps[LoadedModel]:
    """The same model once more, in another quantization, for another engine, or on another device.

    Raises:
        PlaygroundError: It can't run here, or does not fit.
    """
    steps = with_progress(
        lambda progress: load(
            like.entry, quantization,
            device=device or like.facts.device, engine=engine, probe=lambda *_: lambda _: like.findings,
            progress=progress,
        )
    )  # fmt: skip
    while True:
        try:
            text, _ = next(steps)
        except StopIteration as end:
            return end.value
        yield Stage(text, 0.0)
