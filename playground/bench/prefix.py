"""The time to the first token where an earlier prompt has left its beginning in memory, against reading all."""

from collections.abc import Iterator
from functools import partial

from playground.backends.local import LocalBackend
from playground.bench.alternating import Alternating
from playground.bench.result import Result
from playground.engine.clock import Clock
from playground.engine.events import PreparedPrompt, TokenEvent
from playground.settings import make_settings

_SHARED, _OWN = 500, 20  # tokens of the beginning, and of what follows it


class Prefix(Alternating):
    """The measurement of reuse."""

    def _reuse(self) -> Iterator[Result]:
        """Prompts of 520 tokens, of which 500 are in memory, against the same with nothing in memory."""
        backend = self._backend()
        text = (self._ids(backend) * (_SHARED + 2 * _OWN))[: _SHARED + 2 * _OWN]
        earlier, prompt = text[: _SHARED + _OWN], [*text[:_SHARED], *reversed(text[-_OWN:])]
        yield self._compare(
            "ttft with reuse",
            ours=partial(_ttft_s, backend, prompt, earlier),
            peer=partial(_ttft_s, backend, prompt, None),
            target=0.25,
            unit="s",
            note=f"ttft of {_SHARED} + {_OWN} tokens, {_SHARED} of them in memory / none; lower is better",
            lower_is_better=True,
        )
        backend.close()


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
