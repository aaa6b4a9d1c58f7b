"""Charts, tables and the coloured answer of speculative decoding."""

from collections.abc import Callable

from playground.engine.speculation import Spoken
from playground.experiments.optimise.records import Figure, Grid, Line, Piece, Traced
from playground.experiments.optimise.speculative_costs import Exit
from playground.experiments.optimise.speculative_ground import EXACT, LOOKUP, Ground
from playground.metrics.speculation import Acceptance, PassCost, speed_up
from playground.numbers import short_number

_KINDS = {
    "plain": "the model's own, with nothing drafted",
    "accepted": "drafted and accepted",
    "rejected": "drafted and rejected: not in the answer",
    "corrected": "in place of a rejected one: corrected, or sampled again",
    "bonus": "the model's own after a draft that was accepted in full",
}


def costs_figure(ground: Ground) -> Figure:
    """v(k): a pass against its tokens."""
    together, exactly = ground.costs[LOOKUP], ground.costs[EXACT]
    xs = [float(size) for size in together.sizes]
    lines = [
        Line(name="verified together", xs=xs, ys=[together.of(size) for size in together.sizes]),
        Line(name="exact", xs=xs, ys=[exactly.of(size) for size in together.sizes]),
        Line(name="one by one", xs=xs, ys=list(xs)),
    ]
    costs = [short_number(cost.of(8)) for cost in (together, exactly)]
    said = f"A pass of 8 tokens costs {costs[0]} steps, verified exactly {costs[1]}."
    return Figure(title="Cost of a pass", x="tokens", y="cost", y_unit="steps", lines=lines, summary=said)


def places_figure(all_of_them: Acceptance, most: int) -> Figure | None:
    """How many drafts stand at each place, beside what independent places would give."""
    if all_of_them.alike is None:
        return None
    places = range(1, most + 1)
    xs, alike = [float(place) for place in places], all_of_them.alike
    lines = [
        Line(name="stands", xs=xs, ys=[all_of_them.at(place) for place in places]),
        Line(name="if the one before stands", xs=xs, ys=[all_of_them.given(place) for place in places], kind="dots"),
        Line(name="if places were independent", xs=xs, ys=[alike**place for place in places]),
    ]
    said = f"All prompts together: {short_number(100 * alike)}% of judged tokens stand."
    return Figure(title="Drafted tokens that stand, by place", x="place in the draft", y="share of drafts",
                  percent=True, lines=lines, summary=said)  # fmt: skip


def exits_grid(ground: Ground) -> Grid:
    """Every layer as a drafter."""
    found, cost = ground.exits, ground.costs[LOOKUP]
    head = ["layers", "overlap with the model", "should stand", "cost of a guess", "draft", "speed-up, predicted"]
    rows: list[list[str | float | None]] = [
        [float(one.layers), one.overlap, one.stands, one.cost, float(one.drafted), _predicted(one, cost)]
        for one in found
    ]
    note = (
        "Each layer read by the logit lens on the plain answer. Overlap is the sum of min(p, q): the share of drafts "
        "that would stand at temperature 1. Greedily, drafts stand where the top token is the same. Cost in steps, by "
        "the bytes read. Speculation needs that share above the cost."
    )
    return Grid(title="The model's own layers as drafters", head=head, units=["", "share", "share", "", "tokens", ""],
                rows=rows, note=note)  # fmt: skip


def _predicted(one: Exit, cost: PassCost) -> float:
    return speed_up(one.stands, one.drafted, one.cost, cost.of(one.drafted + 1))


def traced(spoken: Spoken, piece: Callable[[int], str]) -> Traced:
    """The answer, each token by where it comes from; rejected ones appear before what replaced them."""
    pieces = [Piece(text=piece(spoken.first), kind="plain")]
    for one in spoken.passes:
        pieces += [Piece(text=piece(token), kind="accepted") for token in one.drafted[: one.accepted]]
        if one.token is None:
            continue
        pieces += [Piece(text=piece(token), kind="rejected") for token in one.drafted[one.accepted :]]
        full = one.accepted == len(one.drafted)
        kind = "plain" if not one.drafted else "bonus" if full else "corrected"
        pieces.append(Piece(text=piece(one.token), kind=kind))
    return Traced(title="Prompt lookup", kinds=_KINDS, pieces=pieces)
