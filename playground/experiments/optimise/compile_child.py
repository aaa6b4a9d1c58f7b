"""What runs in a child: `python -m playground.experiments.optimise.compile_child JOB`.

It takes one turn after the other: the parent puts the name of an arm into a file, the child prints a JSON line.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import StaticCache

from playground.models.catalogue import ModelEntry
from playground.models.loading import load

EAGER, COMPILED = "eager", "torch.compile"
_LOOK_S = 0.005  # how often to look for the next turn
_LINE = 300  # characters of an error


@dataclass(frozen=True)
class CompileJob:
    """Plain values, sent as JSON.

    Attributes:
        entry: The model's catalogue entry.
        device: Where it computes.
        threads: Processor threads, as many as the parent uses.
        prompt: Ids.
        tokens: Of each answer.
        turns: A folder; the file "0" holds the name of the first arm, and so on.
    """

    entry: str
    device: str
    threads: int
    prompt: tuple[int, ...]
    tokens: int
    turns: str


def main(argument: str) -> None:
    """Load the model, then take turns until the parent ends it."""
    job = CompileJob(**json.loads(argument))
    torch.set_num_threads(job.threads)
    module = load(ModelEntry.model_validate_json(job.entry), "fp32", device=job.device, engine="transformers").module
    cache = StaticCache(config=module.config, max_cache_len=len(job.prompt) + job.tokens)
    steps = {EAGER: module}
    _say(ready=True)
    for number in range(sys.maxsize):
        name, begun_s = _turn(Path(job.turns) / str(number)), time.perf_counter()
        try:
            if name not in steps:  # PyTorch imports its compiler now, which is a part of the warm-up
                steps[name] = torch.compile(module, dynamic=False)
            _say(**_answer(module, steps[name], cache, job, time.perf_counter() - begun_s))
        except Exception as error:  # the compiler may fail in any way
            why = next((line for line in str(error).splitlines() if line.strip()), "it gave no reason")
            _say(failed=f"{type(error).__name__}: {why[:_LINE]}")


def _turn(file: Path) -> str:
    while not file.exists():
        time.sleep(_LOOK_S)
    return file.read_text()


@torch.inference_mode()
def _answer(module: Any, step: Any, cache: StaticCache, job: CompileJob, before_s: float) -> dict[str, Any]:
    """A greedy answer; the prompt is read by the module itself, since its length would be compiled, too.

    What was spent on the step `before_s` counts as time of the first token.
    """
    cache.reset()
    prompt = torch.tensor([list(job.prompt)], device=module.device)
    logits = module(input_ids=prompt, past_key_values=cache, use_cache=True).logits
    ids, seconds = [int(logits[0, -1].argmax())], list[float]()
    while len(ids) < job.tokens:
        begun_s = time.perf_counter()
        token = torch.tensor([ids[-1:]], device=module.device)
        ids.append(int(step(input_ids=token, past_key_values=cache, use_cache=True).logits[0, -1].argmax()))
        seconds.append(time.perf_counter() - begun_s)
    seconds[0] += before_s
    return {"token_ids": ids, "token_s": seconds}


def _say(**message: Any) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
