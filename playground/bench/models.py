"""The default model, loaded once in each form, for all measurements that use it."""

from collections import deque

from playground.backends.local import LocalBackend
from playground.engine.generate import stream
from playground.models.catalogue import ModelEntry
from playground.models.loading import Engine, load
from playground.settings import make_settings

PROMPT = "Write a short story about a lighthouse keeper who finds a map."
RECORDED = {"temperature": 0.8, "top_p": 0.95, "top": 10, "seed": 7}
_WARM = 8  # tokens: the first ones of a loaded model are slow


class Models:
    """Holds what was loaded until it is closed."""

    def __init__(self, entry: ModelEntry):
        self.entry = entry
        self._held: dict[tuple[str, Engine], LocalBackend] = {}

    def of(self, quantization: str = "fp32", engine: Engine = "decoder") -> LocalBackend:
        """The model in this form, warm; without `engine` by our decoder, as in the product."""
        form = quantization, engine
        if form not in self._held:
            self._held[form] = LocalBackend(load(self.entry, quantization, device="cpu", engine=engine))
            settings = make_settings(**RECORDED, max_new_tokens=_WARM)
            deque(stream(self._held[form].text_model, prompt_ids(self._held[form]), settings), maxlen=0)
        return self._held[form]

    def close(self) -> None:
        """Give the memory back, for a server that needs it."""
        while self._held:
            self._held.popitem()[1].close()


def prompt_ids(backend: LocalBackend) -> list[int]:
    """The prompt of the measurements, in this model's chat template."""
    return list(backend.prepare(PROMPT, make_settings(**RECORDED)).ids)
