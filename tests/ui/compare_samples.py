"""Made-up runs with known tokens, for what is drawn of comparisons."""

import math
from collections.abc import Sequence
from typing import Any

from playground.engine.events import Candidate, Token
from playground.experiments.compare.diff import diff_runs
from playground.experiments.compare.records import CompareRecord, SweepRecord
from playground.metrics.timing import Timing
from playground.runs.records import CostRecord, EnergyRecord, MemoryRecord, ModelRecord, RunRecord
from playground.settings import make_settings

HOSTILE = "<img src=x onerror=window.__x=1>${window.__y=1}"
_WORDS: dict[str, int] = {}


def _id(word: str) -> int:
    return _WORDS.setdefault(word, len(_WORDS))


def _token(index: int, word: str, prob: float, others: dict[str, float]) -> Token:
    top = sorted({word: prob, **others}.items(), key=lambda one: -one[1])
    return Token(
        index=index, id=_id(word), text="" if word == "<end>" else word, logprob=math.log(prob), rank=1,
        entropy_bits=1.0, sampled_prob=1.0, kept=3, time_s=0.1 * (index + 1),
        top=tuple(Candidate(id=_id(text), text=text, prob=p) for text, p in top),
    )  # fmt: skip


def made_run(
    words: Sequence[str],
    *,
    prob: float = 0.5,
    others: dict[str, float] | None = None,
    quantization: str = "fp32",
    model: str = "tiny-llama",
    finish_reason: Any = "length",
    decode: float | None = 10.0,
    **settings: Any,
) -> RunRecord:
    """A run whose tokens are these words, each of this probability, with these others beside it."""
    tokens = [_token(i, word, prob, others or {}) for i, word in enumerate(words)]
    wanted = make_settings(**{"seed": 1, "context_length": 512, **settings})
    return RunRecord(
        model=ModelRecord(
            id=model, source="made up", parameters=10, quantization=quantization, weights_bytes=40,
            context_length=512, device="cpu",
        ),
        settings=wanted.model_dump(mode="json"), prompt=HOSTILE, prompt_token_ids=[1, 2], dropped_prompt_tokens=0,
        tokens=tokens, text="".join(token.text for token in tokens), finish_reason=finish_reason,
        timing=Timing(
            ttft_s=0.2, e2e_s=1.0, tpot_s=0.1, itl_p50_s=0.1, itl_p95_s=0.1, itl_p99_s=0.1,
            prefill_tokens_per_s=20.0, decode_tokens_per_s=decode,
        ),
        memory=MemoryRecord(
            weights_bytes=40, kv_cache_bytes=8, kv_bytes_per_token=2, rss_bytes=1000, peak_rss_bytes=1000
        ),
        cost=CostRecord(
            reference_model="a/b", input_tokens=2, output_tokens=len(words), input_usd=0.1, output_usd=0.2,
            total_usd=0.3, prices_as_of="2026-01-01", own_hardware_usd=0.1,
        ),
        energy=EnergyRecord(joules=None, method="none"), environment={},
    )  # fmt: skip


def compared(*panes: RunRecord, reference: int = 0) -> CompareRecord:
    """A comparison of these runs, in turns."""
    return CompareRecord(
        mode="turns", prompt=HOSTILE, base={}, changes=[{} for _ in panes], reference=reference, panes=list(panes),
        diffs=[diff_runs(panes[reference], pane, n) for n, pane in enumerate(panes) if n != reference],
    )  # fmt: skip


def swept(name: str, runs: dict[Any, RunRecord], asked: Sequence[Any] | None = None) -> SweepRecord:
    """A sweep that gave these runs."""
    return SweepRecord(
        prompt=HOSTILE, name=name, values=list(runs), asked=list(asked or runs), runs=list(runs.values())
    )
