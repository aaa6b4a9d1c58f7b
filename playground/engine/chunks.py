"""How a prompt is cut for reading: always the same, as another cut gives other last bits."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it imports torch, which a declaration must not wait for
    from playground.engine.model import LanguageModel

PREFILL_CHUNK = 256  # tokens between two checks for Stop


def chunk_tokens(model: "LanguageModel", prompt_tokens: int) -> int:
    """Tokens of a prompt of this length that are read at a time."""
    return max(PREFILL_CHUNK, model.least_chunk(prompt_tokens))


def whole_chunks(model: "LanguageModel", prompt_tokens: int) -> int:
    """Tokens of the prompt before its last chunk: reading that chunk again gives the logits after the prompt."""
    size = chunk_tokens(model, prompt_tokens)
    return (prompt_tokens - 1) // size * size
