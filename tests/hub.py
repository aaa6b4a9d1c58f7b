"""A model hub on loopback: the few answers of the Hugging Face hub that a fetch needs, over one folder."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub
import pytest

from playground.models.catalogue import HubSource, ModelEntry

REPO, COMMIT = "someone/tiny", "2" * 40
_PART = 16_384


@dataclass
class Hub:
    """What it has and how it behaves.

    Attributes:
        folder: The files of its one model.
        licence: On the model's card; empty for a card that does not say it.
        refusal: The error code of every answer about files; empty answers them.
        gate: Weights stop in the middle until this is set.
        asked: The paths of all requests.
        url: Its address.
    """

    folder: Path
    licence: str = "mit"
    refusal: str = ""
    gate: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of each file."""
        return {path.name: path.stat().st_size for path in sorted(self.folder.iterdir())}

    @property
    def downloads(self) -> list[str]:
        """Files that were asked for."""
        return [path.rpartition("/")[2] for path in self.asked if "/resolve/" in path]

    def entry(self, repo: str = REPO) -> ModelEntry:
        """Its model in a catalogue, which does not say its licence."""
        source = HubSource(kind="hub", repo=repo, revision=COMMIT)
        return ModelEntry(
            id="tiny-hub", title="Tiny", source=source, licence="", parameters=92_480, context_length=512, about="Tiny."
        )


@contextmanager
def serving_hub(hub: Hub, cache: Path) -> Iterator[Hub]:
    """Serve it; the hub's library, here and in children, asks it and keeps files in `cache`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, hub))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "0"}.items():
            patch.setenv(name, value)
        patch.setenv("HF_HUB_DISABLE_XET", "1")
        patch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        huggingface_hub.close_session()
        try:
            yield hub
        finally:
            hub.gate.set()
            server.shutdown()
            server.server_close()
            huggingface_hub.close_session()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, hub: Hub, *args: object):
        self._hub = hub
        super().__init__(*args)  # type: ignore[arg-type]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, *, body: bool) -> None:
        hub, path = self._hub, self.path.partition("?")[0]
        if body:
            hub.asked.append(path)
        if f"/{REPO}/" not in f"{path}/":
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body=body)
        elif hub.refusal and "/resolve/" in path:
            self._send(403, b"{}", {"X-Error-Code": hub.refusal}, body=body)
        elif "/resolve/" in path:
            self._file(hub.folder / path.rpartition("/")[2], body=body)
        elif "/tree/" in path:
            files = [{"type": "file", "path": n, "size": s, "oid": _oid(n)} for n, s in hub.sizes.items()]
            self._send(200, json.dumps(files).encode(), {}, body=body)
        else:
            self._send(200, json.dumps(self._info()).encode(), {}, body=body)

    def _info(self) -> dict[str, object]:
        hub = self._hub
        files = [{"rfilename": name, "size": size, "blobId": _oid(name)} for name, size in hub.sizes.items()]
        card = {"license": hub.licence} if hub.licence else {}
        gated = "manual" if hub.refusal == "GatedRepo" else False
        return {"id": REPO, "sha": COMMIT, "siblings": files, "cardData": card, "gated": gated}

    def _file(self, path: Path, *, body: bool) -> None:
        if not path.is_file():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"}, body=body)
            return
        data, headers = path.read_bytes(), {"ETag": f'"{_oid(path.name)}"', "X-Repo-Commit": COMMIT}
        self._send(200, data, headers, body=body, slow=path.suffix == ".safetensors")

    def _send(self, code: int, data: bytes, headers: dict[str, str], *, body: bool, slow: bool = False) -> None:
        self.send_response(code)
        for name, value in ({"Content-Length": str(len(data)), "Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        half = len(data) // 2 if slow else len(data)
        try:
            self.wfile.write(data[:half])
            self.wfile.flush()
            if slow:
                self._hub.gate.wait(60)
            self.wfile.write(data[half:])
        except OSError:  # the one who asked has gone
            pass


def _oid(name: str) -> str:
    return hashlib.sha1(name.encode()).hexdigest()
