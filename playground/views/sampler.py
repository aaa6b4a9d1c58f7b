"""A run for the sampler's picker, and the status of a step in words: pure functions, no Gradio."""

from playground.runs.records import RunRecord
from playground.views import run as views
from playground.views.format import count_of, format_seconds

_PROMPT_CHARS = 200
_FIRST_OF = 200  # the first token shown is the most uncertain among this many


def answer_view(record: RunRecord, *, ready: bool) -> str:
    """The end of the prompt and the answer's tokens; `ready`: the model is in memory.

    The first token shown is the one where the model was least sure.
    """
    prompt, tokens = record.prompt, record.tokens
    tail = prompt if len(prompt) <= _PROMPT_CHARS else f"…{prompt[-_PROMPT_CHARS:]}"
    first = max(range(min(_FIRST_OF, len(tokens))), key=lambda place: tokens[place].entropy_bits)
    return views.packed(
        {
            "id": f"{record.timing.e2e_s} {record.settings.get('seed')}",
            "prompt": tail,
            "tokens": [token.text for token in tokens],
            "first": first,
            "ready": ready,
        }
    )


def step_text(computed: int, reused: int, seconds: float) -> str:
    """The cost of computing the step."""
    read = count_of(computed, "token")
    return f"Logits computed again in {format_seconds(seconds)}: {read} read, {reused:,} came from the KV cache."
