"""What makes an architecture's default config tiny: small numbers by field name, and what no rule can know."""

from typing import Any

from tests.tiny import VOCABULARY

WINDOW = 8  # tokens of every sliding window, shorter than the prompts
LAYERS = 3
_HIDDEN = 64
_SIZES = {
    _HIDDEN: """hidden_size d_model n_embd embedding_dim emb_dim word_embed_proj_dim lru_width attention_hidden_size
        input_embedding_size output_embedding_size embedding_size backbone_hidden_size hidden_size_global input_size""",
    96: """intermediate_size ffn_dim decoder_ffn_dim encoder_ffn_dim n_inner dff dim_ff ffn_hidden_size
        feed_forward_size d_inner dense_intermediate_size prefix_dense_intermediate_size""",
    32: """moe_intermediate_size shared_expert_intermediate_size shared_intermediate_size expert_ffn_hidden_size
        moe_shared_expert_intermediate_size shared_experts_intermediate_size""",
    24: "q_lora_rank qk_head_dim",
    # Sixteen heads of an indexer: a score is a sum of rectified products, and where many are 0 the choice is random.
    16: """head_dim swa_head_dim attention_head_size dim_head d_head v_head_dim qk_nope_head_dim linear_key_head_dim
        linear_value_head_dim linear_head_dim index_head_dim kv_channels attention_head_dim kv_lora_rank o_lora_rank
        gated_norm_rank adapter_rank loop_gate_rank mamba_d_state state_size ssm_state_size mamba_d_head
        mamba_head_dim mamba_headdim index_n_heads query_pre_attn_scalar rel_extent log_scaling_n_floor
        hidden_size_per_layer_input""",
    8: "qk_rope_head_dim rotary_dim mamba_n_heads mamba_num_heads n_mamba_heads",
    4: """num_attention_heads n_head n_heads num_heads decoder_attention_heads encoder_attention_heads attention_heads
        num_decoder_attention_heads num_encoder_attention_heads swa_num_attention_heads num_query_groups
        linear_num_heads linear_num_value_heads linear_num_key_heads num_experts n_routed_experts num_local_experts
        moe_num_experts zero_expert_num time_step_rank mamba_dt_rank""",
    2: """num_key_value_heads kv_n_heads num_kv_heads swa_num_key_value_heads num_experts_per_tok num_experts_per_token
        moe_topk moe_top_k moe_k mamba_n_groups mamba_ngroups n_groups o_groups""",
    1: "n_group topk_group num_expert_group first_k_dense_replace num_dense_layers",
    512: """max_position_embeddings n_positions n_ctx max_seq_len context_length max_target_positions model_max_length
        max_source_positions keep_window_size""",
    VOCABULARY: "vocab_size vocab_size_per_layer_input decoder_vocab_size unpadded_vocab_size",
}
_LAYERS = """num_hidden_layers n_layer n_layers num_layers decoder_layers encoder_layers num_decoder_layers
    num_encoder_layers num_blocks"""
_WINDOWS = """sliding_window sliding_window_size attention_window_size window_size attention_chunk_size local_attention
    local_attention_window_len index_topk mamba_chunk_size chunk_size block_size"""
