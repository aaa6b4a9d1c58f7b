"""Limits of control groups, read from made-up trees of the kernel's files."""

from pathlib import Path

import psutil
import pytest
import torch

from playground.models import placement
from playground.models.cgroup import cpu_limit, memory_limit_bytes, memory_room_bytes

GB = 2**30
V2 = "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    "32 31 0:29 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 {top} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)


def tree(root: Path, mounts: str, groups: str, files: dict[str, str]) -> Path:
    for name, text in {"proc/self/mountinfo": mounts, "proc/self/cgroup": groups, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


def limits(root: Path) -> tuple[int | None, int | None, float | None]:
    return memory_limit_bytes(root), memory_room_bytes(root), cpu_limit(root)


def test_a_container_of_version_2_has_its_own_limits_and_files_in_the_cache_are_free(tmp_path: Path):
    own = {"memory.max": f"{4 * GB}", "memory.current": f"{3 * GB}", "cpu.max": "150000 100000"}
    own["memory.stat"] = f"anon {GB}\ninactive_file {2 * GB}\nactive_file 5"
    files = {f"sys/fs/cgroup/{name}": text for name, text in own.items()}
    assert limits(tree(tmp_path, V2, "0::/", files)) == (4 * GB, 3 * GB, 1.5)


def test_the_least_limit_of_a_group_and_those_above_it_holds(tmp_path: Path):
    files = {
        "sys/fs/cgroup/user.slice/memory.max": f"{2 * GB}", "sys/fs/cgroup/user.slice/memory.current": f"{GB}",
        "sys/fs/cgroup/user.slice/cpu.max": "400000 100000",
        "sys/fs/cgroup/user.slice/app/memory.max": "max", "sys/fs/cgroup/user.slice/app/memory.current": "7",
        "sys/fs/cgroup/user.slice/app/cpu.max": "max 100000",
        "sys/fs/cgroup/other/memory.max": "1",
    }  # fmt: skip
    assert limits(tree(tmp_path, V2, "0::/user.slice/app", files)) == (2 * GB, GB, 4.0)


@pytest.mark.parametrize("top", ["/", "/docker/abc"])  # seen from the host's top, or from the container's own
def test_a_container_of_version_1(tmp_path: Path, top: str):
    memory = "sys/fs/cgroup/memory" + ("/docker/abc" if top == "/" else "")
    cpu = "sys/fs/cgroup/cpu,cpuacct" + ("/docker/abc" if top == "/" else "")
    files = {
        f"{memory}/memory.limit_in_bytes": f"{4 * GB}", f"{memory}/memory.usage_in_bytes": f"{2 * GB}",
        f"{memory}/memory.stat": f"cache 1\ntotal_inactive_file {GB}",
        f"{cpu}/cpu.cfs_quota_us": "50000", f"{cpu}/cpu.cfs_period_us": "100000",
    }  # fmt: skip
    groups = "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/"
    assert limits(tree(tmp_path, V1.format(top=top), groups, files)) == (4 * GB, 3 * GB, 0.5)


def test_a_path_that_leaves_the_container_stands_for_its_top(tmp_path: Path):
    files = {"sys/fs/cgroup/memory.max": "100", "sys/fs/cgroup/memory.current": "30", "sys/fs/other/memory.max": "1"}
    assert limits(tree(tmp_path, V2, "0::/../other", files)) == (100, 70, None)


def test_what_has_no_limit_has_none(tmp_path: Path):
    assert limits(tmp_path) == (None, None, None)  # no Linux
    files = {
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "5",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
    }  # fmt: skip
    assert limits(tree(tmp_path, V1.format(top="/"), "4:memory:/\n2:cpu,cpuacct:/", files)) == (None, None, None)


def test_a_group_that_uses_more_than_its_limit_has_no_room(tmp_path: Path):
    files = {"sys/fs/cgroup/memory.max": "100", "sys/fs/cgroup/memory.current": "120"}
    assert memory_room_bytes(tree(tmp_path, V2, "0::/", files)) == 0


@pytest.mark.parametrize("text", ["", "-", "a b c - cgroup2", "1 2 3 / /x - cgroup2 a b", "\x00"])
def test_files_of_another_shape_are_no_limit(tmp_path: Path, text: str):
    assert limits(tree(tmp_path, text, text, {})) == (None, None, None)


def test_free_memory_is_the_least_of_the_host_and_the_container(monkeypatch: pytest.MonkeyPatch):
    for room, least in ((1000, 1000), (2**60, None), (None, None)):
        monkeypatch.setattr(placement, "memory_room_bytes", lambda room=room: room)
        free = placement.available_bytes("cpu")
        assert free == least or (least is None and 2**20 < free <= psutil.virtual_memory().total)


@pytest.mark.parametrize(("limit", "threads"), [(None, 4), (8.0, 4), (2.9, 2), (0.5, 1)])
def test_threads_are_no_more_than_the_containers_processors(
    monkeypatch: pytest.MonkeyPatch, limit: float | None, threads: int
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(placement, "cpu_limit", lambda: limit)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        placement.fit_threads()
        assert torch.get_num_threads() == threads
        monkeypatch.setenv("OMP_NUM_THREADS", "4")
        torch.set_num_threads(4)
        placement.fit_threads()
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)
