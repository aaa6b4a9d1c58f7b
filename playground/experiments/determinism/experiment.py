"""The determinism ladder and the load simulator: their requests, how replays compare, their declarations."""

from collections.abc import Iterator

from pydantic import Field, field_validator

from playground.engine.events import PreparedPrompt
from playground.errors import PlaygroundError
from playground.experiments.determinism.records import LadderRecord, LoadRecord
from playground.experiments.determinism.rungs import ARMS, DEFAULT_ARMS, FIXES, RUNGS, pick
from playground.runs.experiment import Experiment
from playground.runs.replay import prompt_again
from playground.runs.request import PromptRequest, Request, item
from playground.runs.work import Work
from playground.settings import PACKED, check_prompt, make_settings

PLAIN = "fp32"  # what the reference is computed in where the weights are packed
MAX_TOKENS = 512  # the logits of every step are held
TIMED_REQUESTS, TIMED_TOKENS = 16, 32  # of a timed pass: enough for a speed
ANCHOR = "80 unique answers of 1,000 (Qwen3-235B, 1,000 tokens each, on GPUs; Thinking Machines, 2025)"
_PER_RUNG = 4  # steps for each token of the answer: it is written and read, by a module half as fast as our decoder
_PER_REQUEST = 0.6  # steps for each token: a batch of four or five, half as fast, with its caches joined and split
_FRESH = 2  # rungs in a fresh process
_NAMES = list(dict.fromkeys(each.name for each in (*RUNGS, *FIXES)))


class LadderRequest(PromptRequest):
    """A ladder of one prompt.

    The temperature and the cuts of the settings are for the two sampling rungs; everything else is greedy, without
    repetition penalty and stop strings.
    """

    tokens: int = item(
        64, "Tokens of the answer", "Every rung computes them all.", flags=["--max-new-tokens"], ge=1, le=MAX_TOKENS
    )
    only: tuple[str, ...] = item((), "Only these rungs and fixes", "May be repeated.", page=False)
    quick: bool = item(False, "Skip what needs a fresh process")

    def work(self) -> Work:
        """Every rung and fix writes the answer and reads the reference's."""
        rungs = len(self.only) or (len(_NAMES) - _FRESH if self.quick else len(_NAMES))
        return Work(rungs, rungs * self.tokens, _PER_RUNG * rungs * self.tokens)

    @field_validator("only")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return pick(value, _NAMES, "rung or fix")


def _ladder_again(old: LadderRecord, model: str) -> LadderRequest:
    """The rungs that were measured and the fixes that were tried."""
    settings = make_settings(**old.settings)
    done = {*(rung.name for rung in old.rungs if not rung.skipped), *(fix.name for fix in old.fixes)}
    return LadderRequest(
        model=model, quantization=old.model.quantization, prompt=old.prompt, settings=settings,
        recorded=prompt_again(old.prompt_token_ids), tokens=settings.max_new_tokens,
        only=tuple(name for name in _NAMES if name in done),  # a file may have names that are gone
        quick=old.control.fresh_processes == 0,
    )  # fmt: skip


def ladder_differences(old: LadderRecord, new: LadderRecord) -> Iterator[str]:
    """Of control and rungs; which token is drawn at random is not claimed, and times are not compared."""
    if new.control.logits_sha1 != old.control.logits_sha1:
        yield "The reference's logits differ from the saved ones."
    if new.reference.token_ids != old.reference.token_ids:
        yield "The reference's answer differs from the saved one."
    now = {rung.name: rung for rung in new.rungs}
    for rung in old.rungs:
        again = now.get(rung.name)
        if rung.skipped or rung.name == "unseeded":
            continue
        if again is None or again.skipped:
            yield f"{rung.title}: did not run again: {again.skipped if again else 'no result'}"
        elif (again.divergence_token, again.token_ids) != (rung.divergence_token, rung.token_ids):
            fork = "no token" if rung.divergence_token is None else f"token {rung.divergence_token}"
            yield f"{rung.title}: first fork at {fork} then, now another answer."


def reference_quantization(chosen: str) -> str:
    """What the reference is computed in, for the chosen quantization."""
    return PLAIN if chosen in PACKED else chosen


def _before(request: LadderRequest) -> str:
    computed = reference_quantization(request.quantization)
    packed = (
        f", since {request.quantization} weights are packed: they are a rung"
        if computed != request.quantization
        else ""
    )
    return f"The reference will be one greedy answer in {computed}{packed}."


