"""Context documents run again: what can be compared is, times are not."""

from typing import Any

from playground.experiments.context.curve import CurveRequest, context_curve
from playground.experiments.context.needle import NeedleRequest, needle
from playground.experiments.context.records import CellRecord, ContextRecord, NeedleRecord, TokensRecord
from playground.experiments.context.tokens import tokens_of
from playground.runs.environment import changes
from playground.runs.services import Runner

Told = tuple[list[str], list[str]]
_TOLERANCE = 1e-3  # of a probability: products of other shapes, and of other processors, differ in their last bits
_NO_LIMIT_S = 86_400.0


def context_again(old: ContextRecord, runner: Runner, model: str | None) -> Told:
    """The lengths that were measured: their KV bytes, exactly."""
    if not old.points:
        return [], []
    lengths = tuple(point.tokens for point in old.points)
    asked = CurveRequest(model or old.model.id, old.model.quantization, lengths, _NO_LIMIT_S)
    new = next(update for update in context_curve(runner, asked) if isinstance(update, ContextRecord))
    differences = [
        f"{then.tokens} tokens: {then.kv_bytes:,} bytes of keys and values then, {now.kv_bytes:,} now."
        for then, now in zip(old.points, new.points, strict=True)
        if then.kv_bytes != now.kv_bytes
    ]
    return differences, changes(old.environment, new.environment)


def needle_again(old: NeedleRecord, runner: Runner, model: str | None) -> Told:
    """The same needles: each probability, within a tolerance."""
    asked = NeedleRequest(
        model or old.model.id, old.model.quantization, tuple(old.lengths), tuple(old.depths), old.seed
    )
    now: dict[tuple[int, float], CellRecord] = {}
    environment: dict[str, Any] = {}
    for update in needle(runner, asked, lambda: len(now) >= len(old.cells)):
        if isinstance(update, CellRecord):
            now[update.length, update.depth] = update
        elif isinstance(update, NeedleRecord):
            environment = update.environment
    differences = [
        f"{then.length} tokens, depth {then.depth:.0%}: {then.probability:.4f} then, {new.probability:.4f} now."
        for then in old.cells
        if abs(then.probability - (new := now[then.length, then.depth]).probability) > _TOLERANCE
    ]
    return differences, changes(old.environment, environment)


def tokens_again(old: TokensRecord, runner: Runner, model: str | None) -> Told:
    """The same text through the tokenizer that is here now."""
    name = model or old.model_id
    list(runner.load(name, "fp32"))
    backend = runner.loaded(name)
    assert backend is not None
    new = backend.tokenize(
        lambda tokenizer: tokens_of(tokenizer, name, old.text, chat=old.chat, inject=old.inject, system=old.system)
    )
    same = [token.id for token in old.tokens] == [token.id for token in new.tokens]
    return ([] if same else ["The text is read as other tokens than then."]), []
