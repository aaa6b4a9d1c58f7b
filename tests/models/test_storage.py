import torch
from torch import nn

from playground.models.packing import Int8Embedding, Int8Linear, quantize_rows
from playground.models.storage import count_parameters, paper_bytes, step_bytes, weights_bytes
from tests.tiny import tiny_model


class _TwoParts(torch.Tensor):
    """A tensor subclass that keeps its data in inner tensors, as torchao's do."""

    @staticmethod
    def __new__(cls, codes, scale):
        return torch.Tensor._make_wrapper_subclass(cls, codes.shape, dtype=torch.float32)

    def __init__(self, codes, scale):
        self.codes, self.scale = codes, scale

    def __tensor_flatten__(self):
        return ["codes", "scale"], None

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise NotImplementedError("only its bytes are asked for")


def test_a_tied_weight_counts_once():
    model = nn.Sequential(nn.Linear(8, 4, bias=False), nn.Linear(8, 4, bias=False))
    assert weights_bytes(model) == 2 * 8 * 4 * 4
    model[1].weight = model[0].weight
    assert weights_bytes(model) == 8 * 4 * 4
    assert count_parameters(model) == 8 * 4


def test_buffers_count():
    model = nn.Linear(8, 4)
    model.register_buffer("codes", torch.zeros(3, dtype=torch.int8))
    assert weights_bytes(model) == (8 * 4 + 4) * 4 + 3


def test_a_view_counts_its_whole_storage():
    model = nn.Module()
    model.register_buffer("row", torch.zeros(10, 10)[0])
    assert weights_bytes(model) == 400


def test_a_subclass_counts_its_inner_tensors():
    model = nn.Module()
    model.register_buffer("packed", _TwoParts(torch.zeros(4, 8, dtype=torch.int8), torch.zeros(4)))
    assert weights_bytes(model) == 4 * 8 + 4 * 4


def test_a_float_model_takes_four_bytes_a_parameter_and_its_buffers():
    model = tiny_model("llama")
    buffers = sum(b.numel() * b.element_size() for b in model.buffers())
    assert weights_bytes(model) == 4 * count_parameters(model) + buffers


def test_a_step_reads_a_tied_table_but_not_a_separate_one():
    tied, untied = tiny_model("qwen3", tie_word_embeddings=True), tiny_model("qwen3")
    table = untied.get_input_embeddings().weight
    assert step_bytes(tied) == weights_bytes(tied)
    assert step_bytes(untied) == weights_bytes(untied) - table.numel() * 4


def test_a_step_does_not_read_a_separate_int8_table():
    rows, scale = quantize_rows(torch.randn(20, 32))
    model = nn.ModuleList([Int8Embedding(rows, scale), Int8Linear(torch.randn(20, 32))])
    assert step_bytes(model) == weights_bytes(model[1])


def test_paper_bytes_are_bits_by_name():
    assert [paper_bytes(1000, q) for q in ("fp32", "bf16", "fp16", "int8", "int4")] == [4000, 2000, 2000, 1000, 500]
