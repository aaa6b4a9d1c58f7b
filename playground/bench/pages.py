"""The measurements of the page: how the app starts, what watching costs the model, and what opening and use cost."""

from collections.abc import Iterator

from playground.bench.alternating import Alternating
from playground.bench.models import PROMPT
from playground.bench.page_open import opening
from playground.bench.page_start import App
from playground.bench.page_watch import Watching
from playground.bench.result import Result, compared, within

_LENGTH = 4  # times the tokens of other measurements


class Pages:
    """They share one server, and need the memory of the models that were measured before."""

    def __init__(self, bench: Alternating, app: App):
        self._bench, self._app = bench, app

    def start(self) -> Iterator[Result]:
        """From starting the app to its first token, with the model fetched before."""
        self._bench.models.close()
        note = "15 s allowed / from starting the app to the first token over HTTP, model fetched before"
        yield within("warm start", 15.0, self._bench.rounds(self._app.warm_start_s), "s", note)

    def watched(self) -> Iterator[Result]:
        """What a watching browser costs the model on the same cores, and whether the page stays responsive."""
        self._bench.models.close()
        pair = Watching(self._app.url, PROMPT, _LENGTH * self._bench.tokens)
        pair.warm_up()
        seen = self._bench.rounds(lambda: (pair.watched(), pair.alone()))
        yield compared(
            "watched page", seen, ours=lambda both: both[0].tokens_per_s, peer=lambda both: both[1], target=0.7,
            unit="tok/s", note="int4 decode, a headless browser on the same cores / the same server alone",
        )  # fmt: skip
        note = "50 ms allowed / how late a timer of the page came at most, median of the runs"
        yield within("longest task", 0.05, [one.longest_late_s for one, _ in seen], "s", note)
        note = "0.3 s allowed / from the click on Stop to “stopped” in the page, median of the runs"
        yield within("stop", 0.3, [one.stop_s for one, _ in seen], "s", note)

    def opened(self) -> Iterator[Result]:
        """Medians of some openings, and of a use."""
        self._bench.models.close()
        yield from opening(self._bench, self._app.url)
