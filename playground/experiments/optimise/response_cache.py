"""Panel: what it saves to give old answers again, how often they are the wrong ones, and what that hides."""

from collections.abc import Mapping
from functools import partial
from statistics import fmean, median
from typing import Any

import torch
from torch import Tensor

from playground.backends.local import text_model_of
from playground.data.optimise import ResponseData, shipped_responses
from playground.engine.decoder import Decoder
from playground.engine.events import PreparedPrompt, TokenEvent
from playground.engine.generate import stream_batch
from playground.engine.model import TextModel
from playground.engine.pooling import cosine, mean_state
from playground.engine.template import ids_with_offsets
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.response_cache import DRAWS, NAME, ResponseCacheRequest
from playground.experiments.optimise.greedy import answer
from playground.experiments.optimise.protocol import Arm, Sample, Trial
from playground.experiments.optimise.records import OptimisationRecord
from playground.experiments.optimise.response_shown import EXACT, GATED, MOST, NONE, SIMILAR, Choice, Hidden, Shown
from playground.experiments.optimise.response_stream import Memory, Query, queries_of
from playground.experiments.optimise.response_vectors import Vectors, looked, vectors_of
from playground.experiments.optimise.similarity import content_words, ranking, threshold_for
from playground.metrics.cost import api_cost
from playground.runs.experiment import Lab
from playground.runs.stages import Stage, Steps
from playground.settings import Settings

HEADLINE = ["wall_s", "requests_usd"]
_OTHERS = "This model runs through transformers' own module, whose hidden states are not read here."


def measure(lab: Lab, request: ResponseCacheRequest) -> Steps[OptimisationRecord | None]:
    """The same requests with four kinds of memory."""
    data = shipped_responses()
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))
    yield prompt
    bench = _Bench(lab, request, data, prompt)
    yield Stage("reading the requests", 0.0)
    bench.fill()
    yield Stage("drawing one answer several times", 0.0)
    hidden = bench.hidden(request.settings)
    found = yield from Trial(bench.arms(), HEADLINE).run(lab, request.cycles)
    if found is None:
        return None
    shown = Shown(data, bench.vectors, bench.choice, hidden)
    found = found.model_copy(update={"figures": shown.figures(), "grids": shown.grids()})
    return finished(lab, NAME, request, found, shown.verdict(found))


