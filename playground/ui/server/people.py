"""Who sent a request, and whose pages and events are whose."""

import hashlib
import hmac
import os
import secrets
import threading
from collections import OrderedDict
from pathlib import Path

from starlette.types import Scope

from playground.ui.server.answers import cookies

MAX_PEOPLE = 2_000
MAX_NAMES_EACH = 400  # pages and events of one person; an event is one run
MAX_NAMES = 40_000  # of all people
_ID_CHARS = 32
_YEAR_S = 365 * 24 * 3600


class People:
    """Ids of people, in cookies that only this server can make: none are kept, and a restart changes none.

    The port is in the cookie's name, since browsers send a cookie to all ports of a host.
    """

    def __init__(self, key: bytes, port: int):
        self._key = key
        self._cookie = f"playground_person_{port}"

    def of(self, scope: Scope) -> str | None:
        """The person whose valid cookie the request carries."""
        value = cookies(scope).get(self._cookie, "")
        person = value[:_ID_CHARS]
        return person if hmac.compare_digest(value.encode(), self._signed(person).encode()) else None

    def new(self) -> tuple[str, tuple[bytes, bytes]]:
        """A new person, and the header that tells the browser."""
        person = secrets.token_hex(_ID_CHARS // 2)
        return person, self.set_cookie(self._cookie, self._signed(person))

    def proof(self, person: str, what: str) -> str:
        """A word that only this server can make for this person."""
        return hmac.new(self._key, f"{person} {what}".encode(), hashlib.sha256).hexdigest()

    def set_cookie(self, name: str, value: str) -> tuple[bytes, bytes]:
        """The header that sets a cookie which scripts can't read.

        Lax: a link on another site brings it along, so that one stays the same person; what changes anything is
        checked by its origin.
        """
        words = f"{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={_YEAR_S}"
        return b"set-cookie", words.encode()

    def _signed(self, person: str) -> str:
        return person + self.proof(person, "person")


def program(scope: Scope) -> str:
    """The id of one who has no cookie: all programs of an address are one person."""
    client = scope.get("client")
    return f"program {client[0] if client else 'unknown'}"


def kept_key(file: Path) -> bytes:
    """The key of this machine's cookies, made at the first start; one for this process only if it can't be kept."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
            new.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    except OSError:
        return secrets.token_bytes(32)
    try:
        key = file.read_bytes()
    except OSError:
        key = b""
    return key if len(key) == 32 else secrets.token_bytes(32)


class Owners:
    """Names of pages and events, each bound to the person who used it first; the least recently used are dropped."""

    def __init__(self, max_people: int = MAX_PEOPLE, max_names: int = MAX_NAMES_EACH, max_all: int = MAX_NAMES):
        self._max_people, self._max_names, self._max_all = max_people, max_names, max_all
        self._owners: dict[str, str] = {}
        self._people: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, name: str, person: str) -> bool:
        """Whether the name is the person's; a name that nobody has becomes theirs."""
        with self._lock:
            if self._owners.setdefault(name, person) != person:
                return False
            names = self._people.setdefault(person, OrderedDict())
            names[name] = None
            names.move_to_end(name)
            self._people.move_to_end(person)
            if len(names) > self._max_names:
                del self._owners[names.popitem(last=False)[0]]
            while len(self._people) > self._max_people or len(self._owners) > self._max_all:
                _, dropped = self._people.popitem(last=False)
                for one in dropped:
                    del self._owners[one]
            return True

    def has(self, name: str, person: str) -> bool:
        """Whether the name is the person's already."""
        return self._owners.get(name) == person
