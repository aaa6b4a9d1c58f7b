"""A draft model beside the one that is loaded: only one that is on this machine and has the same tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playground.backends.local import text_model_of
from playground.engine.decoder import Decoder
from playground.errors import PlaygroundError
from playground.experiments.optimise.declared.speculative import SpeculativeRequest
from playground.models.loading import LoadedModel, load, unload
from playground.runs.experiment import Lab


@dataclass(frozen=True)
class Guest:
    """A model that drafts.

    Attributes:
        title: Its name; empty where none was named.
        why: Why no draft model can be used, in a sentence.
        decoder: Runs it; None where no draft model can be used.
        read_share: Bytes that it reads for a token, as a share of the model's.
    """

    title: str = ""
    why: str = ""
    decoder: Decoder | None = None
    read_share: float = 1.0


@contextmanager
def guest(lab: Lab, request: SpeculativeRequest) -> Iterator[Guest]:
    """The model that the request names, in memory meanwhile.

    Raises:
        PlaygroundError: It is not in the catalogue.
    """
    if not request.draft:
        yield Guest(why="Name a smaller model with the same tokenizer as the draft model.")
        return
    entry, facts = lab.runner.catalogue.find(request.draft), lab.backend.facts
    if not lab.runner.shelf.is_here(request.draft):
        yield Guest(entry.title, f"{entry.title} is not on this machine, and nothing is downloaded unasked: fetch it.")
        return
    try:
        loaded = load(entry, request.quantization, device=facts.device)
    except PlaygroundError as error:
        yield Guest(entry.title, str(error))
        return
    try:
        yield _guest(lab, loaded)
    finally:
        unload(loaded)


def _guest(lab: Lab, loaded: LoadedModel) -> Guest:
    title, model = loaded.facts.title, text_model_of(loaded).model
    own = lab.backend.tokenize(lambda tokenizer: tokenizer.get_vocab())
    if own != loaded.tokenizer.get_vocab() or loaded.facts.vocabulary != lab.backend.facts.vocabulary:
        return Guest(
            title, f"{title} has other tokens than {lab.backend.facts.title}, so its drafts mean nothing to it."
        )
    if not isinstance(model, Decoder):
        return Guest(title, f"{title} runs through transformers' own module; drafts need this project's decoder.")
    return Guest(title, "", model, loaded.facts.step_bytes / lab.backend.facts.step_bytes)
