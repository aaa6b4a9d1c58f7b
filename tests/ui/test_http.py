"""The page's server as a stranger meets it: hosts, origins, bodies, headers, and the endpoint `/generate`."""

import re

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from playground.runs.records import RunRecord
from playground.ui.server.launch import allowed_hosts, mount_options
from playground.ui.server.page import page_scripts, page_style
from playground.ui.shell.theme import font_files
from tests.calls import run_async
from tests.scripted import Script, ScriptedRunner


@pytest.fixture(scope="module")
def client(served):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        client = Client(served[1], verbose=False, analytics_enabled=False)
    yield client
    client.close()


def test_a_program_gets_text_and_a_whole_record(client: Client, runner: ScriptedRunner):
    text, record = client.predict("one two", seed=5, max_new_tokens=4, temperature=0.5, api_name="/generate")
    assert text == " one two one two"
    assert RunRecord.model_validate(record).settings["seed"] == 5
    assert runner.answers[0].settings.temperature == 0.5


def test_generate_is_the_only_named_endpoint(client: Client):
    assert list(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == ["/generate"]  # type: ignore[index]  # a dict


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"prompt": ""}, "The prompt is empty"),
        ({"prompt": "x" * 1_000_001}, "the limit is 1,000,000"),
        ({"temperature": -1}, "temperature must be a number from 0 to 2"),
        ({"temperature": "abc"}, "temperature must be a number"),
        ({"top_p": 0}, "top_p must be a number above 0"),
        ({"max_new_tokens": 10**9}, "max_new_tokens must be a whole number"),
        ({"model": "nobody"}, "Unknown model 'nobody'"),
        ({"model": 7}, "model must be text"),
        ({"quantization": "int1"}, "Unknown quantization"),
        ({"stop": "abc" * 99}, "stop"),
    ],
)
def test_bad_input_to_the_api_is_refused_in_words(client: Client, runner: ScriptedRunner, values: dict, words: str):
    with pytest.raises(AppError) as caught:
        client.predict(**({"prompt": "hello"} | values), api_name="/generate")
    assert words in str(caught.value)
    assert runner.answers == []


def test_a_failed_run_is_an_error_of_the_api(client: Client, runner: ScriptedRunner):
    runner.script = Script(fail_after=2)
    with pytest.raises(AppError, match="logits are not finite"):
        client.predict("one two", api_name="/generate")


def test_a_cancelled_job_stops_its_engine(client: Client, runner: ScriptedRunner):
    runner.script = Script(count=5000, tokens_per_s=50)
    job = client.submit("one two", max_new_tokens=5000, api_name="/generate")
    next(iter(job))
    job.cancel()
    for _ in range(100):
        if runner.answers and runner.answers[0].closed:
            break
        run_async(_a_moment())
    assert runner.answers[0].closed


async def _a_moment() -> None:
    import asyncio  # noqa: PLC0415 - one call

    await asyncio.sleep(0.03)


def test_queued_events_cannot_be_run_around_the_queue(url: str):
    assert httpx.post(f"{url}gradio_api/run/generate", json={"data": ["x"]}).status_code == 404


def test_a_page_is_small_on_the_way_and_the_same_without_brotli(url: str):
    plain = {"accept-encoding": "identity"}
    names = ["", *re.findall(r'(?:href|src)="/(own/[^"]+)"', httpx.get(url).text)]
    sent = 0
    for name in names:
        with httpx.stream("GET", url + name) as packed:
            sent += len(b"".join(packed.iter_raw()))
        assert packed.headers["content-encoding"] == "br"
        assert httpx.get(url + name).text == httpx.get(url + name, headers=plain).text
    assert len(names) > 2
    assert sent < 200_000


def test_only_names_of_this_machine_are_allowed():
    assert allowed_hosts("127.0.0.1") == ["127.0.0.1", "localhost", "[::1]"]
    assert "192.168.7.8" in allowed_hosts("192.168.7.8")
    assert "127.0.0.1" in allowed_hosts("0.0.0.0")
    assert not any("*" in name for name in allowed_hosts("0.0.0.0"))


def test_nothing_that_calls_out_is_switched_on():
    options = mount_options()
    for name in ("run_history", "enable_monitoring", "ssr_mode", "mcp_server", "pwa", "show_error"):
        assert options[name] is False
    assert options["footer_links"] == []
    ours = "".join(page_scripts()) + page_style(dict.fromkeys((file.name for file in font_files()), "here"))
    for name in ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"):  # of kinds of elements
        ours = ours.replace(name, "")
    assert "http://" not in ours
    assert "https://" not in ours
