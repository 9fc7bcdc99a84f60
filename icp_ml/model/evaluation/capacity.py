"""Say what the team's capacity means on the accounts that judged."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from icp_ml.model.evaluation.metrics import Estimate


def capacity_note(capacity: int | None, n_judged: int, metrics: Mapping[str, Estimate]) -> str:
    """Return which share of the judged accounts the capacity is, and what was found among them, as sentences.

    Parameters
    ----------
    capacity : int or None
        Accounts the team can work in a period.
    n_judged : int
        Accounts that judged.
    metrics : mapping of str to Estimate
        With ``precision_at_capacity`` and ``lift_at_capacity``.
    """
    if capacity is None:
        return f"The study names no capacity: the first tenth of the {n_judged:,} judged accounts stands for it."
    if capacity >= n_judged:
        return (
            f"The team can work {capacity:,} accounts and {n_judged:,} judged the model: precision at capacity is the "
            "share of all of them and says nothing about the order. Read the lift of the first tenth instead."
        )
    precision, lift = metrics["precision_at_capacity"], metrics["lift_at_capacity"]
    found = f"of the first {capacity:,} of {n_judged:,} judged accounts {precision.value:.0%} succeeded"
    if isfinite(precision.low) and isfinite(lift.value):
        found += f" (90 % interval {precision.low:.0%} to {precision.high:.0%}; lift {lift.value:.2f})"
    return (
        f"At the team's capacity {found}. That is {capacity / n_judged:.0%} of the judged accounts; of a longer list "
        "the same capacity is a smaller share."
    )
