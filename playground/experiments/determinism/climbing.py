"""How each rung is computed, and what is recorded of it."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from playground.engine.decoder import Decoder
from playground.errors import PlaygroundError
from playground.experiments.determinism.answers import Measured, draw, fork_between, measure
from playground.experiments.determinism.drift import NotFinite
from playground.experiments.determinism.instruction_sets import older_instructions
from playground.experiments.determinism.manners import EngineManner, Manner, ModuleManner, NoCacheManner
from playground.experiments.determinism.probe import other_thread_count
from playground.experiments.determinism.process import in_fresh_process
from playground.experiments.determinism.records import RungRecord
from playground.experiments.determinism.rungs import Rung
from playground.experiments.determinism.scene import Scene
from playground.experiments.determinism.switches import attention, threads
from playground.models.llama import unsupported
from playground.models.loading import LoadedModel
from playground.runs.stages import Steps

NO_EFFECT = "No effect found here: every logit is bitwise equal to the reference's."
CHUNK = 16
_LONG_PROMPT = 64  # rows from which on libraries split a product over threads


class _Skipped(Exception):
    """This rung can't be computed here; says why."""


def climb(scene: Scene, rung: Rung) -> Steps[RungRecord]:
    """Compute a rung; one that can't be computed here says why."""
    try:
        measured, note = yield from _HOW[rung.name](scene, rung)
    except _Skipped as reason:
        return _skipped(rung, str(reason))
    except PlaygroundError as error:
        return _skipped(rung, str(error))
    except NotFinite:
        return _skipped(rung, "It gave logits that are not finite: the number type is too narrow for this model.")
    except (TypeError, ValueError, RuntimeError, NotImplementedError) as error:  # what an architecture says it can't do
        return _skipped(rung, f"This architecture can't be computed so: {' '.join(str(error).split())[:300]}")
    scene.rungs[rung.name] = measured
    return _record(scene, rung, measured, note)


def drawn_twice(scene: Scene, name: str) -> Steps[list[list[int]]]:
    """Two drawn answers: `seeded` with one seed, `unseeded` each with a seed that chance gives."""
    if name not in scene.drawn:
        found = []
        for number in (1, 2):
            seed = scene.settings.seed if name == "seeded" else _sampler(scene, seed=None).seeded().seed
            doing = f"Drawing an answer, {name}, {number} of 2"
            found.append((yield from draw(ModuleManner(scene.module), scene.ground, _sampler(scene), seed or 0, doing)))
        scene.drawn[name] = found
    return scene.drawn[name]


def _sampler(scene: Scene, **changed: Any):
    return scene.settings.model_copy(update=changed)


def _sampling(scene: Scene, rung: Rung) -> Steps[tuple[Measured, str]]:
    """The logits are the reference's, which the forced run shows; only the choice among them differs."""
    measured = yield from measure(ModuleManner(scene.module), scene.reference, scene.ground, rung.title)
    first, second = yield from drawn_twice(scene, rung.name)
    parted = fork_between(first, second)
    how = f"seed {scene.settings.seed}" if rung.name == "seeded" else "a random seed each"
    same = "gave the same answer" if parted is None else f"diverged at token {parted}"
    note = f"Temperature {scene.settings.temperature:g}, {how}: two such runs {same}."
    fork = fork_between(scene.reference.token_ids, first)
    return replace(measured, token_ids=first, fork=fork), note


def _forced(scene: Scene, rung: Rung, manner: Manner, note: str = "") -> Steps[tuple[Measured, str]]:
    measured = yield from measure(manner, scene.reference, scene.ground, rung.title)
    return measured, note


def _in_manner(manner_of: Callable[[Any], Manner], scene: Scene, rung: Rung) -> Steps[tuple[Measured, str]]:
    return (yield from _forced(scene, rung, manner_of(scene.module)))


def _padded(count: int, scene: Scene, rung: Rung) -> Steps[tuple[Measured, str]]:
    _check_room(scene, count)
    return (yield from _forced(scene, rung, ModuleManner(scene.module, padding=count)))


def _check_room(scene: Scene, more: int) -> None:
    facts, needed = scene.loaded.facts, len(scene.prompt) + scene.room + more
    if not facts.takes(needed):
        raise _Skipped(f"Prompt, answer and padding need {needed} positions; the model has {facts.context_length}.")


def _chunks(scene: Scene, rung: Rung) -> Steps[tuple[Measured, str]]:
    if len(scene.prompt) <= CHUNK:
        raise _Skipped(f"The prompt has {len(scene.prompt)} tokens, one chunk: use a longer prompt.")
    return (yield from _forced(scene, rung, ModuleManner(scene.module, chunk=CHUNK)))


def _eager(scene: Scene, rung: Rung) -> Steps[tuple[Measured, str]]:
    module = scene.module
    if module.config._attn_implementation != "sdpa":
        raise _Skipped(f"This model's attention is {module.config._attn_implementation} already.")
    try:
        with attention(module, "eager"):
            taken = module.config._attn_implementation
    except (ValueError, NotImplementedError) as error:
        raise _Skipped(f"This architecture has no eager attention: {error}") from None
    if taken != "eager":
        raise _Skipped("This architecture can't change its attention once it is loaded.")
    return (yield from _forced(scene, rung, ModuleManner(module, around=partial(attention, module, "eager"))))


