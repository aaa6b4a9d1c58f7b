"""The needle test: a fact at a depth of a long prompt, with a question about it at the end, over lengths and depths.

After Kamradt 2023 ("Needle in a haystack"), but scored by the probability that the model gives to the right answer
rather than by reading what it wrote: a number between right and wrong.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from torch import Tensor

from playground.data.context import Haystack, shipped_haystack
from playground.engine.chunks import PREFILL_CHUNK
from playground.errors import PlaygroundError
from playground.experiments.context.experiments import NeedleRequest
from playground.experiments.context.haystack import Needle, code_of, hide
from playground.experiments.context.records import CellRecord, Ended, NeedleRecord
from playground.runs.experiment import Lab
from playground.runs.stages import Stage, Steps, Stopped


def needle(lab: Lab, request: NeedleRequest) -> Steps[NeedleRecord | None]:
    """An estimate of the time left, and each cell as soon as it is scored, the shortest first.

    Raises:
        PlaygroundError: A length has no room for fact and question, or is too long for the model.
    """
    test = _Test(lab, request)
    ended: Ended = "stopped"
    with suppress(Stopped):
        yield from test.score_cells()
        ended = "complete"
    return test.record(ended) if test.cells else None


def score(hidden: Needle, said: Iterator[Tensor]) -> tuple[list[float], bool]:
    """Probability of each token of the code, those before it given, and whether greedy decoding gives it.

    `said` are the logits before each token of the code.

    Raises:
        Stopped: They are fewer.
    """
    probs, greedy = list[float](), True
    for right, logits in zip(hidden.code_ids, said, strict=False):
        probs.append(float(logits.double().softmax(-1)[right]))
        greedy = greedy and int(logits.argmax()) == right
    if len(probs) < len(hidden.code_ids):
        raise Stopped
    return probs, greedy


class _Test:
    """One test in progress."""

    def __init__(self, lab: Lab, request: NeedleRequest):
        self._lab, self._request = lab, request
        self._haystack: Haystack = shipped_haystack()
        self._places = [(length, depth) for length in request.lengths for depth in request.depths][: request.only]
        self.cells: list[CellRecord] = []
        self._check_longest()

    def _check_longest(self) -> None:
        """Room left for the answer; prompt and answer must fit."""
        facts, longest = self._lab.backend.facts, self._request.lengths[-1]
        limit = facts.context_length
        hidden = self._hide(self._request.lengths[0], 0.0, "0000")
        answer = len(hidden.start_ids) + len(hidden.code_ids)
        if limit is not None and longest + answer > limit:
            raise PlaygroundError(
                f"The longest prompt of {facts.title} is {limit - answer:,} tokens here, so that the "
                f"answer fits too; got the length {longest:,}."
            )

    def score_cells(self) -> Steps[None]:
        """Every requested cell."""
        for number, (length, depth) in enumerate(self._places):
            self._lab.obey()
            words = f"cell {number + 1} of {len(self._places)}: {length:,} tokens, depth {depth:.0%}"
            yield Stage(f"{words}, {self._left()}", number / len(self._places))
            self.cells.append(self._cell(length, depth))
            yield self.cells[-1]

    def _left(self) -> str:
        """How long the rest will take at the speed so far."""
        tokens = sum(length for length, _ in self._places[len(self.cells) :])
        spent = sum(cell.seconds for cell in self.cells)
        read = sum(cell.prompt_tokens for cell in self.cells)
        return f"about {spent / read * tokens:.0f} s left" if read else f"{tokens:,} tokens"

    def _hide(self, length: int, depth: float, code: str) -> Needle:
        def work(tokenizer: Any) -> Needle:
            return hide(tokenizer, self._haystack, length, depth, code)

        return self._lab.read(lambda backend: backend.tokenize(work))

    def _cell(self, length: int, depth: float) -> CellRecord:
        """One cell.

        Raises:
            Stopped: Before it was scored.
        """
        clock = self._lab.clock.lap()
        code = code_of(self._request.seed, length, depth)
        hidden = self._hide(length, depth, code)
        answer, start, stop = (*hidden.start_ids, *hidden.code_ids), len(hidden.start_ids), self._lab.should_stop
        probs, greedy = score(
            hidden, self._lab.backend.forced_logits(hidden.prompt_ids, answer, start, should_stop=stop)
        )
        return CellRecord(
            length=length, depth=depth, prompt_tokens=len(hidden.prompt_ids), needle_token=hidden.needle_token,
            code=code, answer_ids=list(hidden.code_ids), token_probs=probs, probability=math.prod(probs),
            per_token=_geometric_mean(probs), greedy=greedy, seconds=clock.now(),
        )  # fmt: skip

    def record(self, ended: Ended) -> NeedleRecord:
        """The document of the cells that are scored."""
        return NeedleRecord(
            **self._lab.stamp(PREFILL_CHUNK), lengths=list(self._request.lengths), depths=list(self._request.depths),
            seed=self._request.seed, fact=self._haystack.fact, question=self._haystack.question,
            answer=self._haystack.answer, ended=ended, cells=self.cells,
        )  # fmt: skip


def _geometric_mean(probs: Sequence[float]) -> float:
    return math.prod(probs) ** (1 / len(probs))
