import errno
import os
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from playground.data import preset_files
from playground.data.examples import load_examples, prompts_to_try
from playground.data.preset_files import load_presets
from playground.data.presets import (
    HardwareList,
    Preset,
    PriceChoices,
    PromptList,
    load_list,
    parse_preset,
)
from playground.data.user_presets import WouldReplace, export_preset, import_preset, new_preset, save_preset, slug
from playground.errors import PlaygroundError
from playground.files import MAX_YAML_BYTES
from playground.metrics.prices import rates
from playground.paths import presets_dir
from playground.settings import QUANTIZATIONS, make_settings

SHIPPED = presets_dir() / "sampling"
GOOD = "schema: 1\ntitle: Mine\nwhy: Because.\nsettings: {temperature: 0.5}\n"
NOWHERE = Path("does-not-exist")

plain_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).filter(str.strip)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
some_settings = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "top_k": st.integers(0, 1_000_000),
        "seed": st.none() | st.integers(0, 2**32 - 1),
        "system": any_text,
        "stop": st.lists(any_text.filter(bool), max_size=8),
        "raw": st.booleans(),
    },
)


def build(title: str, **rest) -> Preset:
    return Preset(schema_=1, id=slug(title.strip()), title=title, **rest)


presets = st.builds(
    build,
    title=plain_text,
    why=plain_text,
    settings=some_settings,
    quantization=st.none() | st.sampled_from(QUANTIZATIONS),
    prompt=st.none() | any_text.filter(bool),
)


def mine(title: str = "Mine") -> Preset:
    return new_preset(title, "Because.", make_settings(temperature=0.5), quantization="int8")


def is_preset_or_clean_error(text: str | bytes) -> bool:
    """Any other error goes through and fails the test."""
    try:
        preset = import_preset(text)
    except PlaygroundError as error:
        return 0 < len(str(error)) < 1000
    return import_preset(export_preset(preset)) == preset


# What ships


def test_at_least_eight_presets_ship_and_none_is_broken():
    found = load_presets(SHIPPED, NOWHERE)
    assert found.problems == ()
    expected = "balanced deterministic creative chaos short-context small-and-fast-int4 long-answer extraction"
    assert set(expected.split()) <= set(found.all)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_preset_says_why_in_a_sentence_and_survives_export(path):
    preset = load_presets(SHIPPED, NOWHERE).find(path.stem)
    assert preset.why.endswith(".")
    assert slug(preset.title) == preset.id
    assert import_preset(export_preset(preset)) == preset


def test_the_shipped_presets_keep_their_promises():
    shipped = load_presets(SHIPPED, NOWHERE).shipped
    assert shipped["deterministic"].settings["temperature"] == 0
    assert shipped["small-and-fast-int4"].quantization == "int4"
    assert shipped["short-context"].settings["context_length"] < 1024
    assert shipped["chaos"].settings["temperature"] > shipped["creative"].settings["temperature"]


def test_the_models_that_price_tables_begin_with_are_in_the_price_list_and_of_several_providers():
    chosen = load_list(PriceChoices, presets_dir() / "prices.yaml").models
    assert len({rates(model.id).id for model in chosen}) == len(chosen) == 10
    assert len({model.id.split("/")[0] for model in chosen}) >= 6
    assert any(len(rates(model.id).input) > 1 for model in chosen)
    assert any(not rates(model.id).has_cached for model in chosen)


def test_hardware_and_prompts_ship_with_their_reasons():
    hardware = load_list(HardwareList, presets_dir() / "hardware.yaml")
    assert isinstance(hardware.as_of, date)
    assert len({machine.id for machine in hardware.hardware}) == len(hardware.hardware) >= 5
    assert all("ssumed" in machine.source for machine in hardware.hardware)
    prompts = load_list(PromptList, presets_dir() / "prompts.yaml").prompts
    prompts = prompts_to_try(load_examples(presets_dir() / "examples"), prompts)
    assert len({prompt.id for prompt in prompts}) == len({prompt.prompt for prompt in prompts}) == len(prompts) >= 6
    assert all(prompt.why.endswith((".", "?")) for prompt in prompts)


