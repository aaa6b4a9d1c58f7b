"""What the test of declared experiments fills in: values that take a second or two, and long ones."""

from typing import Any

QUICK: dict[str, dict[str, Any]] = {
    "agent": {
        "prompt": "Read <img src=x onerror=window.__x=1>",
        "tool": "search",
        "strategy": "truncated",
        "steps": "2",
        "answer_tokens": "4",
        "passage_tokens": "8",
        "keep_steps": "1",
        "without_cache": False,
    },
    "context": {"lengths": "8, 16, 24", "time_limit_s": "40"},
    "needle": {"lengths": "200, 240", "depths": "0, 0.5"},
    "temperature-ladder": {"temperatures": "0, 1.5"},
    "ladder": {"tokens": "6", "quick": True},
    "load": {"requests": "4", "max_new_tokens": "6"},
    "throughput": {"batches": "1, 4", "output_tokens": "4"},
    "lens": {"positions": "4"},
    "training": {"sentence": "the ants are in the end", "learning_rate": "0.01"},
    "width": {"words": "a, longer", "times": "2"},
}
"""By experiment, values by field."""
LONG: dict[str, dict[str, Any]] = {
    "needle": {"lengths": ", ".join(map(str, range(440, 480))), "depths": "0, 0.25, 0.5, 0.75, 1"},
    "ladder": {"tokens": "512", "quick": True},
    "load": {"requests": "1000", "max_new_tokens": "400"},
    "throughput": {"batches": ", ".join(map(str, range(21, 33))), "output_tokens": "380"},
}
"""Work that goes on until somebody stops it; an experiment that is always quick has none."""
PROMPTS = {"Reruns": "#reruns-prompt", "Reruns/Determinism": "#reruns-prompt"}
"""Where a room's prompt is written, for experiments that take it."""
