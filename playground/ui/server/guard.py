"""What every request passes before Gradio: host, origin, route, who sent it, whether they joined, size, whose page."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.ui.server.answers import SECURITY_HEADERS, Refused, answer_json, header, redirect, refusal
from playground.ui.server.bodies import Bodies, parse, replayed, too_long
from playground.ui.server.events import Events
from playground.ui.server.join import Join
from playground.ui.server.large import Large
from playground.ui.server.people import Owners, People, program
from playground.ui.server.queueing import SENT
from playground.ui.server.routes import HEALTH, JOIN, MAX_BODY_BYTES, PAGE, Route, find_route
from playground.ui.server.work import Work
from playground.ui.shell.common import PERSON_HEADER

MAX_OPEN_REQUESTS = 512  # each open page holds two
_MAX_NAME = 128
_OURS = {PERSON_HEADER.encode(), b"origin", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-for"}
_log = logging.getLogger(__name__)
_Made = Callable[[str], None]  # takes the name of an event that was made


class Guard:
    """The outermost part of the server. No answer of what is inside leaves without its headers."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], people: People, join: Join | None, events: Events):
        self._app, self._people, self._join = app, people, join
        self._events, self._work = events, Work(events.is_going)
        self._large = Large(events.is_going)
        self._hosts = {host.lower() for host in hosts}
        self._bodies, self._owners = Bodies(), Owners()
        self._open = set[asyncio.Task[Any]]()
        self._is_stopping = False

    def stop(self) -> None:
        """End every answer that is still going; call it in the event loop."""
        self._is_stopping = True
        for task in self._open:
            task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a web socket: nothing here uses one
            await send({"type": "websocket.close", "code": 1008})
            return
        reply = _Reply(send)
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
        try:
            if len(self._open) > MAX_OPEN_REQUESTS or self._is_stopping:
                raise Refused(503, "The server has too many requests at the moment: try again soon.")
            await self._checked(scope, receive, reply.send)
        except Refused as error:
            await reply.refuse(*refusal(scope, error))
        except Exception as error:
            _log.error("%s was not answered: %s", scope["path"][:_MAX_NAME], type(error).__name__)
            _log.debug("details", exc_info=error)
            await reply.fail()
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
            await reply.end()
        finally:
            if task is not None:
                self._open.discard(task)

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._check_host(scope)
        _check_site(scope)
        route = find_route(scope["method"], scope["path"])
        if route is HEALTH:
            await answer_json(send, 200, {"status": "ok"})
            return
        person, more = self._people.of(scope), list[tuple[bytes, bytes]]()
        if person is None and route in (PAGE, JOIN) and scope["method"] != "HEAD":
            person, cookie = self._people.new()
            more.append(cookie)
        if self._join is not None:
            if route is JOIN:
                body = await self._bodies.read(scope, receive, JOIN.max_bytes, is_json=False)
                self._bodies.release(len(body))
                await self._join.answer(scope, body, person or "", more, send)
                return
            if not route.is_public and not self._join.has_joined(scope, person):
                if route is not PAGE:
                    raise Refused(401, "Join first: open /join, or send the header Authorization: Bearer CODE.")
                await redirect(send, "/join", more)
                return
        elif route is JOIN:
            await redirect(send, "/", more)
            return
        await self._pass_on(route, scope, receive, _adding(send, more), person or program(scope))

    async def _pass_on(self, route: Route, scope: Scope, receive: Receive, send: Send, person: str) -> None:
        """To Gradio, once the body and the names in it are checked."""
        body = await self._bodies.read(scope, receive, route.max_bytes, is_json=scope["method"] == "POST")
        try:
            names, event = route.names(scope["path"]), None
            if route.calls == "event":
                event = self._events.of_name(names["name"]) if "name" in names else self._events.of_body(body)
            is_large = len(body) > MAX_BODY_BYTES
            if is_large and not (event and event.opens_file):
                raise Refused(413, too_long(MAX_BODY_BYTES))
            with self._work.arriving(person) if event and event.is_work else nullcontext() as made:
                async with self._large.arriving(len(body)) if is_large else nullcontext() as kept:
                    sent = await parse(body) if body else {}
                    self._check_names(route, names, scope, sent, person)
                    if event:
                        self._events.check(event, sent, by_name="name" in names)
                    inner = {**scope, SENT: sent}
                    await self._hand_on(route, inner, replayed(body, receive), send, (person, made, kept))
        finally:
            self._bodies.release(len(body))

    async def _hand_on(
        self, route: Route, scope: Scope, receive: Receive, send: Send, whose: tuple[str, *tuple[_Made | None, ...]]
    ) -> None:
        person, *made = whose
        headers = [(name, value) for name, value in scope["headers"] if name not in _OURS]
        inner = {**scope, "headers": [*headers, (PERSON_HEADER.encode(), person.encode("latin-1", "replace"))]}
        if route.makes_event:
            send = self._owning(send, person, [one for one in made if one is not None])
        await self._app(inner, receive, send)

    def _check_names(self, route: Route, names: dict[str, str], scope: Scope, sent: Any, person: str) -> None:
        """Refuse pages and events of others, and those that there are not."""
        value = sent if isinstance(sent, dict) else {}
        read = _queried(scope, "session_hash")
        pages = [page for page in (names.get("session"), value.get("session_hash"), *read) if page is not None]
        if any(not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME for name in pages):
            raise Refused(400, f"session_hash must be text of 1 to {_MAX_NAME} characters.")
        events = {one for one in (names.get("event"), value.get("event_id")) if isinstance(one, str)}
        if not all(self._owners.has(event, person) for event in events):
            raise Refused(404, "No such event of yours.")
        if not all(self._owners.claim(str(page), person) for page in pages):
            raise Refused(403, "This page is another person's: reload it.")
        if route.reads and not (
            all(map(self._events.has_stream, read)) and all(map(self._events.has_stream_of, events))
        ):
            raise Refused(404, "Nothing to read: send an event first, and read its stream once.")
        if route.calls == "part":
            self._events.check_part(value)

    def _owning(self, send: Send, person: str, made: Sequence[_Made]) -> Send:
        """The event that the answer names is the person's from now on: known before they can use it."""

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.body":
                try:
                    value = json.loads(message.get("body", b""))
                except ValueError:
                    value = None
                if isinstance(value, dict) and isinstance(event := value.get("event_id"), str):
                    self._owners.claim(event, person)
                    for note in made:
                        note(event)
            await send(message)

        return noted

    def _check_host(self, scope: Scope) -> None:
        host = (header(scope, b"host") or "").lower()
        name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
        if name not in self._hosts:
            raise Refused(400, "This server has no such name: use the address that it printed when it started.")


