"""What runs in a fresh process: `python -m playground.experiments.determinism.child JOB`.

Prints JSON lines: `{"fraction": ...}` while it goes, `{"result": ...}` at the end.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from playground.experiments.determinism.answers import Ground, Reference, greedy, measure
from playground.experiments.determinism.drift import sha1_of
from playground.experiments.determinism.manners import ModuleManner
from playground.experiments.determinism.operations import Widths, base_outputs
from playground.experiments.determinism.process import Job
from playground.models.catalogue import ModelEntry
from playground.models.loading import load
from playground.runs.stages import Stage, Steps


def main(argument: str) -> None:
    """Do the job and print its result."""
    job = Job(**json.loads(argument))
    torch.set_num_threads(job.threads)
    work = {"answer": _answer, "operations": _operations}[job.kind](job)
    while True:
        try:
            update = next(work)
        except StopIteration as end:
            print(json.dumps({"result": end.value}), flush=True)
            return
        if isinstance(update, Stage):
            print(json.dumps({"fraction": update.fraction}), flush=True)


def _answer(job: Job) -> Steps[dict[str, Any]]:
    """The greedy answer, or the reference from the file; then, if requested, several rows compared with it."""
    loaded = load(ModelEntry.model_validate_json(job.entry), job.quantization, device=job.device, engine="transformers")
    ground = Ground(list(job.prompt), job.room, frozenset(job.eos_ids))
    if job.file:
        held = load_file(job.file)
        reference = Reference(held["token_ids"].tolist(), list(held["logits"]))
    else:
        reference = yield from greedy(ModuleManner(loaded.module), ground, "")
    measured = None
    if job.rows:
        measured = yield from measure(ModuleManner(loaded.module, rows=job.rows), reference, ground, "")
    return {
        "token_ids": reference.token_ids,
        "hashes": [] if job.file else reference.hashes,
        "measured": measured and asdict(measured),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
    }


def _operations(job: Job) -> Steps[dict[str, Any]]:
    """Outputs of single operations, into the file."""
    assert job.widths is not None
    outputs = base_outputs(Widths.of(job.widths), job.device)
    save_file({name: value.clone().contiguous() for name, value in outputs.items()}, job.file)
    yield Stage("", 1.0)
    return {"operations": {name: sha1_of(value.float()) for name, value in outputs.items()}}


if __name__ == "__main__":
    main(sys.argv[1])
