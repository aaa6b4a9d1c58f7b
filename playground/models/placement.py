"""Where a model goes: CUDA, MPS or CPU, the device's name, its free memory, and the number of threads."""

import os
import platform
from pathlib import Path

import psutil
import torch

from playground.errors import PlaygroundError
from playground.models.cgroup import cpu_limit, memory_room_bytes


def pick_device(wanted: str | None = None) -> str:
    """The device to use: the requested one, else CUDA before MPS before CPU.

    Raises:
        PlaygroundError: The requested device is not available.
    """
    here = _devices()
    if wanted is None:
        return here[0]
    device = "cuda:0" if wanted == "cuda" else wanted
    if device not in here:
        raise PlaygroundError(f"Device {wanted!r} is not on this machine; choose from: {', '.join(here)}.")
    return device


def _devices() -> list[str]:
    """Best first."""
    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*cuda, *mps, "cpu"]


def choose_kernels(device: str) -> None:
    """Switch off what PyTorch would choose and what is slow here; before a model is loaded on this device."""
    if device.startswith("cuda"):
        torch.backends.cuda.enable_cudnn_sdp(enabled=False)  # it prepares a plan for each new number of tokens: 50 ms


def device_name(device: str) -> str:
    """The processor in words."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    if device == "mps":
        return f"Apple GPU ({platform.processor() or platform.machine()})"
    return _cpu_name()


def _cpu_name() -> str:
    """Linux names the model in a file; other systems in `platform.processor`."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine() or "CPU"


def available_bytes(device: str) -> int:
    """Memory that a new model may take on this device, in bytes. MPS shares the machine's memory."""
    if device.startswith("cuda"):
        return torch.cuda.mem_get_info(device)[0]
    free, room = psutil.virtual_memory().available, memory_room_bytes()
    return free if room is None else min(free, room)  # psutil reports the host's, even in a container


def fit_threads() -> None:
    """Limit torch's threads to the container's CPU time: more would wait for each other.

    OMP_NUM_THREADS takes precedence.
    """
    limit = cpu_limit()
    if limit is not None and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, min(torch.get_num_threads(), int(limit))))


def needs_spreading(needed_bytes: int, device: str) -> bool:
    """Whether the model is larger than this CUDA device, so accelerate must spread it over all devices."""
    return device.startswith("cuda") and needed_bytes > available_bytes(device)
