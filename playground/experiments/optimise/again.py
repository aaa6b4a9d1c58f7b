"""How an optimisation differs from its replay: in answers and bytes; times are not compared."""

from collections.abc import Iterator

from playground.experiments.optimise.quantities import quantity
from playground.experiments.optimise.records import OptimisationRecord

_NEAR = 1e-6  # of a number that no noise touches


def differences(old: OptimisationRecord, new: OptimisationRecord) -> Iterator[str]:
    """Of each arm."""
    now = {arm.name: arm for arm in new.arms}
    for then in old.arms:
        again = now.get(then.name)
        if again is None or (again.not_here and not then.not_here):
            yield f"{then.name}: did not run again."
            continue
        if again.token_ids != then.token_ids:
            yield f"{then.name}: other tokens."
        for name, measure in then.measured.items():
            found = again.median(name)
            if quantity(name).is_noisy or found is None:
                continue
            if abs(found - measure.median) > _NEAR * max(1.0, abs(measure.median)):
                yield f"{then.name}: {quantity(name).title} was {measure.median:g}, now {found:g}."
