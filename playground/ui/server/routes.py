"""The routes that the page and the documented client of the API use. Everything else that Gradio serves is closed."""

import re
from dataclasses import dataclass
from typing import Literal

from playground.ui.server.answers import Refused

MAX_BODY_BYTES = 2**20
MAX_OPENED_BODY_BYTES = 96 * 2**20  # the page sends an opened file as the value of an event, with escapes
MAX_PATH_CHARS = 1_024
MAX_NAME_CHARS = 255  # no file has a longer one
_API = "/gradio_api"
QUEUE_PATH = f"{_API}/queue/join"
Calls = Literal["", "event", "part"]


@dataclass(frozen=True)
class Route:
    """A route that is open.

    Attributes:
        pattern: Of the whole path; groups `session` and `event` are the names it carries, `name` that of what it calls.
        methods: Which are allowed.
        max_bytes: The longest body.
        calls: Its body is for an event of the page, or for a component's own function.
        makes_event: Its answer names an event that then belongs to the one who sent the request.
        reads: It reads a stream, which must be there.
        is_public: It answers also those who have not joined.
    """

    pattern: re.Pattern[str]
    methods: tuple[str, ...] = ("GET", "HEAD")
    max_bytes: int = 0
    calls: Calls = ""
    makes_event: bool = False
    reads: bool = False
    is_public: bool = False

    def names(self, path: str) -> dict[str, str]:
        """The names that a path carries."""
        match = self.pattern.fullmatch(path)
        return {key: name for key, name in match.groupdict().items() if name} if match else {}


def _get(pattern: str, *, reads: bool = False, is_public: bool = False) -> Route:
    return Route(re.compile(pattern), reads=reads, is_public=is_public)


def _post(pattern: str, *, max_bytes: int = MAX_BODY_BYTES, calls: Calls = "", makes_event: bool = False) -> Route:
    return Route(re.compile(pattern), ("POST",), max_bytes, calls, makes_event)


JOIN = Route(re.compile(r"/join"), ("GET", "HEAD", "POST"), 1_024, is_public=True)
HEALTH = _get(r"/healthz", is_public=True)
PAGE = _get(r"/")
HEARTBEAT = _get(rf"{_API}/heartbeat/(?P<session>[^/]+)")
ROUTES = (
    HEALTH,
    JOIN,
    PAGE,
    _get(r"/config/?|/theme\.css|/manifest\.json"),
    _get(r"/favicon\.ico|/robots\.txt", is_public=True),
    _get(r"/(?:static|assets|svelte|own)/.+"),
    _get(rf"{_API}/(?:info/?|app_id/?|theme\.css|queue/status)"),
    HEARTBEAT,
    _get(rf"{_API}/queue/data", reads=True),
    _get(rf"{_API}/call/[^/]+/(?P<event>[^/]+)", reads=True),
    _post(QUEUE_PATH, max_bytes=MAX_OPENED_BODY_BYTES, calls="event", makes_event=True),
    _post(rf"{_API}/call/(?P<name>[^/]+)/?", calls="event", makes_event=True),
    _post(rf"{_API}/run/[^/]+/?", calls="event"),
    _post(rf"{_API}/component_server/?", calls="part"),
    _post(rf"{_API}/(?:cancel|reset/?)"),
)


def find_route(method: str, path: str) -> Route:
    """The open route of a request.

    Raises:
        Refused: The path is not one of them, or not with this method; or no file can have this name.
    """
    names_fit = len(path) <= MAX_PATH_CHARS and all(len(name) <= MAX_NAME_CHARS for name in path.split("/"))
    if not names_fit or not path.isprintable():
        raise Refused(404, "No such page.")
    route = next((route for route in ROUTES if route.pattern.fullmatch(path)), None)
    if route is None:
        raise Refused(404, "No such page.")
    if method not in route.methods:
        raise Refused(405, f"Use {' or '.join(route.methods)} here.")
    return route
