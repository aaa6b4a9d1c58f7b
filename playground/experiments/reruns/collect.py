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
    growth: "Growth | None" = None


@dataclass(frozen=True)
class GrowingRow:
    """The first tokens of a run; its reason is empty while it is written."""

    token_ids: Sequence[int]
    token_texts: Sequence[str]
    logprobs: Sequence[float]
    finish_reason: str


class Growth:
    """The runs at one moment, to be read later and from another thread: the answers only ever get longer.

    Runs that are being written are read as far as the shortest of them, so that none seems to end before the others.
    """

    def __init__(self, answers: Sequence["_Answer"], pieces: dict[int, str]):
        begun = [answer for answer in answers if answer.token_ids and answer.reason != "cancelled"]
        shortest = min((len(answer.token_ids) for answer in begun if answer.reason is None), default=0)
        self._answers, self._pieces = begun, pieces
        self._known = [
            (len(answer.token_ids), str(answer.reason)) if answer.reason else (shortest, "") for answer in begun
        ]

    def rows(self) -> list[GrowingRow]:
        """What there is of each run that has begun."""
        return [
            GrowingRow(answer.token_ids[:length], answer.token_texts[:length], answer.logprobs[:length], reason)
            for answer, (length, reason) in zip(self._answers, self._known, strict=True)
        ]

    def forks(self, root: Branch) -> list[ForkRecord]:
        """The model's own distribution wherever these rows part."""
        return [_fork(self._answers, branch, self._pieces) for branch in walk(root) if branch.is_fork]


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
    top_size: int = 0
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

    def __init__(self, seeds: Sequence[int], most_tokens: int, where: str = ""):
        """A run has at most this many tokens; `where` stands before the words of its progress."""
        self.prompt_tokens, self._most, self._where = 0, most_tokens, where
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
            answer.top_size = len(event.top)
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

    def progress(self, elapsed_s: float, *, growth: bool = False) -> RerunProgress:
        """Progress now, and the answers so far where they are wanted."""
        return RerunProgress(
            text=f"{self._where}running, {self._finished} of {len(self._answers)} finished",
            fraction=self._fraction(),
            requested=len(self._answers),
            finished=self._finished,
            active=self._begun - self._ended,
            unique=len(self._different),
            output_tokens=self._tokens,
            elapsed_s=elapsed_s,
            tokens_per_s=self._tokens / elapsed_s if self._tokens and elapsed_s > 0 else None,
            prompt_tokens=self.prompt_tokens,
            growth=Growth(self._answers, self._pieces) if growth else None,
        )

    def _fraction(self) -> float:
        """Runs that ended count whole, the others by their share of the tokens that they may have."""
        shares = [1.0 if answer.reason else len(answer.token_ids) / self._most for answer in self._answers]
        return sum(shares) / len(shares)

    def rows(self) -> list[RerunRow]:
        """The runs that ended by themselves, in the order of their rows."""
        return [answer.row() for answer in self._kept()]

    def forks(self, root: Branch) -> list[ForkRecord]:
        """The model's own distribution wherever kept runs part, as a run that goes on there had it.

        Args:
            root: The trie of the kept runs.
        """
        kept = self._kept()
        return [_fork(kept, branch, self._pieces) for branch in walk(root) if branch.is_fork]

    def _kept(self) -> list[_Answer]:
        return [answer for answer in self._answers if answer.reason not in (None, "cancelled")]


def _fork(answers: Sequence[_Answer], branch: Branch, pieces: dict[int, str]) -> ForkRecord:
    run, at = min(child.runs[0] for child in branch.children), branch.end
    answer = answers[run]
    own = slice(at * answer.top_size, (at + 1) * answer.top_size)
    ids, probs = answer.top_ids[own], answer.top_probs[own]
    return ForkRecord(
        run=run,
        index=at,
        entropy_bits=answer.entropy_bits[at],
        gap=math.log(max(probs[0], _LEAST_PROB) / max(probs[1], _LEAST_PROB)),
        top=[Candidate(id=id, text=pieces[id], prob=prob) for id, prob in zip(ids, probs, strict=True)],
    )
