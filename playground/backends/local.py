"""The model in this process, behind the contract of a backend."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from torch import Tensor

from playground.backends.answering import answered, answered_rows
from playground.backends.base import Capability, StepLogits
from playground.backends.chain import LocalChain
from playground.backends.continuing import BeamUpdate, beams, resumed
from playground.backends.kept import KeptCaches
from playground.backends.layers import LocalLayers
from playground.engine.chunks import chunk_tokens, whole_chunks
from playground.engine.clock import Clock
from playground.engine.decoder import Decoder
from playground.engine.events import Event, PreparedPrompt, RowEvent
from playground.engine.model import TextModel
from playground.engine.module import ModuleModel
from playground.engine.prompting import prepare_prompt
from playground.engine.reading import forced_logits, read_to
from playground.engine.recall import recalled
from playground.errors import PlaygroundError
from playground.models.facts import ModelFacts
from playground.models.llama import LlamaWeights
from playground.models.loading import LoadedModel, unload
from playground.settings import Settings

T = TypeVar("T")
_PANIC = "PanicException"  # of the tokenizer's Rust code; not an `Exception`


def text_model_of(loaded: LoadedModel) -> TextModel:
    """A loaded model as the loop takes it: by our decoder where its weights are laid out for it."""
    own = isinstance(loaded.module, LlamaWeights)
    model = Decoder(loaded.module) if own else ModuleModel(loaded.module, loaded.findings)
    return TextModel(model, loaded.tokenizer, frozenset(loaded.eos_ids))


class LocalBackend:
    """Answers with the engine's loop over a loaded model."""

    def __init__(self, loaded: LoadedModel):
        self.loaded = loaded
        self.text_model = text_model_of(loaded)
        self.kept = KeptCaches(lambda tokens: whole_chunks(self.text_model.model, tokens))
        self.capabilities = _capabilities(loaded)
        # Held apart from the weights: previews and meters of a run may still use it after `close`.
        self._tokenizer, self._piece = loaded.tokenizer, self.text_model.piece
        self._tokenizing = threading.Lock()  # a fast tokenizer's truncation state is not thread-safe

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model."""
        return self.loaded.facts

    def context_length(self, settings: Settings) -> int:
        """The context length of a run with these settings.

        Raises:
            PlaygroundError: The request exceeds the model's limit, or neither of the two sets one.
        """
        own = self.facts.context_length
        if settings.context_length is None:
            if own is None:
                raise PlaygroundError(
                    f"{self.facts.title} sets no limit of positions: give a context length (--context-length, or the "
                    "slider of the page)."
                )
            return own
        if not self.facts.takes(settings.context_length):
            raise PlaygroundError(
                f"context_length must be at most {own} for {self.facts.title}; got {settings.context_length}."
            )
        return settings.context_length

    def prepare(self, prompt: str, settings: Settings, recorded: PreparedPrompt | None = None) -> PreparedPrompt:
        """The prompt as token ids, cut to the context length; the ids of a saved run, if `recorded` has them.

        Raises:
            PlaygroundError: It leaves no room, or the recorded ids are another tokenizer's.
        """
        limit = self.context_length(settings)
        if recorded is not None:
            then = replace(recorded, context_length=limit)
            return self.tokenize(lambda tokenizer: recalled(tokenizer, prompt, then, settings, self.facts.id))
        return self.tokenize(lambda tokenizer: prepare_prompt(tokenizer, prompt, settings, limit))

    def chunk_tokens(self, prompt_tokens: int) -> int:
        """Tokens of a prompt of this length that are read at a time."""
        return chunk_tokens(self.text_model.model, prompt_tokens)

    def tokenize(self, work: Callable[[Any], T]) -> T:
        """The result of `work` on the tokenizer; safe from any thread, and while the model answers.

        Raises:
            PlaygroundError: Its patterns, which come from the model's files, fail on this text.
        """
        with self._tokenizing:
            try:
                return work(self._tokenizer)
            except BaseException as error:
                if type(error).__name__ != _PANIC:
                    raise
                why = " ".join(str(error).split())[:200]
        raise PlaygroundError(f"The tokenizer of {self.facts.title} fails on this text ({why}): choose another model.")

    def piece(self, token: int) -> str:
        """How a token looks alone."""
        return self._piece(token)

    def kv_cache_bytes(self, tokens: int) -> int | None:
        """Predicted size of the key-value cache of this many tokens; None where it is unknown."""
        return None if self.facts.kv is None else self.facts.kv.nbytes(tokens)

    def stream(
        self,
        prompt: PreparedPrompt,
        settings: Settings,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
    ) -> Iterator[Event]:
        """One answer, event by event. Its keys and values are kept as long as there is room."""
        return answered(self.text_model, self.kept, prompt, settings, should_stop=should_stop, clock=clock)

    def resume(
        self,
        prompt: PreparedPrompt,
        answer_ids: Sequence[int],
        settings: Settings,
        *,
        tell_from: int | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
    ) -> Iterator[Event]:
        """Continue after these tokens of an answer; what is kept of prompt and answer is not read again."""
        return resumed(
            self.text_model, self.kept, prompt, answer_ids, settings,
            tell_from=tell_from, should_stop=should_stop, clock=clock,
        )  # fmt: skip

    def beams(
        self,
        prompt: PreparedPrompt,
        answer_ids: Sequence[int],
        settings: Settings,
        width: int,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
    ) -> Iterator[BeamUpdate]:
        """Continue after these tokens of an answer by beam search; what is kept of them is not read again."""
        return beams(
            self.text_model, self.kept, prompt, answer_ids, settings, width,
            should_stop=should_stop, clock=clock,
        )  # fmt: skip

    def logits_before(
        self,
        prompt_ids: Sequence[int],
        answer_ids: Sequence[int],
        *,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> StepLogits | None:
        """The logits after prompt and answer so far, bit for bit as in the run; None if stopped."""
        begun = time.perf_counter()
        cache = self.kept.before(prompt_ids, answer_ids) or self.text_model.model.new_cache()
        held = cache.length
        logits = read_to(self.text_model, prompt_ids, answer_ids, cache, should_stop)
        self.kept.keep(prompt_ids, answer_ids, cache)
        if logits is None:
            return None
        return StepLogits(logits, len(prompt_ids) + len(answer_ids) - held, held, time.perf_counter() - begun)

    def stream_batch(
        self,
        prompt: PreparedPrompt,
        settings: Sequence[Settings],
        *,
        rows_at_once: int,
        ignore_eos: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
    ) -> Iterator[RowEvent]:
        """Several answers to one prompt, each with its own settings, in waves of `rows_at_once` rows.

        With `ignore_eos` they end by length alone.
        """
        text_model = self.text_model.without_eos() if ignore_eos else self.text_model
        return answered_rows(
            text_model, self.kept, prompt, settings,
            rows_at_once=rows_at_once, should_stop=should_stop, clock=clock,
        )  # fmt: skip

    def chain(self) -> LocalChain:
        """A new chain of prompts: the first is read from nothing."""
        return LocalChain(self.text_model)

    def forced_logits(
        self,
        prompt_ids: Sequence[int],
        answer_ids: Sequence[int],
        start: int = 0,
        *,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Tensor]:
        """Logits before each token of an answer from `start` on, those before it given; nothing is kept."""
        return forced_logits(self.text_model, prompt_ids, answer_ids, start, should_stop)

    def layers(self) -> LocalLayers:
        """The model opened layer by layer.

        Raises:
            LensUnavailable: The layers of this architecture can't be watched.
        """
        return LocalLayers(self.text_model.model, self.kept)

    def weights(self) -> LoadedModel:
        """The model itself: module, tokenizer, and where it came from."""
        return self.loaded

    def close(self) -> None:
        """Drop the weights, even if something still holds this backend. Call it with the model's turn held."""
        del self.text_model
        self.kept.clear()
        unload(self.loaded)


def _capabilities(loaded: LoadedModel) -> frozenset[Capability]:
    """Everything, but for what the model was found to give other numbers in."""
    able: set[Capability] = {"logits", "forced", "layers", "weights"}
    if "rows" not in loaded.findings.limits:
        able.add("batch")
    if loaded.facts.is_plain:
        able.add("plain")
    return frozenset(able)
