"""The host probe: which knobs change bits on this machine at all, on single operations at the model's own widths."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from playground.errors import PlaygroundError
from playground.experiments.determinism.instruction_sets import older_instructions
from playground.experiments.determinism.operations import DTYPES, PREFILL_ROWS, Operations, Widths, base_outputs
from playground.experiments.determinism.process import Job, in_fresh_process
from playground.experiments.determinism.records import ProbeRecord
from playground.experiments.determinism.switches import threads
from playground.runs.stages import ShouldStop, Stage, Steps, obey

BATCHES = (2, 8, 16)
Pair = tuple[str, str, Tensor, Tensor]  # knob, operation, as it was, as it became
_INSTRUCTIONS = "instruction set"


def probe(widths: Widths, device: str, should_stop: ShouldStop, *, fresh: bool) -> Steps[list[ProbeRecord]]:
    """Every knob on every operation it can matter for, in fp32 and bf16; each record is yielded too.

    The instruction set needs a `fresh` process.
    """
    found: list[ProbeRecord] = []
    doing = "Checking which settings change bits on this machine"
    for number, dtype in enumerate(DTYPES):
        own = Operations(widths, dtype, device)
        for knobs in (_repeat, _batches, _threads, _kernels):
            obey(should_stop)
            yield Stage(doing, number / 3)
            for record in _records(knobs, own, dtype):
                found.append(record)
                yield record
    for record in (yield from _instruction_set(widths, device, should_stop, fresh)):
        found.append(record)
        yield record
    return found


def other_thread_count() -> int:
    """A number of threads that is not the present one: 1, or 2 where it is 1 already."""
    return 1 if torch.get_num_threads() > 1 else 2


@torch.inference_mode()
def _records(knobs: Callable[[Operations], Iterator[Pair]], own: Operations, dtype: str) -> list[ProbeRecord]:
    return [_record(knob, operation, dtype, before, after) for knob, operation, before, after in knobs(own)]


def _repeat(own: Operations) -> Iterator[Pair]:
    knob = "same call twice"
    yield knob, "linear", own.linear(PREFILL_ROWS), own.linear(PREFILL_ROWS)
    yield knob, "attention", own.attend_all(), own.attend_all()
    yield knob, "norm", own.norm(PREFILL_ROWS), own.norm(PREFILL_ROWS)
    yield knob, "activation", own.activation(PREFILL_ROWS), own.activation(PREFILL_ROWS)


def _batches(own: Operations) -> Iterator[Pair]:
    """Every row alone, and in batches."""
    operations = {"linear": own.linear, "norm": own.norm, "activation": own.activation}
    alone = {name: operation(1) for name, operation in operations.items()}
    for rows in BATCHES:
        for name, operation in operations.items():
            yield f"batch {rows}", name, alone[name], operation(rows)
        yield f"batch {rows}", "attention", own.attend_one(1), own.attend_one(rows)[:1]
    yield f"batch 8 or {PREFILL_ROWS}", "linear", own.linear(8), own.linear(PREFILL_ROWS)
    yield "place in the batch", "attention", own.attend_one(8)[:1], own.attend_one(8)[7:]


def _threads(own: Operations) -> Iterator[Pair]:
    operations: dict[str, Callable[[], Tensor]] = {
        "linear, 1 row": lambda: own.linear(1),
        f"linear, {PREFILL_ROWS} rows": lambda: own.linear(PREFILL_ROWS),
        "attention, 1 row": lambda: own.attend_one(1),
        f"attention, {PREFILL_ROWS} rows": own.attend_all,
    }
    for name, operation in operations.items():
        before = operation()
        with threads(other_thread_count()):
            after = operation()
        yield "threads", name, before, after


def _kernels(own: Operations) -> Iterator[Pair]:
    yield "sdpa or written out", "attention", own.attend_all(), own.attend_by_hand()
    yield "causal rule or mask", "attention", own.attend_all(), own.attend_masked()
    yield "mask or none", "attention, 1 row", own.attend_one(1), own.attend_one_masked()
    yield "prefill or decode", "attention", own.attend_all()[-1:], own.attend_one(1)
    yield "prefill or decode", "linear", own.linear(PREFILL_ROWS), own.linear(1)


def _instruction_set(widths: Widths, device: str, should_stop: ShouldStop, fresh: bool) -> Steps[list[ProbeRecord]]:
    """All operations once more in a fresh process that computes as an older processor."""
    variables, name = older_instructions(device)
    if not fresh and variables:
        variables, name = {}, "Left out: it needs a fresh process."
    if not variables:
        return [_unasked(dtype, name) for dtype in DTYPES]
    here = base_outputs(widths, device)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "operations.safetensors")
        job = Job("operations", torch.get_num_threads(), file, widths=widths.plain(), device=device)
        try:
            yield from in_fresh_process(job, variables, should_stop, "Checking another instruction set")
            there: dict[str, Tensor] = load_file(file)
        except PlaygroundError as error:
            return [_unasked(dtype, str(error)) for dtype in DTYPES]
    records = []
    for key, before in here.items():
        operation, dtype = key.split("|")
        records.append(
            _record(_INSTRUCTIONS, operation, dtype, before, there[key], f"{name}: emulates another machine")
        )
    return records


def _record(knob: str, operation: str, dtype: str, before: Tensor, after: Tensor, note: str = "") -> ProbeRecord:
    difference = (after.double() - before.double()).abs()
    share = float((difference > 0).double().mean())
    return ProbeRecord(
        knob=knob, operation=operation, dtype=dtype, active=share > 0, differing_share=share,
        max_abs_diff=float(difference.max()), note=note,
    )  # fmt: skip


def _unasked(dtype: str, why: str) -> ProbeRecord:
    return ProbeRecord(
        knob=_INSTRUCTIONS, operation="all", dtype=dtype, active=False, differing_share=0.0, max_abs_diff=0.0,
        note=f"Not asked: {why}",
    )  # fmt: skip
