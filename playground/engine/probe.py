"""Whether the loop reads a model as the model's forward pass does; checked before first use.

The reference is one plain pass of transformers' module over a short text, without a cache. Each way the loop reads
is compared with it: the text at once, then a token at a time; in two parts; two rows that diverge and swap; some
tokens removed and others read. A way that differs by more than rounding is a limit, and is not used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from playground.engine.architecture import ONE_CHUNK, counts_past_padding, unusable_cache
from playground.engine.model import KVCache, LanguageModel
from playground.engine.module import ModuleModel
from playground.models.facts import PLAIN, Ability, Findings

_TOKENS, _SPLIT, _PART = 14, 12, 5
# Differences are root mean squares of logits, as shares of their standard deviation. For the default model, in other
# orders: 1e-5 in fp32, 0.13 in bf16. A wrong position or state gives 0.1 to 1.4.
_FP32_ROUNDING, _LEAST_16_BIT, _MOST_16_BIT = 3e-4, 0.3, 0.5
_MARGIN = 4  # times the change that another length of the same text was seen to cause, in 16 bits


class Differs(Exception):
    """A way of reading gives other logits, or fails; the message says why."""


@dataclass(frozen=True)
class Sample:
    """The reference: a text, and another that differs in one token, the one after the split.

    Attributes:
        ids, other_ids: Both texts.
        logits, other_logits: The plain pass's logits after each token, float32 [tokens, vocabulary].
        rounding: The largest difference that rounding may make.
    """

    ids: list[int]
    other_ids: list[int]
    logits: Tensor
    other_logits: Tensor
    rounding: float

    def check(self, found: Tensor, wanted: Tensor) -> None:
        """Reject logits [vocabulary] that differ by more than rounding.

        Raises:
            Differs: By how much.
        """
        difference = _difference(found, wanted)
        if not difference <= self.rounding:
            raise Differs(
                f"its logits differ by {difference:.2g} of their spread, rounding by {self.rounding:.2g} at most"
            )


def sample_of(module: Any) -> Sample:
    """The reference for this module.

    Raises:
        Differs: It can't serve: the plain pass fails, is random, or looks ahead.
    """
    ids = _ordinary_ids(module.config)
    other_ids = [*ids[:_SPLIT], ids[_SPLIT + 1], *ids[_SPLIT + 1 :]]
    logits, other_logits, start = (_attempt(_plain, module, text) for text in (ids, other_ids, ids[:_SPLIT]))
    # Passes of equal length round the same in every number type, except where tokens are sorted by expert: there, only
    # looking ahead moves earlier logits.
    ahead = max(_difference(*pair) for pair in zip(other_logits[:_SPLIT], logits[:_SPLIT], strict=True))
    seen = max(_difference(*pair) for pair in zip(start, logits[:_SPLIT], strict=True))
    narrow = module.dtype != torch.float32
    most = _MOST_16_BIT if narrow else _FP32_ROUNDING
    sorts = any("expert" in name for name, _ in module.named_parameters())
    if not (ahead <= (most if sorts else _FP32_ROUNDING) and seen <= most):
        raise Differs(
            "its logits after a token depend on later tokens, or on chance, so it does not write left to right"
        )
    return Sample(ids, other_ids, logits, other_logits, min(most, max(_LEAST_16_BIT, _MARGIN * seen)))


def probe_decoder(model: LanguageModel, sample: Sample) -> None:
    """Compare our decoder, which has no limits, with the reference.

    Raises:
        Differs: How it differs.
    """
    for check in (_check_steps, *_CHECKS.values()):
        _attempt(check, model, sample)


def probe_module(module: Any) -> Findings:
    """The ways in which transformers' module may be read."""
    try:
        sample = sample_of(module)
    except Differs as why:
        return Findings(refused=f"{why}.")
    why = unusable_cache(module)
    counted, why = (None, why) if why else _first_right(module, sample)
    if counted is None:
        return _with(PLAIN, "cache", why)
    findings = counted
    if module.config.model_type in ONE_CHUNK:
        findings = _with(findings, "chunks", "reading several tokens after others loses a part of its state")
    for ability, check in _CHECKS.items():
        if ability in findings.limits:
            continue
        try:
            _attempt(check, ModuleModel(module, findings), sample)
        except Differs as why:
            findings = _with(findings, ability, str(why))
    return findings


def _first_right(module: Any, sample: Sample) -> tuple[Findings | None, str]:
    """Whether positions are given or left to the module, whichever is right on a second read; else why neither is."""
    reasons = list[str]()
    ways = (PLAIN, Findings(positions=False))
    for findings in reversed(ways) if counts_past_padding(module) else ways:
        try:
            _attempt(_check_steps, ModuleModel(module, findings), sample)
        except Differs as why:
            reasons.append(str(why))
        else:
            return findings, ""
    return None, reasons[0]


