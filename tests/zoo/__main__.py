"""`python -m tests.zoo > docs/models.md`: what becomes of every architecture, as the page of the documentation."""

import logging
import sys
import warnings

import torch
import transformers

from tests.zoo.judge import judge
from tests.zoo.models import NAMES
from tests.zoo.table import as_markdown


def main() -> None:
    """Judge all of them, and fail if a law does not hold."""
    warnings.simplefilter("ignore")
    logging.disable()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    verdicts = []
    for name in NAMES:
        verdicts.append(judge(name))
        print(f"{len(verdicts)}/{len(NAMES)} {name}: {verdicts[-1].kind}", file=sys.stderr)
    print(as_markdown(verdicts), end="")
    wrong = [f"{verdict.name}: {'; '.join(verdict.faults)}" for verdict in verdicts if verdict.faults]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
