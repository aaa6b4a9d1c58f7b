"""Requests from this machine to itself, which must bypass any proxy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_proxies() -> Iterator[None]:
    """Inside the block, Python's HTTP clients ignore the proxies of the environment and the system.

    A client can't even be created with a proxy it does not support, such as SOCKS. The setting affects the whole
    process: make no requests to the network inside the block.
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
