"""What the test of declared experiments fills in: values that take a second or two, and long ones."""

from typing import Any

QUICK: dict[str, dict[str, Any]] = {
    "throughput": {"batches": "1, 4", "output_tokens": "4"},
    "width": {"words": "a, longer", "times": "2"},
}
"""By experiment, values by field."""
LONG: dict[str, dict[str, Any]] = {
    "throughput": {"batches": ", ".join(map(str, range(21, 33))), "output_tokens": "380"},
}
"""Work that goes on until somebody stops it; an experiment that is always quick has none."""
