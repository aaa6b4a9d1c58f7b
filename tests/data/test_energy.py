"""Sites and grids: what ships can be used, and what is wrong is refused by name."""

from pathlib import Path

import pytest

from playground.data.energy import EnergyList
from playground.data.presets import load_list
from playground.errors import PlaygroundError
from playground.paths import presets_dir

SHIPPED = presets_dir() / "energy.yaml"


def test_the_shipped_sites_and_grids_say_where_each_value_is_from():
    listed = load_list(EnergyList, SHIPPED)
    assert listed.pue[0].value == 1  # until somebody chooses, nothing is added to what was measured
    assert listed.grid[0].id == "world"
    for one in (*listed.pue, *listed.grid):
        assert one.source.endswith(".")
    clean, dirty = min(listed.grid, key=lambda one: one.value), max(listed.grid, key=lambda one: one.value)
    assert clean.value < listed.grid[0].value < dirty.value  # the world is a mean of them


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("value: 1.54", "value: 0.9", "pue.1.value"),
        ("value: 1.54", "value: .nan", "pue.1.value"),
        ("value: 473", "value: -1", "grid.0.value"),
        ("value: 473", "value: 1.0e+30", "grid.0.value"),
        ("value: 473", "valu: 473", "did you mean 'value'"),
        ("id: germany", "id: france", "grid has the id 'france' twice"),
    ],
)
def test_a_wrong_entry_names_the_file_and_the_key(tmp_path: Path, right: str, wrong: str, says: str):
    path = tmp_path / "energy.yaml"
    path.write_text(SHIPPED.read_text("utf-8").replace(right, wrong), "utf-8")
    with pytest.raises(PlaygroundError) as error:
        load_list(EnergyList, path)
    assert str(error.value).startswith("'energy.yaml'")
    assert says in str(error.value)
