"""llama.cpp over the very file our default model comes from: a peer for `bench`, if it is installed.

It runs in a separate process: in ours, its threads would halve the speed of torch's.
"""

import json
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

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
