"""Templates of others: as transformers renders them, or refused in words after a bounded time."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from playground.engine.prompting import prepare_prompt
from playground.errors import PlaygroundError
from playground.models.catalogue import local_entry
from playground.models.chat_template import (
    OWN_CHARS,
    TIMES_THE_MESSAGES,
    ChatTemplates,
    TemplateRefusedChat,
    TemplateTooMuch,
    chat_templates,
)
from playground.models.loading import load
from playground.settings import Settings
from tests.engine.templates import TEMPLATES
from tests.tiny import tiny_folder, tiny_tokenizer

HELLO = [{"role": "user", "content": "Hello"}]
CHATS = (
    HELLO,
    [{"role": "system", "content": "é\n😀 \"'<&>"}, *HELLO],
    [
        *HELLO,
        {"role": "assistant", "content": "<think>a</think> b "},
        {"role": "user", "content": [{"type": "text", "text": "c"}]},
    ],
)
OTHERS = {
    "tools of the environment": "{{ messages|tojson }}{{ dict(a=1) }}{{ strftime_now('%Y') }}{{ bos_token }}",
    "loop controls and generation": (
        "{% for m in messages %}{% if loop.index > 1 %}{% break %}{% endif %}{% generation %}{{ m.content }}"
        "{% endgeneration %}{% endfor %}{% set ns = namespace(a=1) %}{{ ns.a }}{{ add_generation_prompt }}"
    ),
    "an own error": "{{ raise_exception('only polite people') }}",
    "a wrong template": "{% if %}",
    "an escape": "{{ messages.__class__.__mro__ }}",
}
BOMBS = {
    "nested loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "much text": "{% for i in range(20000) %}{{ 'aaaaaaaaaa' * 1000 }}{% endfor %}",
    "a constant folded when it is compiled": "{{ ('a' * 100000000) ~ ('b' * 400000000) }}",
    "a number folded when it is compiled": "{{ 9 ** 9 ** 9 }}",
    "text that doubles": (
        "{% set ns = namespace(a='ab') %}{% for i in range(60) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}{{ ns.a }}"
    ),
    "a list that grows": "{% set a = [[0] * 99999999] * 9 %}{{ a|length }}",
    "a template without an end": "{{ 'a' }}" * 200_000,
}


def tokenizer_with(template):
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = template
    return tokenizer


def process_of(templates):
    """The child of the newest template."""
    return next(reversed(templates._children.values())).process


@pytest.mark.parametrize("name", [*TEMPLATES, *OTHERS])
def test_the_child_renders_what_transformers_renders(name):
    tokenizer = tokenizer_with({**TEMPLATES, **OTHERS}[name])
    for chat in CHATS:
        try:
            expected = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        except Exception as error:
            with pytest.raises(TemplateRefusedChat, match=re.escape(str(error)[:300])):
                chat_templates().render(tokenizer, chat)
        else:
            assert chat_templates().render(tokenizer, chat) == expected


@pytest.mark.parametrize("name", BOMBS)
def test_a_template_that_does_not_come_back_is_refused_in_words_and_the_next_one_renders(name):
    chat_templates().render(tiny_tokenizer(), HELLO)
    begun = time.monotonic()
    with pytest.raises(PlaygroundError, match="raw mode"):
        prepare_prompt(tokenizer_with(BOMBS[name]), "Hello", Settings(system="Be brief."), 1000)
    assert time.monotonic() - begun < 20
    assert "Hello" in chat_templates().render(tiny_tokenizer(), HELLO)


def test_output_is_bounded_by_the_messages():
    allowed = f"{{{{ 'a' * {OWN_CHARS // 2} }}}}"
    assert chat_templates().render(tokenizer_with(allowed), HELLO) == "a" * (OWN_CHARS // 2)
    with pytest.raises(TemplateTooMuch):
        chat_templates().render(tokenizer_with(f"{{{{ 'a' * {OWN_CHARS * 2} }}}}"), HELLO)
    long = [{"role": "user", "content": "b" * OWN_CHARS}]
    as_often = f"{{{{ messages[0].content * {TIMES_THE_MESSAGES} }}}}"
    assert len(chat_templates().render(tokenizer_with(as_often), long)) == OWN_CHARS * TIMES_THE_MESSAGES


@pytest.mark.parametrize("template", [{"tool_use": "a"}, {"default": 5}, ["a"], 5, "{{ 1 }}" * 1_000_000])
def test_a_template_of_a_wrong_kind_is_refused_in_words(template):
    with pytest.raises(PlaygroundError):
        prepare_prompt(tokenizer_with(template), "Hello", Settings(), 1000)
    chat_templates().check(tokenizer_with(template))


def test_a_model_whose_template_does_not_come_back_says_so_when_it_is_loaded_and_reads_raw_text(tmp_path):
    folder = tiny_folder(tmp_path)
    (folder / "chat_template.jinja").write_text(BOMBS["nested loops"])
    said = []
    loaded = load(local_entry(folder, taken=set()), "fp32", device="cpu", progress=lambda stage, _: said.append(stage))
    assert [stage for stage in said if "chat template" in stage]
    begun = time.monotonic()
    for _ in range(20):  # none of them tries it again
        with pytest.raises(TemplateTooMuch):
            prepare_prompt(loaded.tokenizer, "Hello", Settings(), 100)
    assert time.monotonic() - begun < 1
    assert prepare_prompt(loaded.tokenizer, "Hello", Settings(raw=True), 100).ids


def test_many_threads_get_their_own_texts_while_one_template_hangs():
    templates, seen = ChatTemplates(), {}

    def render(number):
        chat = [{"role": "user", "content": f"I am {number}"}]
        seen[number] = templates.render(tiny_tokenizer(), chat)

    def hang():
        with pytest.raises(TemplateTooMuch):
            templates.render(tokenizer_with(BOMBS["nested loops"]), HELLO)

    threads = [threading.Thread(target=hang), *(threading.Thread(target=render, args=(n,)) for n in range(20))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"I am {number}<" in text for number, text in seen.items())
    assert len(seen) == 20


def test_a_child_that_was_killed_is_started_again():
    templates = ChatTemplates()
    templates.render(tiny_tokenizer(), HELLO)
    child = process_of(templates)
    child.kill()
    child.wait()
    assert templates.render(tiny_tokenizer(), HELLO)
    assert process_of(templates).pid != child.pid


def test_a_template_that_hangs_keeps_no_other_waiting_and_children_are_few():
    templates, ended = ChatTemplates(), threading.Event()
    templates.render(tiny_tokenizer(), HELLO)

    def hang():
        with pytest.raises(TemplateTooMuch):
            templates.render(tokenizer_with(BOMBS["nested loops"]), HELLO)
        ended.set()

    hanging = threading.Thread(target=hang)
    hanging.start()
    while not any(child.is_busy for child in list(templates._children.values())):
        time.sleep(0.001)
    assert templates.render(tiny_tokenizer(), HELLO)
    assert not ended.is_set()
    hanging.join()
    for number in range(5):
        assert templates.render(tokenizer_with(f"{{{{ {number} }}}}"), HELLO) == str(number)
    assert len({child.process.pid for child in templates._children.values()}) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="sends a signal that other systems lack")
@pytest.mark.parametrize("template", ["{{ messages }}", BOMBS["nested loops"]])
def test_the_child_ends_with_its_parent(template):
    code = (
        "import threading, sys, time\n"
        "from tests.models.test_chat_template import *\n"
        f"tokenizer = tokenizer_with({template!r})\n"
        "templates = ChatTemplates()\n"
        "templates.render(tiny_tokenizer(), HELLO)\n"
        "print(process_of(templates).pid, flush=True)\n"
        "threading.Thread(target=templates.render, args=(tokenizer, HELLO)).start()\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
    assert not psutil.wait_procs([child], timeout=15)[1]
