from hypothesis import given

from playground.experiments.reruns.records import ForkRecord, RerunRecord
from playground.experiments.reruns.tree import Node, fork_tree
from tests.experiments.reruns.made import rows, some_runs


def grown(runs: list[list[int]], forks: list[ForkRecord]) -> Node:
    return fork_tree(RerunRecord.model_construct(runs=rows(runs), forks=forks))


def paths(node: Node, before: tuple[Node, ...] = ()) -> list[tuple[Node, ...]]:
    """From the root to each node."""
    own = (*before, node)
    return [own, *(path for child in node.children for path in paths(child, own))]


@given(some_runs)
def test_stretches_joined_from_the_root_give_every_run(runs: list[list[int]]):
    ended: dict[int, int] = {}
    for path in paths(grown(runs, [])):
        last = path[-1]
        ids = [id for node in path for id in node.token_ids]
        texts = [text for node in path for text in node.token_texts]
        assert texts == [f" {id}" for id in ids]
        here = [run for run in last.runs if runs[run] == ids]
        assert len(here) == last.ended
        assert all(runs[run][: len(ids)] == ids for run in last.runs)
        assert last.start == len(ids) - len(last.token_ids)
        assert (last.prob is None) == (not last.token_ids)
        for run in here:
            ended[run] = ended.get(run, 0) + 1
    assert ended == dict.fromkeys(range(len(runs)), 1)


@given(some_runs)
def test_leaves_are_answers_and_part_the_runs_that_end_in_them(runs: list[list[int]]):
    leaves = [path[-1] for path in paths(grown(runs, [])) if not path[-1].children]
    assert all(leaf.ended == len(leaf.runs) for leaf in leaves)
    members = [run for leaf in leaves for run in leaf.runs]
    assert len(members) == len(set(members))
    beginnings = [run for run, own in enumerate(runs) if any(other[: len(own)] == own != other for other in runs)]
    assert set(members) == set(range(len(runs))) - set(beginnings)


@given(some_runs)
def test_each_fork_stands_at_the_node_after_which_its_runs_part(runs: list[list[int]]):
    places = {
        (path[-1].runs, path[-1].start + len(path[-1].token_ids)): path[-1].children[-1].runs[0]
        for path in paths(grown(runs, []))
        if len(path[-1].children) + bool(path[-1].ended) > 1
    }
    forks = [ForkRecord(run=run, index=at, entropy_bits=1.0, gap=0.5, top=[]) for (_, at), run in places.items()]
    found = [path[-1] for path in paths(grown(runs, forks)) if path[-1].fork is not None]
    assert len(found) == len(forks)
    for node in found:
        assert node.fork is not None
        assert places[node.runs, node.fork.index] == node.fork.run
