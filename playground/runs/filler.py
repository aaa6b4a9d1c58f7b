"""A prompt of an exact number of tokens, made of real sentences."""

from playground.backends.base import Backend
from playground.data.context import load_haystack
from playground.paths import presets_dir

TEXT = "the filler sentences of the needle test in the model's own tokens, from the first one on, repeated"


def filler_ids(backend: Backend, tokens: int) -> list[int]:
    """The sentences as token ids, without a chat template, repeated and cut.

    Args:
        backend: Supplies the tokenizer.
        tokens: The length.
    """
    filler = " ".join(load_haystack(presets_dir() / "context" / "needle.yaml").filler)
    once = backend.tokenize(lambda tokenizer: tokenizer(filler, add_special_tokens=False)["input_ids"])
    return (once * (tokens // len(once) + 1))[:tokens]
