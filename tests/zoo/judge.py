"""What the loop makes of a model, held against plain forward passes: no cache, every text read whole.

The probe decides how a model is read; the laws here know nothing of it. Whatever it found, all that the loop can be
asked to do must give the numbers of the plain pass: a limit may cost time, or an answer of None, never another number.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal
from unittest.mock import patch

import torch
from torch import Tensor

from playground.engine import chunks
from playground.engine.generate import stream
from playground.engine.model import TextModel
from playground.engine.module import ModuleModel
from playground.engine.probe import probe_module
from playground.models.facts import Ability, Findings
from playground.settings import Settings
from tests.engine.helpers import ids_of
from tests.tiny import tiny_tokenizer
from tests.zoo.configs import WINDOW
from tests.zoo.models import zoo_config, zoo_model

_PROMPT, _ANSWER = 28, 8  # tokens; the prompt is longer than a window, a chunk, and the first length of longrope
_ROUNDING = 1e-3  # of the spread of the logits, the largest difference there is; fp32 gives about 1e-5
Pairs = Iterator[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Verdict:
    """What became of a model.

    Attributes:
        name: Of the zoo.
        kind: `refused` before it answers anybody; `limited` where the probe found something; else `equal`.
        words: Why, in the words that a person meets.
        limits: What it can't do as others do, with the reason.
        faults: The laws that do not hold, with what was seen.
    """

    name: str
    kind: Literal["equal", "limited", "refused"]
    words: str = ""
    limits: Mapping[Ability, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def judge(name: str) -> Verdict:
    """Build a model, probe it, and hold everything that the loop does against the plain pass."""
    if zoo_config(name).is_encoder_decoder:
        return Verdict(name, "refused", "An encoder with a decoder: only decoder-only language models run here.")
    try:
        module = zoo_model(name)
    except Exception as error:  # what transformers says when a model is loaded
        return Verdict(name, "refused", f"transformers can't build it: {_words(error)}")
    findings = probe_module(module)
    if findings.refused is not None:
        return Verdict(name, "refused", findings.refused)
    plain = Plain(module)
    faults = tuple(f"{law}: {fault}" for law in LAWS if (fault := _fault(law, findings, plain)))
    return Verdict(name, "limited" if findings.limits else "equal", "", findings.limits, faults)


def _fault(law: str, findings: Findings, plain: "Plain") -> str:
    """How far a law is from holding; empty if it holds."""
    try:
        worst = max(_difference(*pair) for pair in LAWS[law](ModuleModel(plain.module, findings), plain))
    except Exception as error:  # a model may break in every way there is
        return _words(error)
    return "" if worst <= _ROUNDING else f"differs by {worst:.2g} of the spread"


def _difference(found: Tensor, wanted: Tensor) -> float:
    """The largest one, as a share of the spread; tokens that the model masks are masked in both."""
    finite = wanted.isfinite()
    if not torch.equal(finite, found.isfinite()):
        return float("inf")
    return float((found - wanted)[finite].abs().max() / wanted[finite].std())


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


class Plain:
    """The truth: float32 logits [vocabulary] after a text, by one pass of transformers' module without a cache."""

    def __init__(self, module: Any):
        self.module = module
        self.after = cache(self._after)

    @torch.inference_mode()
    def _after(self, ids: tuple[int, ...]) -> Tensor:
        return self.module(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].float()


@cache
def _text(seed: int, length: int = _PROMPT + _ANSWER) -> tuple[int, ...]:
    """Ids that no config gives a meaning."""
    return tuple(torch.randint(10, 250, (length,), generator=torch.Generator().manual_seed(seed)).tolist())


def _read_on(model: ModuleModel, kept: Any, plain: Plain, texts: list[tuple[int, ...]], steps: int) -> Pairs:
    """Every row reads the next tokens of its text, one at a time."""
    for _ in range(steps):
        at = kept.length
        logits = model.forward(torch.tensor([[text[at]] for text in texts]), kept)
        for row, text in zip(logits, texts, strict=True):
            yield row, plain.after(text[: at + 1])


def _read(model: ModuleModel, kept: Any, plain: Plain, ids: tuple[int, ...], until: int) -> Pairs:
    """One pass over what comes next."""
    yield model.forward(torch.tensor([ids[kept.length : until]]), kept)[0], plain.after(ids[:until])


def _turn(base: tuple[int, ...], at: int, seed: int) -> tuple[int, ...]:
    """A text that leaves another one after some tokens."""
    return base[:at] + _text(seed)[at:]


def parts(model: ModuleModel, plain: Plain) -> Pairs:
    """A prompt in three parts, then step by step; a text token by token; one part over a window, one within."""
    for cuts in ((9, 18, _PROMPT), (_PROMPT,), (WINDOW - 3,), (1,), (12, 20, 21)):
        kept = model.new_cache()
        for until in cuts:
            yield from _read(model, kept, plain, _text(1), until)
        yield from _read_on(model, kept, plain, [_text(1)], 3)


def rows(model: ModuleModel, plain: Plain) -> Pairs:
    """Three answers to one prompt; then two of them, in another order."""
    kept = model.new_cache()
    yield from _read(model, kept, plain, _text(1), _PROMPT)
    texts = [_turn(_text(1), _PROMPT, seed) for seed in (1, 2, 3)]
    kept.expand(3)
    yield from _read_on(model, kept, plain, texts, 2)
    kept.select([2, 0])
    yield from _read_on(model, kept, plain, [texts[2], texts[0]], 2)
    kept.select([1])
    yield from _read_on(model, kept, plain, [texts[0]], 1)


def branches(model: ModuleModel, plain: Plain) -> Pairs:
    """A copy goes its own way, and the first one is where it was; another text is read between."""
    kept, second = model.new_cache(), model.new_cache()
    yield from _read(model, kept, plain, _text(1), _PROMPT)
    yield from _read(model, second, plain, _text(2), 14)
    copy = kept.fork()
    for held, text in ((copy, _turn(_text(1), _PROMPT, 3)), (second, _text(2)), (kept, _text(1))):
        yield from _read_on(model, held, plain, [text], 2)


def rewinds(model: ModuleModel, plain: Plain) -> Pairs:
    """Going back, within a window and past one: nothing, or what was there; the first one is where it was."""
    for until, back in ((WINDOW - 2, 3), (WINDOW + 5, WINDOW + 2), (_PROMPT, 20), (_PROMPT, 4), (_PROMPT, _PROMPT)):
        kept = model.new_cache()
        yield from _read(model, kept, plain, _text(1), until)
        copy = kept.fork_at(back)
        if copy is not None:
            yield from _read_on(model, copy, plain, [_turn(_text(1), back, 4)], 2)
        yield from _read_on(model, kept, plain, [_text(1)], 1)


def answers(model: ModuleModel, plain: Plain) -> Pairs:
    """The greedy answer of the loop, its prompt read in small chunks, is what the plain pass says token for token."""
    prompt = _text(5, _PROMPT - 15)
    with patch.object(chunks, "PREFILL_CHUNK", 4):
        text_model = TextModel(model, tiny_tokenizer(), frozenset())
        found = ids_of(stream(text_model, prompt, Settings(temperature=0, seed=0, max_new_tokens=_ANSWER)))
    assert len(found) == _ANSWER
    for at, id in enumerate(found):
        logits = plain.after((*prompt, *found[:at]))
        yield logits + (logits.max() - logits[id]), logits  # rounding may choose between equals


LAWS: dict[str, Callable[[ModuleModel, Plain], Pairs]] = {
    law.__name__: law for law in (parts, rows, branches, rewinds, answers)
}
