"""What the engine's tests share: tiny text models, a model that says what it is told, a byte-fallback tokenizer."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from playground.engine.decoder import Decoder
from playground.engine.events import Event, Finished, TokenEvent
from playground.engine.model import LanguageModel, TextModel
from playground.engine.module import ModuleModel
from playground.models.llama import take_weights
from playground.settings import Settings
from tests.tiny import ARCHITECTURES, IM_END_ID, VOCABULARY, tiny_model, tiny_tokenizer

BOTH = ("llama", "llama by our decoder")
MODELS = (*ARCHITECTURES, "llama by our decoder", "qwen3 by our decoder")  # every law of the loop holds on both paths
GREEDY = Settings(temperature=0, seed=0)


def _tiny(arch: str) -> Any:
    # GPT-2's positions are learned: leave room for long prompts. Gemma with a tied head only repeats its last token.
    config = {"max_position_embeddings": 1024} | ({"tie_word_embeddings": False} if arch == "gemma3" else {})
    return tiny_model(arch, **config)


@cache
def tiny_module(name: str = "llama") -> Any:
    """transformers' module of one of `MODELS`."""
    return _tiny(name.partition(" ")[0])


@cache
def tiny_language_model(name: str = "llama") -> LanguageModel:
    """One of `MODELS`, by the path that its name says."""
    arch, _, path = name.partition(" ")
    return Decoder(take_weights(_tiny(arch))) if path else ModuleModel(tiny_module(arch))


def tiny_text_model(name: str = "llama", eos_ids: Iterable[int] = ()) -> TextModel:
    return TextModel(tiny_language_model(name), tiny_tokenizer(), frozenset(eos_ids))


def random_ids(length: int, seed: int = 0) -> list[int]:
    return torch.randint(0, 256, (length,), generator=torch.Generator().manual_seed(seed)).tolist()


def tokens(events: Iterable[Event]) -> list[TokenEvent]:
    return [event for event in events if isinstance(event, TokenEvent)]


def ids_of(events: Iterable[Event]) -> list[int]:
    return [event.id for event in tokens(events)]


def text_of(events: Iterable[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TokenEvent | Finished))


class ScriptCache:
    """A cache that only counts."""

    def __init__(self) -> None:
        self.length, self.rows = 0, 1

    @property
    def nbytes(self) -> int:
        return self.length * self.rows

    def expand(self, rows: int) -> None:
        self.rows = rows

    def select(self, rows: Sequence[int]) -> None:
        self.rows = len(rows)


class ScriptModel:
    """Says the given ids one after the other, whatever the prompt; `on_forward` hears of each step."""

    def __init__(self, ids: Sequence[int], on_forward: Callable[[Tensor], None] = lambda _ids: None):
        self.ids, self.on_forward = list(ids), on_forward
        self.prompt_tokens = 0

    def new_cache(self) -> ScriptCache:
        self.said = -1
        return ScriptCache()

    def least_chunk(self, prompt_tokens: int) -> int:
        return 1

    def forward(self, ids: Tensor, cache: ScriptCache) -> Tensor:
        self.on_forward(ids)
        cache.length += ids.shape[1]
        self.said = 0 if ids.shape[1] > 1 else min(self.said + 1, len(self.ids) - 1)
        logits = torch.zeros(ids.shape[0], VOCABULARY)
        logits[:, self.ids[self.said]] = 50.0
        return logits

    def read(self, ids: Tensor, cache: ScriptCache) -> None:
        self.forward(ids, cache)


def says(text: str, eos: bool = True, **keywords: Any) -> TextModel:
    """A text model whose greedy answer is this text, byte by byte or as its tokenizer cuts it."""
    tokenizer = tiny_tokenizer()
    ids = tokenizer(text, add_special_tokens=False)["input_ids"] + [IM_END_ID] * eos
    return TextModel(ScriptModel(ids, **keywords), tokenizer, frozenset({IM_END_ID}))


class Recording:
    """A model that notes the shape of every forward pass, and may do something before one."""

    def __init__(self, model: Any, before: Callable[[int], None] = lambda _number: None):
        self.model, self.before = model, before
        self.shapes: list[tuple[int, ...]] = []

    def new_cache(self) -> Any:
        return self.model.new_cache()

    def least_chunk(self, prompt_tokens: int) -> int:
        return self.model.least_chunk(prompt_tokens)

    def forward(self, ids: Tensor, cache: Any) -> Tensor:
        self.before(len(self.shapes))
        self.shapes.append(tuple(ids.shape))
        return self.model.forward(ids, cache)

    def read(self, ids: Tensor, cache: Any) -> None:
        self.before(len(self.shapes))
        self.shapes.append(tuple(ids.shape))
        self.model.read(ids, cache)


def recorded(
    text_model: TextModel, before: Callable[[int], None] = lambda _number: None
) -> tuple[TextModel, Recording]:
    recording = Recording(text_model.model, before)
    return TextModel(recording, text_model.tokenizer, text_model.eos_ids), recording


def byte_fallback_tokenizer() -> PreTrainedTokenizerFast:
    """As Llama 2's vocabulary: spaces as U+2581, the first one stripped, unknown letters as byte tokens."""
    space = "\N{LOWER ONE EIGHTH BLOCK}"
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += [space, *(chr(code) for code in range(33, 127)), "é", "日", f"{space}a", "ab", f"{space}ab", space * 2]
    merges = [(space, "a"), ("a", "b"), (f"{space}a", "b"), (space, space)]
    core = Tokenizer(
        models.BPE(
            {piece: id for id, piece in enumerate(pieces)}, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True
        )
    )
    core.normalizer = normalizers.Sequence([normalizers.Prepend(space), normalizers.Replace(" ", space)])
    core.decoder = decoders.Sequence(
        [decoders.Replace(space, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
