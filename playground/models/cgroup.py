"""The limits that a container or service manager sets for this process: Linux's control groups, versions 1 and 2.

Sources: the kernel's documentation, cgroup-v2.rst, cgroup-v1/memory.rst and sched-bwc.rst. Other systems have no such
files and no such limits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/")
_UNLIMITED = 2**60  # version 1 writes the largest multiple of a page that fits 63 bits


@dataclass(frozen=True)
class _Memory:
    limit_bytes: int
    used_bytes: int


def memory_limit_bytes(root: Path = _ROOT) -> int | None:
    """The lowest memory limit of this process's group and its parents; None if unlimited."""
    return min((memory.limit_bytes for memory in _memories(root)), default=None)


def memory_room_bytes(root: Path = _ROOT) -> int | None:
    """Bytes left within the limits; None if unlimited. Unused file cache does not count."""
    rooms = (max(0, memory.limit_bytes - memory.used_bytes) for memory in _memories(root))
    return min(rooms, default=None)


def cpu_limit(root: Path = _ROOT) -> float | None:
    """The most processors whose time this process gets; None if unlimited."""
    return min(_processors(root), default=None)


def _memories(root: Path) -> Iterator[_Memory]:
    for group in _groups(root, "memory"):
        for limit_file, used_file, cached in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit, used = _number(group / limit_file), _number(group / used_file)
            if limit is not None and limit < _UNLIMITED:
                yield _Memory(limit, max(0, (used or 0) - _statistic(group / "memory.stat", cached)))


def _processors(root: Path) -> Iterator[float]:
    for group in _groups(root, "cpu"):
        quota, _, period = _text(group / "cpu.max").partition(" ")
        pairs = [(quota, period), (_text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us"))]
        for quota, period in pairs:
            if quota.isdigit() and period.isdigit() and int(period):
                yield int(quota) / int(period)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of this process's groups with this controller, each followed by its parents, up to the mount."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number != "0" and controller not in controllers.split(","):
            continue
        kind = "cgroup2" if number == "0" else "cgroup"
        for top, mount in _mounts(root, kind, controller):
            # A container may see its group's path relative to the host's root, and its mount relative to its own.
            is_inside = Path(path).is_relative_to(top) and ".." not in Path(path).parts
            below = Path(path).relative_to(top) if is_inside else Path()
            folder = mount / below
            yield from (one for one in (folder, *folder.parents) if one.is_relative_to(mount))


def _mounts(root: Path, kind: str, controller: str) -> Iterator[tuple[str, Path]]:
    """The root group of each mount of this kind, and its mount point."""
    for line in _text(root / "proc/self/mountinfo").splitlines():
        mount, _, system = line.partition(" - ")
        fields, (found, *_, options) = mount.split(), system.split() or ("", "")
        if found == kind and len(fields) > 4 and (kind == "cgroup2" or controller in options.split(",")):
            yield fields[3], root / fields[4].lstrip("/")


def _text(path: Path) -> str:
    """The text of a kernel file; empty if it does not exist."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdigit() else None


def _statistic(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0
