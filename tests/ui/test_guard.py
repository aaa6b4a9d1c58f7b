"""The server as a stranger meets it: hosts, sites, routes, bodies, people, and who has joined."""

import json
import re
import threading
import time
from collections.abc import Iterator

import gradio as gr
import httpx
import pytest
from starlette.requests import Request
from starlette.routing import Route

from playground.ui.components.forms import open_file
from playground.ui.server.answers import Refused
from playground.ui.server.bodies import MAX_DEPTH, MAX_VALUES, Counter
from playground.ui.server.large import Large
from playground.ui.server.people import Owners
from playground.ui.server.routes import MAX_BODY_BYTES, MAX_OPENED_BODY_BYTES, find_route
from playground.ui.shell.common import PERSON_HEADER
from tests.calls import run_async
from tests.ui.pages import serving_page

HEADERS = ("content-security-policy", "x-content-type-options", "referrer-policy")
FOREIGN = {"origin": "https://evil.example"}
CROSS = {"sec-fetch-site": "cross-site"}
LINK = CROSS | {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
JSON = {"content-type": "application/json"}
CODE = "ABCD2345"


def small_page() -> gr.Blocks:
    with gr.Blocks(analytics_enabled=False) as demo:
        gr.Textbox()

        def who(text: str, request: gr.Request) -> list[str]:
            return [request.headers[PERSON_HEADER], text]

        gr.api(who, api_name="who")
    return demo.queue(api_open=True)


@pytest.fixture(scope="module")
def page() -> Iterator[gr.Blocks]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", "100000")
        yield small_page()


@pytest.fixture(scope="module")
def site(page: gr.Blocks) -> Iterator[str]:
    with serving_page(page) as url:
        yield url


@pytest.fixture(scope="module")
def room() -> Iterator[str]:
    with serving_page(small_page(), join_code=CODE) as url:
        yield url


def gradio_routes(page: gr.Blocks) -> Iterator[tuple[str, str]]:
    """Method and an address of every route that Gradio registers."""
    app = gr.routes.App.create_app(page)
    nested = [route.original_router.routes for route in app.routes if hasattr(route, "original_router")]
    for route in (*app.routes, *(inner for routes in nested for inner in routes)):
        if isinstance(route, Route):
            path = re.sub(r"\{[a-z_]+\}", "1", re.sub(r"\{[a-z_]+:path\}", "x", route.path))
            yield from ((method, path) for method in route.methods or ())


def is_open(method: str, path: str) -> bool:
    try:
        find_route(method, path)
    except Refused:
        return False
    return True


def test_every_route_of_gradio_refuses_strangers_and_carries_the_headers(page: gr.Blocks, site: str):
    routes = sorted(set(gradio_routes(page)))
    assert len(routes) > 50
    with httpx.Client(base_url=site) as client:
        for method, path in routes:
            for headers, statuses in (
                ({"host": "evil.example"}, {400}),
                (FOREIGN, {403}),
                ({"origin": "null"}, {403}),
                (CROSS, {403}),
                ({"sec-fetch-site": "same-site"}, {403}),
            ):
                reply = client.request(method, path, headers=headers)
                assert reply.status_code in statuses, (method, path, headers)
                assert all(name in reply.headers for name in HEADERS), (method, path)
                assert not [name for name in reply.headers if name.startswith("access-control")]
            if not is_open(method, path):
                reply = client.request(method, path)
                assert reply.status_code in (404, 405), (method, path)
                assert all(name in reply.headers for name in HEADERS)


@pytest.mark.parametrize(
    "path",
    ["openapi.json", "docs", "redoc", "gradio_api/openapi.json", "gradio_api/upload", "gradio_api/deep_link",
     "gradio_api/file=/etc/passwd", "gradio_api/proxy=http://x", "monitoring", "login", "gradio_api/dev/reload",
     "static/" + "x" * 5_000, "assets/" + "x" * 300, "gradio_api/proxy=%00", "static/a%00b", "gradio_api/call/v2/who"],
)  # fmt: skip
def test_what_the_page_does_not_use_is_not_there(site: str, path: str):
    for method in ("GET", "POST"):
        assert httpx.request(method, site + path).status_code in (404, 405)


def test_no_preflight_of_another_site_is_granted(site: str):
    for headers in (FOREIGN, FOREIGN | {"host": "evil.example"}, {"origin": site.rstrip("/")}):
        reply = httpx.options(f"{site}config", headers=headers | {"access-control-request-method": "POST"})
        assert reply.status_code in (400, 403, 405)
        assert "access-control-allow-origin" not in reply.headers


def test_a_link_leads_to_the_page_and_keeps_the_person(site: str):
    with httpx.Client(headers=LINK) as browser:
        assert "set-cookie" in browser.get(site).headers
        again = browser.get(site)  # the cookie is lax: a browser sends it when it follows a link
        assert again.status_code == 200
        assert "set-cookie" not in again.headers
    assert httpx.get(f"{site}config", headers=LINK).status_code == 403
    assert httpx.post(f"{site}gradio_api/cancel", headers=LINK, json={}).status_code == 403


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: str):
    with httpx.Client() as client:
        cookie = client.get(site).headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "set-cookie" not in client.get(site).headers
    forged = cookie.split(";")[0][:-1] + "x"
    assert "set-cookie" in httpx.get(site, headers={"cookie": forged}).headers


