"""A person's own presets: saved, exported and imported."""

import hashlib
import re
import unicodedata
from pathlib import Path

import yaml

from playground.data.presets import Preset, check_document, parse_preset
from playground.errors import PlaygroundError
from playground.files import MAX_YAML_BYTES, read_capped
from playground.paths import presets_dir
from playground.saving import write_atomic
from playground.settings import Settings

MAX_SLUG_CHARS = 48
MAX_PRESETS = 200  # of one person
MAX_FOLDER_BYTES = 2 * 2**20
# Windows opens a device for these, whatever the extension.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")


class WouldReplace(PlaygroundError):
    """The person has another preset under this title: nothing was written, and they must agree first."""

    def __init__(self, preset: Preset):
        super().__init__(f"You have another preset called {preset.title!r}: replace it, or choose another title.")
        self.preset = preset


def slug(title: str) -> str:
    """The file name of a title: ASCII letters, digits and hyphens only, so it can't leave the folder.

    A title that loses letters (another script, too long) gets digits of its hash, so two titles do not collide.
    """
    folded = unicodedata.normalize("NFKD", title)
    ascii_only = "".join(char for char in folded if char.isascii()).lower()
    name = re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")
    letters_lost = any(char.isalnum() and not char.isascii() for char in folded)
    if not name or letters_lost or len(name) > MAX_SLUG_CHARS or _RESERVED.fullmatch(name):
        digest = hashlib.sha256(title.encode(errors="replace")).hexdigest()[:8]
        name = f"{name[:MAX_SLUG_CHARS].strip('-') or 'preset'}-{digest}"
    return name


def new_preset(
    title: str, why: str, settings: Settings, *, model: str | None = None, quantization: str | None = None
) -> Preset:
    """A preset of all current settings.

    Raises:
        PlaygroundError: The title or the reason is empty, too long, or not on one line.
    """
    data = {"schema": 1, "id": slug(title), "title": title, "why": why, "settings": settings.model_dump()}
    return check_document(Preset, data | {"model": model, "quantization": quantization}, "The preset")


def export_preset(preset: Preset) -> str:
    """The preset as the YAML text of a file; `import_preset` reads it back to an equal preset."""
    data = preset.model_dump(mode="json", by_alias=True, exclude={"id"}, exclude_none=True)
    data["settings"] = preset.settings  # None has a meaning here: a random seed, no limit
    return yaml.dump(data, Dumper=_TextDumper, sort_keys=False, allow_unicode=True, width=100)


class _TextDumper(yaml.SafeDumper):
    """Writes text so that it comes back unchanged and reads well."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        if any(char in text for char in "\r\x85\u2028\u2029"):  # YAML would fold these line ends into spaces
            style = '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_TextDumper.add_representer(str, _TextDumper.represent_text)


def import_preset(text: str | bytes) -> Preset:
    """A preset from text somebody sent; its id comes from its title.

    Raises:
        PlaygroundError: Says what is wrong with the text.
    """
    preset = parse_preset(text, id="imported", name="The imported preset")
    return preset.model_copy(update={"id": slug(preset.title)})


def save_preset(preset: Preset, user_dir: Path, *, replaces: bool = False, shipped_dir: Path | None = None) -> Path:
    """Writes the preset into the user's folder, under a name made from its title alone.

    One of the same title is only replaced where `replaces` says so. `shipped_dir` has the names that are taken.

    Raises:
        WouldReplace: A preset of this title is there, with other contents.
        PlaygroundError: The name is taken, the preset is too large or can't be written; the old file is intact.
    """
    name = slug(preset.title)
    shipped = (shipped_dir or presets_dir() / "sampling") / f"{name}.yaml"
    if shipped.exists():
        raise PlaygroundError(f"{preset.title!r} has the name of a shipped preset; choose another title.")
    path = user_dir / f"{name}.yaml"
    data = export_preset(preset).encode()
    if len(data) > MAX_YAML_BYTES:
        raise PlaygroundError(
            f"This preset has {len(data):,} bytes; the limit is {MAX_YAML_BYTES:,}. Shorten its text."
        )
    try:
        user_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlaygroundError(f"Cannot make the folder {str(user_dir)!r} for your presets: {error.strerror}.") from None
    _refuse_to_lose_another(path, preset, replaces)
    _refuse_too_much(path, len(data))
    write_atomic(path, data)
    return path


def _refuse_too_much(path: Path, size: int) -> None:
    """A person's presets have a limit in number and in bytes; what is replaced does not count."""
    try:
        others = [file.stat().st_size for file in path.parent.glob("*.yaml") if file != path and file.is_file()]
    except OSError:  # the write will say why
        return
    if len(others) >= MAX_PRESETS:
        raise PlaygroundError(f"You have {len(others)} presets; the limit is {MAX_PRESETS}. Delete some of the files.")
    if sum(others) + size > MAX_FOLDER_BYTES:
        raise PlaygroundError(
            f"Your presets would have {sum(others) + size:,} bytes; the limit is {MAX_FOLDER_BYTES:,}. Delete some of "
            "their files, or shorten this one's text."
        )


def _refuse_to_lose_another(path: Path, preset: Preset, replaces: bool) -> None:
    """`C` and `C++` share a file name, and a broken file may be worth mending: neither is ever overwritten."""
    try:
        if not path.exists():
            return
        there = parse_preset(read_capped(path, MAX_YAML_BYTES), id=path.stem, name=repr(path.name))
    except OSError:  # a folder that can't be read: the write will say why
        return
    except PlaygroundError as error:
        raise PlaygroundError(f"Not saved: a broken file with that name is in the way. {error}") from None
    if there.title != preset.title:
        raise PlaygroundError(f"{preset.title!r} would overwrite your preset {there.title!r}; choose another title.")
    if not replaces and there != preset.model_copy(update={"id": there.id}):
        raise WouldReplace(preset)
