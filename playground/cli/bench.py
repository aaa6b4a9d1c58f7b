"""`playground bench`."""

import json as json_module
import platform
import sys
from dataclasses import asdict

import torch

from playground.bench.result import Result
from playground.bench.suite import Bench
from playground.cli.terminal import show_progress
from playground.errors import PlaygroundError, nearest
from playground.metrics.roofline import measure_bandwidth
from playground.models.catalogue import Catalogue
from playground.models.fetch import fetch
from playground.models.placement import device_name
from playground.paths import presets_dir
from playground.runs.progress import with_progress
from playground.views.format import format_bytes


def run_bench(*, quick: bool, only: list[str], json: bool) -> None:
    """Run the measurements and print them."""
    catalogue = Catalogue.load(presets_dir(), [])
    show_progress(with_progress(lambda progress: fetch(catalogue.default, progress)))
    bandwidth = measure_bandwidth("cpu")
    bench = Bench(catalogue, bandwidth, **({"rounds": 2, "tokens": 24} if quick else {}))
    for name in only:
        if name not in bench.names():
            raise PlaygroundError(f"Unknown measurement {name!r}: {nearest(name, bench.names())}")
    machine = {
        "processor": device_name("cpu"), "threads": torch.get_num_threads(), "torch": str(torch.__version__),
        "platform": platform.platform(), "bandwidth_bytes_per_s": bandwidth, "model": catalogue.default.id,
    }  # fmt: skip
    if not json:
        print(f"{machine['processor']}, {machine['threads']} threads, torch {machine['torch']}, reads", end=" ")
        print(f"{format_bytes(bandwidth)}/s; {catalogue.default.title}")
        print(f"{'measurement':<24}{'ours':>10}{'peer':>10}{'ratio':>8}{'target':>8}{'limit':>8}  unit, what")
    results = []
    for result in bench.run(only):
        results.append(asdict(result) | {"is_met": result.is_met})
        print(_line(result), file=sys.stderr if json else sys.stdout, flush=True)
    if json:
        print(json_module.dumps({"machine": machine, "results": results}, indent=1))


def _line(result: Result) -> str:
    limit = "" if result.limit is None else f"{result.limit:.1f}"
    figures = f"{result.ours:>10.4g}{result.peer:>10.4g}{result.ratio:>8.2f}{result.target:>8.2f}{limit:>8}"
    return f"{result.name:<24}{figures}  {result.unit}; {result.note}{'' if result.is_met else '; MISSED'}"
