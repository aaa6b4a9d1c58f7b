"""Preset files of a folder, each parsed once for as long as it does not change."""

from pathlib import Path

from playground.data.presets import Preset, Presets, Problem, parse_preset
from playground.errors import PlaygroundError
from playground.files import MAX_YAML_BYTES, read_capped

_MAX_KEPT = 2_000  # files: of a class, with some each


class PresetFiles:
    """Reads presets, and keeps what it has read by time and size of the file."""

    def __init__(self) -> None:
        self._kept = dict[Path, tuple[tuple[int, int], Preset | Problem]]()

    def load(self, shipped_dir: Path, user_dir: Path) -> Presets:
        """Every preset of both folders. A broken file is reported as a problem and does not affect the others."""
        shipped, problems = self._folder(shipped_dir)
        user, more = self._folder(user_dir)
        problems += more
        for id in shipped.keys() & user.keys():
            del user[id]
            problems.append(
                Problem(id, f"{id + '.yaml'!r} in your folder has the name of a shipped preset: rename it.")
            )
        return Presets(shipped, user, tuple(problems))

    def _folder(self, folder: Path) -> tuple[dict[str, Preset], list[Problem]]:
        presets, problems = dict[str, Preset](), list[Problem]()
        try:
            paths = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
        except OSError as error:
            return presets, [Problem("", f"Cannot read the folder {str(folder)!r}: {error.strerror}.")]
        for path in paths:
            found = self._file(path)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                presets[path.stem] = found
        return presets, problems

    def _file(self, path: Path) -> Preset | Problem:
        try:
            stat = path.stat()
        except (OSError, ValueError):  # reading it says why
            return _read(path)
        version, kept = (stat.st_mtime_ns, stat.st_size), self._kept.get(path)
        if kept is not None and kept[0] == version:
            return kept[1]
        found = _read(path)
        if isinstance(found, Preset):  # why a file can't be read may change without it
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[path] = version, found
        return found


def _read(path: Path) -> Preset | Problem:
    try:
        return parse_preset(read_capped(path, MAX_YAML_BYTES), id=path.stem, name=repr(path.name))
    except PlaygroundError as error:
        return Problem(path.stem, str(error))


def load_presets(shipped_dir: Path, user_dir: Path) -> Presets:
    """As `PresetFiles.load`, for one look."""
    return PresetFiles().load(shipped_dir, user_dir)
