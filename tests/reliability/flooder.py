"""A program that sends far more work than its share, in a process of its own, and says how it was answered.

Arguments: port, number of the event for programs, how many at once, how many after that one after another.
"""

import asyncio
import json
import sys
import time

_HEAD = (
    "POST /gradio_api/{} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n"
)
_VALUES = ["much", "", "", 0.8, 0.95, 0, 0, 1, 5, 4000, None, "", [], False]


async def _send(port: int, event: int, number: int) -> tuple[int, float, str]:
    """Status, seconds and words of the answer."""
    body = json.dumps({"data": _VALUES, "fn_index": event, "session_hash": f"flood{number}"})
    begun_s = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = "queue/join" if number % 2 else "call/generate"
    writer.write((_HEAD.format(path, len(body)) + body).encode())
    status = int((await reader.readline()).split()[1])
    took_s = time.perf_counter() - begun_s
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].split()[0])
    value = json.loads(await reader.readexactly(length))
    writer.close()
    return status, took_s, value.get("error", "")


async def _flood(port: int, event: int, at_once: int, after: int) -> dict[str, list[tuple[int, float, str]]]:
    together = await asyncio.gather(*(_send(port, event, number) for number in range(at_once)))
    return {"together": together, "after": [await _send(port, event, at_once + number) for number in range(after)]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_flood(*map(int, sys.argv[1:])))))
