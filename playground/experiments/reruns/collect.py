"""Answers of a rerun while they grow: compact, as 200 of 2,048 tokens must fit beside the model."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from playground.engine.events import Candidate, Event, Finished, FinishReason, TokenEvent
from playground.experiments.reruns.branches import Branch, walk
from playground.experiments.reruns.records import ForkRecord, RerunRow
from playground.runs.stages import Stage

_LEAST_PROB = 2.0**-149  # float32 knows no smaller one; a gap must be a number


@dataclass(frozen=True)
class RerunProgress(Stage):
    """Progress of a rerun, with figures.

    Attributes:
        requested: Number of runs.
        finished: Runs that have ended by themselves.
        active: Runs being computed now; the others wait for their wave.
        unique: Different answers among the finished ones.
        output_tokens: Of all runs so far.
        elapsed_s: Since the prompt was handed to the model: queue and loading left out.
        tokens_per_s: Output tokens of all runs / elapsed_s; None before the first.
        prompt_tokens: Of each run.
    """

    requested: int
    finished: int
    active: int
    unique: int
    output_tokens: int
    elapsed_s: float
    tokens_per_s: float | None
    prompt_tokens: int


@dataclass
class _Answer:
    """One run: numbers as arrays, about 100 bytes a token."""

    seed: int
    token_ids: list[int] = field(default_factory=list)
    token_texts: list[str] = field(default_factory=list)
    logprobs: "array[float]" = field(default_factory=lambda: array("d"))
    entropy_bits: "array[float]" = field(default_factory=lambda: array("d"))
    top_ids: "array[int]" = field(default_factory=lambda: array("l"))
    top_probs: "array[float]" = field(default_factory=lambda: array("d"))
    reason: FinishReason | None = None

    def row(self) -> RerunRow:
        assert self.reason is not None
        return RerunRow(
            seed=self.seed,
            token_ids=self.token_ids,
            token_texts=self.token_texts,
            logprobs=list(self.logprobs),
            entropy_bits=list(self.entropy_bits),
            text="".join(self.token_texts),
            finish_reason=self.reason,
        )


class Collected:
    """Takes in the events of all rows; gives progress, and the runs kept in the end.

    Attributes:
        prompt_tokens: Of the prompt, once it is known.
    """

    def __init__(self, seeds: Sequence[int], where: str = ""):
        """`where` stands before the words of its progress."""
        self.prompt_tokens, self._where = 0, where
        self._answers = [_Answer(seed) for seed in seeds]
        self._pieces: dict[int, str] = {}  # how tokens look alone
        self._different: set[tuple[int, ...]] = set()
        self._finished = self._begun = self._ended = self._tokens = 0

    def add(self, row: int, event: Event) -> None:
        """Take in an event of a row."""
        answer = self._answers[row]
        if isinstance(event, TokenEvent):
            self._tokens += 1
            self._begun += not answer.token_ids
            answer.token_ids.append(event.id)
            answer.token_texts.append(event.text)
            answer.logprobs.append(event.logprob)
            answer.entropy_bits.append(event.entropy_bits)
            for item in event.top:
                answer.top_ids.append(item.id)
                answer.top_probs.append(item.prob)
                self._pieces.setdefault(item.id, item.text)
        elif isinstance(event, Finished):
            answer.reason = event.reason
            self._ended += bool(answer.token_ids)
            if event.reason != "cancelled":
                self._finished += 1
                self._different.add(tuple(answer.token_ids))

    def progress(self, elapsed_s: float) -> RerunProgress:
        """Progress now."""
        return RerunProgress(
            text=f"{self._where}running, {self._finished} of {len(self._answers)} finished",
            fraction=self._finished / len(self._answers),
            requested=len(self._answers),
            finished=self._finished,
            active=self._begun - self._ended,
            unique=len(self._different),
            output_tokens=self._tokens,
            elapsed_s=elapsed_s,
            tokens_per_s=self._tokens / elapsed_s if self._tokens and elapsed_s > 0 else None,
            prompt_tokens=self.prompt_tokens,
        )

    def rows(self) -> list[RerunRow]:
        """The runs that ended by themselves, in the order of their rows."""
        return [answer.row() for answer in self._kept()]

    def forks(self, root: Branch) -> list[ForkRecord]:
        """The model's own distribution wherever kept runs part, as a run that goes on there had it.

        Args:
            root: The trie of the kept runs.
        """
        kept = self._kept()
        return [self._fork(kept, branch) for branch in walk(root) if branch.is_fork]

    def _kept(self) -> list[_Answer]:
        return [answer for answer in self._answers if answer.reason not in (None, "cancelled")]

    def _fork(self, kept: list[_Answer], branch: Branch) -> ForkRecord:
        run, at = min(child.runs[0] for child in branch.children), branch.end
        answer = kept[run]
        size = len(answer.top_ids) // len(answer.token_ids)
        own = slice(at * size, (at + 1) * size)
        ids, probs = answer.top_ids[own], answer.top_probs[own]
        return ForkRecord(
            run=run,
            index=at,
            entropy_bits=answer.entropy_bits[at],
            gap=math.log(max(probs[0], _LEAST_PROB) / max(probs[1], _LEAST_PROB)),
            top=[Candidate(id=id, text=self._pieces[id], prob=prob) for id, prob in zip(ids, probs, strict=True)],
        )
