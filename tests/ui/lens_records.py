"""A made-up look between the layers, of any size, with any text in it."""

from playground.experiments.lens.experiment import AttentionRecord, LayerRecord, LensCell, LensCost, LensRecord
from playground.runs.records import ModelRecord


def lens_record(*, tokens: int = 8, layers: int = 2, heads: int = 2, positions: int = 4, text: str = "a") -> LensRecord:
    """All weight of a head is spread evenly; every number is a simple one."""
    places = list(range(tokens))[-positions:]
    model = ModelRecord(
        id="m", source="folder", parameters=1, quantization="fp32", weights_bytes=1, context_length=tokens, device="cpu"
    )
    return LensRecord(
        model=model, settings={}, prompt=text, prompt_token_ids=[1], token_ids=[1] * tokens,
        token_texts=[text] * tokens,
        positions=places,
        layers=[
            LayerRecord(layer=n + 1, seconds=0.002, update_norm=3.0, update_ratio=0.5, window=None)
            for n in range(layers)
        ],
        cells=[
            LensCell(
                layer=layer, position=place, top_id=1, top_text=text, top_prob=0.25, final_rank=1 if layer else 9,
                final_prob=0.25, update_norm=3.0 if layer else None, update_ratio=0.5 if layer else None,
            )
            for layer in range(layers + 1)
            for place in places
        ],
        attention=AttentionRecord(
            layer=1, query=tokens - 1, heads=[[round(1 / tokens, 6)] * tokens] * heads, row_sums=[1.0] * heads,
            first_token_share=1 / tokens, matrix=None, seconds=0.01, read_tokens=1, reused_tokens=tokens - 1,
        ),
        cost=LensCost(
            pass_s=0.01, head_s=0.02, seconds=0.03, kv_bytes=1, state_bytes=2, logits_bytes=3, extra_bytes=6
        ),
        last_layer_diff=0.0, environment={},
    )  # fmt: skip
