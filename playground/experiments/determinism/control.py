"""The A/A control: the reference against itself, here and in fresh processes, bit by bit."""

import hashlib
from collections.abc import Sequence

from playground.experiments.determinism.answers import Ground, Reference, greedy
from playground.experiments.determinism.manners import Manner
from playground.experiments.determinism.process import Job, in_fresh_process
from playground.experiments.determinism.records import ControlRecord
from playground.runs.stages import Steps

IN_PROCESS = 5  # the reference counts as the first
FRESH = 3


def again(manner: Manner, first: Reference, ground: Ground, number: int, total: int) -> Steps[list[str]]:
    """The reference once more in this process: what differs, in words."""
    other = yield from greedy(manner, ground, f"Control: the same again, {number} of {total}")
    return differences(f"run {number} in this process", first.hashes, other.hashes)


def again_fresh(job: Job, first: Reference, ground: Ground, number: int) -> Steps[list[str]]:
    """The reference once more in a fresh process: what differs, in words."""
    result = yield from in_fresh_process(
        job, {}, ground.should_stop, f"Control: the same in a fresh process, {number} of {FRESH}"
    )
    return differences(f"fresh process {number}", first.hashes, result["hashes"])


def differences(name: str, first: Sequence[str], other: Sequence[str]) -> list[str]:
    """Which steps of a run have other logits than the first one's; empty if none has."""
    found = [index for index, pair in enumerate(zip(first, other, strict=False)) if pair[0] != pair[1]]
    if len(first) != len(other):
        return [f"{name}: {len(other)} steps instead of {len(first)}"]
    return [f"{name}: {len(found)} of {len(first)} steps, the first at token {found[0]}"] if found else []


def control_record(first: Reference, in_process: int, fresh: int, differing: list[str]) -> ControlRecord:
    """What the control found."""
    return ControlRecord(
        repeats=in_process + fresh,
        in_process=in_process,
        fresh_processes=fresh,
        bitwise_equal=not differing,
        logits_sha1=hashlib.sha1("".join(first.hashes).encode(), usedforsecurity=False).hexdigest(),
        differing=differing,
    )
