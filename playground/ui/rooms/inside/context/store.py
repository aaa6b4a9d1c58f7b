"""The chat of each open page: its turns, and what the strip shows. No page reaches another's."""

import threading
from dataclasses import dataclass

from playground.engine.chat import Turn
from playground.settings import Settings
from playground.ui.shell.pages import Slot
from playground.views.context import Shown


@dataclass
class Chat:
    """One page's chat.

    Attributes:
        turns: Said so far.
        shown, settings: What the strip shows, under these settings; None before there is anything.
        answered: What the strip showed at the end of the last answer, and its settings.
    """

    turns: tuple[Turn, ...] = ()
    shown: Shown | None = None
    settings: Settings | None = None
    answered: tuple[Shown, Settings] | None = None


class Chats:
    """Chats by the page's session hash. One lives as long as its page has a ticket: those of closed pages go."""

    def __init__(self, slot: Slot):
        self._slot = slot
        self._chats: dict[str, Chat] = {}
        self._lock = threading.Lock()

    def of(self, session: str) -> Chat:
        """The page's chat; a new one, if it has none."""
        if self._slot.last(session) is None:
            self._slot.keep(session)
        with self._lock:
            for other in [one for one in self._chats if self._slot.last(one) is None]:
                del self._chats[other]
            return self._chats.setdefault(session, Chat())
