"""Is it lossless? One table over everything that makes inference cheaper, filled by what was measured here."""

from collections.abc import Iterator, Sequence

from playground.experiments.determinism.records import LadderRecord, RungRecord
from playground.experiments.optimise.quantities import quantity
from playground.experiments.optimise.records import ArmRecord, OptimisationRecord
from playground.experiments.optimise.verdict import same_words
from playground.runs.records import Document
from playground.views.format import NOTHING, format_figure, format_number
from playground.views.optimise import against
from playground.views.panels import Table

HEAD = ("way", "same bits", "same tokens", "KL, mean", "what it gains or costs", "measured in")
_PANELS = {
    "prefix-cache": "Cache reuse", "batching": "Batching", "speculative": "Speculation", "kv-cache": "KV bits",
    "quantization": "Quantization",
}  # fmt: skip
_RUNGS = {"prefill-chunks": "Prompt in chunks", "own-decoder": "Another engine"}
NOT_YET = "not measured yet"
NOTE = (
    "Same bits: every logit is the same number. Same tokens: the greedy answer is. Bits can differ and tokens be the "
    "same, until a choice is close. Filled by what this page measured or opened."
)


def lossless(documents: Sequence[Document]) -> Table:
    """A row for each way that was measured, and one for each that was not; of several documents the first counts."""
    ladder = next((one for one in documents if isinstance(one, LadderRecord)), None)
    rows = [row for name, title in _PANELS.items() for row in _of_panel(documents, name, title)]
    for name, title in _RUNGS.items():
        rungs = ladder.rungs if ladder else []
        rung = next((one for one in rungs if one.name == name and not one.skipped), None)
        rows.append(_rung(title, rung) if rung else _missing(title, "Reruns, Determinism"))
    return Table(HEAD, rows, NOTE)


def _of_panel(documents: Sequence[Document], name: str, title: str) -> Iterator[list[str]]:
    found = next((one for one in documents if isinstance(one, OptimisationRecord) and one.name == name), None)
    if found is None:
        yield _missing(title, f"Optimise, {title}")
        return
    for arm in found.variants:
        if arm.measured:
            yield [f"{title}: {arm.name}", _bits(arm), _tokens(arm), _kl(arm), _gain(found, arm), f"Optimise, {title}"]


def _missing(title: str, place: str) -> list[str]:
    return [title, NOT_YET, NOT_YET, NOTHING, NOTHING, place]


def _bits(arm: ArmRecord) -> str:
    """By the largest change of a logit, or by a divergence that is not zero; else it was not compared."""
    change, kl = arm.median("logit_change"), arm.median("kl_max_nats")
    return "no" if change is None and kl else _changed(change)


def _changed(change: float | None) -> str:
    """By the largest change of a logit."""
    return "not compared" if change is None else "yes" if change == 0 else f"no, up to {format_number(change)}"


def _tokens(arm: ArmRecord) -> str:
    if arm.same_answer is None:
        return "not compared"
    return same_words(arm.first_difference)


def _kl(arm: ArmRecord) -> str:
    return format_figure(arm.median("kl_mean_nats"), "nats")


def _gain(found: OptimisationRecord, arm: ArmRecord) -> str:
    """Against the baseline, in what the panel is about."""
    said = {quantity(name).title: against(found, arm, name) for name in found.headline}
    return "; ".join(f"{title} {words}" for title, words in said.items() if words) or NOTHING


def _rung(title: str, rung: RungRecord) -> list[str]:
    change, fork = rung.max_abs_logit_diff, rung.divergence_token
    bits = _changed(change)
    tokens = same_words(fork)
    return [f"{title}: {rung.title}", bits, tokens, format_figure(rung.kl_mean, "nats"), NOTHING, "Reruns, Determinism"]
