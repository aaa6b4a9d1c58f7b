"""Prompt lookup against plain decoding on a prompt whose answer copies it, for `bench`."""

from collections.abc import Iterator

from playground.bench.alternating import Alternating
from playground.bench.result import Result, compared
from playground.data.presets import PromptList, load_list
from playground.engine.clock import Clock
from playground.engine.decoder import Decoder
from playground.engine.drafters import Lookup
from playground.engine.speculation import together
from playground.experiments.optimise.speculative_costs import pass_times
from playground.experiments.optimise.speculative_prompts import Speaker, best_of, rate_of, swept
from playground.metrics.speculation import PassCost
from playground.paths import presets_dir
from playground.settings import make_settings

_REPEATS = 3
_TOKENS = 128  # the whole text of the prompt


def lookup(bench: Alternating) -> Iterator[Result]:
    """With the draft length that a replay of the plain answer and the cost of a pass on this machine find best."""
    backend, clock = bench.models.of(), Clock()
    model, prompt = backend.text_model.model, load_list(PromptList, presets_dir() / "speculation.yaml").prompts[0]
    assert isinstance(model, Decoder)
    greedy = make_settings(temperature=0, seed=0)
    ids = backend.prepare(prompt.prompt, greedy).ids
    speaker = Speaker(model, greedy, _TOKENS, backend.text_model.eos_ids, clock, lambda: None)
    plain = speaker.answer(ids).ids
    times = pass_times({"": together(model)}, model, [*ids, *plain], _REPEATS, clock, lambda: None)[""]
    most = best_of(swept(PassCost(times, times[1]), ids, plain, speaker.tokens))
    yield compared(
        "prompt lookup",
        bench.rounds(lambda: (rate_of(speaker.answer(ids, Lookup(), most)), rate_of(speaker.answer(ids)))),
        ours=lambda rates: rates[0],
        peer=lambda rates: rates[1],
        target=1.5,
        unit="tok/s",
        note=f"greedy decode of a copy-heavy prompt with drafts of {most} from the text / without, fp32",
        limit=bench.limit(backend),
    )
