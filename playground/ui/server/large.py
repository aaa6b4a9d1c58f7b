"""Large bodies, which carry an opened file: taken one by one, and bounded together until their events end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from playground.ui.server.answers import Refused

MAX_KEPT_BYTES = 256 * 2**20


class Large:
    """Counts the bytes of events that carry a large body, until they end; `is_going` says which have not."""

    def __init__(self, is_going: Callable[[str], bool], max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._is_going, self._max_bytes = is_going, max_bytes
        self._sizes = dict[str, int]()
        self._turn = asyncio.Lock()  # parsing makes several copies of it

    @asynccontextmanager
    async def arriving(self, length: int) -> AsyncIterator[Callable[[str], None]]:
        """While such a body is parsed and handed on; call what this gives with the name of its event.

        Raises:
            Refused: Too much of others has not ended.
        """
        async with self._turn:
            self._sizes = {name: size for name, size in self._sizes.items() if self._is_going(name)}
            if sum(self._sizes.values()) + length > self._max_bytes:
                raise Refused(503, "The server opens too many large files at the moment: try again soon.")
            yield lambda name: self._sizes.__setitem__(name, length)
