"""How much work each person has here: sent, and not ended. More is refused before anything of it is done."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playground.backends.turns import MAX_OF_PERSON, MAX_WAITING
from playground.ui.server.answers import Refused


class Work:
    """Counts work from the moment it arrives: before its stream is open, and before it waits for the model.

    `is_going` says whether the event of a name has not ended.
    """

    def __init__(
        self, is_going: Callable[[str], bool], most_of_person: int = MAX_OF_PERSON, most: int = MAX_WAITING
    ) -> None:
        self._is_going, self._most_of_person, self._most = is_going, most_of_person, most
        self._arriving = Counter[str]()
        self._sent: dict[str, set[str]] = {}

    @contextmanager
    def arriving(self, person: str) -> Iterator[Callable[[str], None]]:
        """While work of this person is handed on; call what this gives with the name of its event.

        Raises:
            Refused: The person, or all together, have enough.
        """
        if self._count(person) >= self._most_of_person:
            raise Refused(
                429,
                f"You have {self._most_of_person} runs already, one running and the others waiting: wait for one to "
                "end, or stop it.",
            )
        if sum(map(self._count, {*self._sent, *self._arriving})) > self._most:
            raise Refused(503, f"The model is busy: {self._most} runs are waiting already. Try again in a moment.")
        self._arriving[person] += 1
        try:
            yield lambda name: self._sent.setdefault(person, set()).add(name)
        finally:
            self._arriving[person] -= 1
            if not self._arriving[person]:
                del self._arriving[person]

    def _count(self, person: str) -> int:
        going = {name for name in self._sent.pop(person, ()) if self._is_going(name)}
        if going:
            self._sent[person] = going
        return len(going) + self._arriving[person]
