"""Speed against its peers, as ratios, with the memory-bandwidth limit beside each."""

import statistics
from collections.abc import Callable, Iterator
from functools import partial

import torch

from playground.bench.alternating import PROMPT, RECORDED
from playground.bench.page_open import opening
from playground.bench.page_start import warm_start_s
from playground.bench.page_watch import Watched, browser_missing, watching
from playground.bench.peers import LlamaCpp, llama_cpp_missing
from playground.bench.prefix import Prefix
from playground.bench.rates import (
    answers_s,
    bare_decode_rate,
    generate_decode_rate,
    plain_prefill_rate,
    prefill_rate,
    recorded,
    seconds,
)
from playground.bench.result import Result
from playground.bench.speculation import Speculating
from playground.models.fetch import fetch
from playground.models.loading import Engine
from playground.settings import make_settings


class Bench(Prefix, Speculating):
    """Every measurement, by name."""

    def names(self) -> list[str]:
        """Every measurement there is."""
        return list(self._measurements())

    def run(self, names: list[str]) -> Iterator[Result]:
        """The requested measurements, or all."""
        for name, measure in self._measurements().items():
            if not names or name in names:
                yield from measure()

    def _measurements(self) -> dict[str, Callable[[], Iterator[Result]]]:
        return {
            "loop": self._loop,
            "generate": self._generate,
            "recording": self._recording,
            "prefill": self._prefill,
            "reuse": self._reuse,
            "batch": self._batch,
            "reruns": self._reruns,
            "decoder": self._decoder,
            "quantization": self._quantization,
            "lookup": self._lookup,
            "start": self._start,
            **({} if browser_missing() else {"page": self._page, "opening": opening}),
            **({} if llama_cpp_missing() else {"llamacpp": self._llama_cpp}),
        }

    def _loop(self) -> Iterator[Result]:
        """Our loop with everything recorded against a bare loop over the same model."""
        engines: tuple[Engine, ...] = ("transformers", "decoder")
        for engine in engines:
            backend = self._backend(engine=engine)
            yield self._compare(
                f"loop over {engine}",
                ours=lambda b=backend: self._our_decode_rate(b),
                peer=lambda b=backend: bare_decode_rate(b.text_model.model, self._ids(b), self._tokens),
                target=0.95,
                unit="tok/s",
                note="decode, everything recorded / bare loop of forward and argmax over the same model",
                limit=self._limit(backend),
            )
            backend.close()

    def _generate(self) -> Iterator[Result]:
        """The product's path against transformers' generate with a streamer."""
        ours, peer = self._backend(), self._backend(engine="transformers")
        yield self._compare(
            "generate",
            ours=lambda: self._our_decode_rate(ours),
            peer=lambda: generate_decode_rate(peer, self._ids(peer), self._tokens),
            target=1.0,
            unit="tok/s",
            note="decode, everything recorded / model.generate with a TextIteratorStreamer, same sampling",
            limit=self._limit(ours),
        )
        ours.close()
        peer.close()

    def _recording(self) -> Iterator[Result]:
        """What recording probabilities, entropy and alternatives costs, in shares of a step."""
        for quantization in ("fp32", "int4"):
            backend = self._backend(quantization)
            model, ids = backend.text_model.model, torch.tensor([self._ids(backend)])
            cache = model.new_cache()
            logits = model.forward(ids, cache)
            yield self._compare(
                f"recording in {quantization}",
                ours=partial(seconds, partial(model.forward, ids[:, -1:], cache), 20),
                peer=partial(seconds, partial(recorded, backend, logits, int(RECORDED["top"])), 20),
                target=1 / 0.03,
                unit="s",
                note="time of a step / time to record its distribution: at least 33 means under 3 % of a step",
            )
            backend.close()

    def _prefill(self) -> Iterator[Result]:
        """Reading 1,024 tokens in chunks against one plain forward pass of transformers."""
        ours, peer = self._backend(), self._backend(engine="transformers")
        ids = (self._ids(ours) * 1024)[:1024]
        for name, backend in (("transformers", peer), ("product", ours)):
            yield self._compare(
                f"prefill, {name}",
                ours=lambda b=backend: prefill_rate(b, ids),
                peer=lambda: plain_prefill_rate(peer.loaded.module, ids),
                target=0.95,
                unit="tok/s",
                note="prefill of 1,024 tokens in chunks / one plain forward of transformers",
            )
        ours.close()
        peer.close()

    def _batch(self) -> Iterator[Result]:
        """Rows of one batch against one row."""
        for rows, target in ((16, 5.0), (32, 10.0)):
            backend = self._backend()
            yield self._compare(
                f"batch of {rows}",
                ours=lambda b=backend, n=rows: self._our_decode_rate(b, n),
                peer=lambda b=backend: self._our_decode_rate(b),
                target=target,
                unit="tok/s",
                note=f"decode of {rows} rows together / one row, everything recorded",
            )
            backend.close()

    def _reruns(self) -> Iterator[Result]:
        """Whole answers: 16 as one batch against 16 in a row, and 64 (two batches of 32) against 16."""
        backend = self._backend()
        ids, settings = self._ids(backend), make_settings(**RECORDED, max_new_tokens=self._tokens)
        batch = partial(answers_s, backend, ids, settings)
        yield self._compare(
            "16 reruns", ours=lambda: 1 / batch(16), peer=lambda: 1 / sum(batch(1) for _ in range(16)), target=5.0,
            unit="1/s", note="16 answers of equal length as one batch / one after the other, prompt included",
        )  # fmt: skip
        yield self._compare(
            "64 reruns",
            ours=lambda: 3 / batch(64),
            peer=lambda: 1 / batch(16),
            target=1.0,
            unit="1/s",
            note="three times the time of 16 answers / the time of 64: at least 1 means at most 3 times as long",
        )
        backend.close()

    def _decoder(self) -> Iterator[Result]:
        """Our decoder against transformers' module, bare loops over both."""
        ours, peer = self._backend(engine="decoder"), self._backend(engine="transformers")
        yield self._compare(
            "decoder",
            ours=lambda: bare_decode_rate(ours.text_model.model, self._ids(ours), self._tokens),
            peer=lambda: bare_decode_rate(peer.text_model.model, self._ids(peer), self._tokens),
            target=1.10, unit="tok/s", note="bare loop over our decoder / over transformers' module, fp32",
            limit=self._limit(ours),
        )  # fmt: skip
        ours.close()
        peer.close()

    def _quantization(self) -> Iterator[Result]:
        """Packed weights against fp32, on the product's path, and what they weigh."""
        base = self._backend()
        for quantization, target in (("bf16", 1.0), ("int8", 1.4), ("int4", 1.9)):
            packed = self._backend(quantization)
            share = packed.facts.weights_bytes / base.facts.weights_bytes
            yield self._compare(
                quantization,
                ours=lambda b=packed: self._our_decode_rate(b),
                peer=lambda: self._our_decode_rate(base),
                target=target,
                unit="tok/s",
                note=f"decode / fp32; weights {packed.facts.weights_bytes / 1e6:.1f} MB, {share:.3f} of fp32",
                limit=self._limit(packed),
            )
            packed.close()
        base.close()

    def _start(self) -> Iterator[Result]:
        """From starting the app to its first token, with the model fetched before."""
        measured_s = statistics.median(warm_start_s() for _ in range(min(3, self._rounds)))
        note = "15 s allowed / from starting the app to the first token over HTTP, model fetched before"
        yield Result("warm start", 15.0, measured_s, 15.0 / measured_s, 1.0, "s", note)

    def _page(self) -> Iterator[Result]:
        """What a watching browser costs the model on the same cores, and whether the page stays responsive."""
        seen: list[Watched] = []
        with watching(PROMPT, 4 * self._tokens, "int4") as pair:

            def watched() -> float:
                seen.append(pair.watched())
                return seen[-1].tokens_per_s

            yield self._compare(
                "watched page", ours=watched, peer=pair.alone, target=0.7, unit="tok/s",
                note="int4 decode, a headless browser on the same cores / the same server alone",
            )  # fmt: skip
        late_s = statistics.median(one.longest_late_s for one in seen)
        note = "50 ms allowed / how late a timer of the page came at most, median of the runs"
        yield Result("longest task", 0.05, late_s, 0.05 / max(late_s, 1e-3), 1.0, "s", note)
        stop_s = statistics.median(one.stop_s for one in seen)
        note = "0.3 s allowed / from the click on Stop to “stopped” in the page, median of the runs"
        yield Result("stop", 0.3, stop_s, 0.3 / stop_s, 1.0, "s", note)

    def _llama_cpp(self) -> Iterator[Result]:
        """int4 decode, fp32 prefill and fp32 batch against llama.cpp on the same file."""
        gguf = next(fetch(self._entry).parent.glob("*.gguf"))
        fp32, int4 = self._backend(), self._backend("int4")
        ids = (self._ids(fp32) * 1024)[:1024]
        with LlamaCpp(gguf) as peer:
            yield self._compare(
                "int4 / llama.cpp",
                ours=lambda: self._our_decode_rate(int4),
                peer=lambda: peer.decode_rate(PROMPT, self._tokens),
                target=0.7,
                unit="tok/s",
                note="decode, everything recorded / llama.cpp on the same file (Q4_1), same threads",
                limit=self._limit(int4),
            )
            yield self._compare(
                "prefill / llama.cpp",
                ours=lambda: prefill_rate(fp32, ids),
                peer=lambda: peer.prefill_rate(ids),
                target=2.5,
                unit="tok/s",
                note="prefill of 1,024 tokens in fp32 / llama.cpp on the same file",
            )
        with LlamaCpp(gguf, parallel=32) as many:
            yield self._compare(
                "32 rows / llama.cpp",
                ours=lambda: self._our_decode_rate(fp32, 32),
                peer=lambda: many.decode_rate(PROMPT, self._tokens),
                target=1.0,
                unit="tok/s",
                note="decode of 32 rows in fp32, everything recorded / 32 parallel requests of llama.cpp",
            )
        fp32.close()
        int4.close()
