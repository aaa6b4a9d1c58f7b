"""Where a run took place: everything that can change its bits, so that a replay can say what differs."""

import os
import platform
from importlib.metadata import version
from typing import Any

import playground
from playground.models.cgroup import cpu_limit, memory_limit_bytes
from playground.models.facts import ModelFacts

_KNOBS = ("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "OMP_NUM_THREADS")


def describe_environment(facts: ModelFacts, prefill_chunk: int) -> dict[str, Any]:
    """Versions, processor, threads, a container's limits (None without), number type and the code that computes."""
    import torch  # noqa: PLC0415  reading a record must not import torch

    return {
        "playground": playground.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "transformers": version("transformers"),
        "platform": platform.platform(),
        "processor": facts.device_name,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "cpu_limit": cpu_limit(),
        "memory_limit_bytes": memory_limit_bytes(),
        "device": facts.device,
        "dtype": facts.dtype,
        "engine": facts.path,
        "prefill_chunk": prefill_chunk,
        "weights_note": facts.weights_note,
        **({"limits": list(facts.limits)} if facts.limits else {}),
        "environment_variables": {name: os.environ[name] for name in _KNOBS if name in os.environ},
    }


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs between two environments, one sentence each."""
    return [
        f"{key}: {before.get(key)!r} then, {now.get(key)!r} now"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]