def _threads(scene: Scene, rung: Rung) -> Steps[tuple[Measured, str]]:
    if scene.device != "cpu":
        raise _Skipped(f"The model runs on {scene.device}; this is a matter of the processor.")
    before, count = torch.get_num_threads(), other_thread_count()
    manner = ModuleManner(scene.module, around=partial(threads, count))
    measured, note = yield from _forced(scene, rung, manner, f"{count} instead of {before}.")
    if measured.max_abs == 0 and len(scene.prompt) < _LONG_PROMPT:
        note += (
            f" The prompt has {len(scene.prompt)} tokens; libraries split products over threads from about "
            f"{_LONG_PROMPT} rows on, so a longer prompt asks more of this rung."
        )
    return measured, note


def _in_quantization(quantization: str, scene: Scene, rung: Rung) -> Steps[tuple[Measured, str]]:
    if quantization == scene.quantization:
        raise _Skipped(f"The reference is computed in {quantization} already.")

    def work(loaded: LoadedModel) -> Steps[tuple[Measured, str]]:
        note = "" if rung.group == "numerics" else loaded.facts.weights_note
        return (yield from _forced(scene, rung, ModuleManner(loaded.module), note))

    return (yield from scene.with_model(quantization, work))


def _instruction_set(scene: Scene, rung: Rung) -> Steps[tuple[Measured, str]]:
    if scene.quick:
        raise _Skipped("Left out: it needs a fresh process, and this is a quick ladder.")
    variables, name = older_instructions(scene.device)
    if not variables:
        raise _Skipped(name)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reference.safetensors"
        ids, logits = torch.tensor(scene.reference.token_ids), torch.stack(scene.reference.logits)
        save_file({"token_ids": ids, "logits": logits}, file)
        result = yield from in_fresh_process(
            scene.job(file=str(file), rows=1), variables, scene.should_stop, rung.title
        )
    return Measured(**result["measured"]), f"{name}: emulates another machine."


def _own_decoder(scene: Scene, rung: Rung) -> Steps[tuple[Measured, str]]:
    reason = unsupported(scene.module.config)
    if reason:
        raise _Skipped(f"Our decoder can't run this model: {reason}.")
    facts = scene.backend.facts
    if (facts.path, facts.quantization) == ("decoder", scene.quantization):
        return (yield from _forced(scene, rung, EngineManner(Decoder(scene.backend.weights().module))))

    def work(loaded: LoadedModel) -> Steps[tuple[Measured, str]]:
        return (yield from _forced(scene, rung, EngineManner(Decoder(loaded.module))))

    return (yield from scene.with_model(scene.quantization, work, "decoder"))


_HOW: dict[str, Callable[[Scene, Rung], Steps[tuple[Measured, str]]]] = {
    "unseeded": _sampling,
    "seeded": _sampling,
    "greedy": partial(_in_manner, ModuleManner),
    **{f"batch-{count}": partial(_in_manner, partial(ModuleManner, rows=count)) for count in (2, 8, 16)},
    **{f"left-padding-{count}": partial(_padded, count) for count in (8, 32)},
    "no-cache": partial(_in_manner, NoCacheManner),
    "prefill-chunks": _chunks,
    "eager": _eager,
    "threads": _threads,
    **{name: partial(_in_quantization, name) for name in ("fp32", "bf16", "fp16", "int8", "int4")},
    "instruction-set": _instruction_set,
    "own-decoder": _own_decoder,
}


def _record(scene: Scene, rung: Rung, measured: Measured, note: str) -> RungRecord:
    fork, reference = measured.fork, scene.reference.token_ids
    if measured.max_abs == 0 and rung.group == "numerics":
        note = f"{NO_EFFECT} {note}".strip()
    return RungRecord(
        name=rung.name,
        title=rung.title,
        group=rung.group,
        factor=rung.factor,
        max_abs_logit_diff=measured.max_abs,
        kl_mean=measured.kl_mean,
        kl_max=measured.kl_max,
        top1_agreement=measured.top1_agreement,
        predicted_risky=measured.risky,
        divergence_token=fork,
        reference_token=None if fork is None else _token_at(scene, reference, fork),
        rung_token=None if fork is None else _token_at(scene, measured.token_ids, fork),
        was_predicted=None if fork is None or rung.group == "sampling" else fork in measured.risky,
        token_ids=measured.token_ids,
        text=scene.text(measured.token_ids),
        seconds=measured.seconds,
        note=note,
    )


def _token_at(scene: Scene, ids: list[int], index: int) -> str:
    return scene.piece(ids[index]) if index < len(ids) else ""


def _skipped(rung: Rung, why: str) -> RungRecord:
    return RungRecord(name=rung.name, title=rung.title, group=rung.group, factor=rung.factor, skipped=why)
