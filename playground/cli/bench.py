"""`playground bench`."""

import json as json_module
import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from playground.bench.budget import LEAST, Budget
from playground.bench.result import NotMeasured, Result
from playground.bench.suite import QUICK_ROUNDS, ROUNDS, TABLE, turns
from playground.bench.turns import Began, Turns
from playground.cli.terminal import show_progress
from playground.errors import PlaygroundError
from playground.metrics.roofline import measure_bandwidth
from playground.models.catalogue import Catalogue
from playground.models.fetch import fetch
from playground.models.placement import device_name
from playground.paths import presets_dir
from playground.runs.progress import with_progress
from playground.views.format import count_of, format_bytes

MOST_MINUTES = 600


def run_bench(*, quick: bool, only: list[str], minutes: float, json: bool) -> None:
    """Run the measurements within this time and print them."""
    if not 0 < minutes <= MOST_MINUTES:
        raise PlaygroundError(f"--minutes must be above 0 and at most {MOST_MINUTES}; got {minutes:g}.")
    catalogue, most = Catalogue.load(presets_dir(), []), QUICK_ROUNDS if quick else ROUNDS
    show_progress(with_progress(lambda progress: fetch(catalogue.default, progress)))
    budget = Budget(minutes * 60, most)
    bandwidth = measure_bandwidth("cpu")
    machine = {
        "processor": device_name("cpu"), "threads": torch.get_num_threads(), "torch": str(torch.__version__),
        "platform": platform.platform(), "bandwidth_bytes_per_s": bandwidth, "model": catalogue.default.id,
    }  # fmt: skip
    with turns(catalogue.default, bandwidth, budget, only) as measured:
        if not json:
            print(f"{machine['processor']}, {machine['threads']} threads, torch {machine['torch']}, reads", end=" ")
            print(f"{format_bytes(bandwidth)}/s; {catalogue.default.title}")
        print(_estimate(budget, measured, most=most), file=sys.stderr)
        report(measured, budget, {"machine": machine, "minutes": minutes}, json=json)


@dataclass
class _Sofar:
    """What was measured, and what was not."""

    results: list[Result] = field(default_factory=list)
    missing: list[NotMeasured] = field(default_factory=list)
    is_stopped: bool = False

    def take(self, update: Result | NotMeasured) -> None:
        if isinstance(update, Result):
            self.results.append(update)
        else:
            self.missing.append(update)

    def to_json(self, about: dict[str, Any]) -> str:
        results = [asdict(one) | {"is_met": one.is_met} for one in self.results]
        missing = [asdict(one) for one in self.missing]
        found = {"stopped": self.is_stopped, "results": results, "not_measured": missing}
        return json_module.dumps(about | found, indent=1)


def report(measured: Turns, budget: Budget, about: dict[str, Any], *, json: bool) -> None:
    """Print every result as it comes; with `json` one document in the end, also when it ends early.

    Ctrl+C and SIGTERM stop it: what was measured is kept.

    Raises:
        PlaygroundError: Nothing was measured.
    """
    lines, sofar = sys.stderr if json else sys.stdout, _Sofar()
    print(f"{'measurement':<24}{'ours':>10}{'peer':>10}{'ratio':>8}{'target':>8}{'limit':>8}{'rounds':>8}  unit, what",
          file=lines)  # fmt: skip
    try:
        with _interrupts():
            for update in measured.run():
                if isinstance(update, Began):
                    print(_progress(update), file=sys.stderr, flush=True)
                    continue
                sofar.take(update)
                print(_line(update), file=lines, flush=True)
    except KeyboardInterrupt:
        sofar.is_stopped = True
    finally:
        left = [NotMeasured(name, "stopped" if sofar.is_stopped else "an error") for name in measured.ahead]
        sofar.missing += left
        for one in left:
            print(_line(one), file=lines, flush=True)
        if json and sofar.results:
            print(sofar.to_json(about | {"seconds": round(budget.gone_s, 1)}))
    if not sofar.results:
        raise PlaygroundError(
            "The bench was stopped before there was anything to keep." if sofar.is_stopped else
            "Nothing was measured: " + "; ".join(f"{one.name}: {one.why}" for one in sofar.missing)
        )  # fmt: skip


@contextmanager
def _interrupts() -> Iterator[None]:
    """Within, SIGTERM interrupts as Ctrl+C does: what was started is ended on the way out."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _estimate(budget: Budget, measured: Turns, *, most: int) -> str:
    rounds = f"{LEAST} to {most} rounds" if most > LEAST else f"{LEAST} rounds"
    return (
        f"{count_of(measured.count, 'measurement')}, {rounds} of each as time allows: about "
        f"{_span(budget.rest_s)} of {_span(budget.limit_s)}. By what each took on {TABLE}; corrected as this machine "
        "shows its speed. Ctrl+C keeps what was measured."
    )


def _progress(began: Began) -> str:
    names = ", ".join(began.names)
    return f"[{began.place}/{began.count}] {names}: {_span(began.gone_s)} gone, about {_span(began.rest_s)} left"


def _span(seconds: float) -> str:
    """Rough, as it is only expected: 45 s, 4 min."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _line(one: Result | NotMeasured) -> str:
    if isinstance(one, NotMeasured):
        return f"{one.name:<24}not measured: {one.why}"
    limit = "" if one.limit is None else f"{one.limit:.1f}"
    figures = f"{one.ours:>10.4g}{one.peer:>10.4g}{one.ratio:>8.2f}{one.target:>8.2f}{limit:>8}{one.rounds:>8}"
    return f"{one.name:<24}{figures}  {one.unit}; {one.note}{'' if one.is_met else '; MISSED'}"
