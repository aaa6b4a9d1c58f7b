"""Any causal language model of transformers, opened by hooks on its layers; eager attention while weights are read."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from playground.engine.lens.base import LayerPass, LayerWatch, LensUnavailable, chunks_of
from playground.engine.module import ModuleCache, ModuleModel

_NORMS = ("norm", "ln_f", "final_layer_norm", "final_layernorm", "norm_f")
_EAGER = "eager"


class ModuleLens:
    """A lens on transformers' forward pass."""

    def __init__(self, model: ModuleModel):
        self._model, self._module = model, model.module
        self._config = self._module.config.get_text_config(decoder=True)
        self._layers = _decoder_layers(self._module, self._config.num_hidden_layers)

    @property
    def layers(self) -> int:
        """Number of layers."""
        return len(self._layers)

    @property
    def windows(self) -> list[int | None]:
        """A layer's window according to the config."""
        window = getattr(self._config, "sliding_window", None)
        kinds = getattr(self._config, "layer_types", None) or [None] * self.layers
        return [window if kind == "sliding_attention" else None for kind in kinds]

    def read(
        self, ids: Sequence[int], positions: Sequence[int], cache: ModuleCache, prompt_tokens: int
    ) -> Generator[int, None, LayerPass]:
        """As `Lens.read`."""
        self._check_plain(len(ids))
        watch, logits = LayerWatch(self.layers, positions), None
        for start, end in chunks_of(0, len(ids), prompt_tokens):
            watch.start = start
            with _hooked(self._layers, watch), torch.inference_mode():
                logits = self._model.outputs(_tensor(ids, start, end), cache).logits[:, -1]
            yield end
        assert logits is not None
        return watch.finish(logits[0])

    @torch.inference_mode()
    def unembed(self, states: Tensor) -> Tensor:
        """As `Lens.unembed`.

        Raises:
            LensUnavailable: The model's final norm or its head is not in a known place.
        """
        head = self._module.get_output_embeddings()
        if head is None:
            raise LensUnavailable(f"{self._name} has no output head to read the state after a layer with.")
        logits = head(_final_norm(self._module)(states)).float()
        logits = logits * getattr(self._config, "logit_scale", 1.0) / getattr(self._config, "logits_scaling", 1.0)
        cap = getattr(self._config, "final_logit_softcapping", None)
        return logits if cap is None else cap * torch.tanh(logits / cap)

    def attention(
        self, ids: Sequence[int], layer: int, rows: range, cache: ModuleCache, prompt_tokens: int
    ) -> Generator[int, None, Tensor]:
        """As `Lens.attention`."""
        self._check_plain(rows.stop)
        for start, end in chunks_of(cache.length, rows.start, prompt_tokens):
            with torch.inference_mode():
                self._model.outputs(_tensor(ids, start, end), cache)
            yield end
        with _eager(self._module, self._name), torch.inference_mode():
            output = self._model.outputs(_tensor(ids, rows.start, rows.stop), cache, output_attentions=True)
        weights = getattr(output, "attentions", None) or ()
        if len(weights) != self.layers or weights[layer] is None:
            raise LensUnavailable(
                f"{self._name} shows attention weights of {sum(each is not None for each in weights)} of its "
                f"{self.layers} layers only, so layer {layer + 1} can't be drawn."
            )
        found = weights[layer][0].float().cpu()
        return nn.functional.pad(found, (rows.stop - found.shape[-1], 0))  # a window holds the last tokens only

    def _check_plain(self, tokens: int) -> None:
        """Reject a model that must be read in a special way: the lens would not see what a run computes."""
        if not self._model.is_plain(tokens):
            raise LensUnavailable(
                f"{self._name} does not read {tokens:,} tokens chunk by chunk into one cache, as layers are "
                "watched here: choose another model, or a shorter text."
            )

    @property
    def _name(self) -> str:
        return str(self._module.config.model_type)


def _tensor(ids: Sequence[int], start: int, end: int) -> Tensor:
    return torch.tensor([list(ids[start:end])])


def _decoder_layers(module: Any, count: int) -> nn.ModuleList:
    """The list of layers: the list of the text model whose length is the config's number of layers."""
    lists = [part for part in module.get_decoder().modules() if isinstance(part, nn.ModuleList) and len(part) == count]
    if not lists:
        raise LensUnavailable(
            f"{module.config.model_type} does not keep its {count} layers in one list, so they can't be watched."
        )
    return lists[0]


def _final_norm(module: Any) -> nn.Module:
    decoder = module.get_decoder()
    for name in _NORMS:
        norm = getattr(decoder, name, None)
        if isinstance(norm, nn.Module):
            return norm
    raise LensUnavailable(
        f"{module.config.model_type} has no final norm under a known name ({', '.join(_NORMS)}), so the state after a "
        "layer can't be read as a next token."
    )


@contextmanager
def _hooked(layers: nn.ModuleList, watch: Callable[[int, Tensor], None]) -> Iterator[None]:
    """Inside the block, every pass shows the stream between its layers."""

    def entering(_layer: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        watch(0, arguments[0] if arguments else named["hidden_states"])

    def leaving(number: int) -> Callable[[Any, Any, Any], None]:
        return lambda _layer, _arguments, output: watch(number, output[0] if isinstance(output, tuple) else output)

    hooks = [layers[0].register_forward_pre_hook(entering, with_kwargs=True)]
    hooks += [layer.register_forward_hook(leaving(number + 1)) for number, layer in enumerate(layers)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _eager(module: Any, name: str) -> Iterator[None]:
    """Inside the block, attention is computed with visible weights."""
    before = module.config._attn_implementation
    try:
        module.set_attn_implementation(_EAGER)
    except (ValueError, NotImplementedError, AttributeError) as error:
        raise LensUnavailable(f"{name} has no attention that shows its weights: {error}") from None
    try:
        yield
    finally:
        module.set_attn_implementation(before)
