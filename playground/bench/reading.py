"""Reading a prompt: in chunks against one forward pass, and with its beginning in memory against reading all."""

from collections.abc import Iterator

from playground.backends.local import LocalBackend
from playground.bench.alternating import Alternating
from playground.bench.models import prompt_ids
from playground.bench.rates import plain_prefill_rate, prefill_rate
from playground.bench.result import Result, compared
from playground.engine.clock import Clock
from playground.engine.events import PreparedPrompt, TokenEvent
from playground.settings import make_settings

LONG = 1024
_SHARED, _OWN = 500, 20  # tokens of the beginning, and of what follows it


def long_ids(backend: LocalBackend) -> list[int]:
    """A prompt of 1,024 tokens."""
    return (prompt_ids(backend) * LONG)[:LONG]


def prefill(bench: Alternating) -> Iterator[Result]:
    """Reading 1,024 tokens in chunks against one plain forward pass of transformers."""
    product, module = bench.models.of(), bench.models.of(engine="transformers")
    ids = long_ids(product)

    def measured() -> dict[str, float]:
        plain = plain_prefill_rate(module.loaded.module, ids)
        return {"plain": plain, "transformers": prefill_rate(module, ids), "product": prefill_rate(product, ids)}

    measured()  # the first pass of this length is slow
    seen = bench.rounds(measured)
    for name in ("transformers", "product"):
        yield compared(
            f"prefill, {name}",
            seen,
            ours=lambda rates, name=name: rates[name],
            peer=lambda rates: rates["plain"],
            target=0.95,
            unit="tok/s",
            note="prefill of 1,024 tokens in chunks / one plain forward of transformers",
        )


def reuse(bench: Alternating) -> Iterator[Result]:
    """Prompts of 520 tokens, of which 500 are in memory, against the same with nothing in memory."""
    backend = bench.models.of()
    text = (prompt_ids(backend) * (_SHARED + 2 * _OWN))[: _SHARED + 2 * _OWN]
    earlier, prompt = text[: _SHARED + _OWN], [*text[:_SHARED], *reversed(text[-_OWN:])]
    _ttft_s(backend, prompt, None)  # the first pass of this length is slow
    seen = bench.rounds(lambda: (_ttft_s(backend, prompt, earlier), _ttft_s(backend, prompt, None)))
    backend.kept.clear()
    yield compared(
        "ttft with reuse",
        seen,
        ours=lambda times: times[0],
        peer=lambda times: times[1],
        target=0.25,
        unit="s",
        note=f"ttft of {_SHARED} + {_OWN} tokens, {_SHARED} of them in memory / none; lower is better",
        lower_is_better=True,
    )


def _ttft_s(backend: LocalBackend, prompt: list[int], earlier: list[int] | None) -> float:
    """Seconds to the first token, as Play computes it, after an earlier prompt or none."""
    backend.kept.clear()
    if earlier is not None:
        _first(backend, earlier)
    return _first(backend, prompt)


def _first(backend: LocalBackend, ids: list[int]) -> float:
    clock, settings = Clock(), make_settings(max_new_tokens=1, seed=0, reuse_prefix=True)
    prompt, begun_s = PreparedPrompt(tuple(ids), 0, len(ids) + 1), clock.now()
    events = backend.stream(prompt, settings, clock=clock)
    return next(event.time_s for event in list(events) if isinstance(event, TokenEvent)) - begun_s