LADDER = Experiment(
    name="ladder",
    title="Why did it say something else?",
    about="Why the same prompt can give another answer: one cause after the other, each measured on this machine. "
    "One greedy answer to the prompt above is the reference: in the model and quantization of the sidebar, or in "
    f"{PLAIN} if its weights are packed, since they are another model's. Then one thing is changed at "
    "a time: what it does to the logits, which tokens it puts at risk, whether the answer forks. "
    "Nothing is claimed that this machine does not show.",
    verb="Run the ladder",
    room="Reruns/Determinism",
    request=LadderRequest,
    record=LadderRecord,
    run="playground.experiments.determinism.ladder:ladder",
    view="playground.views.ladder_panels:VIEW",
    again=_ladder_again,
    differences=ladder_differences,
    before=_before,
    needs=frozenset({"weights", "plain"}),
)


class LoadRequest(Request):
    """Greedy requests of one prompt.

    Each method loads the model as it needs it; the quantization is that of the model whose turn is held.

    Attributes:
        recorded: The prompt as a saved document has it, to be read again; None prepares it.
    """

    quantization: str = "bf16"
    prompt: str = item("Tell me about Richard Feynman.", "Prompt of every request", flags=["prompt"])
    requests: int = item(100, "Requests", ge=2, le=1000)
    max_new_tokens: int = item(64, "Tokens of each answer", ge=1, le=1024)
    ways: tuple[str, ...] = item(DEFAULT_ARMS, "Methods", flags=["--arm"], names={arm.name: arm.title for arm in ARMS})
    passes: int = item(
        3, "Timed passes of each method", "From 0 to 9; the first one is measured against itself too.", ge=0, le=9,
        page=False,
    )  # fmt: skip
    seed: int = item(0, "Seed", "Fixes the batch sizes that are drawn.", page=False, ge=0, le=2**32 - 1)
    recorded: PreparedPrompt | None = Field(None, exclude=True)

    @property
    def most_tokens(self) -> int:
        """Of all requests, in every method, and of the timed passes."""
        timed = min(self.requests, TIMED_REQUESTS) * min(self.max_new_tokens, TIMED_TOKENS)
        rounds = self.passes * (len(self.ways) + (len(self.ways) > 1))
        return self.requests * self.max_new_tokens * len(self.ways) + timed * rounds

    @field_validator("prompt")
    @classmethod
    def _prompt(cls, value: str) -> str:
        return check_prompt(value)

    def work(self) -> Work:
        """Batches of random size, each by forward passes of the whole module."""
        return Work(self.requests * len(self.ways), self.most_tokens, _PER_REQUEST * self.most_tokens)

    @field_validator("ways")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise PlaygroundError("Choose at least one method.")
        return pick(value, [arm.name for arm in ARMS], "arm")


def _load_again(old: LoadRecord, model: str) -> LoadRequest:
    """The same requests in the same random batches."""
    done = {arm.name for arm in old.arms}
    return LoadRequest(
        model=model, quantization=old.model.quantization, prompt=old.prompt, requests=old.asked, seed=old.seed,
        max_new_tokens=old.max_new_tokens, recorded=prompt_again(old.prompt_token_ids), passes=0,
        ways=tuple(arm.name for arm in ARMS if arm.name in done) or DEFAULT_ARMS,
    )  # fmt: skip


def _load_differences(old: LoadRecord, new: LoadRecord) -> Iterator[str]:
    """Of the answers of each method."""
    found = {arm.name: arm for arm in new.arms}
    for then in old.arms:
        now = found.get(then.name)
        if now is None:
            yield f"{then.title}: did not run again."
        elif {tuple(a.token_ids): a.count for a in then.answers} != {tuple(a.token_ids): a.count for a in now.answers}:
            yield f"{then.title}: {then.unique} unique of {then.n} then, {now.unique} of {now.n} now."


LOAD = Experiment(
    name="load",
    title="A server under load",
    about="Greedy requests under changing load: unique answers in bf16, in fp32 and with a batch-invariant product. "
    "Many requests ask the same at temperature 0, and the batch around each changes at every step, as on a real "
    "server. Nothing is drawn at random, yet answers can differ: where the size of the batch decides the order of "
    f"additions, it decides the last bits too. On a large server: {ANCHOR}.",
    verb="Run the load",
    room="Reruns/Load",
    request=LoadRequest,
    record=LoadRecord,
    run="playground.experiments.determinism.load:load",
    view="playground.views.load:VIEW",
    again=_load_again,
    differences=_load_differences,
    needs=frozenset({"weights", "plain"}),
)
