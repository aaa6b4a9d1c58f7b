"""A text beside the file that was agreed on. `PLAYGROUND_GOLDEN=write pytest tests/golden` renews the files."""

import os
from pathlib import Path

HERE = Path(__file__).parent


def same(name: str, text: str) -> None:
    """The text is that of the golden file of this name."""
    file = HERE / name
    if os.environ.get("PLAYGROUND_GOLDEN") == "write":
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8"), f"{name} differs from what was agreed; see {Path(__file__).name}"
