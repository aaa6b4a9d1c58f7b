"""Run records made by hand, for what needs no model."""

import math
from collections.abc import Sequence
from typing import Any

from playground.experiments.compare.experiment import CompareRequest, SweepRequest
from playground.runs.records import RunRecord
from playground.runs.request import read_request
from playground.runs.updates import RunRequest

RUN = {
    "settings": {}, "prompt": "hello", "prompt_token_ids": [1, 2], "dropped_prompt_tokens": 0, "environment": {},
    "memory": {"weights_bytes": 10, "kv_cache_bytes": 4, "kv_bytes_per_token": 2, "rss_bytes": 5, "peak_rss_bytes": 6},
}  # fmt: skip
COST = {"reference_model": "a/b", "input_tokens": 2, "input_usd": 0.0, "output_usd": 0.0, "prices_as_of": "2026-11"}
RATES = ("ttft_s", "tpot_s", "itl_p50_s", "itl_p95_s", "itl_p99_s", "prefill_tokens_per_s", "decode_tokens_per_s")


def run_of(ids: Sequence[int], *, model: str = "tiny", reason: str = "length", method: str = "rapl", **numbers: float):
    """A run of these tokens; `numbers` are the timing's fields, `total_usd`, `own_hardware_usd`, or the energy's."""
    tokens: list[dict[str, Any]] = [
        {
            "index": n, "id": token, "text": f"<{token}>", "logprob": math.log(1 / (token + 2)), "rank": 1 + token % 2,
            "entropy_bits": float(token), "sampled_prob": 0.5, "kept": 3, "time_s": float(n),
            "top": [{"id": token, "text": f"<{token}>", "prob": 0.5}],
        }
        for n, token in enumerate(ids)
    ]  # fmt: skip
    timing = {"e2e_s": numbers.get("e2e_s", 1.0)} | {name: numbers.get(name) for name in RATES}
    usd = {name: numbers.get(name, 0.0) for name in ("total_usd", "own_hardware_usd")}
    return RunRecord.model_validate(
        RUN
        | {
            "model": {
                "id": model, "source": "folder", "parameters": 9, "quantization": "fp32", "weights_bytes": 10,
                "context_length": 512, "device": "cpu",
            },
            "tokens": tokens, "text": "".join(token["text"] for token in tokens), "finish_reason": reason,
            "timing": timing, "cost": COST | usd | {"output_tokens": len(tokens)},
            "energy": {"method": method} | {name: numbers.get(name) for name in ("joules", "net_joules", "idle_watts")},
        }
    )  # fmt: skip


def _base(base: RunRequest) -> dict[str, Any]:
    return {"prompt": base.prompt, "model": base.model, "quantization": base.quantization, "settings": base.settings}


def compare_request(base: RunRequest, *panes: Any, **options: Any) -> CompareRequest:
    """A comparison of the base under these changes, given as texts or by name."""
    return read_request(CompareRequest, _base(base) | {"panes": panes, "passes": 1} | options)


def sweep_request(base: RunRequest, name: str, values: Sequence[Any], *, passes: int = 1) -> SweepRequest:
    """A sweep of the base over these values."""
    return read_request(SweepRequest, _base(base) | {"vary": (name, values), "passes": passes})
