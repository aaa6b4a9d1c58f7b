"""What comes of the panes of a comparison while they run."""

from collections.abc import Callable
from dataclasses import dataclass

from playground.runs.updates import Meters, Update


@dataclass(frozen=True)
class PaneBegun:
    """The prompt of a pane is about to be read.

    Attributes:
        pane: Its place.
        title: Its number and what it sets.
        meters: Everything measured so far, from any thread.
        shared: It is one of a batch, so its tokens come interleaved with those of the others.
    """

    pane: int
    title: str
    meters: Callable[[], Meters | None]
    shared: bool = False


@dataclass(frozen=True)
class PaneUpdate:
    """An update of a pane's run; its `RunRecord` comes last. `shared` as in `PaneBegun`."""

    pane: int
    update: Update
    shared: bool = False


@dataclass(frozen=True)
class PaneFailed:
    """A pane has no run: `problem` says why in a sentence. The others continue."""

    pane: int
    title: str
    problem: str


@dataclass(frozen=True)
class PaneAgain:
    """A pane runs once more, for its times only: which pass of how many.

    `itself` says that it is the first pane's second measurement, which shows how far noise alone reaches.
    """

    title: str
    number: int
    count: int
    itself: bool = False
