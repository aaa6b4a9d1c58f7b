"""The messages of each step: the whole history, its end, or a summary."""

from dataclasses import dataclass, field

from playground.engine.chat import Turn
from playground.experiments.agents.experiment import AgentRequest

ASK_SUMMARY = "Write a short summary of everything above. It will stand in place of the conversation."
SUMMARY_HEAD = "Summary of the steps so far:"
Messages = tuple[tuple[Turn, ...], str]
"""Turns that were answered, and the newest message."""


@dataclass
class History:
    """Answers and tool results so far, as the strategy keeps them."""

    request: AgentRequest
    pairs: list[tuple[str, str]] = field(default_factory=list)
    summary: str = ""

    def messages(self) -> Messages:
        """The messages of the next step. A tool's result is a user message, which every chat template supports."""
        pairs = self.pairs
        if self.request.strategy == "truncated":
            pairs = pairs[-self.request.keep_steps :]
        first = self.request.prompt
        if self.summary:
            first = f"{first}\n\n{SUMMARY_HEAD}\n{self.summary}"
        messages = [first, *(result for _, result in pairs)]
        answers = [answer for answer, _ in pairs]
        return tuple(Turn(user, answer) for user, answer in zip(messages, answers, strict=False)), messages[-1]

    def summary_messages(self) -> Messages:
        """The messages of the call that writes a summary: everything, and the request for it."""
        turns, newest = self.messages()
        return turns, f"{newest}\n\n{ASK_SUMMARY}"

    def is_summary_due(self) -> bool:
        """Whether the history is to be replaced before the next step."""
        return self.request.strategy == "summarised" and len(self.pairs) >= self.request.summary_every

    def replace(self, summary: str) -> None:
        """Replace all steps by the summary."""
        self.summary, self.pairs = summary, []