# What is wrong with a file


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + "titel: x", "unknown key 'titel': did you mean 'title'"),
        (GOOD + "id: x", "the id is the name of the file"),
        (GOOD.replace("temperature", "temprature"), "did you mean 'temperature'"),
        (GOOD.replace("0.5", "hot"), "temperature must be a number from 0 to 2; got 'hot'"),
        (GOOD.replace("0.5", ".nan"), "temperature must be a number from 0 to 2; got nan"),
        (GOOD.replace("{temperature: 0.5}", "[1]"), "settings"),
        (GOOD.replace("schema: 1", "schema: 2"), "schema must be 1"),
        (GOOD.replace("schema: 1\n", ""), "'schema' is missing"),
        (GOOD.replace("title: Mine\n", ""), "'title' is missing"),
        (GOOD.replace("Mine", "2024"), "title"),
        (GOOD.replace("Mine", '"a\\nb"'), "title must be on one line"),
        (GOOD.replace("Mine", '"\\ud800"'), "title"),
        (GOOD + "quantization: int3", "quantization must be one of fp32"),
        (GOOD + "title: Again", "'title' is given twice"),
        (GOOD + "model: !!python/name:os.system", "tag"),
        (GOOD + "model: !!str x", "tag"),
        (GOOD + "prompt: &a x\nmodel: *a", "anchors"),
        (GOOD + "---\n" + GOOD, "more than one"),
        (GOOD + "prompt: " + "[" * 1000, "levels deep"),
        (GOOD + "prompt: " + "x" * 10 * 2**20, "the limit is 65,536"),
        (GOOD + "prompt: 2024-99-99", "not valid YAML"),
        (GOOD + "prompt: " + "9" * 5000, "not valid YAML"),
        (GOOD + "prompt: [", "not valid YAML"),
        (GOOD + "? [a]\n: 1", "not valid YAML"),
        ("", "must hold keys and values"),
        ("- 1", "must hold keys and values"),
        (GOOD + "1: 2", "must hold keys and values"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("\ud800", "not UTF-8"),
        ("a: \0", "not valid YAML"),
    ],
)
def test_a_wrong_preset_is_refused_by_name_with_what_to_do(text, says):
    with pytest.raises(PlaygroundError) as error:
        parse_preset(text, id="mine", name="'mine.yaml'")
    assert str(error.value).startswith("'mine.yaml'")
    assert says in str(error.value)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("wrong", ["usd_per_hour: -1", "usd_per_hour: .nan", "watts: 0", "wats: 3"])
def test_a_wrong_price_names_the_file_and_the_key(tmp_path, wrong):
    path = tmp_path / "hardware.yaml"
    text = (presets_dir() / "hardware.yaml").read_text(encoding="utf-8")
    key = "watts: 30" if wrong.startswith("wat") else "usd_per_hour: 0.25"
    path.write_text(text.replace(key, wrong), encoding="utf-8")
    with pytest.raises(PlaygroundError, match=r"'hardware.yaml': .*hardware.0.") as error:
        load_list(HardwareList, path)
    assert "did you mean 'watts'" in str(error.value) or not wrong.startswith("wats")


@given(
    st.text(max_size=200) | st.text(alphabet="{}[]:,&*!-?|>'\"# \nabc10.%@`~", max_size=200) | st.binary(max_size=200)
)
@example("!")
@example("%YAML 9.9\n---\na")
@example("<<: 1")
@example("<<: [{a: 1}, 2]")
@example("=: 1")
@example("a: 1:99:99")
@example("a: 2001-01-01T00:00:00+99:99")
def test_any_text_is_a_preset_or_one_clean_error(text):
    assert is_preset_or_clean_error(text)


@given(
    st.integers(0, len(GOOD) - 1),
    st.integers(0, 3),
    st.text(max_size=3) | st.sampled_from(["\0", "\ud800", "&a ", "!!x ", "[" * 99]),
)
def test_a_good_preset_with_a_damaged_spot_is_a_preset_or_one_clean_error(at, cut, insert):
    assert is_preset_or_clean_error(GOOD[:at] + insert + GOOD[at + cut :])


# A person's own


@given(presets)
@example(
    build("Ends", why="w", settings={"system": " a \r\n\x85\u2028 \n\n", "stop": ["\n", "a: b"]}, prompt="\n # x\n")
)
def test_an_exported_preset_is_imported_unchanged(preset):
    assert import_preset(export_preset(preset)) == preset


def test_a_saved_preset_is_found_again(tmp_path):
    path = save_preset(mine(), tmp_path / "new" / "folder")
    found = load_presets(SHIPPED, path.parent)
    assert found.find("mine") == mine()
    assert list(found.all)[-1] == "mine"
    assert list(path.parent.iterdir()) == [path]


def test_saving_again_asks_before_it_replaces_and_another_of_the_same_name_never_does(tmp_path):
    save_preset(mine("C"), tmp_path)
    save_preset(mine("C"), tmp_path)  # nothing is lost
    changed = mine("C").model_copy(update={"why": "Better."})
    with pytest.raises(WouldReplace) as caught:
        save_preset(changed, tmp_path)
    assert load_presets(SHIPPED, tmp_path).user == {"c": mine("C")}
    save_preset(caught.value.preset, tmp_path, replaces=True)
    with pytest.raises(PlaygroundError, match="would overwrite your preset 'C'"):
        save_preset(mine("C++"), tmp_path, replaces=True)
    assert load_presets(SHIPPED, tmp_path).user == {"c": changed}


