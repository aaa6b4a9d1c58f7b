"""How the page is served: for this machine or a trusted network, with nothing that calls out."""

import ipaddress
import socket
from typing import Any

import psutil

from playground.backends.turns import MAX_WAITING
from playground.ui.shell.theme import make_theme

_LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
_EVERYWHERE = {"0.0.0.0", "::", ""}
MAX_THREADS = 80  # one a blocking call: meters, previews and saves of many pages at once
MAX_EVENTS = MAX_WAITING + MAX_THREADS  # at once: all that may wait for the model, and others beside them
ENVIRONMENT = {
    "GRADIO_ANALYTICS_ENABLED": "False",
}


def allowed_hosts(host: str) -> list[str]:
    """Names by which the page may be called; any other `Host` is refused, which stops DNS rebinding."""
    if host in _LOOPBACK or host == "::1":
        return [*_LOOPBACK]
    name = socket.gethostname()
    names = [*_LOOPBACK, name, name.split(".")[0], f"{name.split('.')[0]}.local"]
    if host not in _EVERYWHERE:
        return [*names, f"[{host}]" if ":" in host else host]
    return [*names, *(f"[{address}]" if ":" in address else address for address in _addresses())]


def _addresses() -> list[str]:
    groups = [address for group in psutil.net_if_addrs().values() for address in group]
    return [one.address.split("%")[0] for one in groups if one.family in (socket.AF_INET, socket.AF_INET6)]


def lan_address() -> str:
    """The address by which others in the network most likely reach this machine; its name if it has none."""
    ours = [ipaddress.ip_address(address) for address in _addresses()]
    outside = [one for one in ours if one.version == 4 and not one.is_loopback and not one.is_link_local]
    outside.sort(key=lambda one: (not one.is_private, str(one).startswith("172.")))  # containers have those
    return str(outside[0]) if outside else socket.gethostname()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def mount_options() -> dict[str, Any]:
    """The options of `mount_gradio_app`."""
    return {
        "theme": make_theme(),
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "mcp_server": False,
        "pwa": False,
        "show_error": False,
        "max_file_size": "1mb",
        "allowed_paths": [],
        "app_kwargs": {"openapi_url": None},
    }