def call(client: httpx.Client, site: str, **body: object) -> str:
    return client.post(f"{site}gradio_api/call/who", json={"data": ["hi"]} | body).raise_for_status().json()["event_id"]


def heard(client: httpx.Client, site: str, event: str) -> list:
    text = client.get(f"{site}gradio_api/call/who/{event}").raise_for_status().text
    return json.loads(text.split("data: ")[-1].strip())[0]


def test_a_handler_learns_the_person_that_the_server_knows_whatever_is_sent(site: str):
    with httpx.Client(headers={PERSON_HEADER: "somebody else"}) as browser, httpx.Client() as program:
        browser.get(site)
        person, same = (heard(browser, site, call(browser, site))[0] for _ in range(2))
        other = heard(program, site, call(program, site))[0]
    assert person == same
    assert len({person, other, "somebody else"}) == 3
    assert other.startswith("program ")


def test_a_known_hash_reads_stops_and_saves_nothing(site: str):
    with httpx.Client() as owner, httpx.Client() as other:
        owner.get(site)
        other.get(site)
        event = call(owner, site, session_hash="ours")
        api = f"{site}gradio_api/"
        cancel = {"session_hash": "mine", "fn_index": 0, "event_id": event}
        tries = [
            other.get(f"{api}queue/data", params={"session_hash": "ours"}),
            other.get(f"{api}heartbeat/ours"),
            other.get(f"{api}call/who/{event}"),
            other.post(f"{api}cancel", json=cancel),
            other.post(f"{api}reset", json={"event_id": event}),
            other.post(f"{api}queue/join", json={"session_hash": "ours", "data": [], "fn_index": 0}),
            other.post(f"{api}queue/join", content=rb'{"data":[],"\u0073ession_hash":"ours"}', headers=JSON),
            other.post(f"{api}component_server", json={"session_hash": "ours", "data": 1}),
            other.post(f"{api}call/who", json={"session_hash": "ours", "data": ["x"]}),
            other.post(f"{api}run/who", json={"session_hash": "ours", "data": ["x"]}),
        ]
        assert [one.status_code for one in tries if one.status_code not in (403, 404)] == []
        assert heard(owner, site, event)[1] == "hi"