def test_a_broken_file_is_not_overwritten(tmp_path):
    (tmp_path / "mine.yaml").write_text("schema: [")
    with pytest.raises(PlaygroundError, match=r"broken file .* 'mine.yaml'"):
        save_preset(mine(), tmp_path, replaces=True)
    assert (tmp_path / "mine.yaml").read_text() == "schema: ["


def test_a_shipped_preset_is_neither_overwritten_nor_hidden(tmp_path):
    with pytest.raises(PlaygroundError, match="shipped preset"):
        save_preset(mine("Balanced"), tmp_path)
    (tmp_path / "balanced.yaml").write_text(GOOD)
    found = load_presets(SHIPPED, tmp_path)
    assert found.find("balanced").title == "Balanced"
    assert [problem.id for problem in found.problems] == ["balanced"]


def test_one_broken_file_stops_nothing_but_is_told(tmp_path):
    (tmp_path / "broken.yaml").write_text("title: [")
    (tmp_path / "large.yaml").write_text("x" * (MAX_YAML_BYTES + 1))
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "good.yaml").write_text(GOOD)
    found = load_presets(SHIPPED, tmp_path)
    assert list(found.user) == ["good"]
    assert {problem.id for problem in found.problems} == {"broken", "large", "folder"}
    assert all(f"{problem.id}.yaml" in problem.message for problem in found.problems)
    with pytest.raises(PlaygroundError, match=r"broken.yaml"):
        found.find("broken")


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(PlaygroundError, match="did you mean 'balanced'"):
        load_presets(SHIPPED, NOWHERE).find("balancd")


@given(st.text(max_size=300))
@example("../../etc/passwd")
@example("..\\..\\x")
@example("CON")
@example("a\0b")
@example("\ud800")
def test_a_file_name_from_a_title_leads_nowhere_else(title):
    name = slug(title)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 0 < len(name) <= 64
    assert name not in ("con", "nul", "prn", "aux", "com1")


def test_titles_in_other_scripts_do_not_meet():
    assert len({slug(title) for title in ("创意", "决定", "创意 v2", "决定 v2", "v2", "x" * 90, "x" * 91)}) == 7


@pytest.mark.parametrize("title", ["", " ", "a\nb", "x" * 81])
def test_a_title_must_be_a_line(title):
    with pytest.raises(PlaygroundError, match="title"):
        mine(title)


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EIO, "says")]
)
def test_whatever_step_of_a_save_fails_the_old_file_is_whole_and_nothing_is_left(
    tmp_path, monkeypatch, step, number, says
):
    path = save_preset(mine(), tmp_path)
    before = path.read_bytes()

    def fail(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    owner = Path if step == "replace" else os
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, fail)
        with pytest.raises(PlaygroundError, match=says):
            save_preset(mine().model_copy(update={"why": "Other."}), tmp_path, replaces=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    save_preset(mine().model_copy(update={"why": "Other."}), tmp_path, replaces=True)
    assert b"Other." in path.read_bytes()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaygroundError, match="Cannot make the folder"):
        save_preset(mine(), tmp_path / "file" / "presets")


@given(presets)
def test_what_is_exported_is_plain_yaml(preset):
    text = export_preset(preset)
    assert yaml.safe_load(text)["schema"] == 1
    assert "id" not in yaml.safe_load(text)


def test_a_person_has_a_limit_in_number_and_in_bytes_and_may_still_replace(tmp_path, monkeypatch):
    path = save_preset(mine(), tmp_path)
    for name, limit in {"MAX_PRESETS": 1, "MAX_FOLDER_BYTES": path.stat().st_size}.items():
        with monkeypatch.context() as patch:
            patch.setattr(f"playground.data.user_presets.{name}", limit)
            with pytest.raises(PlaygroundError, match=f"the limit is {limit:,}"):
                save_preset(mine("Another"), tmp_path)
            save_preset(mine(), tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_parsed_once_until_it_changes(tmp_path, monkeypatch):
    read, real = list[str](), preset_files.parse_preset
    monkeypatch.setattr(preset_files, "parse_preset", lambda *a, **k: read.append(k["id"]) or real(*a, **k))
    path, files = save_preset(mine(), tmp_path), preset_files.PresetFiles()
    first = [files.load(tmp_path / "nowhere", tmp_path) for _ in range(3)]
    assert len(read) == 1
    save_preset(mine().model_copy(update={"why": "Other, and longer."}), tmp_path, replaces=True)
    changed = files.load(tmp_path / "nowhere", tmp_path)
    assert len(read) == 2
    assert changed.user[path.stem].why != first[0].user[path.stem].why
