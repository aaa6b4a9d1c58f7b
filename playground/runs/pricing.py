"""What tokens and seconds cost, computed where a record is made: no run depends on a price."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from playground.metrics.cost import api_cost, own_hardware_cost
from playground.metrics.prices import price_list_date
from playground.runs.records import CostRecord


@dataclass(frozen=True)
class Pricing:
    """The prices that costs are computed with; `Runner.priced` makes checked ones.

    Attributes:
        reference: The model whose list price is used, `provider/model`.
        usd_per_hour: Price of the machine.
    """

    reference: str
    usd_per_hour: float

    def run(self, prompt: int, output: int, cached: int, seconds: float) -> CostRecord:
        """Cost of one request: its token counts at list price, and this many seconds of the machine."""
        cost = api_cost(self.reference, prompt, output, cached)
        return CostRecord(**asdict(cost), own_hardware_usd=own_hardware_cost(seconds, self.usd_per_hour))

    def batch(self, prompt: int, outputs: Sequence[int], computed: int, seconds: float) -> CostRecord:
        """Cost of rows that share a prompt: one request each, prompt uncached, since price tiers apply per request.

        `computed` counts the prompt tokens that were computed, of all rows; `seconds` are the machine's, once.
        """
        costs = [api_cost(self.reference, prompt, output) for output in outputs]
        return CostRecord(
            reference_model=self.reference,
            input_tokens=prompt * len(outputs),
            cached_tokens=max(0, prompt * len(outputs) - computed),
            output_tokens=sum(outputs),
            input_usd=sum((cost.input_usd for cost in costs), Decimal(0)),
            output_usd=sum((cost.output_usd for cost in costs), Decimal(0)),
            total_usd=sum((cost.total_usd for cost in costs), Decimal(0)),
            prices_as_of=price_list_date(),
            own_hardware_usd=own_hardware_cost(seconds, self.usd_per_hour),
        )
