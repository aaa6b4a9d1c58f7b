"""Calling handlers of the page as the server does: with a request, in an event loop."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import gradio as gr

T = TypeVar("T")


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine in a thread of its own: Playwright keeps an event loop in the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def request_of(page: str, *, host: str = "127.0.0.1", headers: dict[str, str] | None = None) -> gr.Request:
    """What a handler is given when this page calls it."""
    client = {"host": host, "port": 1}
    return gr.Request(session_hash=page, headers=headers or {}, client=client)
