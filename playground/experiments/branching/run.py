"""A branch of an answer: another token at one place, or another way to continue, on the cache of the tokens before."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from playground.backends.base import Backend, Capability, Loading
from playground.backends.job import Job, Queued
from playground.engine.beam import BeamEnd, BeamProgress
from playground.engine.clock import Clock
from playground.engine.events import Event, Finished, FinishReason, PreparedPrompt, PromptProcessed, Token, TokenEvent
from playground.engine.text import whole_text
from playground.errors import PlaygroundError
from playground.experiments.branching.records import MAX_NAME_CHARS, BranchesRecord, BranchRecord, How
from playground.experiments.branching.request import BranchRequest, check_branch
from playground.experiments.branching.tokens import chosen_ids
from playground.experiments.branching.tree import greedy_twin, tokens_of, total_logprob
from playground.metrics.timing import Timing, timing_of
from playground.runs.measure import token_record
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.settings import Settings

NEEDS: frozenset[Capability] = frozenset({"forced"})
_MOST_OF_A_NAME = 40


@dataclass(frozen=True)
class BranchStart:
    """A branch begins: everything of the answer before `at` is its parent's."""

    parent: int
    at: int
    how: How
    width: int | None


BranchUpdate = Queued | Loading | BranchStart | Event | BeamProgress | BranchRecord
"""What `start_branch` yields. A record comes last; a beam search comes after the greedy branch, if that is new."""


def start_branch(
    runner: Runner,
    tree: BranchesRecord,
    request: BranchRequest,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    model: str | None = None,
    beside_greedy: bool = True,
) -> Generator[BranchUpdate, None, None]:
    """Make a branch; a beam search makes the greedy branch of the same beginning first, if the tree has none.

    The tree is not changed: pass the record to `tree.add`. A stopped branch that has a token is kept. `model` is the
    model's id if it has another name now.

    Raises:
        PlaygroundError: It can't be made.
    """
    settings = check_branch(tree, request)
    job = Job("A branch", settings.max_new_tokens)

    def work(backend: Backend) -> Iterator[BranchUpdate]:
        forced = chosen_ids(backend, request.token, several=request.several)
        grown = _Growing(backend, tree, request, settings, forced, request.how, job.clock)
        if beside_greedy and request.how == "beam" and greedy_twin(tree, grown.given, _plain(settings)) is None:
            yield from _Growing(backend, tree, request, settings, forced, "greedy", job.clock).events(should_stop)
            if should_stop():
                return
        yield from grown.events(should_stop)

    run = tree.run
    yield from runner.holding(model or run.model.id, run.model.quantization, work, should_stop, needs=NEEDS, job=job)


def prompt_of(backend: Backend, run: RunRecord, answer_ids: Sequence[int], settings: Settings) -> PreparedPrompt:
    """The prompt of a saved run, by its recorded ids.

    Raises:
        PlaygroundError: They, or those of the answer, are outside this model's vocabulary, or the settings need more
            context than it has.
    """
    ids = run.prompt_token_ids
    if not ids or not all(0 <= id < backend.facts.vocabulary for id in (*ids, *answer_ids)):
        raise PlaygroundError(
            f"This file has token ids outside the vocabulary of {backend.facts.title}: it was made with another model."
        )
    return PreparedPrompt(tuple(ids), run.dropped_prompt_tokens, backend.context_length(settings))


