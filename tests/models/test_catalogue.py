import subprocess
import sys

import pytest
import yaml

from playground.errors import PlaygroundError
from playground.models.catalogue import Catalogue, HubSource, WheelSource, local_entry
from playground.paths import presets_dir
from tests.tiny import tiny_gguf

ENTRY = {
    "id": "one",
    "title": "One",
    "source": {"kind": "hub", "repo": "someone/one", "revision": "0" * 40},
    "licence": "MIT",
    "parameters": 10,
    "context_length": 16,
    "about": "A model.",
}


def write(folder, *entries):
    (folder / "models.yaml").write_text(yaml.safe_dump(list(entries)), encoding="utf-8")
    return folder


def test_the_shipped_catalogue_leads_with_the_embedded_default():
    catalogue = Catalogue.load(presets_dir())
    assert catalogue.default.id == "smollm2-135m"
    assert isinstance(catalogue.default.source, WheelSource)
    assert {"smollm2-360m", "smollm2-1.7b", "qwen3-0.6b", "gpt2"} <= {e.id for e in catalogue.entries}
    assert all(len(e.source.revision) == 40 for e in catalogue.entries if isinstance(e.source, HubSource))


def test_find_gives_the_entry_of_an_id():
    catalogue = Catalogue.load(presets_dir())
    assert catalogue.find("gpt2").title == "GPT-2 (124M)"


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(PlaygroundError, match=r"Unknown model 'smolm2-135m': did you mean 'smollm2-135m'\?"):
        Catalogue.load(presets_dir()).find("smolm2-135m")


@pytest.mark.parametrize("path", ["/etc/passwd", "../secrets", "~/models/x", "C:\\models", "./gpt2", "someone/else"])
def test_a_path_is_no_model_id(path):
    with pytest.raises(PlaygroundError, match="must be named when the app is started"):
        Catalogue.load(presets_dir()).find(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"titel": "x"}, r"models\.yaml: model 'one' has the unknown key 'titel': did you mean 'title'\?"),
        ({"parameters": "many"}, r"model 'one', key 'parameters': input should be a valid integer"),
        ({"parameters": 0}, r"model 'one', key 'parameters': input should be greater than 0"),
        ({"id": "../one"}, r"key 'id': string should match pattern"),
        ({"source": {"kind": "ftp"}}, r"model 'one', key 'source': input tag 'ftp'"),
        ({"source": {**ENTRY["source"], "revision": "main"}}, r"key 'source.revision': string should match"),
        ({"source": {**ENTRY["source"], "revison": "x"}}, r"unknown key 'source.revison': did you mean 'revision'\?"),
    ],
)
def test_a_wrong_entry_names_file_and_key(tmp_path, change, said):
    with pytest.raises(PlaygroundError, match=said):
        Catalogue.load(write(tmp_path, {**ENTRY, **change}))


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(PlaygroundError, match="key 'licence': field required"):
        Catalogue.load(write(tmp_path, {k: v for k, v in ENTRY.items() if k != "licence"}))


@pytest.mark.parametrize(
    "text", ["- id: [", "- !!python/object/apply:os.system ['true']", "a: 1", "- 7", "", "[]", "\x00"]
)
def test_a_file_that_is_no_catalogue_is_refused(tmp_path, text):
    (tmp_path / "models.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(PlaygroundError, match=r"models\.yaml"):
        Catalogue.load(tmp_path)


def test_a_missing_or_huge_file_is_refused(tmp_path):
    with pytest.raises(PlaygroundError, match="cannot be read"):
        Catalogue.load(tmp_path)
    (tmp_path / "models.yaml").write_bytes(b"#" * 2_000_000)
    with pytest.raises(PlaygroundError, match="1,000,000 bytes"):
        Catalogue.load(tmp_path)


def test_an_id_stands_once(tmp_path):
    with pytest.raises(PlaygroundError, match="id 'one'"):
        Catalogue.load(write(tmp_path, ENTRY, ENTRY))


def test_paths_that_the_operator_names_join_the_catalogue(tmp_path, tiny_entry):
    folder = tiny_entry("llama").source.path
    file = tiny_gguf(tmp_path / "My model (v2).gguf")
    catalogue = Catalogue.load(presets_dir(), [folder, file, file])
    added = [(e.id, e.source.kind) for e in catalogue.entries[-3:]]
    assert added == [("tiny-llama", "folder"), ("My-model-v2", "gguf"), ("My-model-v2-2", "gguf")]
    assert catalogue.default.id == "smollm2-135m"


def test_a_local_entry_knows_its_size_and_context(tmp_path, tiny_entry):
    folder, file = tiny_entry("llama"), local_entry(tiny_gguf(tmp_path / "tiny.gguf"), taken=set())
    assert folder.parameters == file.parameters == 92_480
    assert folder.context_length == file.context_length == 512


@pytest.mark.parametrize("name", ["nothing", "notes.txt", "empty"])
def test_a_path_without_a_model_is_refused(tmp_path, name):
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PlaygroundError, match=name):
        Catalogue.load(presets_dir(), [tmp_path / name])


def test_listing_models_needs_no_torch():
    code = (
        "import sys; from playground.models import catalogue, fetch; from playground.paths import presets_dir;"
        "entries = catalogue.Catalogue.load(presets_dir()).entries; [fetch.is_ready(entry) for entry in entries];"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
