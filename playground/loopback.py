"""Requests of this machine to itself, which no proxy carries."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_proxies() -> Iterator[None]:
    """Inside the block, Python's HTTP clients use no proxy, neither of the environment nor of the system.

    A client with a proxy of a kind that it lacks, such as SOCKS, can't even be made. The setting is the process's: do
    nothing meanwhile that goes out to the network.
    """
    before = os.environ.get("no_proxy")
    os.environ["no_proxy"] = "*"  # wins over NO_PROXY, and hides what Windows and macOS have set
    try:
        yield
    finally:
        if before is None:
            del os.environ["no_proxy"]
        else:
            os.environ["no_proxy"] = before