@dataclass
class _Growing:
    """One branch in progress."""

    backend: Backend
    tree: BranchesRecord
    request: BranchRequest
    settings: Settings
    forced: Sequence[int]
    how: How
    clock: Clock
    tokens: list[Token] = field(default_factory=list)
    processed: PromptProcessed | None = None
    reason: FinishReason = "cancelled"
    ended: bool = False

    def __post_init__(self) -> None:
        self.shared = tokens_of(self.tree, self.request.parent)[: self.request.at]
        self.given = [*(token.id for token in self.shared), *self.forced]

    def events(self, should_stop: Callable[[], bool]) -> Iterator[BranchUpdate]:
        """All events, its record last if it has a token."""
        width = self.request.width if self.how == "beam" else None
        yield BranchStart(self.request.parent, self.request.at, self.how, width)
        clock = self.clock.lap()
        prompt = prompt_of(self.backend, self.tree.run, self.given, self.settings)
        for event in self._grow(prompt, should_stop, clock):
            if isinstance(event, TokenEvent):
                self.tokens.append(token_record(event))
            elif isinstance(event, PromptProcessed):
                self.processed = self.processed or event
            elif isinstance(event, Finished):
                self.reason, self.ended = event.reason, True
            yield event
        if self.tokens:
            yield self._record(clock.now())

    def _grow(
        self, prompt: PreparedPrompt, should_stop: Callable[[], bool], clock: Clock
    ) -> Iterator[Event | BeamProgress]:
        if self.how != "beam":
            yield from self.backend.resume(
                prompt, self.given, self.settings,
                tell_from=self.request.at, should_stop=should_stop, clock=clock,
            )  # fmt: skip
            return
        if self.forced:  # reported with their own probabilities; then the search continues
            only = self.settings.model_copy(update={"max_new_tokens": len(self.given)})
            events = self.backend.resume(
                prompt, self.given, only, tell_from=self.request.at, should_stop=should_stop, clock=clock
            )
            for event in events:
                goes_on = isinstance(event, Finished) and event.reason == "length"
                if not goes_on or len(self.given) >= self.settings.max_new_tokens:
                    yield event
            if self.ended:
                return
        yield from self._search(prompt, should_stop, clock)

    def _search(
        self, prompt: PreparedPrompt, should_stop: Callable[[], bool], clock: Clock
    ) -> Iterator[Event | BeamProgress]:
        """Steps of the search, then the answer it found, as token events."""
        for update in self.backend.beams(
            prompt, self.given, self.settings, self.request.width, should_stop=should_stop, clock=clock
        ):
            if not isinstance(update, BeamEnd):
                yield update
                continue
            for found in update.hypotheses[:1]:
                yield from found.events
                yield Finished(found.reason, "", update.time_s)

    def _record(self, e2e_s: float) -> BranchRecord:
        whole = [*self.shared, *self.tokens]
        total = total_logprob(whole)
        computed = self.processed.computed_tokens if self.processed else 0
        reused = len(self.tree.run.prompt_token_ids) + self.request.at - computed if self.processed else 0
        rate = self.tree.run.timing.prefill_tokens_per_s
        return BranchRecord(
            id=1,  # `tree.add` numbers it
            parent=self.request.parent,
            at=self.request.at,
            name=self._name(),
            how=self.how,
            width=self.request.width if self.how == "beam" else None,
            forced=min(len(self.forced), len(self.tokens)),
            settings=_plain(self.settings),
            tokens=self.tokens,
            text=self.backend.tokenize(
                lambda tokenizer: whole_text(
                    tokenizer, self.settings, self.tree.run.prompt_token_ids, [token.id for token in whole]
                )
            ),
            finish_reason=self.reason,
            timing=self._timing(computed, e2e_s),
            total_logprob=total,
            mean_logprob=total / len(whole),
            computed_tokens=computed,
            reused_tokens=reused,
            saved_s=reused / rate if rate else None,
        )

    def _timing(self, computed: int, e2e_s: float) -> Timing:
        """A beam search returns its whole answer at once; the times are those at which each token was computed."""
        prefill_s = self.processed.prefill_s if self.processed else None
        times_s = [token.time_s for token in self.tokens]
        return timing_of(times_s, prefill_s=prefill_s, computed_prompt_tokens=computed, end_s=e2e_s)

    def _name(self) -> str:
        """The chosen token, and how it was continued."""
        pieces = "".join(self.backend.piece(id) for id in self.forced)
        words = " ".join(pieces.split())[:_MOST_OF_A_NAME]
        chosen = f"“{words}”" if words else f"token {self.forced[0]}" if self.forced else ""
        ways = {
            "choice": "", "greedy": "greedy", "sample": f"sample, seed {self.settings.seed}",
            "beam": f"beam of {self.request.width}",
        }  # fmt: skip
        return ", ".join(part for part in (chosen, ways[self.how]) if part)[:MAX_NAME_CHARS] or "a branch"


def _plain(settings: Settings) -> dict:
    return settings.model_dump(mode="json")