SMALL = {
    name: size for size, names in (*_SIZES.items(), (LAYERS, _LAYERS), (WINDOW, _WINDOWS)) for name in names.split()
}
"""What a field becomes, where the architecture's default is a larger number."""
# Wide enough that likelihoods differ clearly from token to token.
WIDE = {"initializer_range", "init_std", "embed_init_std"}
ALL_SHARED = {"num_kv_shared_layers": 3, "hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 0}
_SHARED_BLOCKS = ["linear_attention", "linear_attention", "hybrid", "linear_attention", "hybrid"]
# Fields that the rule cannot know, by model type.
OWN: dict[str, dict[str, Any]] = {
    "bamba": {"attn_layer_indices": [1]},
    "blt": {"encoder_hash_byte_group_vocab": 64, "vocab_size": 260},
    "cohere_compass_text": {
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        "rope_parameters": {
            "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 2, 2]},
            "full_attention": None,
        },
    },
    "cpmant": {"position_bias_num_buckets": 32, "position_bias_max_distance": 64},
    "dbrx": {"attn_config": {"kv_n_heads": 2, "clip_qkv": 8.0, "rope_theta": 10_000.0},
             "ffn_config": {"hidden_size": 64, "ffn_hidden_size": 96, "moe_num_experts": 4, "moe_top_k": 2}},
    "deepseek_v4": {"compress_rates": {"compressed_sparse_attention": 4, "heavily_compressed_attention": 8}},
    "deepseek_v2": {"num_experts_per_tok": 2},
    "dory": {"num_hidden_layers": 8, "layer_types": ["sliding_attention", "mlp", "full_attention", "mlp"] * 2,
             "n_input_layers": 2, "n_recurrent_layers": 4, "n_output_layers": 2},
    "dots3_note": {"vision_config": {"adapter_in_dim": _HIDDEN, "adapter_out_dim": _HIDDEN},
                   "audio_config": {"adapter_input_size": _HIDDEN, "adapter_out_dim": _HIDDEN}},
    "dots1": {"n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2, "first_k_dense_replace": 1,
              "layer_types": ["full_attention", "sliding_attention", "sliding_attention"]},
    "falcon_h1": {"mamba_d_ssm": 128, "mamba_n_heads": 16},
    "gemma3n_text": {"num_hidden_layers": 4, "num_kv_shared_layers": 2},
    "gemma4_assistant": {"text_config": ALL_SHARED},
    "gemma4_unified_assistant": {"text_config": ALL_SHARED, "num_centroids": 16, "centroid_intermediate_top_k": 4},
    "granitemoehybrid": {"layer_types": ["linear_attention", "full_attention", "linear_attention"]},
    "hrm_text": {"num_layers_per_stack": 1, "num_hidden_layers": 8},  # two stacks, run in cycles
    "hunyuan_v1_dense": {"head_dim": 16},
    "hunyuan_v1_moe": {"head_dim": 16},
    "jamba": {"attn_layer_period": 3, "attn_layer_offset": 1},
    "laguna": {"layer_types": ["full_attention", "sliding_attention", "sliding_attention"]},
    "lfm2": {"layer_types": ["conv", "full_attention", "conv"], "block_multiple_of": 32},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "conv"]},
    "llama4_text": {"intermediate_size_mlp": 96, "floor_scale": WINDOW,
                    "layer_types": ["chunked_attention", "chunked_attention", "full_attention"],
                    "no_rope_layers": [1, 1, 0], "moe_layers": [1]},
    "mamba2": {"num_heads": 8},
    "mellum": {"layer_types": ["full_attention", "sliding_attention", "sliding_attention"]},
    "minicpm3": {"dim_model_base": 16},
    "minimax_m3_vl_text": {"layer_types": ["full_attention", "minimax_m3_sparse", "minimax_m3_sparse"],
                           "mlp_layer_types": ["dense", "sparse", "sparse"], "index_block_size": 4,
                           "index_topk_blocks": 2},
    "ministral": {"head_dim": 16, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]},
    "mllama": {"cross_attention_layers": [1]},
    "moshi": {"sliding_window": 512},  # as wide as its context; transformers' mask does not know it
    "nemotron_h": {"time_step_min": 1e-6},  # a floor under the time step that transformers knows in long passes only
    "nemotron": {"num_key_value_heads": 2},
    "phi3": {"original_max_position_embeddings": 16},
    "qwen4_exp_text": {"hc_lowrank": 8, "ple_embed_dim": 64, "ple_layer_ids": [2], "ngram_vocab_size_base": 97,
                       "make_ngram_vocab_size_divisible_by": 8, "split_ngram_parts": 1, "indexer_n_heads": 16,
                       "indexer_kv_heads": 1, "indexer_head_dim": 16, "indexer_budget": WINDOW,
                       "indexer_compress_ratio": 4, "eos_token_id": VOCABULARY - 1},
    "reformer": {"is_decoder": True, "attn_layers": ["local", "lsh", "local"], "axial_pos_shape": [16, 32],
                 "hash_seed": 0, "axial_pos_embds_dim": [32, 32], "lsh_attn_chunk_length": WINDOW,
                 "local_attn_chunk_length": WINDOW},
    "roc_bert": {"pronunciation_embed_dim": 16, "pronunciation_vocab_size": 288, "shape_embed_dim": 16,
                 "shape_vocab_size": 288},
    "xmod": {"default_language": "en_XX"},
    "xlstm": {"qk_dim_factor": 1.0},
    "zamba": {"num_hidden_layers": 5, "layers_block_type": _SHARED_BLOCKS, "attention_hidden_size": 128,
              "attention_head_dim": 32},
    "zamba2": {"num_hidden_layers": 5, "layers_block_type": _SHARED_BLOCKS, "attention_hidden_size": 128,
               "attention_head_dim": 32, "hybrid_layer_ids": [2, 4], "time_step_min": 1e-6},
    "zaya": {"layer_types": ["hybrid", "hybrid_sliding", "hybrid"], "sliding_window": WINDOW, "router_hidden_size": 16},
}  # fmt: skip
OWN["llama4"] = {"text_config": OWN["llama4_text"]}
OWN["qwen4_exp"] = {"text_config": OWN["qwen4_exp_text"]}

