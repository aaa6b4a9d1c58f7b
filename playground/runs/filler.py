"""A prompt of an exact number of tokens, made of real sentences."""

from playground.backends.base import Backend
from playground.data.context import shipped_haystack

TEXT = "the filler sentences of the needle test in the model's own tokens, from the first one on, repeated"


def filler_ids(backend: Backend, tokens: int) -> list[int]:
    """This many ids of the sentences, without a chat template, repeated and cut."""
    filler = shipped_haystack().text
    once = backend.tokenize(lambda tokenizer: tokenizer(filler, add_special_tokens=False)["input_ids"])
    return (once * (tokens // len(once) + 1))[:tokens]
