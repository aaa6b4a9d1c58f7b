"""Rates of our loop and of its peers, for `bench`: each is one number from one run."""

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, TextIteratorStreamer

from playground.backends.local import LocalBackend
from playground.engine.events import PromptProcessed, TokenEvent
from playground.engine.generate import stream, stream_batch
from playground.engine.model import LanguageModel
from playground.engine.module import module_logits
from playground.engine.sampling import describe
from playground.metrics.timing import gaps
from playground.settings import Settings, make_settings

AT_ONCE = 32
"""Rows of a batch, at most."""


def seconds(action: Callable[[], object], repeats: int) -> float:
    """Median time of an action."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@dataclass(frozen=True)
class Timed:
    """Answers to one prompt.

    Attributes:
        tokens_per_s: Over the rows of a batch, from the median step: rows end at different times.
        whole_s: Of all answers, including the prompt.
    """

    tokens_per_s: float
    whole_s: float


def timed_rows(backend: LocalBackend, ids: list[int], settings: Settings, answers: int) -> Timed:
    """This number of whole answers to one prompt, as in reruns: at most `AT_ONCE` of them together."""
    endless = backend.text_model.without_eos()
    seeded = [settings.model_copy(update={"seed": row}) for row in range(answers)]
    times, begun_s = list[float](), time.perf_counter()
    for item in stream_batch(endless, ids, seeded, rows_at_once=AT_ONCE):
        if isinstance(item.event, TokenEvent) and item.row == 0:
            times.append(item.event.time_s)
    return Timed(min(answers, AT_ONCE) / statistics.median(gaps(times)), time.perf_counter() - begun_s)


def bare_decode_rate(model: LanguageModel, ids: list[int], tokens: int) -> float:
    """Tokens a second of nothing but forward and argmax, from the median step."""
    cache = model.new_cache()
    token = model.forward(torch.tensor([ids]), cache).argmax(-1, keepdim=True)
    times = [time.perf_counter()]
    for _ in range(tokens - 1):
        token = model.forward(token, cache).argmax(-1, keepdim=True)
        times.append(time.perf_counter())
    return 1 / statistics.median(gaps(times))


def generate_decode_rate(backend: LocalBackend, ids: list[int], tokens: int) -> float:
    """Tokens a second of `model.generate` with a streamer, from the median step.

    The streamer yields whole words, so a stopping criterion reads the clock at each token.
    """
    streamer = TextIteratorStreamer(backend.loaded.tokenizer, skip_prompt=True, timeout=300)
    count = _Counter()
    arguments: dict[str, Any] = {
        "input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long),
        "max_new_tokens": tokens, "min_new_tokens": tokens, "do_sample": True, "temperature": 0.8, "top_p": 0.95,
        "top_k": 0, "streamer": streamer, "stopping_criteria": [count],
    }  # fmt: skip
    thread = threading.Thread(target=backend.loaded.module.generate, kwargs=arguments)
    thread.start()
    for _ in streamer:
        pass
    thread.join()
    return 1 / statistics.median(gaps(count.times))


class _Counter:
    """A stopping criterion that never stops: it reads the clock after every token."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self, input_ids: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        self.times.append(time.perf_counter())
        return torch.zeros(len(input_ids), dtype=torch.bool)


def prefill_rate(backend: LocalBackend, ids: list[int]) -> float:
    """Prompt tokens a second through our loop."""
    events = stream(backend.text_model, ids, make_settings(max_new_tokens=1, seed=0))
    processed = next(event for event in events if isinstance(event, PromptProcessed))
    return len(ids) / processed.prefill_s


@torch.inference_mode()
def plain_prefill_rate(module: Any, ids: list[int]) -> float:
    """Prompt tokens a second of one forward pass of transformers."""
    start = time.perf_counter()
    module_logits(module, torch.tensor([ids]), DynamicCache(config=module.config))
    return len(ids) / (time.perf_counter() - start)


def recorded(backend: LocalBackend, logits: torch.Tensor, top: int) -> object:
    """What a step records beyond drawing its token."""
    distribution = describe(logits, top)
    piece = backend.text_model.piece
    return distribution.of(0, 5), [piece(token) for token in distribution.top_ids[0]]
