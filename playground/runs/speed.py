"""Expected speed of a model: that of its last run in this process, or the bound set by reading its weights."""

from dataclasses import dataclass

from playground.models.catalogue import ModelEntry
from playground.models.facts import ModelFacts
from playground.models.storage import paper_bytes
from playground.numbers import short_number
from playground.runs.records import RunRecord
from playground.runs.work import PREFILL, Work

LONG_S = 120  # work that may take longer is worth a question


@dataclass(frozen=True)
class Estimate:
    """What work may take, before it starts.

    Attributes:
        runs: Number of answers.
        output_tokens: The most that they can hold, all together.
        seconds: For that many tokens, loading of models left out.
        basis: How the time is known, in words.
    """

    runs: int
    output_tokens: int
    seconds: float
    basis: str

    @property
    def is_long(self) -> bool:
        """Whether a person should confirm it."""
        return self.seconds > LONG_S


@dataclass(frozen=True)
class ExpectedSpeed:
    """What to expect of a model.

    Attributes:
        decode_tokens_per_s: Of one answer at a time.
        prefill_tokens_per_s: None where it was not measured.
        basis: How this is known, in words.
    """

    decode_tokens_per_s: float
    prefill_tokens_per_s: float | None
    basis: str


class Speeds:
    """Speeds of the last run of each model and quantization."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], ExpectedSpeed] = {}
        self._took: dict[tuple[str, str, str], float] = {}

    def saw(self, record: RunRecord) -> None:
        """Take in a finished run; one of fewer than two tokens has no speed."""
        timing, model = record.timing, record.model
        if timing.decode_tokens_per_s:
            basis = (
                f"{short_number(timing.decode_tokens_per_s)} tokens/s, as {model.id} {model.quantization} last answered"
            )
            speed = ExpectedSpeed(timing.decode_tokens_per_s, timing.prefill_tokens_per_s, basis)
            self._seen[model.id, model.quantization] = speed

    def took(
        self, kind: str, model: str, quantization: str, work: Work, seconds: float, speed: ExpectedSpeed
    ) -> None:  # fmt: skip
        """Take in how long a whole experiment took, against what its amount of work had promised."""
        if seconds > 0 and (promised := _seconds(work, speed)) > 0:
            self._took[kind, model, quantization] = seconds / promised

    def estimate(self, kind: str, model: str, quantization: str, work: Work, speed: ExpectedSpeed) -> Estimate:
        """By the amount of work, corrected by the last time that this experiment ran here."""
        seconds, basis = _seconds(work, speed), speed.basis
        if (factor := self._took.get((kind, model, quantization))) is not None:
            seconds, basis = seconds * factor, f"as the last {kind} here took, with {model} {quantization}"
        if work.most_s is not None:
            seconds = min(seconds, work.most_s)
        return Estimate(work.runs, work.tokens, seconds, basis)

    def expect(self, entry: ModelEntry, quantization: str, held: ModelFacts | None, bandwidth: float) -> ExpectedSpeed:
        """The last speed, or else the roofline: the weights read once per token at the measured bandwidth.

        The bandwidth is in bytes per second, measured. Of a model that is not held, the size in the catalogue is used.
        """
        if (entry.id, quantization) in self._seen:
            return self._seen[entry.id, quantization]
        is_held = held is not None and (held.id, held.quantization) == (entry.id, quantization)
        step_bytes = held.step_bytes if held and is_held else paper_bytes(entry.parameters, quantization)
        limit = bandwidth / step_bytes
        basis = (
            f"at most {short_number(limit)} tokens/s, as memory gives {short_number(bandwidth / 1e9)} GB/s (measured) "
            f"and each token of {entry.id} {quantization} reads {short_number(step_bytes / 1e6)} MB"
        )
        return ExpectedSpeed(limit, None, basis)


def _seconds(work: Work, speed: ExpectedSpeed) -> float:
    decode = speed.decode_tokens_per_s
    return work.steps / decode + work.prompt / (speed.prefill_tokens_per_s or PREFILL * decode)
