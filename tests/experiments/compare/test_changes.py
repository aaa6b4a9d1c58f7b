import pytest

from playground.errors import PlaygroundError
from playground.experiments.compare.changes import (
    MAX_VALUES,
    base_of,
    check_changes,
    pane_request,
    parse_changes,
    parse_vary,
)
from playground.settings import LIMITS, Settings
from tests.tiny_runner import request


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("", {}),
        ("temperature=0.2", {"temperature": 0.2}),
        ("temperature=0.2,top_p=0.9,model=gpt2,quantization=int8",
         {"temperature": 0.2, "top_p": 0.9, "model": "gpt2", "quantization": "int8"}),
        (" top-k = 5 , seed = 7 ", {"top_k": 5, "seed": 7}),
        ("system=Be brief, please,raw=true", {"system": "Be brief, please", "raw": True}),
        ("stop=a,stop=b", {"stop": ["a", "b"]}),
        ("model=/a, b/c.gguf", {"model": "/a, b/c.gguf"}),
    ],
)  # fmt: skip
def test_changes_are_read_as_a_record_holds_them(text: str, changes: dict[str, object]):
    assert parse_changes(text) == changes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("temperature", "A pane is name=value"),
        ("tempature=1", "Unknown setting 'tempature': did you mean 'temperature'"),
        ("temperature=hot", "temperature must be a number from 0 to 2; got 'hot'"),
        ("temperature=3", "from 0 to 2"),
        ("temperature=nan", "from 0 to 2"),
        ("top_k=1.5", "whole number"),
        ("quantization=int9", "Unknown quantization 'int9'"),
        ("model=", "model must be the name of one"),
        ("raw=perhaps", "raw"),
        ("seed=1,seed=2", "seed comes twice"),
        ("prompt=x", "Unknown setting 'prompt'"),
        ("=1", "Unknown setting ''"),
        (",", "A pane is name=value"),
        ("x" * 5000 + "=1", "Unknown setting"),
    ],
)
def test_what_a_pane_can_not_be_is_one_sentence(text: str, words: str):
    with pytest.raises(PlaygroundError) as refusal:
        parse_changes(text)
    assert words in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_a_pane_is_the_base_with_its_changes_and_nothing_else():
    base = request(temperature=0.5, stop=("x",))
    pane = pane_request(base, parse_changes("top_p=0.5,quantization=int8"))
    assert pane.settings == base.settings.model_copy(update={"top_p": 0.5})
    assert (pane.model, pane.quantization, pane.prompt) == (base.model, "int8", base.prompt)
    assert pane_request(base, {}) == base
    assert base_of(base)["stop"] == ["x"]
    assert base_of(base).keys() == {*Settings.model_fields, "model", "quantization"}


@pytest.mark.parametrize("changes", [{"colour": 1}, {"model": 3}, {"quantization": None}, {"temperature": "hot"}])
def test_a_pane_of_wrong_values_is_refused(changes: dict[str, object]):
    with pytest.raises(PlaygroundError):
        check_changes(changes)


def test_a_sweep_reads_its_values():
    assert parse_vary("temperature=0, 0.5,1") == ("temperature", (0.0, 0.5, 1.0))
    assert parse_vary("max-new-tokens=4,8") == ("max_new_tokens", (4, 8))
    assert parse_vary("quantization=fp32,int4") == ("quantization", ("fp32", "int4"))
    for name, limit in LIMITS.items():
        values = (limit.high, 0.5 if limit.high == 1 else 100 if limit.low == 16 else 1)
        assert parse_vary(f"{name}={values[0]:.0f},{values[1]}")[1] == values


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("temperature", "A sweep varies name=value"),
        ("temperature=1", f"2 to {MAX_VALUES} values of temperature; got 1"),
        ("seed=" + ",".join(map(str, range(MAX_VALUES + 1))), f"got {MAX_VALUES + 1}"),
        ("temperature=0,0.0", "temperature = 0.0 comes twice"),
        ("temperature=0,,1", "temperature must be"),
        ("system=a,b", "system can't be swept"),
        ("tempature=0,1", "did you mean 'temperature'"),
        ("quantization=fp32,int9", "Unknown quantization"),
    ],
)
def test_what_a_sweep_can_not_be_is_one_sentence(text: str, words: str):
    with pytest.raises(PlaygroundError) as refusal:
        parse_vary(text)
    assert words in str(refusal.value)
