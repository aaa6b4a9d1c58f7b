"""What a person asks for when a loop is to be run, checked before anything runs."""

from dataclasses import dataclass
from typing import Literal, get_args

from playground.data.context import load_haystack
from playground.errors import PlaygroundError, nearest
from playground.paths import presets_dir
from playground.runs.services import Runner
from playground.settings import LIMITS, MAX_PROMPT_CHARS, Limit, Settings, check_prompt

MAX_STEPS = 8
DEFAULT_ANSWER_TOKENS = 48
DEFAULT_TASK = (
    "I give you a document, one passage at a time. After each passage, say in one sentence what is new in it, and ask "
    "for the next one."
)
Tool = Literal["next", "search"]
"""`next` gives the passages in turn; `search` the unread passage that shares most words with the answer."""
Strategy = Literal["full", "truncated", "summarised"]
"""What of the history a step sends again: all, the last steps, or a summary that the model writes now and then."""
AGENT_LIMITS = {
    "steps": Limit(1, MAX_STEPS, 1),
    "passage_tokens": Limit(1, 2048, 1),
    "keep_steps": Limit(1, MAX_STEPS, 1),
    "summary_every": Limit(1, MAX_STEPS, 1),
    "summary_tokens": LIMITS["max_new_tokens"],
}


@dataclass(frozen=True)
class AgentRequest:
    """A loop that somebody asked for.

    Attributes:
        task: The first message.
        document: What the tool looks things up in.
        model: Id in the catalogue.
        quantization: One of `settings.QUANTIZATIONS`.
        settings: How to sample and stop; the system prompt; `max_new_tokens` is the most of one step's answer.
        steps: How often the model answers, 1 to 8.
        tool: What is done with an answer.
        passage_tokens: Of the model's tokenizer, in a passage of the document.
        strategy: What of the history is sent again.
        keep_steps: How many of the last steps `truncated` keeps.
        summary_every: After so many steps `summarised` writes a summary.
        summary_tokens: The most tokens of one.
        without_cache: Whether each prompt is also read from nothing, to compare.
    """

    task: str
    document: str
    model: str
    quantization: str
    settings: Settings
    steps: int = MAX_STEPS
    tool: Tool = "next"
    passage_tokens: int = 48
    strategy: Strategy = "full"
    keep_steps: int = 2
    summary_every: int = 3
    summary_tokens: int = 64
    without_cache: bool = True


def check_agent(runner: Runner, request: AgentRequest) -> None:
    """Refuse what can't be met, as far as that is known before the model is loaded.

    Raises:
        PlaygroundError: Names the value, its limit and what to do.
    """
    check_prompt(request.task)
    runner.check(request.model, request.quantization)
    if not request.document.strip():
        raise PlaygroundError("The document is empty: give a text that the tool can look things up in.")
    if len(request.document) > MAX_PROMPT_CHARS:
        raise PlaygroundError(
            f"The document has {len(request.document):,} characters; the limit is {MAX_PROMPT_CHARS:,}: shorten it."
        )
    for name, limit in AGENT_LIMITS.items():
        value = getattr(request, name)
        if isinstance(value, bool) or not isinstance(value, int) or not limit.holds(value):
            raise PlaygroundError(f"{name} must be a whole number {limit}; got {value!r:.60}.")
    for name, kind in (("tool", Tool), ("strategy", Strategy)):
        value = str(getattr(request, name))
        if value not in get_args(kind):
            raise PlaygroundError(f"Unknown {name} {value[:60]!r}: {nearest(value, list(get_args(kind)))}")


def default_document() -> str:
    """The filler sentences of the needle test, as one text."""
    return " ".join(load_haystack(presets_dir() / "context" / "needle.yaml").filler)
