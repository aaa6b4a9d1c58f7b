"""Where things live: data that ships with the package, and the user's own folders."""

import os
from pathlib import Path

import platformdirs

_APP = "inference-playground"


def presets_dir() -> Path:
    """The folder of shipped presets: inside an installed package, or beside it in a checkout."""
    packaged = Path(__file__).parent / "_presets"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "presets"


def cache_dir() -> Path:
    """Fetched models; `PLAYGROUND_CACHE` overrides the platform's cache folder."""
    return Path(os.environ.get("PLAYGROUND_CACHE") or platformdirs.user_cache_path(_APP))


def data_dir() -> Path:
    """The user's own presets and saved runs; `PLAYGROUND_DATA` overrides the platform's data folder."""
    return Path(os.environ.get("PLAYGROUND_DATA") or platformdirs.user_data_path(_APP))
