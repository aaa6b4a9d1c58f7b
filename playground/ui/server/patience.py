"""Connections that send nothing whole: uvicorn would wait for them for ever, and each holds a file of the process."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0  # for the head of a request to arrive; the guard has its own limit for the body
MAX_CONNECTIONS = 768  # many systems give a process 1,024 files


class PatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it; a connection whose request has not begun to be answered in time is closed."""

    head_s = HEAD_S
    _limit: asyncio.TimerHandle | None = None

    # uvicorn has the same type here, and the same complaint: asyncio names a wider one
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own has it so
        """A client has connected."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """A client has sent something."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client has left, or was left."""
        super().connection_lost(exc)
        self._end_watch()

    def _watch(self) -> None:
        """The limit counts from the first byte on, and is not moved by more of them."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._end_watch()
        elif self._limit is None:
            self._limit = self.loop.call_later(self.head_s, self._close)

    def _end_watch(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _close(self) -> None:
        self._limit = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