class _Bench:
    """What all arms share: the stream of requests, what was answered before it, and the threshold.

    Attributes:
        vectors: Of all requests that ship; None where the model's states are not read.
        choice: The threshold, and the pairs that it was chosen on and is tested on.
    """

    def __init__(self, lab: Lab, request: ResponseCacheRequest, data: ResponseData, prompt: PreparedPrompt):
        self._lab, self._data, self._prompt, self._tokens = lab, data, prompt, request.length
        self._text_model: TextModel = text_model_of(lab.backend.weights())
        self._model, self._small = self._text_model.model, frozenset(data.small_words)
        half = len(data.pairs) // 2
        self._tested = range(half, len(data.pairs))
        self._stream = queries_of(request.prompt, [data.pairs[place] for place in self._tested], request.of_each)
        settings = request.settings
        texts = dict.fromkeys([*(one.text for one in self._stream), *(one.own for one in self._stream if one.own)])
        self._ids = lab.read(
            lambda backend: {text: backend.prepare(text, settings).ids for text in texts} | {request.prompt: prompt.ids}
        )
        self._before, self._answer_s, self._lookup_s = Memory(), 0.0, 0.0
        self._given = request.threshold
        self.vectors: Vectors | None = None
        self.choice: Choice | None = None

    def fill(self) -> None:
        """Read all requests as vectors, choose the threshold, answer what is in memory before the stream."""
        clock = self._lab.clock
        if isinstance(self._model, Decoder):
            begun_s = clock.now()
            self.vectors = vectors_of(self._data, self._vector)
            self._lookup_s = (clock.now() - begun_s) / (3 * len(self._data.pairs))
            self.choice = self._choose(self.vectors)
        times = []
        for text in dict.fromkeys(one.own for one in self._stream if one.own):
            begun_s = clock.now()
            self._before.add(text, self._placed(text) if self.vectors else None, self._answer(text))
            times.append(clock.now() - begun_s)
        self._answer_s = median(times)

    def _choose(self, raw: Vectors) -> Choice:
        """On the first half of the pairs: raw or centred, whichever tells more; and what most paraphrases reach."""
        first = range(self._tested.start)
        spaces = {"raw": raw, "centred": raw.centred()}
        found = {name: looked(self._data, vectors, first) for name, vectors in spaces.items()}
        space = max(found, key=lambda name: ranking(found[name]))
        threshold = threshold_for(found[space], MOST) if self._given is None else self._given
        return Choice(space, threshold, first, self._tested, is_given=self._given is not None)

    def _vector(self, text: str) -> Tensor:
        """Raw; the tokens of the request alone, since those of a template are the same in all."""
        self._lab.obey()
        tokenized = self._lab.backend.tokenize(lambda tokenizer: ids_with_offsets(tokenizer, text, False)[0])
        assert isinstance(self._model, Decoder)
        return mean_state(self._model, tokenized)

    def _placed(self, text: str) -> Tensor:
        """In the space that was chosen."""
        assert self.vectors is not None
        assert self.choice is not None
        vector = self._vector(text)
        return vector - self.vectors.stored.mean(0) if self.choice.space == "centred" else vector

    def _answer(self, text: str) -> list[int]:
        found = answer(self._model, self._ids[text], self._tokens, self._lab.clock, self._lab.should_stop)
        return found.ids

    def arms(self) -> list[Arm]:
        """No memory, and three ways to look something up."""
        arms = [
            self._arm(NONE, {"looks_up": "nothing", "requests": self._count}),
            self._arm(EXACT, {"looks_up": "the same text"}),
        ]
        for name in (SIMILAR, GATED):
            if self.choice is None:
                arms.append(Arm(name, partial(self._run, name), not_here=_OTHERS))
                continue
            settings = {"looks_up": name, "states": self.choice.space, "threshold": self.choice.threshold}
            arms.append(self._arm(name, settings))
        return arms

    def _arm(self, name: str, settings: Mapping[str, Any]) -> Arm:
        """Predicted from one answer and one lookup, and from how many requests are repeated word by word."""
        repeated = sum(one.kind == "repeated" for one in self._stream)
        looks = name in (SIMILAR, GATED)
        hits = 0 if name == NONE else repeated
        if looks and self.choice is not None and self.vectors is not None:
            hits += self.choice.expected_hits(self._data, self.vectors, self._stream, gate=name == GATED)
        wall_s = (len(self._stream) - hits) * self._answer_s + len(self._stream) * self._lookup_s * looks
        return Arm(name, partial(self._run, name), settings, {"wall_s": wall_s, "answered_share": hits / self._count})

    @property
    def _count(self) -> int:
        return len(self._stream)

    def _run(self, name: str) -> Sample:
        """The whole stream; what was answered is remembered."""
        clock, memory = self._lab.clock, self._before.copy()
        begun_s, lookups, ids, wrong, hits, usd = clock.now(), list[float](), list[int](), 0, 0, 0.0
        for query in self._stream:
            at_s, vector = clock.now(), None
            place = None
            if name in (SIMILAR, GATED):
                vector = self._placed(query.text)
            if name != NONE:
                place = self._found(name, query, vector, memory)
                lookups.append(clock.now() - at_s)
            if place is None:
                given = self._answer(query.text)
                memory.add(query.text, vector, given)
                usd += self._usd(query.text, len(given))
            else:
                given, hits = memory.answers[place], hits + 1
                wrong += memory.texts[place] not in query.right
            ids += given
        numbers = {"wall_s": clock.now() - begun_s, "answered_share": hits / self._count}
        numbers |= {"wrong_share": wrong / self._count, "requests_usd": usd}
        if lookups:
            numbers["lookup_s"] = fmean(lookups)
        return Sample(numbers, ids, self._lab.decoded(ids))

    def _usd(self, text: str, tokens: int) -> float:
        """An answer of this many tokens at list price."""
        return float(api_cost(self._lab.runner.pricing.reference, len(self._ids[text]), tokens).total_usd)

    def _found(self, name: str, query: Query, vector: Tensor | None, memory: Memory) -> int | None:
        """The place of the answer to give; None where a new one must be computed."""
        if query.text in memory.texts:
            return memory.texts.index(query.text)
        if vector is None or self.choice is None or not memory.vectors:
            return None
        near = cosine(vector, torch.stack(memory.vectors))
        best = int(near.argmax())
        if float(near[best]) < self.choice.threshold:
            return None
        words = (content_words(text, self._small) for text in (query.text, memory.texts[best]))
        return best if name == SIMILAR or len(set(words)) == 1 else None

    def hidden(self, settings: Settings) -> Hidden:
        """Draws of the person's prompt: a cache would give the first of them each time."""
        warm = settings.temperature or Settings().temperature
        rows = [
            settings.model_copy(update={"temperature": warm, "seed": seed, "top": 0, "max_new_tokens": self._tokens})
            for seed in range(DRAWS)
        ]
        drawn: list[list[int]] = [[] for _ in rows]
        entropies = list[float]()
        for item in stream_batch(self._text_model, self._prompt.ids, rows, should_stop=self._lab.should_stop):
            if isinstance(item.event, TokenEvent):
                drawn[item.row].append(item.event.id)
                entropies.append(item.event.entropy_bits)
        self._lab.obey()
        return Hidden(DRAWS, len({tuple(ids) for ids in drawn}), warm, fmean(entropies))
