"""A GGUF file as a folder of safetensors: made once, it loads in 0.1 seconds instead of 10.

Runs in a separate process, `python -m playground.models.convert FILE FOLDER`: its memory and its messages end with it.
"""

import sys
from pathlib import Path

import torch

from playground.errors import PlaygroundError
from playground.models.files import inspect_gguf
from playground.models.gguf_rope import FREQUENCIES
from playground.models.quiet import quiet
from playground.models.reading import read_module, read_tokenizer
from playground.models.vocabulary import end_ids


def convert_gguf(gguf: Path, folder: Path) -> None:
    """Write the dequantised fp32 weights, config, tokenizer and chat template of a GGUF file into a folder.

    Raises:
        PlaygroundError: The file can't be read correctly, or a folder can't express it.
    """
    files = inspect_gguf(gguf)
    if FREQUENCIES in files.shapes:
        raise PlaygroundError(f"{gguf.name} has its own rotary factors, which a config.json can't express.")
    with quiet():
        module = read_module(gguf.name, files, torch.float32)
        tokenizer = read_tokenizer(gguf.name, files, module.get_input_embeddings().weight.shape[0])
        ends = list(end_ids(gguf.name, files, tokenizer))
        module.config.eos_token_id = module.generation_config.eos_token_id = ends[0] if len(ends) == 1 else ends or None
        tokenizer.save_pretrained(folder)
        module.save_pretrained(folder)


if __name__ == "__main__":
    convert_gguf(Path(sys.argv[1]), Path(sys.argv[2]))