def test_names_of_people_are_bounded_and_nobody_can_push_out_anothers():
    owners = Owners(max_people=3, max_names=2)
    assert owners.claim("a", "one")
    for number in range(100):
        assert owners.claim(f"b{number}", "two")
    assert owners.has("a", "one")
    assert not owners.claim("a", "two")
    assert len(owners._owners) == 3
    for number in range(5):
        owners.claim(f"c{number}", f"person {number}")
    assert len(owners._owners) == len(owners._people) == 3
    owners = Owners(max_all=3)
    for number in range(5):
        assert owners.claim(f"d{number}", f"person {number}")
    assert len(owners._owners) == len(owners._people) == 3
    assert owners.has("d4", "person 4")


WORST = {
    "many lists": b'{"data":[' + b"[]," * 5_000_000 + b"[]]}",
    "deep": b'{"data":' + b"[" * 500_000 + b"]" * 500_000 + b"}",
    "closing": b"]" * 10_000_000,
    "numbers": b'{"data":[' + b"1," * 5_000_000 + b"1]}",
    "keys": b'{"data":[],"k":{' + b",".join(b'"k%d":1' % number for number in range(500_000)) + b"}}",
    "quotes": b'"' * 10_000_000,
    "a long text": json.dumps({"data": ['\\"' * 3_000_000], "fn_index": 0, "session_hash": "z"}).encode(),
    "a long number": b'{"data":[' + b"9" * 10_000_000 + b"]}",
    "no utf-8": b'{"data":["' + b"\xff" * 10_000_000 + b'"]}',
    "too long": b" " * (MAX_OPENED_BODY_BYTES + 1),
}


