"""Inference Playground: every knob, token, millisecond, byte and cent of language model inference."""

__version__ = "0.1.0"
