"""The sockets of this machine: one that listens, and requests to itself, which must bypass any proxy."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

BACKLOG = 1_024  # a class that opens the page before it is up waits in the socket


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


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 is any free one.

    Raises:
        OSError: The address can't be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sends at once only if it is named
    try:
        if os.name == "posix":  # a port just left may be taken again; on Windows this would allow one in use
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((host, port))
        server.listen(BACKLOG)
    except BaseException:
        server.close()
        raise
    return server
