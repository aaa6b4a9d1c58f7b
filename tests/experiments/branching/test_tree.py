"""The tree of branches: adding, pruning, renaming, and files that are no tree."""

import json

import pytest

from playground.engine.events import Token
from playground.errors import PlaygroundError
from playground.experiments.branching.records import MAX_BRANCHES, BranchesRecord, BranchRecord
from playground.experiments.branching.tree import (
    add,
    as_run,
    given_ids,
    greedy_twin,
    name_of,
    path,
    prune,
    rename,
    tokens_of,
)
from playground.experiments.documents import parse_document
from playground.metrics.timing import Timing
from tests.ui.compare_samples import made_run

TIMING = Timing(ttft_s=0.1, e2e_s=1.0, tpot_s=None, itl_p50_s=None, itl_p95_s=None, itl_p99_s=None,
                      prefill_tokens_per_s=None, decode_tokens_per_s=None)  # fmt: skip


def token(index: int, id: int) -> Token:
    return Token(index=index, id=id, text=f" w{id}", logprob=-0.5, rank=1, entropy_bits=1.0, sampled_prob=1.0,
                       kept=1, top=(), time_s=0.1 * index)  # fmt: skip


def branch(parent: int, at: int, ids: list[int], **fields) -> BranchRecord:
    tokens = [token(at + n, id) for n, id in enumerate(ids)]
    values = {
        "id": 1, "parent": parent, "at": at, "name": "a branch", "how": "choice", "width": None, "forced": 1,
        "settings": {"temperature": 0.8}, "tokens": tokens, "text": "…", "finish_reason": "length", "timing": TIMING,
        "total_logprob": -1.0, "mean_logprob": -0.5, "computed_tokens": 1, "reused_tokens": 5, "saved_s": None,
    }  # fmt: skip
    return BranchRecord(**{**values, **fields})


@pytest.fixture
def tree() -> BranchesRecord:
    """The run; 1 and 3 leave it, 2 leaves 1, 4 leaves 2."""
    run = made_run(["a"]).model_copy(update={"tokens": [token(n, n + 1) for n in range(6)]})
    made = BranchesRecord(run=run, branches=[])
    for one in (branch(0, 2, [9, 8, 7]), branch(1, 3, [6, 6]), branch(0, 0, [5]), branch(2, 4, [4, 3])):
        made = add(made, one)
    return made


def ids(tree: BranchesRecord, id: int) -> list[int]:
    return [token.id for token in tokens_of(tree, id)]


def test_an_answer_is_what_it_shares_and_what_is_its_own(tree: BranchesRecord):
    assert [one.id for one in tree.branches] == [1, 2, 3, 4]
    assert ids(tree, 0) == [1, 2, 3, 4, 5, 6]
    assert ids(tree, 1) == [1, 2, 9, 8, 7]
    assert ids(tree, 2) == [1, 2, 9, 6, 6]
    assert ids(tree, 4) == [1, 2, 9, 6, 4, 3]
    assert [one.id for one in path(tree, 4)] == [1, 2, 4]
    assert [t.id for t in as_run(tree, 2).tokens] == ids(tree, 2)
    assert given_ids(tree, tree.branches[3]) == [1, 2, 9, 6, 4]


def test_pruning_takes_all_that_leaves_a_branch_and_numbers_are_not_given_twice(tree: BranchesRecord):
    pruned = prune(tree, 1)
    assert [one.id for one in pruned.branches] == [3]
    assert len(tree.branches) == 4
    assert [one.id for one in add(pruned, branch(3, 1, [2])).branches] == [3, 4]
    with pytest.raises(PlaygroundError, match="There is no branch 1"):
        add(pruned, branch(1, 3, [1]))
    with pytest.raises(PlaygroundError, match="can't be pruned"):
        prune(tree, 0)


def test_a_name_is_one_line_of_some_length(tree: BranchesRecord):
    assert name_of(rename(tree, 2, "  the\n better  one "), 2) == "the better one"
    for name in (" ", "x" * 81):
        with pytest.raises(PlaygroundError, match="1 to 80 characters"):
            rename(tree, 2, name)
    with pytest.raises(PlaygroundError, match="run itself"):
        rename(tree, 0, "no")
    with pytest.raises(PlaygroundError, match="no branch 9"):
        rename(tree, 9, "no")


def test_a_document_holds_a_limited_number(tree: BranchesRecord):
    full = tree.model_copy(update={"branches": tree.branches[:1] * MAX_BRANCHES})
    with pytest.raises(PlaygroundError, match="prune some"):
        add(full, branch(0, 1, [1]))


def test_the_greedy_twin_has_the_same_beginning_and_limits_and_was_not_searched_or_cut(tree: BranchesRecord):
    greedy = {"temperature": 0, "repetition_penalty": 1, "max_new_tokens": 9, "context_length": None, "stop": []}
    for fields in ({"how": "beam"}, {"finish_reason": "cancelled"}, {"settings": greedy | {"max_new_tokens": 8}}):
        other = add(tree, branch(0, 2, [7, 7], **{"settings": greedy, "forced": 0, **fields}))
        assert greedy_twin(other, [1, 2], greedy) is None
    with_one = add(tree, branch(0, 2, [7, 7, 7], how="greedy", settings=greedy, forced=1))
    assert greedy_twin(with_one, [1, 2, 7], greedy) == 5
    assert greedy_twin(with_one, [1, 2, 7, 7], greedy) == 5
    assert greedy_twin(with_one, [1, 2], greedy) is None  # its first token was given
    assert greedy_twin(with_one, [1, 2, 8], greedy) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["branches"][1].update(id=1), "two branches have the number 1"),
        (lambda d: d["branches"][0].update(parent=2), "does not come before it"),
        (lambda d: d["branches"][1].update(at=6), "after its end"),
        (lambda d: d["branches"][0].update(forced=4), "fewer tokens"),
        (lambda d: d["branches"][0].update(tokens=[]), "at least 1 item"),
        (lambda d: d["branches"][0].update(name="x" * 81), "at most 80"),
        (lambda d: d["branches"][0].update(total_logprob=float("nan")), "finite"),
        (lambda d: d.update(more=1), "not permitted"),
    ],
)
def test_a_file_that_is_no_tree_is_refused_in_words(tree: BranchesRecord, change, words: str):
    assert parse_document(tree.to_json()) == tree
    document = json.loads(tree.to_json())
    change(document)
    with pytest.raises(PlaygroundError, match=words):
        parse_document(json.dumps(document))
