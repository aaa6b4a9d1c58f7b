"""Every declared experiment by name. Only their places stand here, so that nothing is imported before it is used.

A person's own experiments are the `*.py` files of the folder that `PLAYGROUND_EXPERIMENTS` names: each holds one
`EXPERIMENT`.
"""

import os
import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError
from playground.runs.experiment import Experiment, late
from playground.runs.records import Document

_PLACES = {
    "compare": "playground.experiments.compare.experiment:COMPARE",
    "sweep": "playground.experiments.compare.experiment:SWEEP",
    "agent": "playground.experiments.agents.experiment:AGENT",
    "context": "playground.experiments.context.experiments:CURVE",
    "needle": "playground.experiments.context.experiments:NEEDLE",
    "throughput": "playground.experiments.throughput.experiment:THROUGHPUT",
    "rerun": "playground.experiments.reruns.experiment:RERUN",
    "temperature-ladder": "playground.experiments.reruns.experiment:TEMPERATURES",
    "ladder": "playground.experiments.determinism.experiment:LADDER",
    "load": "playground.experiments.determinism.experiment:LOAD",
    "lens": "playground.experiments.lens.experiment:LENS",
    "training": "playground.experiments.training.experiment:TRAINING",
    "kv-cache": "playground.experiments.optimise.declared.kv_cache:KV_CACHE",
    "prefix-cache": "playground.experiments.optimise.declared.prefix_cache:PREFIX_CACHE",
    "response-cache": "playground.experiments.optimise.declared.response_cache:RESPONSE_CACHE",
    "speculative": "playground.experiments.optimise.declared.speculative:SPECULATIVE",
    "batching": "playground.experiments.optimise.declared.batching:BATCHING",
    "optimise-load": "playground.experiments.optimise.declared.open_load:OPEN_LOAD",
    "quantization": "playground.experiments.optimise.declared.quantization:QUANTIZATION",
    "threads": "playground.experiments.optimise.declared.threads:THREADS",
    "cascade": "playground.experiments.optimise.declared.cascade:CASCADE",
    "compile": "playground.experiments.optimise.declared.compile:COMPILE",
}


def experiments(folder: Path | None = None) -> dict[str, Experiment[Any, Any]]:
    """All experiments by name: ours, then those of the folder, or else of the folder that the environment names.

    Raises:
        PlaygroundError: A file of the folder declares no experiment, or one whose name is taken.
    """
    place = folder or os.environ.get("PLAYGROUND_EXPERIMENTS")
    return _all(str(Path(place).resolve()) if place else "")


@cache
def _all(folder: str) -> dict[str, Experiment[Any, Any]]:
    found = {name: late(place) for name, place in _PLACES.items()}
    for file in sorted(Path(folder).glob("*.py")) if folder else []:
        experiment = getattr(_imported(file), "EXPERIMENT", None)
        if experiment is None:
            continue  # what an experiment's file imports from beside it
        if not isinstance(experiment, Experiment) or experiment.name in found:
            raise PlaygroundError(f"{file.name}: EXPERIMENT must be an Experiment with a name that is not taken yet.")
        found[experiment.name] = experiment
    return found


def _imported(file: Path) -> Any:
    spec = spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise PlaygroundError(f"{file.name} can't be imported.")
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    module = sys.modules.setdefault(file.stem, module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


def experiment_of(document: Document) -> Experiment[Any, Any] | None:
    """The experiment whose document this is; None for documents of hand-made tabs."""
    return next((one for one in experiments().values() if one.made(document)), None)
