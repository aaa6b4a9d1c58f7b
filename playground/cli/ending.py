"""How a server's process ends: at the first signal in order, at the second at once."""

import os
import signal
import sys
import threading

_AT_ONCE = 130
_LOOK_S = 3600.0  # a wait without an end would not be interrupted on every system


class Ending:
    """Takes SIGINT and SIGTERM over, in the main thread. Until `wait`, one of them ends the process at once."""

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._is_waiting = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._signalled)

    def _signalled(self, *_: object) -> None:
        if self._requested.is_set() or not self._is_waiting:
            os._exit(_AT_ONCE)
        self._requested.set()

    def wait(self) -> None:
        """Until the first signal."""
        self._is_waiting = True
        while not self._requested.wait(_LOOK_S):
            pass

    def end(self) -> None:
        """Leave the process without waiting for threads: torch aborts when the interpreter ends under them."""
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(0)
