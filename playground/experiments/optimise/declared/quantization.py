"""Quantization: its request and its declaration."""

from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.runs.request import item
from playground.runs.work import PREFILL, Work

NAME = "quantization"
_VARIANTS, _QUICK, _RUNS = 4, 12, 3  # runs of a cycle: the reference twice, and the other


class QuantizationRequest(OptimiseRequest):
    """The reference against the same model with fewer bits."""

    tokens: int = item(48, "Tokens of the answer", flags=["--max-new-tokens"], ge=8, le=512)

    @property
    def length(self) -> int:
        """Tokens of each answer."""
        return min(self.tokens, _QUICK) if self.quick else self.tokens

    @property
    def text_tokens(self) -> int:
        """Of the text whose perplexity is measured, at most."""
        return 150 if self.quick else 600

    @property
    def prefill_tokens(self) -> int:
        """Of the text that are read to measure prefill."""
        return 64 if self.quick else 256

    @property
    def questions(self) -> int:
        """Sentences to end, at most."""
        return 15 if self.quick else 30

    @property
    def every(self) -> int:
        """Which layers are rounded alone: all, or one of three."""
        return 3 if self.quick else 1

    @property
    def layer_tokens(self) -> int:
        """Of the text that are read for each of these layers: many layers, so fewer than for a whole model."""
        return 64 if self.quick else 150

    @property
    def _turns(self) -> int:
        return _VARIANTS * (_RUNS * self.cycles + 2)

    @property
    def most_tokens(self) -> int:
        """Of all arms."""
        return self._turns * self.length

    def work(self) -> Work:
        """Beside the answers, the text is read by every arm, and once for every layer and kind."""
        layers = 60 / self.every
        read = self._turns * self.prefill_tokens + (_VARIANTS + 1) * self.text_tokens + layers * self.layer_tokens
        steps = self.most_tokens + read / PREFILL + (_VARIANTS + 1) * self.questions * 4
        return Work(self._turns, self.most_tokens, steps, read)


QUANTIZATION = panel(
    NAME,
    "Quantization",
    "What fewer bits for the weights save, and what they change. Each is measured beside the reference, which is the "
    "model as it is loaded: bytes, speed, perplexity with its error, KL(reference || quantized), and answers that flip "
    "from right to wrong or back. Differences within the error are too close to call.",
    QuantizationRequest,
    "playground.experiments.optimise.quantization:measure",
)
