"""What every test stands on: no network, no trace in the user's folders, and a browser where there is one."""

import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Read by the libraries while they are imported, so set before any of them is.
os.environ.update(
    GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1",
    TOKENIZERS_PARALLELISM="false",
)  # fmt: skip

import pytest
from hypothesis import HealthCheck, settings

from playground.paths import cache_dir

# Laws do not depend on how fast the machine is; in CI every run draws the same examples.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("house")

pytest_plugins = ["tests.coverage", "tests.tiny_models", "tests.ui.lab"]
NO_CHROMIUM = (
    "No Chromium found: install it (Debian: apt-get install chromium) or set CHROMIUM to the path of a "
    "Chromium or Chrome."
)


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):  # a Unix socket's path
        return True
    host = str(address[0])
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:  # a name that would have to be looked up
        return False


_outside: list[str] = []


def _refuse_the_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto") and not _is_local(arguments[1]):
        if isinstance(arguments[0], socket.socket) and arguments[0].family == getattr(socket, "AF_NETLINK", None):
            return  # talks to the kernel
        _outside.append(f"{event} {arguments[1]!r}")
        raise PermissionError(f"tests may reach loopback only, not {arguments[1]!r}")


def pytest_configure() -> None:
    sys.addaudithook(_refuse_the_network)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files of the page go first, since they take longest; slow tests run only when asked for by -m."""
    long = {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in long)
    if config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    """Fails a test that tried to reach out, even where the code under test swallowed the refusal."""
    _outside.clear()
    yield
    assert not _outside


@pytest.fixture(scope="session", autouse=True)
def _own_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the person's own presets and runs out of the tests, in this process and those it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYGROUND_DATA", str(tmp_path_factory.mktemp("data")))
        yield


def find_chromium() -> str | None:
    """Path of a Chromium or Chrome; `CHROMIUM` goes first."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without a browser, browser tests skip on a person's machine and fail in CI."""
    if item.get_closest_marker("browser") and not find_chromium():
        if os.environ.get("CI") == "true":
            pytest.fail(NO_CHROMIUM, pytrace=False)
        pytest.skip(NO_CHROMIUM)


@pytest.fixture(scope="session")
def trials() -> Callable[[int, int], int]:
    """How many trials to make: the first number, or the second if `PLAYGROUND_TRIALS` is `full`."""
    is_full = os.environ.get("PLAYGROUND_TRIALS") == "full"
    return lambda fast, full: full if is_full else fast


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; for tests marked `browser`, which do not start without one."""
    path = find_chromium()
    assert path, NO_CHROMIUM
    return path


@pytest.fixture(scope="session")
def model_cache() -> Path:
    """Folder of fetched models that real-model tests share with the person's own runs: fetched once, then kept."""
    folder = cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
