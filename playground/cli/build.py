"""Put the pieces together: catalogue, slot, runner."""

from collections.abc import Sequence
from pathlib import Path

from playground.backends.slot import ModelSlot
from playground.data.presets import Hardware, HardwareList, load_list
from playground.errors import PlaygroundError
from playground.models.catalogue import Catalogue
from playground.models.placement import device_name, fit_threads
from playground.paths import presets_dir
from playground.runs.runner import Runner


def build_runner(model: str | None, preferred: str | None = None) -> tuple[Runner, str]:
    """A runner over the shipped catalogue and, if `--model` is a path, that folder or file; and the model's id.

    Args:
        model: What the person named: an id, or else a path.
        preferred: Id that a preset or a record names. Never a path: the file may be somebody else's.

    Raises:
        PlaygroundError: The path holds no model, or the id is unknown.
    """
    runner, (name,) = build_runner_of([model], preferred)
    return runner, name


def build_runner_of(models: Sequence[str | None], preferred: str | None = None) -> tuple[Runner, list[str]]:
    """A runner over the shipped catalogue and every folder or file among `models`; and the id of each of them.

    Args:
        models: What the person named: ids, or else paths; None is the preferred or default one.
        preferred: As in `build_runner`.

    Raises:
        PlaygroundError: A path holds no model, or an id is unknown.
    """
    fit_threads()
    shipped = Catalogue.load(presets_dir(), [])
    ids = {entry.id for entry in shipped.entries}
    paths = {model: _as_path(model) for model in models if model is not None and model not in ids}
    places = list(dict.fromkeys(path for path in paths.values() if path is not None))
    catalogue = Catalogue.load(presets_dir(), places)
    local = dict(zip(places, catalogue.entries[len(shipped.entries) :], strict=True))

    def named(model: str | None) -> str:
        path = paths.get(model) if model is not None else None
        if path is not None:
            return local[path].id
        name = preferred if model is None else model
        return catalogue.default.id if name is None else catalogue.find(name).id

    names = [named(model) for model in models]
    slot = ModelSlot(catalogue)
    return Runner(slot, default_hardware(load_list(HardwareList, presets_dir() / "hardware.yaml"), slot.device)), names


def default_hardware(machines: HardwareList, device: str) -> Hardware:
    """The machine whose price and watts to assume: the one named after the GPU, else a desktop's, else a laptop's."""
    if device == "cpu":
        return machines.hardware[0]
    name = device_name(device).lower()
    named = (machine for machine in machines.hardware if machine.id.rpartition("-")[2] in name)
    return next(named, machines.hardware[1])


def _as_path(model: str) -> Path | None:
    """The path that the text names, if it names one rather than an id."""
    try:
        path = Path(model).expanduser()
        if model and path.exists():  # an empty name would be this folder
            return path.resolve()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL, no such home: no path that there is
        pass
    if model.startswith((".", "/", "~")) or model.endswith(".gguf"):
        raise PlaygroundError(f"No model at {model!r}: give the path of a model folder or a GGUF file.")
    return None
