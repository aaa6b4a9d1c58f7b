"""Rerun records made of token ids, for tests of what the page makes of them."""

from collections.abc import Sequence

from playground.engine.events import Candidate
from playground.experiments.reruns.branches import grow, walk
from playground.experiments.reruns.records import ForkRecord, RerunRecord, RerunRow, TemperatureLadderRecord
from playground.experiments.reruns.statistics import summarise
from playground.runs.records import CostRecord, EnergyRecord, MemoryRecord, ModelRecord
from playground.settings import make_settings

HOSTILE = "<img src=x onerror=window.__x=1>${window.__y=1}{{value}}`"
MODEL = ModelRecord(id="tiny-llama", source="test", parameters=1, quantization="fp32", weights_bytes=1,
                    context_length=512, device="cpu")  # fmt: skip
MEMORY = MemoryRecord(weights_bytes=1, kv_cache_bytes=2_000_000, kv_bytes_per_token=1, rss_bytes=1, peak_rss_bytes=1)
COST = CostRecord(reference_model="openai/gpt-4o-mini", input_tokens=1, output_tokens=1, input_usd=0.1, output_usd=0.1,
                  total_usd=0.2, prices_as_of="2026-01-01", own_hardware_usd=0.1)  # fmt: skip


def text_of(id: int) -> str:
    """What a token of these records adds."""
    return f" w{id}"


def row(ids: Sequence[int], texts: Sequence[str] | None = None, *, seed: int = 0) -> RerunRow:
    texts = [text_of(id) for id in ids] if texts is None else list(texts)
    return RerunRow(
        seed=seed, token_ids=list(ids), token_texts=list(texts), logprobs=[-0.5] * len(ids),
        entropy_bits=[1.0 + at / 10 for at in range(len(ids))], text="".join(texts), finish_reason="length",
    )  # fmt: skip


def forks_of(runs: Sequence[RerunRow]) -> list[ForkRecord]:
    """One for each place where runs part, with the ways they take as the likeliest tokens."""
    forks = []
    for branch in walk(grow([run.token_ids for run in runs])):
        if branch.is_fork:
            ways = [(runs[child.runs[0]], child.start) for child in branch.children[:5]]
            top = [
                Candidate(id=run.token_ids[start], text=run.token_texts[start], prob=0.4 / 2**at)
                for at, (run, start) in enumerate(ways)
            ]
            top += [Candidate(id=1000 + at, text=f" other{at}", prob=0.01) for at in range(2 - len(top))]
            run = branch.children[0].runs[0]
            forks.append(ForkRecord(run=run, index=branch.end, entropy_bits=2.5, gap=0.7, top=top))
    return forks


def record_of(
    runs: Sequence[RerunRow],
    mentions: Sequence[str] = (),
    *,
    asked: int | None = None,
    prompt: str = "Hello",
    temperature: float = 1.0,
) -> RerunRecord:
    settings = make_settings(temperature=temperature, seed=7, max_new_tokens=12).model_dump(mode="json")
    return RerunRecord(
        model=MODEL, settings=settings, seeds="different", prompt=prompt, prompt_token_ids=[1, 2],
        dropped_prompt_tokens=0, asked=asked or len(runs), n=len(runs), rows_at_once=min(32, len(runs)),
        runs=list(runs), forks=forks_of(runs), summary=summarise(runs, mentions), prefill_s=0.1, wall_s=2.0,
        throughput_tokens_per_s=120.0, memory=MEMORY, cost=COST,
        energy=EnergyRecord(joules=10.0, method="modelled at 30 W"), environment={},
    )  # fmt: skip


def record(ids: Sequence[Sequence[int]], mentions: Sequence[str] = (), **more: object) -> RerunRecord:
    """Of runs given by their token ids."""
    return record_of([row(own, seed=at) for at, own in enumerate(ids)], mentions, **more)  # type: ignore[arg-type]  # fields by name


def hostile_record() -> RerunRecord:
    """All that comes from a model or a person is markup."""
    texts = [[HOSTILE, f" {HOSTILE}"], [HOSTILE, "</script><script>window.__x=1</script>"], [HOSTILE, " fine"]]
    runs = [row([1, 2 + at], own) for at, own in enumerate(texts)]
    return record_of(runs, [HOSTILE], prompt=HOSTILE)


def ladder(*temperatures: float, mentions: Sequence[str] = ("w1",)) -> TemperatureLadderRecord:
    """More kinds of answers at each step."""
    rungs = [
        record([[0, at % (step + 1)] for at in range(8)], mentions, temperature=temperature)
        for step, temperature in enumerate(temperatures)
    ]
    return TemperatureLadderRecord(temperatures=list(temperatures), rungs=rungs)
