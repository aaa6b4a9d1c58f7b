"""A GGUF file as a folder of safetensors: made once, it loads in a tenth of a second instead of ten.

Runs as a process of its own, `python -m playground.models.convert FILE FOLDER`: its memory and its notes end with it.
"""

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from playground.models.quiet import quiet

__all__ = ["convert_gguf"]


def convert_gguf(gguf: Path, folder: Path) -> None:
    """Write the dequantised fp32 weights, config, tokenizer and chat template of a GGUF file into a folder."""
    where, name = str(gguf.parent), gguf.name
    with quiet():
        tokenizer = AutoTokenizer.from_pretrained(where, gguf_file=name, trust_remote_code=False)
        tokenizer.save_pretrained(folder)
        module = AutoModelForCausalLM.from_pretrained(
            where,
            gguf_file=name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.float32,
            trust_remote_code=False,
        )
        module.save_pretrained(folder)


if __name__ == "__main__":
    convert_gguf(Path(sys.argv[1]), Path(sys.argv[2]))