_LONGROPE = {"rope_type": "longrope", "rope_theta": 10_000.0, "short_factor": [1.0] * 8, "long_factor": [4.0] * 8}
_DECODER = {"is_decoder": True, "is_encoder_decoder": False}
# Other turns of some of them: a base name and fields.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "phi3 with longrope": ("phi3", {"rope_parameters": _LONGROPE, "original_max_position_embeddings": 16}),
    "minicpm3 with longrope": ("minicpm3", {"rope_parameters": {
        **_LONGROPE, "short_factor": [1.0] * 4, "long_factor": [4.0] * 4, "original_max_position_embeddings": 16}}),
    # Within its context, as everywhere: beyond it the module remembers how long the texts before were.
    "llama with dynamic rope": ("llama", {"max_position_embeddings": 40, "rope_parameters": {
        "rope_type": "dynamic", "rope_theta": 10_000.0, "factor": 4.0}}),
    "qwen2 with a window": ("qwen2", {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1,
                                      "layer_types": None}),
    "gemma4_text with shared keys": ("gemma4_text", {"num_hidden_layers": 4, "num_kv_shared_layers": 2, "layer_types": [
        "sliding_attention", "full_attention", "sliding_attention", "full_attention"],
        "per_layer_config": {1: {"head_dim": 32}, 3: {"head_dim": 32}}}),
    "gemma3_text both ways": ("gemma3_text", {"use_bidirectional_attention": True}),
    "falcon with alibi": ("falcon", {"alibi": True}),
    "falcon of 40B": ("falcon", {"new_decoder_architecture": True, "num_kv_heads": 2}),
    "hrm_text without a prefix": ("hrm_text", {"prefix_lm": False}),
    "big_bird as a decoder": ("big_bird", {"is_decoder": True, "attention_type": "original_full"}),
    **{f"{name} as a decoder": (name, {"is_decoder": True}) for name in (
        "bert", "bert-generation", "camembert", "data2vec-text", "electra", "ernie", "megatron-bert", "rembert",
        "roberta", "roberta-prelayernorm", "roc_bert", "roformer", "xlm-roberta", "xlm-roberta-xl", "xmod")},
    **{f"{name} as a decoder": (name, _DECODER) for name in (
        "bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "marian", "mbart", "mvp", "pegasus", "plbart",
        "prophetnet", "whisper")},
}  # fmt: skip
# Fields that are not passed on: what a class says of itself, or computes from others.
UNSAID = {
    "model_type", "number_of_conv_states", "transformers_version", "architectures", "dtype", "_name_or_path",
    "id2label", "label2id", "output_attentions", "output_hidden_states", "return_dict", "problem_type",
    "chunk_size_feed_forward",
}  # fmt: skip
