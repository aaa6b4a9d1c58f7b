"""llama.cpp over the very file our default model comes from: a peer for `bench`, if it is installed.

It runs in a separate process: in ours, its threads would halve the speed of torch's.
"""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

from playground.bench.alternating import Alternating
from playground.bench.models import PROMPT, RECORDED, prompt_ids
from playground.bench.rates import AT_ONCE, prefill_rate, timed_rows
from playground.bench.reading import long_ids
from playground.bench.result import Result, compared
from playground.models.fetch import fetch
from playground.settings import make_settings

_SERVE = """
import sys, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path, parallel, parameters.cpuparams.n_threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
parameters.n_ctx, parameters.n_parallel, parameters.port = 2048 * parallel, parallel, 0
parameters.cpuparams.poll, parameters.verbosity = 0, -1
server = xllamacpp.Server(parameters)
print("serving at", server.listening_address, flush=True)
sys.stdin.read()
"""
_LONGEST_S = 300
_COMPARED = (
    (
        "int4",
        "int4 / llama.cpp",
        0.8,
        "decode, everything recorded / llama.cpp on the same file (Q4_1), same threads",
    ),
    ("prefill", "prefill / llama.cpp", 2.5, "prefill of 1,024 tokens in fp32 / llama.cpp on the same file"),
    (
        "rows",
        "32 rows / llama.cpp",
        1.0,
        "decode of 32 rows in fp32, everything recorded / 32 parallel requests of llama.cpp",
    ),
)


def llama_cpp_missing() -> str | None:
    """How to get this peer; None if it is here."""
    return None if find_spec("xllamacpp") else "llama.cpp is not installed: pip install xllamacpp"


class LlamaCpp:
    """Its server on loopback; rates are those it states itself. Use it in a `with` block."""

    def __init__(self, gguf: Path, parallel: int = 1):
        command = [sys.executable, "-c", _SERVE, str(gguf), str(parallel), str(torch.get_num_threads())]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._parallel = parallel
        self._process = subprocess.Popen(command, text=True, **pipes)
        lines = iter(self._process.stdout or ())
        self._url = next(line.split()[-1] for line in lines if line.startswith("serving at"))

    def __enter__(self) -> "LlamaCpp":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def decode_rate(self, prompt: str, tokens: int) -> float:
        """Tokens a second over all parallel requests."""
        with ThreadPoolExecutor(self._parallel) as pool:
            timings = list(pool.map(lambda _: self._timings(prompt, tokens), range(self._parallel)))
        return sum(one["predicted_per_second"] for one in timings)

    def prefill_rate(self, ids: list[int]) -> float:
        """Prompt tokens a second."""
        return self._timings(ids, 1)["prompt_per_second"]

    def _timings(self, prompt: str | list[int], tokens: int) -> dict[str, float]:
        wanted = {"prompt": prompt, "n_predict": tokens, "temperature": 0, "ignore_eos": True, "cache_prompt": False}
        request = urllib.request.Request(
            f"{self._url}/completion", json.dumps(wanted).encode(), {"Content-Type": "application/json"}
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # on loopback, without a proxy
        with direct.open(request, timeout=_LONGEST_S) as reply:
            return json.load(reply)["timings"]


def llama_cpp(bench: Alternating) -> Iterator[Result]:
    """int4 decode, fp32 prefill and fp32 batch against llama.cpp on the same file."""
    gguf = next(fetch(bench.models.entry).parent.glob("*.gguf"))
    fp32, int4 = bench.models.of(), bench.models.of("int4")
    ids, prompt, settings = long_ids(fp32), prompt_ids(fp32), make_settings(**RECORDED, max_new_tokens=bench.tokens)
    with LlamaCpp(gguf) as peer, LlamaCpp(gguf, parallel=AT_ONCE) as many:

        def measured() -> dict[str, tuple[float, float]]:
            return {
                "int4": (timed_rows(int4, prompt, settings, 1).tokens_per_s, peer.decode_rate(PROMPT, bench.tokens)),
                "prefill": (prefill_rate(fp32, ids), peer.prefill_rate(ids)),
                "rows": (
                    timed_rows(fp32, prompt, settings, AT_ONCE).tokens_per_s,
                    many.decode_rate(PROMPT, bench.tokens),
                ),
            }

        prefill_rate(fp32, ids)  # our first pass of this length is slow; it has warmed up while it started
        seen = bench.rounds(measured)
    for key, name, target, note in _COMPARED:
        yield compared(
            name,
            seen,
            ours=lambda rates, key=key: rates[key][0],
            peer=lambda rates, key=key: rates[key][1],
            target=target,
            unit="tok/s",
            note=note,
            limit=bench.limit(int4) if key == "int4" else None,
        )