def _check_site(scope: Scope) -> None:
    """Refuse what another site's page sends, except a person who follows a link to the page."""
    origin, host = header(scope, b"origin"), header(scope, b"host") or ""
    if origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
        raise Refused(403, "Another site's page may not use this one.")
    if header(scope, b"sec-fetch-site") in (None, "same-origin", "none"):
        return
    follows = (header(scope, b"sec-fetch-mode"), header(scope, b"sec-fetch-dest")) == ("navigate", "document")
    if not (follows and scope["method"] == "GET" and scope["path"] in ("/", "/join")):
        raise Refused(403, "Another site's page may not use this one.")


def _queried(scope: Scope, name: str) -> list[str]:
    return parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get(name, [])


def _adding(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def with_them(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *headers]}
        await send(message)

    return with_them if headers else send


class _Reply:
    """One answer: our headers are in it, foreign permissions are not, and it can be ended."""

    def __init__(self, send: Send):
        self._send = send
        self._is_started = self._is_over = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._is_started = True
            own = [pair for pair in message.get("headers", []) if not pair[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": [*own, *SECURITY_HEADERS]}
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            self._is_over = True
        await self._send(message)

    async def refuse(self, status: int, value: dict[str, object]) -> None:
        """This, unless something else was begun; then just the end."""
        if self._is_started:
            await self.end()
        else:
            await answer_json(self.send, status, value, close=True)

    async def fail(self) -> None:
        """Say that it failed; what was begun breaks off, which the client sees."""
        if not self._is_started:
            await answer_json(self.send, 500, {"error": "The server met an unexpected error."}, close=True)

    async def end(self) -> None:
        """End it as it is."""
        if not self._is_started:
            await answer_json(self.send, 503, {"error": "The server is stopping."}, close=True)
        elif not self._is_over:
            await self.send({"type": "http.response.body", "body": b""})
