"""Hand-made records of the ladder and the load simulator, for tests of how they are shown."""

from playground.engine.events import Candidate
from playground.experiments.determinism.records import (
    AnswerRecord,
    ArmRecord,
    ControlRecord,
    FixRecord,
    LadderRecord,
    LoadRecord,
    ProbeRecord,
    ReferenceRecord,
    RungRecord,
)
from playground.runs.records import ModelRecord

WORDS = [
    "Richard",
    "Feynman",
    "was",
    "a",
    "physicist",
    "who",
    "loved",
    "to",
    "explain",
    "things",
    "so",
    "that",
    "anyone",
    "could",
    "see",
    "why",
    "they",
    "must",
    "be",
    "so",
    "and",
    "who",
    "played",
    "the",
    "drums",
    "at",
    "night",
    "in",
    "the",
    "desert",
    "while",
    "others",
    "slept",
    "and",
    "dreamt",
    "of",
    "numbers",
]
TEXTS = [WORDS[0], *(f" {word}" for word in WORDS[1:])]
MODEL = ModelRecord(
    id="smollm2-135m", source="test", parameters=134_515_008, quantization="bf16", weights_bytes=1, context_length=8192,
    device="cpu",
)  # fmt: skip


def control(equal: bool = True, fresh: int = 3) -> ControlRecord:
    differing = [] if equal else ["run 3 in this process: 4 of 34 steps, the first at token 9"]
    return ControlRecord(
        repeats=5 + fresh, in_process=5, fresh_processes=fresh, bitwise_equal=equal, logits_sha1="3fa4" * 10,
        differing=differing,
    )  # fmt: skip


def probes() -> list[ProbeRecord]:
    table = [
        ("same call twice", "linear", 0.0, 0.0, 0.0, 0.0),
        ("batch 8", "linear", 0.753, 4.8e-7, 0.0021, 0.0078),
        ("batch 8", "attention", 0.0, 0.0, 0.0, 0.0),
        ("threads", "linear", 0.905, 2.1e-6, 0.0, 0.0),
        ("sdpa or eager", "attention", 0.79, 5e-7, 0.54, 0.0156),
    ]
    found = []
    for knob, operation, share, diff, share16, diff16 in table:
        for dtype, part, most in (("fp32", share, diff), ("bf16", share16, diff16)):
            found.append(
                ProbeRecord(
                    knob=knob, operation=operation, dtype=dtype, active=part > 0, differing_share=part,
                    max_abs_diff=most,
                )
            )  # fmt: skip
    return found


def reference(texts: list[str] | None = None) -> ReferenceRecord:
    texts = texts or TEXTS
    gaps = [0.0 if i == 5 else 0.004 * 1.28**i for i in range(len(texts))]
    top = [
        [Candidate(id=i, text=text, prob=0.34), Candidate(id=99, text=" bongos", prob=0.339)]
        for i, text in enumerate(texts)
    ]
    return ReferenceRecord(
        name="greedy", token_ids=list(range(len(texts))), token_texts=texts, text="".join(texts), gaps=gaps, top=top
    )


def rung(name: str, group: str = "numerics", diff: float | None = 0.0, fork: int | None = None, **more) -> RungRecord:
    told = reference()
    risky = [i for i, gap in enumerate(told.gaps) if diff is not None and gap <= 2 * diff]
    text = told.text if fork is None else "".join(TEXTS[:fork]) + " bongos and nothing else"
    values = {
        "name": name, "title": name.replace("-", " ").capitalize(), "group": group, "factor": "one thing changed",
        "max_abs_logit_diff": diff, "kl_mean": None if diff is None else diff * diff / 7, "top1_agreement": 33 / 34,
        "predicted_risky": risky, "divergence_token": fork, "reference_token": None if fork is None else TEXTS[fork],
        "rung_token": None if fork is None else " bongos", "was_predicted": None if fork is None else fork in risky,
        "text": text,
    }  # fmt: skip
    return RungRecord(**(values | more))


def rungs() -> list[RungRecord]:
    return [
        rung("seeded-sampling", "sampling", 0.0, 2),
        rung("batch-8", diff=0.031, fork=11),
        rung("left-padding-8", diff=0.052, fork=5),
        rung("no-cache", diff=2.4e-6),
        rung("threads", note="No effect found here: every logit is bitwise equal to the reference's. 1 instead of 2."),
        rung("fp16", diff=None, skipped="This processor has no fp16 units.", kl_mean=None, top1_agreement=None),
        rung("surprise", diff=1e-5, fork=30),
        rung("int4", "another-model", 1.7, 1),
    ]


def fixes() -> list[FixRecord]:
    return [
        FixRecord(
            name="fixed-tile", title="Batch-invariant products", cures="batch",
            before="max |dz| 0.031, fork at token 12",
            after="max |dz| 0, no fork", works=True, tokens_per_s_before=21.3, tokens_per_s_after=9.8,
        ),
        FixRecord(name="fp32", title="fp32", cures="batch", before="a fork", after="max |dz| 0.02", works=False),
        FixRecord(name="seed", title="Seed", cures="chance", before="one answer", after="one answer", works=None),
        FixRecord(
            name="strict-cnr", title="Strict CNR", cures="fp32", before="", after="", works=None,
            skipped="This machine has no MKL.",
        ),
    ]  # fmt: skip


def ladder_record(claims: bool = True) -> LadderRecord:
    return LadderRecord(
        model=MODEL, settings={"seed": 7}, prompt="Who?", prompt_token_ids=[1, 2], claims=claims,
        control=control(claims), host_probe=probes(), reference=reference(), rungs=rungs() if claims else [],
        fixes=fixes() if claims else [], environment={},
    )  # fmt: skip


def arm(name: str, counts: list[int], speed: float) -> ArmRecord:
    answers = [
        AnswerRecord(
            count=count, first_fork=None if i == 0 else 10 + i,
            text="".join(TEXTS[: 10 + i]) + (" and so on" if i else ""), token_ids=[1, 2, i],
        )
        for i, count in enumerate(counts)
    ]  # fmt: skip
    return ArmRecord(
        name=name, title=name, n=sum(counts), unique=len(counts), mode_count=max(counts), answers=answers,
        tokens_per_s=speed, batch_sizes={"1": 3, "8": 40, "16": 2},
    )  # fmt: skip


def load_record() -> LoadRecord:
    arms = [
        arm("bf16", [41, 20, 18, 9, 6, 4, 2], 154.2),
        arm("fp32", [100], 149.1),
        arm("bf16, fixed tile", [100], 71.0),
    ]
    return LoadRecord(
        model=MODEL, prompt="Tell me about Richard Feynman.", prompt_token_ids=[1], max_new_tokens=64,
        seed=0, asked=100, arms=arms, anchor="80 unique answers of 1,000", environment={},
    )  # fmt: skip
