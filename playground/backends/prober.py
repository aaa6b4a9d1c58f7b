"""What each architecture supports on this machine: probed once, stored beside the fetched models."""

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import transformers
from pydantic import TypeAdapter, ValidationError

from playground.engine.decoder import Decoder
from playground.engine.probe import Differs, Sample, probe_decoder, probe_module, sample_of
from playground.errors import PlaygroundError
from playground.files import read_capped
from playground.models.facts import PLAIN, Findings
from playground.saving import write_atomic

_VERSION = 3  # of the probe: findings of another version are ignored
_MAX_BYTES = 2**16
_NOT_OF_THE_ARCHITECTURE = ("_name_or_path", "transformers_version", "dtype", "architectures")
_FINDINGS = TypeAdapter(Findings)


class Prober:
    """Probes a model while it loads, unless a model of the same kind was probed before.

    Findings are kept in a file for each architecture, configuration, number type and library version.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def __call__(self, module: Any, path: str) -> Callable[[Any], Findings]:
        """As `loading.Probe`."""
        file = self._folder / f"{_key(module, path)}.json"
        kept = _read(file)
        if kept is not None:
            return lambda _computes: kept
        if path != "decoder":
            return lambda computes: _keep(file, probe_module(computes))
        try:
            sample = sample_of(module)
        except Differs as why:
            refused = Findings(refused=f"{why}.")
            return lambda _computes: refused
        return lambda computes: _keep(file, _of_decoder(computes, sample))


def _of_decoder(weights: Any, sample: Sample) -> Findings:
    try:
        probe_decoder(Decoder(weights), sample)
    except Differs as why:
        return Findings(refused=f"our decoder does not compute what transformers does: {why}.")
    return PLAIN


def _key(module: Any, path: str) -> str:
    """A hash of everything the findings depend on."""
    config = {name: value for name, value in module.config.to_dict().items() if name not in _NOT_OF_THE_ARCHITECTURE}
    kind = [_VERSION, path, config, str(module.dtype), module.device.type, torch.__version__, transformers.__version__]
    return hashlib.blake2b(json.dumps(kind, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


def _read(file: Path) -> Findings | None:
    try:
        return _FINDINGS.validate_json(read_capped(file, _MAX_BYTES))
    except (PlaygroundError, ValidationError):  # missing or incomplete: probe again
        return None


def _keep(file: Path, findings: Findings) -> Findings:
    with contextlib.suppress(PlaygroundError, OSError):  # a full disk costs a probe each time, not the model
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps(asdict(findings)).encode())
    return findings
