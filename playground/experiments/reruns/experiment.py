"""Reruns, and the same reruns at several temperatures: their requests, and how a replay compares."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, field_validator

from playground.engine.events import PreparedPrompt
from playground.errors import PlaygroundError
from playground.experiments.reruns.mentions import check_mentions
from playground.experiments.reruns.records import RerunRecord, RerunRow, SeedMode, TemperatureLadderRecord
from playground.runs.experiment import Experiment
from playground.runs.replay import prompt_again
from playground.runs.request import PromptRequest, item
from playground.runs.work import Work, batch_steps
from playground.settings import make_settings

SEED_WORDS: dict[str, str] = {
    "different": "all different", "same": "all the same", "none": "random",
}  # fmt: skip
_CUT_SHORT = ("time", "cancelled")  # not where the model would have ended it


class RerunRequest(PromptRequest):
    """N runs of one setting. `settings.top` is for single runs; a rerun records forks only.

    Attributes:
        seeds: All different (the setting's seed, and those that follow it), all the same, or random.
        recorded_runs: Prompt and seeds of a saved document, for each temperature; empty if they are not given.
    """

    n: int = item(16, "Runs", "From 2 to 200.", ge=2, le=200)
    seeds: SeedMode = item(
        "different",
        "Seeds",
        "different, same or none.",
        names=SEED_WORDS,
        shortcuts={"--same-seed": "same", "--unseeded": "none"},
    )
    mentions: tuple[str, ...] = item(
        (), "Mentions to look for", "Counts the runs that say this; may be repeated.", flags=["--mention"], lines=True
    )
    recorded_runs: tuple[tuple[PreparedPrompt, tuple[int, ...]], ...] = Field((), exclude=True)

    @field_validator("mentions")
    @classmethod
    def _countable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return check_mentions(value)

    @property
    def most_tokens(self) -> int:
        """Of all runs."""
        return self.n * self.settings.max_new_tokens

    def work(self) -> Work:
        """Batches of rows."""
        return Work(self.n, self.most_tokens, batch_steps(self.n, self.settings.max_new_tokens))

    def seeded(self) -> Self:
        """The same; without a seed if each run draws its own."""
        if self.seeds != "none":
            return super().seeded()
        return self.model_copy(update={"settings": self.settings.model_copy(update={"seed": None})})


class TemperatureRequest(RerunRequest):
    """The same reruns at each temperature; that of the settings is not used."""

    temperatures: tuple[Annotated[float, Field(ge=0, le=2)], ...] = item(
        (0.0, 0.2, 0.5, 0.7, 1.0, 1.5), "Temperatures", "Repeats the runs at each of them.", min_length=1, max_length=12
    )

    @property
    def most_tokens(self) -> int:
        """Of the runs at all temperatures."""
        return super().most_tokens * len(self.temperatures)

    def work(self) -> Work:
        """The same batches at each temperature."""
        one, times = super().work(), len(self.temperatures)
        return Work(times * one.runs, self.most_tokens, times * one.steps)

    @field_validator("temperatures")
    @classmethod
    def _once(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(set(value)) < len(value):
            raise PlaygroundError("Each temperature can be given once only: remove the repeated one.")
        return value


def _rerun_again(old: RerunRecord, model: str) -> RerunRequest:
    """The same seeds, and as much time as the runs take."""
    return RerunRequest(
        model=model, quantization=old.model.quantization, prompt=old.prompt,
        settings=make_settings(**{**old.settings, "time_limit_s": None}), n=old.asked, seeds=old.seeds,
        mentions=tuple(old.summary.mentions), recorded_runs=(_recorded(old),),
    )  # fmt: skip


def _recorded(old: RerunRecord) -> tuple[PreparedPrompt, tuple[int, ...]]:
    return prompt_again(old.prompt_token_ids, old.dropped_prompt_tokens), tuple(run.seed for run in old.runs)


def _temperatures_again(old: TemperatureLadderRecord, model: str) -> TemperatureRequest:
    first = _rerun_again(old.rungs[0], model)
    values = {name: getattr(first, name) for name in RerunRequest.model_fields}
    values |= {"temperatures": tuple(old.temperatures), "recorded_runs": tuple(map(_recorded, old.rungs))}
    return TemperatureRequest(**values)


def _rerun_differences(old: RerunRecord, new: RerunRecord) -> Iterator[str]:
    """The first token of each run that differs from the saved one."""
    for number, run in enumerate(old.runs):
        differs = _first_difference(run, new.runs[number].token_ids if number < new.n else [])
        if differs is not None:
            yield f"run {number + 1} (seed {run.seed}): token {differs} differs."


def _first_difference(run: RerunRow, now: list[int]) -> int | None:
    now = now[: len(run.token_ids)] if run.finish_reason in _CUT_SHORT else now
    if run.token_ids == now:
        return None
    shorter = min(len(run.token_ids), len(now))
    same = zip(run.token_ids, now, strict=False)
    return next((place for place, (a, b) in enumerate(same) if a != b), shorter)


def _temperature_differences(old: TemperatureLadderRecord, new: TemperatureLadderRecord) -> Iterator[str]:
    for temperature, then, now in zip(old.temperatures, old.rungs, new.rungs, strict=True):
        for sentence in _rerun_differences(then, now):
            yield f"temperature {temperature:g}, {sentence}"


def _took_s(*reruns: RerunRecord) -> float:
    return sum(one.wall_s for one in reruns)


RERUN = Experiment(
    name="rerun",
    title="Reruns",
    about="One prompt many times: how many different answers, where they part, what they mention. All runs are "
    "computed together, as far as the memory reaches.",
    verb="Run",
    room="",  # the whole tab is laid out by hand: the tree and the answers have a place of their own
    request=RerunRequest,
    record=RerunRecord,
    run="playground.experiments.reruns.run:rerun",
    view="playground.views.reruns:RERUN_VIEW",
    again=_rerun_again,
    differences=_rerun_differences,
    facts="playground.experiments.reruns.facts:rerun_facts",
    holds=False,
    took=_took_s,
    anchor="reruns",
)

TEMPERATURES = Experiment(
    name="temperature-ladder",
    title="Temperature ladder",
    about="The same runs at each temperature: how many answers differ, and how often each mention comes. Runs, seeds "
    "and mentions are those above.",
    verb="Run at each",
    room="Reruns",
    request=TemperatureRequest,
    record=TemperatureLadderRecord,
    run="playground.experiments.reruns.run:temperatures",
    view="playground.views.reruns:TEMPERATURE_VIEW",
    again=_temperatures_again,
    differences=_temperature_differences,
    facts="playground.experiments.reruns.facts:temperature_facts",
    holds=False,
    took=lambda record: _took_s(*record.rungs),
    anchor="rerun-ladder",
    command="rerun",
)
