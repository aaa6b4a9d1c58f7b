"""Views of the documents that no experiment declares: a run, and a run with its branches."""

import math
from collections.abc import Sequence

from playground.engine.events import Token
from playground.experiments.branching.records import ROOT, BranchesRecord
from playground.experiments.branching.tree import finish_of, name_of, tokens_of, total_logprob
from playground.runs.records import RunRecord
from playground.views.branch_text import branch_text
from playground.views.panels import Content, Panel, Sofar, Table, View
from playground.views.run_text import meter_lines

_TOKENS = ("place", "text", "id", "probability", "surprise, bits", "rank", "entropy, bits", "seconds")


def _tokens(tokens: Sequence[Token]) -> Table:
    rows = [
        [
            str(token.index), token.text, str(token.id), f"{math.exp(token.logprob):.6g}",
            f"{-token.logprob / math.log(2):.4f}", str(token.rank), f"{token.entropy_bits:.4f}", f"{token.time_s:.4f}",
        ]
        for token in tokens
    ]  # fmt: skip
    return Table(_TOKENS, rows)


def _draw_run(sofar: Sofar) -> dict[str, Content]:
    record: RunRecord = sofar.record
    figures = Table(("figure", "value"), meter_lines(record))
    return {"prompt": record.prompt, "answer": record.text, "figures": figures, "tokens": _tokens(record.tokens)}


def _draw_branches(sofar: Sofar) -> dict[str, Content]:
    tree: BranchesRecord = sofar.record
    rows = []
    for id in (ROOT, *(branch.id for branch in tree.branches)):
        tokens = tokens_of(tree, id)
        total = total_logprob(tokens)
        text = "".join(token.text for token in tokens)
        rows.append(
            [
                name_of(tree, id), str(len(tokens)), f"{total:.3f}", f"{total / max(1, len(tokens)):.4f}",
                finish_of(tree, id), text,
            ]
        )  # fmt: skip
    words = "\n\n".join(branch_text(tree, branch) for branch in tree.branches)
    head = ("branch", "tokens", "log probability", "mean a token", "ended", "answer")
    return {"prompt": tree.run.prompt, "table": Table(head, rows), "branches": words}


_PROMPT = Panel("prompt", "words", "Prompt")
RUN = View(
    panels=(
        _PROMPT,
        Panel("answer", "words", "Answer"),
        Panel("figures", "table", "Figures"),
        Panel("tokens", "table", "Tokens"),
    ),
    draw=_draw_run,
)
BRANCHES = View(
    panels=(_PROMPT, Panel("table", "table", "Branches"), Panel("branches", "words", "Each branch")),
    draw=_draw_branches,
)
