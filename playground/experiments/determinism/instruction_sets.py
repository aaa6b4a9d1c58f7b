"""Environment variables that make a fresh process compute as another machine would."""

import platform

import torch

_AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
_SSE = {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41"}


def older_instructions(device: str) -> tuple[dict[str, str], str]:
    """Variables of an older instruction set than this processor's, and its name; or nothing, and why."""
    if why := _not_x86(device):
        return {}, why
    here = torch.backends.cpu.get_cpu_capability()
    if here == "AVX512":
        return _AVX2, "AVX2 instead of AVX-512"
    if here == "AVX2":
        return _SSE, "SSE4 instead of AVX2"
    return {}, f"PyTorch computes with {here} here already, the oldest it knows."


def strict_cnr(device: str) -> tuple[dict[str, str], str]:
    """Variables of MKL's strict conditional numerical reproducibility, and their name; or nothing, and why.

    Intel oneMKL developer guide, "Reproducibility Conditions".
    """
    if why := _not_x86(device):
        return {}, why
    if not torch.backends.mkl.is_available():
        return {}, "This build of PyTorch has no MKL."
    value = f"{'AVX512' if torch.backends.cpu.get_cpu_capability() == 'AVX512' else 'AVX2'},STRICT"
    return {"MKL_CBWR": value}, f"MKL_CBWR={value}"


def _not_x86(device: str) -> str:
    if device != "cpu":
        return f"The model runs on {device}; this is a matter of the processor."
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return f"Known for x86-64 processors only; this one is {platform.machine()}."
    return ""