def _with(findings: Findings, ability: Ability, why: str) -> Findings:
    return replace(findings, limits={**findings.limits, ability: why})


def _attempt(work: Callable[..., Any], *arguments: Any) -> Any:
    """The result of this work; any exception counts as a difference."""
    try:
        return work(*arguments)
    except Differs:
        raise
    except Exception as error:  # a module may fail in any way
        raise Differs(f"{type(error).__name__}: {' '.join(str(error).split())[:160].rstrip('.')}") from None


def _check_steps(model: LanguageModel, sample: Sample) -> None:
    """The text at once, then a token at a time, interleaved with another text."""
    cache = model.new_cache()
    sample.check(_read(model, cache, sample.ids[:_SPLIT]), sample.logits[_SPLIT - 1])
    _read(model, model.new_cache(), sample.ids[::-1])  # some modules keep other state, which this overwrites
    _check_on(model, cache, sample)


def _check_chunks(model: LanguageModel, sample: Sample) -> None:
    """The text in two parts, as a long prompt is read, then the rest."""
    cache = model.new_cache()
    model.read(torch.tensor([sample.ids[:_PART]]), cache)
    sample.check(_read(model, cache, sample.ids[_PART:_SPLIT]), sample.logits[_SPLIT - 1])
    sample.check(_read(model, cache, sample.ids[_SPLIT : _SPLIT + 1]), sample.logits[_SPLIT])


def _check_rows(model: LanguageModel, sample: Sample) -> None:
    """Two answers to one text; then they swap rows."""
    cache = model.new_cache()
    _read(model, cache, sample.ids[:_SPLIT])
    cache.expand(2)
    both = (sample.ids, sample.logits), (sample.other_ids, sample.other_logits)
    for place in range(_SPLIT, _TOKENS):
        found = model.forward(torch.tensor([[ids[place]] for ids, _ in both]), cache)
        for row, (_, logits) in zip(found, both, strict=True):
            sample.check(row, logits[place])
        cache.select([1, 0])
        both = both[::-1]


def _check_rewind(model: LanguageModel, sample: Sample) -> None:
    """Another text from the split on, then the first text from where it stopped."""
    cache = model.new_cache()
    _read(model, cache, sample.ids[:_SPLIT])
    _read(model, cache, sample.ids[_SPLIT : _SPLIT + 1])
    other = cache.fork_at(_SPLIT)
    if other is None:
        raise Differs("its state holds all tokens that were read, and they can't be removed")
    sample.check(_read(model, other, sample.other_ids[_SPLIT : _SPLIT + 1]), sample.other_logits[_SPLIT])
    _check_on(model, cache, sample)


_CHECKS: dict[Ability, Callable[[LanguageModel, Sample], None]] = {
    "chunks": _check_chunks,
    "rows": _check_rows,
    "rewind": _check_rewind,
}


def _check_on(model: LanguageModel, cache: KVCache, sample: Sample) -> None:
    """The rest of the text, a token at a time."""
    for place in range(cache.length, _TOKENS):
        sample.check(_read(model, cache, sample.ids[place : place + 1]), sample.logits[place])


def _read(model: LanguageModel, cache: KVCache, ids: Sequence[int]) -> Tensor:
    return model.forward(torch.tensor([list(ids)]), cache)[0]


@torch.inference_mode()
def _plain(module: Any, ids: Sequence[int]) -> Tensor:
    """Float32 logits [tokens, vocabulary] of one pass, on the CPU."""
    return module(input_ids=torch.tensor([list(ids)], device=module.device), use_cache=False).logits[0].float().cpu()


def _difference(found: Tensor, wanted: Tensor) -> float:
    """Root mean square of the difference, relative to the reference's spread; without tokens masked in both."""
    masked = wanted.isneginf()
    if not torch.equal(masked, found.isneginf()):
        return float("inf")
    found, wanted = found[~masked], wanted[~masked]
    return float((found - wanted).square().mean().sqrt() / wanted.std().clamp(min=1e-30))


def _ordinary_ids(config: Any) -> list[int]:
    """Distinct token ids, without those that the config gives a meaning (padding, images)."""
    text = config.get_text_config(decoder=True)
    named = [value for one in (config, text) for name, value in one.to_dict().items() if name.endswith("token_id")]
    special = {id for value in named for id in (value if isinstance(value, list | tuple) else [value])}
    plain = [id for id in range(min(text.vocab_size, 4096)) if id not in special]
    order = torch.randperm(len(plain), generator=torch.Generator().manual_seed(0))[:_TOKENS].tolist()
    return [plain[place] for place in order]
