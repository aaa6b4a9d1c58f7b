"""A model's layers without their numbers, once its config is known to fit the weights."""

from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig

from playground.errors import PlaygroundError
from playground.models.quiet import quiet

_MOST_TIMES_THE_FILE = 2  # a tied head is in the file once


def skeleton(title: str, config: PreTrainedConfig | None, parameters: int, dtype: torch.dtype) -> Any:
    """The layers that a config describes, on the meta device: they take no memory.

    `parameters` is the number of weights in the files.

    Raises:
        PlaygroundError: The config does not give a model, or a model far larger than the files hold.
    """
    try:
        with quiet(), torch.device("meta"):
            made: Any = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)
    except Exception as error:  # a config can be wrong in any way
        why = " ".join(str(error).split())[:300]
        raise PlaygroundError(f"{title}: its config does not give a model: {type(error).__name__}: {why}") from None
    described = sum(parameter.numel() for parameter in made.parameters())
    if described > _MOST_TIMES_THE_FILE * parameters:
        raise PlaygroundError(
            f"{title}: its config describes a model of {described:,} weights, and its files hold {parameters:,}: they "
            "do not match. Fetch both again."
        )
    return made
