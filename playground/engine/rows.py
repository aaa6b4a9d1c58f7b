"""One answer in progress: its ids and text, its clock, and why it ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from playground.engine.clock import Clock
from playground.engine.events import Finished, FinishReason, RowEvent
from playground.engine.model import TextModel
from playground.engine.sampling import Noise
from playground.engine.text import answer_text
from playground.errors import PlaygroundError
from playground.settings import Settings

_NOT_OF_THE_DRAW = {
    name: Settings.model_fields[name].default
    for name in (
        "seed",
        "max_new_tokens",
        "context_length",
        "system",
        "stop",
        "raw",
        "top",
        "time_limit_s",
        "reuse_prefix",
    )
}


def room_for(prompt_tokens: int, settings: Settings, context_length: int | None) -> int:
    """How many tokens the answer may have, in a context of this many tokens; None sets no limit."""
    if prompt_tokens < 1:
        raise PlaygroundError("The prompt has no tokens: write something for the model to answer.")
    room = settings.max_new_tokens
    if context_length is not None:
        room = min(room, context_length - prompt_tokens)
    if room < 1:
        raise PlaygroundError(
            f"A prompt of {prompt_tokens} tokens leaves no room for an answer in a context of "
            f"{context_length} tokens: shorten the prompt, or raise the context length."
        )
    return room


@dataclass
class Row:
    """One answer in progress."""

    number: int
    text_model: TextModel
    settings: Settings
    room: int
    clock: Clock
    prompt_ids: Sequence[int] = ()
    ids: list[int] = field(default_factory=list)
    reason: FinishReason | None = None
    forced: Sequence[int] = ()
    begun_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.begun_s = self.clock.now()
        self.noise = Noise(self.settings.seed or 0)
        self.text = answer_text(self.text_model.tokenizer, self.settings, self.prompt_ids)
        self.sampler = self.settings.model_copy(update=_NOT_OF_THE_DRAW)  # rows with equal settings are drawn together

    @property
    def late(self) -> bool:
        """Whether its time is up."""
        limit_s = self.settings.time_limit_s
        return limit_s is not None and self.clock.now() - self.begun_s >= limit_s

    def next_forced(self) -> int | None:
        """The forced next token; None where the draw decides."""
        return self.forced[len(self.ids)] if len(self.ids) < len(self.forced) else None

    def skip(self, tokens: int) -> None:
        """Take the first forced tokens as known: they are not reported again.

        Raises:
            PlaygroundError: The answer ends within them.
        """
        for token in self.forced[:tokens]:
            self.accept(token)
            if self.reason is not None:
                raise PlaygroundError(
                    f"The answer ends with its token {len(self.ids)} ({self.reason}), so nothing can follow it: choose "
                    "an earlier token, or raise max_new_tokens."
                )

    def accept(self, token: int) -> str:
        """Take a token: returns its text, and whether the answer ends with it."""
        self.ids.append(token)
        text = self.text.add(token)
        if token in self.text_model.eos_ids:
            self.reason = "eos"
        elif self.text.stopped:
            self.reason = "stop"
        elif len(self.ids) >= self.room:
            self.reason = "length"
        elif self.late:
            self.reason = "time"
        if self.reason is None:
            return text
        text += self.text.flush()
        if self.text.stopped and self.reason != "eos":
            self.reason = "stop"
        return text


def end_all(rows: list[Row], reason: FinishReason, clock: Clock) -> Iterator[RowEvent]:
    """End these rows, with the text they still hold back."""
    for row in rows:
        row.reason = reason
        yield RowEvent(row.number, Finished(reason, row.text.flush(), clock.now()))
