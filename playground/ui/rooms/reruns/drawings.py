"""All drawings of a rerun, in the order in which the Reruns tab holds them."""

from dataclasses import astuple, dataclass

from playground.experiments.reruns.records import RerunRecord
from playground.ui.rooms.reruns.views import headline_view, mentions_view, numbers_view
from playground.views.rerun_answers import answers_view, heat_view
from playground.views.rerun_charts import agreement_chart, entropy_chart, lengths_chart
from playground.views.rerun_tree import tree_view


@dataclass(frozen=True)
class Drawings:
    """JSON strings, each the value of the component of its name."""

    headline: str
    tree: str
    agreement: str
    mentions: str
    entropy: str
    lengths: str
    answers: str
    numbers: str
    heat: str

    def values(self) -> tuple[str, ...]:
        """One a component."""
        return astuple(self)


def draw(record: RerunRecord) -> Drawings:
    """Everything there is to show; takes about a second for 200 long answers."""
    return Drawings(
        headline=headline_view(record),
        tree=tree_view(record),
        agreement=agreement_chart(record),
        mentions=mentions_view(record),
        entropy=entropy_chart(record),
        lengths=lengths_chart(record),
        answers=answers_view(record),
        numbers=numbers_view(record),
        heat=heat_view(record),
    )
