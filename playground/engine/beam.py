"""Beam search: the likeliest whole answers that a narrow search finds, where greedy sees one step only.

Every step keeps the `width` likeliest beginnings by their total log probability, with no length penalty and no sampler.
An answer that ends is set aside; the search is over when none still open is likelier than the least of `width`
ended ones. That is transformers' search with `length_penalty=0` and `early_stopping=False`. More than `width`
candidates are considered in each step, since some end. There is no guarantee: a likelier answer may begin with
what the search dropped, and its best answer may be less likely than greedy's.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from playground.engine.events import Candidate, FinishReason, TokenEvent
from playground.engine.model import KVCache, TextModel
from playground.engine.rows import Clock
from playground.engine.sampling import Distribution, describe
from playground.engine.text import AnswerText, answer_text
from playground.errors import PlaygroundError
from playground.settings import Settings

MAX_WIDTH = 8


@dataclass(frozen=True)
class BeamProgress:
    """A step of the search: tokens of the answer so far, the maximum, the likeliest beginning, its total."""

    tokens: int
    room: int
    text: str
    logprob: float
    time_s: float


@dataclass(frozen=True)
class Hypothesis:
    """An answer that was found.

    Attributes:
        events: Its tokens after the given beginning. As in greedy, `sampled_prob` and `kept` are 1.
        logprob: Sum of their natural log probabilities, from the model's distribution.
        reason: Why it ends.
    """

    events: tuple[TokenEvent, ...]
    logprob: float
    reason: FinishReason


@dataclass(frozen=True)
class BeamEnd:
    """At most `width` answers, the likeliest first."""

    hypotheses: tuple[Hypothesis, ...]
    time_s: float


@dataclass(frozen=True)
class _Path:
    """A beginning of an answer: its last token, and a link to the path before it."""

    before: "_Path | None"
    event: TokenEvent | None
    score: float
    tokens: int
    text: AnswerText
    said: str
    reason: FinishReason | None = None


def beam_search(
    text_model: TextModel,
    prompt_ids: Sequence[int],
    answer_ids: Sequence[int],
    logits: Tensor,
    cache: KVCache,
    settings: Settings,
    *,
    width: int,
    room: int,
    should_stop: Callable[[], bool] = lambda: False,
    clock: Clock | None = None,
) -> Iterator[BeamProgress | BeamEnd]:
    """Continue a search from a beginning; the last item is a `BeamEnd`.

    Args:
        text_model: Model, tokenizer and end-of-answer ids.
        prompt_ids: Tokens of the prompt.
        answer_ids: The given tokens of the answer.
        logits: The logits after them, float32 [vocabulary], on the CPU.
        cache: Holds prompt and given tokens in one row; it is consumed.
        settings: Only `stop`, `raw`, `top` and `time_limit_s` are used.
        width: Beginnings kept, 1 to 8; 1 is greedy.
        room: Maximum tokens of the answer, including those given.
        should_stop: Called before every forward pass.
        clock: Times are its readings; None begins one now.

    Raises:
        PlaygroundError: The width is out of range, or the model produced NaN or infinite logits.
    """
    if not 1 <= width <= MAX_WIDTH:
        raise PlaygroundError(f"The width of a beam search must be from 1 to {MAX_WIDTH}; got {width}.")
    clock = clock or Clock()
    text = answer_text(text_model.tokenizer, settings, prompt_ids)
    said = "".join([text.add(token) for token in answer_ids])
    search = _Search(text_model, _Path(None, None, 0.0, len(answer_ids), text, said), settings, width, room, clock)
    step = logits[None]
    while True:
        rows = search.step(step, cache.nbytes // len(step))
        yield search.progress()
        if not search.can_improve:
            break
        cut = search.cut_short(should_stop())
        if cut is not None:
            search.end_all(cut)
            break
        if rows != list(range(len(step))):
            cache.select(rows)
        step = text_model.model.forward(torch.tensor([[id] for id in search.last_ids]), cache)
    yield BeamEnd(tuple(_hypothesis(path) for path in search.finished), clock.now())


class _Search:
    """The open beginnings and the ended answers, the likeliest first."""

    def __init__(self, text_model: TextModel, given: _Path, settings: Settings, width: int, room: int, clock: Clock):
        self._model, self._settings, self._clock = text_model, settings, clock
        self._begun_s = clock.now()
        self._width, self._room = width, room
        self._looked_at = max(2, 1 + len(text_model.eos_ids)) * width
        self.running = [given]
        self.finished: list[_Path] = []

    @property
    def last_ids(self) -> list[int]:
        """What is read next, one token a row."""
        return [path.event.id for path in self.running if path.event is not None]

    @property
    def can_improve(self) -> bool:
        """Whether an open beginning may still end among the likeliest: a total only falls."""
        if not self.running:
            return False
        return len(self.finished) < self._width or self.running[0].score > self.finished[-1].score

    def cut_short(self, stopped: bool) -> FinishReason | None:
        """Why to end early, although more could be found."""
        limit_s = self._settings.time_limit_s
        late = limit_s is not None and self._clock.now() - self._begun_s >= limit_s
        return "cancelled" if stopped else "time" if late else None

    def progress(self) -> BeamProgress:
        """The likeliest beginning now, or the likeliest answer if all have ended."""
        best = (self.running or self.finished)[0]
        return BeamProgress(best.tokens, self._room, best.said, best.score, self._clock.now())

    def step(self, logits: Tensor, row_bytes: int) -> list[int]:
        """Extend all beginnings by one token and keep the likeliest.

        Args:
            logits: [rows, vocabulary], a row for each beginning.
            row_bytes: Bytes of the cache per row when it was read.

        Returns:
            For each open beginning, the row it comes from.
        """
        try:
            dist = describe(logits, self._settings.top)
        except FloatingPointError:
            raise PlaygroundError(
                "The model produced NaN or infinite logits, so the search was ended: choose fp32 or bf16."
            ) from None
        totals = (torch.tensor([path.score for path in self.running])[:, None] + dist.logprobs).flatten()
        best = totals.topk(min(self._looked_at, len(totals)))
        now_s, before = self._clock.now(), self.running
        rows: list[int] = []
        self.running = []
        for place, (score, at) in enumerate(zip(best.values.tolist(), best.indices.tolist(), strict=True)):
            if len(rows) == self._width:
                break
            row, token = divmod(at, logits.shape[-1])
            path = self._longer(before[row], score, _event(dist, row, token, row_bytes, now_s))
            if path.reason is None:
                self.running.append(path)
                rows.append(row)
            elif place < self._width:  # the other ended candidates were considered only so that enough stay open
                self.finished.append(path)
        self.finished = sorted(self.finished, key=lambda path: -path.score)[: self._width]
        return rows

    def _longer(self, path: _Path, score: float, event: TokenEvent) -> _Path:
        """The beginning plus one token, which may end it, as in `Row.accept`."""
        text = path.text.fork()
        added = text.add(event.id)
        reason: FinishReason | None = None
        if event.id in self._model.eos_ids:
            reason = "eos"
        elif text.stopped:
            reason = "stop"
        elif path.tokens + 1 >= self._room:
            reason = "length"
        top = tuple(replace(item, text=self._model.piece(item.id)) for item in event.top)
        event = replace(event, index=path.tokens, text=added, top=top)
        longer = _Path(path, event, score, path.tokens + 1, text, path.said + added)
        return longer if reason is None else _ended(longer, reason)

    def end_all(self, reason: FinishReason) -> None:
        """End all open beginnings."""
        ended = [_ended(path, reason) for path in self.running]
        self.finished = sorted([*self.finished, *ended], key=lambda path: -path.score)[: self._width]
        self.running = []


def _ended(path: _Path, reason: FinishReason) -> _Path:
    """The answer, with the text that was still held back."""
    rest = path.text.flush()
    if path.text.stopped and reason != "eos":
        reason = "stop"
    event = path.event and replace(path.event, text=path.event.text + rest)
    return replace(path, event=event, said=path.said + rest, reason=reason)


def _event(dist: Distribution, row: int, token: int, row_bytes: int, now_s: float) -> TokenEvent:
    """The token's values from the distribution; its position and texts are filled in later."""
    logprob, rank = dist.of(row, token)
    top = zip(dist.top_ids[row], dist.top_probs[row], strict=True)
    return TokenEvent(
        index=0, id=token, text="", logprob=logprob, rank=rank, entropy_bits=max(0.0, dist.entropy_bits[row]),
        sampled_prob=1.0, kept=1, survivors=(1, 1, 1), top=tuple(Candidate(id, "", prob) for id, prob in top),
        kv_cache_bytes=row_bytes, time_s=now_s,
    )  # fmt: skip


def _hypothesis(path: _Path) -> Hypothesis:
    events: list[TokenEvent] = []
    one: _Path | None = path
    while one is not None and one.event is not None:
        events.append(one.event)
        one = one.before
    return Hypothesis(tuple(reversed(events)), path.score, path.reason or "cancelled")
