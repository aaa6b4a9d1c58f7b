"""The needle test: a fact at a depth of a long prompt, asked for at the end, over lengths and depths.

After Kamradt 2023 ("Needle in a haystack"), but scored by the probability that the model gives to the right answer
rather than by reading what it wrote: a number between right and wrong.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from playground.backends.base import Backend, Capability, Loading, Queued
from playground.data.context import Haystack, load_haystack
from playground.engine.chunks import PREFILL_CHUNK
from playground.errors import PlaygroundError
from playground.experiments.context.haystack import Needle, code_of, hide
from playground.experiments.context.records import CellRecord, Ended, NeedleRecord
from playground.paths import presets_dir
from playground.runs.environment import describe_environment
from playground.runs.measure import model_record
from playground.runs.services import Runner
from playground.runs.stages import Stage

NEEDS: frozenset[Capability] = frozenset({"logits"})
DEFAULT_LENGTHS = (128, 256, 512, 1024)
DEFAULT_DEPTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
MAX_CELLS = 200
NeedleUpdate = Queued | Loading | Stage | CellRecord | NeedleRecord


@dataclass(frozen=True)
class NeedleRequest:
    """A needle test that somebody asked for.

    Attributes:
        model: Id in the catalogue.
        quantization: One of `settings.QUANTIZATIONS`.
        lengths: Tokens of the prompts.
        depths: Where the fact stands, 0 to 1.
        seed: Fixes the codes.
    """

    model: str
    quantization: str
    lengths: tuple[int, ...] = DEFAULT_LENGTHS
    depths: tuple[float, ...] = DEFAULT_DEPTHS
    seed: int = 0


def check_needle(runner: Runner, request: NeedleRequest) -> None:
    """Refuse what can't be met, as far as that is known before the model is loaded.

    Raises:
        PlaygroundError: Names the value, its limit and what to do.
    """
    runner.check(request.model, request.quantization)
    if not request.lengths or not request.depths:
        raise PlaygroundError("A needle test needs at least one length and one depth.")
    if len(request.lengths) * len(request.depths) > MAX_CELLS:
        cells = f"{len(request.lengths)} lengths times {len(request.depths)} depths"
        raise PlaygroundError(f"A needle test has at most {MAX_CELLS} cells; got {cells}.")
    if any(not 0 <= depth <= 1 for depth in request.depths):
        raise PlaygroundError("A depth is from 0 (the beginning) to 1 (the end).")
    if any(length < 1 for length in request.lengths):
        raise PlaygroundError(f"A length is at least 1 token; got {min(request.lengths)}.")


def needle(
    runner: Runner, request: NeedleRequest, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[NeedleUpdate]:
    """An estimate, each cell as soon as it is scored, the shortest first; the record comes last, also when stopped.

    Raises:
        PlaygroundError: The request is refused.
    """
    check_needle(runner, request)

    def work(backend: Backend) -> Iterator[NeedleUpdate]:
        return _Test(backend, request, should_stop).updates()

    return runner.holding(request.model, request.quantization, work, should_stop, needs=NEEDS)


def score(hidden: Needle, said: Iterator[Tensor]) -> tuple[list[float], bool] | None:
    """Probability of each token of the code, those before it given, and whether greedy decoding says it.

    Args:
        hidden: What is asked for.
        said: Logits before each token of the code; fewer if stopped.

    Returns:
        None if stopped.
    """
    probs, greedy = list[float](), True
    for right, logits in zip(hidden.code_ids, said, strict=False):
        probs.append(float(logits.double().softmax(-1)[right]))
        greedy = greedy and int(logits.argmax()) == right
    return (probs, greedy) if len(probs) == len(hidden.code_ids) else None


class _Test:
    """One test on its way."""

    def __init__(self, backend: Backend, request: NeedleRequest, should_stop: Callable[[], bool]):
        self._backend, self._request, self._should_stop = backend, request, should_stop
        self._haystack: Haystack = load_haystack(presets_dir() / "context" / "needle.yaml")
        self._lengths, self._depths = sorted(set(request.lengths)), sorted(set(request.depths))
        self._cells: list[CellRecord] = []
        self._tokens_left = sum(self._lengths) * len(self._depths)
        self._check_longest()

    def _check_longest(self) -> None:
        """Prompt and answer must fit; so much room is left for the answer."""
        limit, longest = self._backend.facts.context_length, self._lengths[-1]
        hidden = self._hide(self._lengths[0], 0.0, "0000")
        answer = len(hidden.start_ids) + len(hidden.code_ids)
        if limit is not None and longest + answer > limit:
            raise PlaygroundError(
                f"The longest prompt of {self._backend.facts.title} is {limit - answer:,} tokens here, so that the "
                f"answer fits too; got the length {longest:,}."
            )

    def updates(self) -> Iterator[NeedleUpdate]:
        ended: Ended = "complete"
        asked = [(length, depth) for length in self._lengths for depth in self._depths]
        for number, (length, depth) in enumerate(asked):
            yield Stage(self._told(number, length, depth, len(asked)), number / len(asked))
            cell = self._cell(length, depth)
            if cell is None:
                ended = "stopped"
                break
            self._cells.append(cell)
            self._tokens_left -= length
            yield cell
        yield self._record(ended)

    def _told(self, number: int, length: int, depth: float, asked: int) -> str:
        """Where it is, and how long the rest will take at the speed so far."""
        spent = sum(cell.seconds for cell in self._cells)
        read = sum(cell.prompt_tokens for cell in self._cells)
        left = f", about {spent / read * self._tokens_left:.0f} s left" if read else f", {self._tokens_left:,} tokens"
        return f"cell {number + 1} of {asked}: {length:,} tokens, depth {depth:.0%}{left}"

    def _hide(self, length: int, depth: float, code: str) -> Needle:
        return self._backend.tokenize(lambda tokenizer: hide(tokenizer, self._haystack, length, depth, code))

    def _cell(self, length: int, depth: float) -> CellRecord | None:
        begun = time.perf_counter()
        code = code_of(self._request.seed, length, depth)
        hidden = self._hide(length, depth, code)
        answer, start = (*hidden.start_ids, *hidden.code_ids), len(hidden.start_ids)
        said = self._backend.forced_logits(hidden.prompt_ids, answer, start, should_stop=self._should_stop)
        scored = score(hidden, said)
        if scored is None:
            return None
        probs, greedy = scored
        return CellRecord(
            length=length, depth=depth, prompt_tokens=len(hidden.prompt_ids), needle_token=hidden.needle_token,
            code=code, answer_ids=list(hidden.code_ids), token_probs=probs, probability=math.prod(probs),
            per_token=_geometric_mean(probs), greedy=greedy, seconds=time.perf_counter() - begun,
        )  # fmt: skip

    def _record(self, ended: Ended) -> NeedleRecord:
        return NeedleRecord(
            model=model_record(self._backend.facts), lengths=self._lengths, depths=self._depths,
            seed=self._request.seed, fact=self._haystack.fact, question=self._haystack.question,
            answer=self._haystack.answer, ended=ended, cells=self._cells,
            environment=describe_environment(self._backend.facts, PREFILL_CHUNK),
        )  # fmt: skip


def _geometric_mean(probs: Sequence[float]) -> float:
    return math.prod(probs) ** (1 / len(probs))
