"""What length costs as a document of kind "context", the needle test as "needle", a text in tokens as "tokens"."""

from typing import Any, Literal

from playground.runs.records import Document, ModelRecord, Part, Usd

Ended = Literal["complete", "time", "stopped"]


class PointRecord(Part):
    """One context length.

    Attributes:
        tokens: Of the prompt, all read at once in an empty cache.
        prefill_s: Median of `runs_s`.
        runs_s: Time the model spent on the prompt, each time it was read; one that is slow is read once.
        kv_bytes: Keys and values held after it, measured.
        kv_predicted_bytes: Predicted from the configuration; None if unknown.
        input_usd: This many input tokens at the reference model's list price.
    """

    tokens: int
    prefill_s: float
    runs_s: list[float]
    kv_bytes: int
    kv_predicted_bytes: int | None
    input_usd: Usd


class FitRecord(Part):
    """Least squares t = a + b n + c n^2 over all points, no coefficient below zero.

    Attributes:
        a_s: Seconds that no token takes.
        b_s_per_token: Matrix products: every token costs the same.
        c_s_per_token2: Attention: every token looks at all before it.
        r2: Share of the variance that the curve explains; None where all times are equal.
        c_error_s_per_token2: Standard error of c; None where there are too few points.
        c_is_clear: Whether c is more than two standard errors above zero.
    """

    a_s: float
    b_s_per_token: float
    c_s_per_token2: float
    r2: float | None
    c_error_s_per_token2: float | None
    c_is_clear: bool


class PredictionRecord(Part):
    """The longest length predicted from the points up to half of it, and its measurement."""

    tokens: int
    from_tokens: list[int]
    predicted_s: float
    measured_s: float


class ContextRecord(Document):
    """Prefill time, KV bytes and price against context length."""

    schema_: Literal[1] = 1
    kind: Literal["context"] = "context"
    model: ModelRecord
    lengths_asked: list[int]
    time_limit_s: float
    ended: Ended
    text: str
    points: list[PointRecord]
    fit: FitRecord | None
    predicted: PredictionRecord | None
    reference_model: str
    prices_as_of: str
    environment: dict[str, Any]


class CellRecord(Part):
    """One needle: a length of the prompt and a depth of the fact.

    Attributes:
        length: Requested tokens.
        depth: Requested; 0 is at the beginning of the filler, 1 at its end.
        prompt_tokens: Of the prompt as it was read, template included.
        needle_token: Where in the prompt the fact begins.
        code: What was hidden.
        answer_ids: Tokens of the right code.
        token_probs: The model's own probability of each of them, the right ones before it given.
        probability: Their product.
        per_token: Its geometric mean.
        greedy: Whether the likeliest token was the right one each time.
        seconds: What the cell took.
    """

    length: int
    depth: float
    prompt_tokens: int
    needle_token: int
    code: str
    answer_ids: list[int]
    token_probs: list[float]
    probability: float
    per_token: float
    greedy: bool
    seconds: float


class NeedleRecord(Document):
    """A fact hidden at several depths of several lengths, with a question at the end; fewer cells if it was stopped."""

    schema_: Literal[1] = 1
    kind: Literal["needle"] = "needle"
    model: ModelRecord
    lengths: list[int]
    depths: list[float]
    seed: int
    fact: str
    question: str
    answer: str
    ended: Ended
    cells: list[CellRecord]
    environment: dict[str, Any]


class PieceRecord(Part):
    """One token; `kind` is `control` for tokens with a meaning of their own, `template` for text of the template."""

    id: int
    text: str
    bytes: int
    kind: Literal["text", "control", "template"]


class LanguageRecord(Part):
    """The same text in one language."""

    id: str
    title: str
    characters: int
    bytes: int
    tokens: int


class TokensRecord(Document):
    """A text as the model's tokenizer reads it.

    Attributes:
        chat: Wrapped in the chat template, with this system prompt.
        inject: Control tokens in the text were read as such.
        controls: Control tokens that the text spells out, in their order.
        characters, bytes: Of the text.
        text_tokens: Tokens of the text alone, without the template's.
    """

    schema_: Literal[1] = 1
    kind: Literal["tokens"] = "tokens"
    model_id: str
    text: str
    chat: bool
    system: str
    inject: bool
    controls: list[str]
    characters: int
    bytes: int
    text_tokens: int
    tokens: list[PieceRecord]
    languages: list[LanguageRecord]
    languages_source: str