def test_the_worst_bodies_are_refused_while_neighbours_are_answered(site: str):
    slowest, done, replies = [0.0], threading.Event(), dict[str, int]()

    def send(name: str, body: bytes, chunked: bool) -> None:
        content = (body[at : at + 100_000] for at in range(0, len(body), 100_000)) if chunked else body
        try:
            reply = httpx.post(f"{site}gradio_api/queue/join", content=content, headers=JSON, timeout=60)
            replies[f"{name} {chunked}"] = reply.status_code
        except httpx.TransportError:  # closed before all of it was sent
            replies[f"{name} {chunked}"] = 413

    def watch() -> None:
        with httpx.Client() as client:
            while not done.is_set():
                begun = time.perf_counter()
                client.get(f"{site}healthz").raise_for_status()
                slowest[0] = max(slowest[0], time.perf_counter() - begun)
                done.wait(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for name, body in WORST.items():
        senders = [threading.Thread(target=send, args=(name, body, chunked)) for chunked in (False, True)]
        for one in senders:
            one.start()
        for one in senders:
            one.join()
    done.set()
    watcher.join()
    assert [name for name, status in replies.items() if not 400 <= status < 500] == []
    print(f"the slowest of the neighbour's requests took {slowest[0] * 1000:.0f} ms")
    assert slowest[0] < 1.0  # 0.2 s is the goal; here the senders share the server's process, and the machine is busy


def test_a_body_has_the_limit_of_its_route(site: str):
    for path, limit in (
        ("call/who", MAX_BODY_BYTES),
        ("queue/join", MAX_OPENED_BODY_BYTES),
        ("cancel", MAX_BODY_BYTES),
    ):
        reply = httpx.post(f"{site}gradio_api/{path}", headers=JSON, content=b" " * (limit + 1))
        assert reply.status_code == 413
        assert f"{limit:,}" in reply.json()["error"]
    assert httpx.post(f"{site}gradio_api/cancel", content=b"{}").status_code == 415


def test_only_an_event_that_opens_a_file_is_sent_a_large_body():
    with gr.Blocks(analytics_enabled=False) as demo:
        file, words = open_file("run", max_bytes=2 * MAX_BODY_BYTES, elem_id="open"), gr.Textbox()
        file.input(lambda text: None, file, None)
        words.input(lambda text: None, words, None)
    with serving_page(demo) as url:
        for event, status in ((0, 200), (1, 413), ([0], 404), (None, 404)):
            body = {"data": ["x" * MAX_BODY_BYTES], "fn_index": event, "session_hash": "large"}
            assert httpx.post(f"{url}gradio_api/queue/join", json=body).status_code == status
    assert len(demo.fns) == 2


def test_a_body_is_parsed_once(site: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Request, "json", None)
    body = {"data": ["hi"], "fn_index": 0, "session_hash": "once"}
    assert httpx.post(f"{site}gradio_api/queue/join", json=body).status_code == 200
    assert httpx.post(f"{site}gradio_api/queue/join", json={**body, "trigger_id": "x"}).status_code == 422


def test_large_bodies_are_bounded_together_until_their_events_end():
    going, large = {"a"}, Large(lambda name: name in going, max_bytes=10)

    async def add(name: str, length: int) -> None:
        async with large.arriving(length) as made:
            made(name)

    run_async(add("a", 6))
    with pytest.raises(Refused):
        run_async(add("b", 6))
    going.clear()
    run_async(add("b", 6))


def test_a_form_of_ours_says_where_it_comes_from(site: str):
    assert httpx.get(site).headers["referrer-policy"] == "same-origin"  # "no-referrer" makes the origin "null"


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_values_are_counted_outside_of_text_whatever_the_pieces(size: int):
    text = json.dumps({"a": ["[[[", '\\"', "\\", [1, {"b": '"]'}]], "c\\": "x,y"}).encode()

    def count(data: bytes) -> int:
        counter = Counter()
        for at in range(0, len(data), size):
            counter.add(data[at : at + size])
        assert counter._depth == 0
        return counter._values

    assert count(text) == 12  # two lists, two objects, five commas, three colons
    with pytest.raises(Refused):
        count(b"[" + b"1," * (MAX_VALUES + 1) + b"1]")
    with pytest.raises(Refused):
        count(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_the_page_is_compressed_and_a_stream_is_not(site: str):
    for packing in ("br", "gzip"):
        assert httpx.get(site, headers={"accept-encoding": packing}).headers["content-encoding"] == packing
    assert httpx.get(f"{site}config").headers["content-encoding"] == "gzip"
    with httpx.stream("GET", f"{site}gradio_api/heartbeat/h1") as reply:
        assert "content-encoding" not in reply.headers
        assert "ALIVE" in next(reply.iter_text())


def test_only_those_who_joined_are_answered(page: gr.Blocks, room: str):
    with httpx.Client(base_url=room) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        for method, path in sorted(set(gradio_routes(page))):
            if is_open(method, path) and path not in ("/", "/favicon.ico", "/robots.txt"):
                assert client.request(method, path).status_code == 401, (method, path)
        assert client.get("/").headers["location"] == "/join"
        assert 'for="code"' in client.get("/join").text
        assert client.post("/join", data={"code": "WRONG234"}).status_code == 403
        assert client.post("/join", data={"code": CODE.lower()}).headers["location"] == "/"
        assert client.get("/").status_code == client.get("/config").status_code == 200
        cookies = dict(client.cookies)
    joined = next(name for name in cookies if "joined" in name)
    assert httpx.get(f"{room}config", cookies={joined: cookies[joined]}).status_code == 401  # another person's proof
    assert httpx.get(f"{room}config", headers={"authorization": f"Bearer {CODE}"}).status_code == 200
    with httpx.Client(base_url=room) as scanned:
        assert scanned.get("/join", params={"code": CODE}).headers["location"] == "/"
        assert scanned.get("/config").status_code == 200


def test_guessing_the_code_is_slowed():
    with serving_page(small_page(), join_code=CODE) as url, httpx.Client(base_url=url) as client:
        statuses = [client.post("/join", data={"code": f"{number:08}"}).status_code for number in range(12)]
        assert statuses[0] == 403
        assert statuses[-1] == 429
        assert client.post("/join", data={"code": CODE}).status_code == 429
        assert client.get("/config", headers={"authorization": f"Bearer {CODE}"}).status_code == 401
