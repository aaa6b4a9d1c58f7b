"""A saved measurement of throughput run again: tokens and KV bytes are compared, times are not."""

from playground.errors import PlaygroundError
from playground.experiments.throughput.records import ThroughputRecord
from playground.experiments.throughput.request import ThroughputRequest
from playground.experiments.throughput.run import measure_throughput
from playground.runs.environment import changes
from playground.runs.services import Runner


def throughput_again(old: ThroughputRecord, runner: Runner, model: str | None) -> tuple[list[str], list[str]]:
    """Differences, and changes of the surroundings; of the batches that were measured."""
    asked = ThroughputRequest(
        model or old.model.id, old.model.quantization, tuple(batch.rows for batch in old.batches), old.input_tokens,
        old.output_tokens,
    )  # fmt: skip
    new = next((update for update in measure_throughput(runner, asked) if isinstance(update, ThroughputRecord)), None)
    if new is None:
        raise PlaygroundError("The measurement ended before it produced a record.")
    now = {batch.rows: batch for batch in new.batches}
    differences: list[str] = []
    for then in old.batches:
        again = now.get(then.rows)
        if again is None:
            differences.append(f"batch of {then.rows}: did not fit the memory this time.")
        elif again.ids_blake2b != then.ids_blake2b:
            differences.append(f"batch of {then.rows}: wrote other tokens.")
        elif again.memory.kv_cache_bytes != then.memory.kv_cache_bytes:
            told = f"{then.memory.kv_cache_bytes:,} bytes of keys and values then, {again.memory.kv_cache_bytes:,} now."
            differences.append(f"batch of {then.rows}: {told}")
    return differences, changes(old.environment, new.environment)
