"""What the panel of quantization shows beside its bars, and its verdict."""

from collections.abc import Callable, Mapping, Sequence

from playground.data.quality import Choice
from playground.experiments.optimise.quality import Quality, is_seen, quality_words
from playground.experiments.optimise.records import ArmRecord, Figure, Grid, Line, Piece, Standing, Traced
from playground.experiments.optimise.verdict import conditions, difference, sentence_of
from playground.numbers import short_number

_KINDS = {"same": "as the reference wrote it", "other": "from the first difference on"}
_RIGHT_OR_WRONG = {True: "right", False: "wrong"}


def described(
    found: Standing,
    seen: Mapping[str, Quality],
    choices: Sequence[Choice],
    harm: Figure | None,
    decode: Callable[[list[int]], str],
) -> tuple[Standing, str]:
    """The same with charts, tables and answers, and the verdict."""
    figures = [one for one in (_quality_against_speed(found), harm) if one is not None]
    grids = [_quality(found), *_flipped(found, seen, choices)]
    texts = [_traced(found.baseline, arm, decode) for arm in found.arms if arm.token_ids]
    shown = found.model_copy(update={"figures": figures, "grids": grids, "texts": texts})
    return shown, _verdict(found, len(choices), harm)


def _verdict(found: Standing, questions: int, harm: Figure | None) -> str:
    said = [f"{sentence_of(found, arm)} {quality_words(arm, questions)}".strip() for arm in found.variants]
    which = (
        harm.summary if harm else "Which layer hurts: not here. Only layers of our own decoder can be rounded alone."
    )
    return "\n".join(part for part in [_choice(found), _origin(found), *said, which, conditions(found)] if part)


def _origin(found: Standing) -> str:
    """What to know of a reference whose file was quantized before."""
    note = str(found.baseline.settings.get("weights", ""))
    if "dequantised" not in note:
        return ""
    return f"The reference is not the original model: {note} A format like the file's own loses less against it."


def _choice(found: Standing) -> str:
    """The smallest and the fastest whose quality can't be distinguished from the reference's."""
    able = [arm for arm in found.variants if not arm.not_here and not is_seen(arm)]
    name = found.baseline.name
    if not able:
        return f"Every other quantization differs from {name} by more than the error bars."
    smallest = min(able, key=lambda arm: arm.median("weights_bytes") or 0.0)
    share = (smallest.median("weights_bytes") or 0.0) / (found.baseline.median("weights_bytes") or 1.0)
    text = f"Of those too close to {name} to call, {smallest.name} is the smallest"
    text += f", {short_number(100 * share, 2)}% of its bytes"
    faster = [(one.times, arm.name) for arm in able
              if (one := difference(found, arm, found.headline[0])) and one.is_seen and one.times > 1]  # fmt: skip
    if not faster:
        return f"{text}; none of them is seen to decode faster here."
    times, fastest = max(faster)
    return f"{text}; {fastest} is the fastest, {short_number(times)} times {name}."


def _quality_against_speed(found: Standing) -> Figure | None:
    """A dot for each: to the right is faster, lower is closer; its bytes are in its name."""
    arms = [arm for arm in found.variants if not arm.not_here]
    ys = [arm.median("kl_mean_nats") for arm in arms]
    if not arms:
        return None
    lines = [
        Line(
            name=f"{arm.name}, {short_number((arm.median('weights_bytes') or 0.0) / 1e6)} MB",
            xs=[arm.median("decode_tokens_per_s") or 0.0], ys=[y], kind="dots",
        )
        for arm, y in zip(arms, ys, strict=True)
    ]  # fmt: skip
    rate = found.baseline.median("decode_tokens_per_s") or 0.0
    size = (found.baseline.median("weights_bytes") or 0.0) / 1e6
    return Figure(
        title="Quality against speed", x="decode", x_unit="tok/s", y="KL, mean", y_unit="nats",
        log=all(y for y in ys), lines=lines,
        summary=f"The reference, {found.baseline.name}: {short_number(rate)} tok/s, {short_number(size)} MB.",
    )  # fmt: skip


def _quality(found: Standing) -> Grid:
    """Perplexity with its error, and whether it can be called."""
    rows = list[list[str | float | None]]()
    for arm in found.arms:
        if arm.not_here:
            continue
        names = ("perplexity", "perplexity_error", "perplexity_change_nats", "perplexity_change_error_nats")
        call = "reference" if arm is found.baseline else "a difference" if is_seen(arm) else "too close to call"
        rows.append([arm.name, *(arm.median(name) for name in names), call])
    head = ["", "perplexity", "±", "ln of its ratio to the reference's", "±", "verdict"]
    note = (
        "± is one standard error. The ratio is taken token by token, so its error is far smaller than that of either "
        "perplexity; a difference counts from two errors on, or when flips lean to one side (exact test, 5%)."
    )
    return Grid(title="Perplexity", head=head, units=["", "", "", "nats", "nats", ""], rows=rows, note=note)


def _flipped(found: Standing, seen: Mapping[str, Quality], choices: Sequence[Choice]) -> list[Grid]:
    """Each choice that any of them answers differently from the reference."""
    names = [arm.name for arm in found.arms if arm.name in seen]
    rows = list[list[str | float | None]]()
    for place, one in enumerate(choices):
        picked = [seen[name].picked[place] for name in names]
        if len({pick == one.right for pick in picked}) > 1:
            said = [f"{one.ends[pick]} ({_RIGHT_OR_WRONG[pick == one.right]})" for pick in picked]
            rows.append([f"{one.text} ...", *said])
    if not rows:
        return []
    note = "Each chooses the end with the highest log probability per token."
    return [Grid(title="Answers that flipped", head=["", *names], units=[""] * (len(names) + 1), rows=rows, note=note)]


def _traced(baseline: ArmRecord, arm: ArmRecord, decode: Callable[[list[int]], str]) -> Traced:
    """An answer up to the first difference, and from there on."""
    whole = decode(arm.token_ids)
    if arm is baseline or arm.first_difference is None:
        return Traced(title=arm.name, kinds=_KINDS, pieces=[Piece(text=whole, kind="same")])
    same = decode(arm.token_ids[: arm.first_difference])
    same = same if whole.startswith(same) else ""
    pieces = [Piece(text=same, kind="same"), Piece(text=whole[len(same) :], kind="other")]
    return Traced(title=arm.name, kinds=_KINDS, pieces=[piece for piece in pieces if piece.text])
