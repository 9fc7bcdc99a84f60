"""Find ratings written down after the day they speak of: who knows the outcome rates in hindsight."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import mannwhitneyu

from icp_ml.accounts.audit.finding import Finding
from icp_ml.accounts.customers import Customers, Rating
from icp_ml.accounts.outcome import Labels
from icp_ml.errors import first_rows

FEWEST_OF_CLASS = 10
"""Successes, and failures, that late or early ratings need before their order is told."""


def late_ratings(customers: Customers, labels: Labels) -> Iterator[Finding]:
    """Yield a warning for each rating of which some were entered after as_of; these count as missing.

    Parameters
    ----------
    customers : Customers
        Their ``ratings`` hold what was written down, late ones included.
    labels : Labels
        Outcome of every customer, in the same order.

    Notes
    -----
    Hindsight shows where late ratings order success and failure better than early ones of the same column.
    """
    for column, rating in customers.ratings.items():
        late = rating.is_late & rating.values.notna().to_numpy()
        if late.any():
            where, n = first_rows(customers.rows[late].tolist()), int(rating.values.notna().sum())
            evidence = (
                f"{int(late.sum()):,} of {n:,} ratings were entered after as_of ({where}); "
                f"they count as missing{_hindsight(rating, labels)}"
            )
            step = "Rate before the outcome is known, and keep the date; a rating of a survivor is no attribute"
            yield Finding("warning", "late_rating", column, int(late.sum()), evidence, step)


def _hindsight(rating: Rating, labels: Labels) -> str:
    """Return how well late and early ratings order the outcome, in words; empty where either are too few."""
    late, early = _order(rating, labels, rating.is_late), _order(rating, labels, ~rating.is_late)
    if late is None or early is None:
        return ""
    return (
        f". Late ratings order {late[1]:,} outcomes with a ROC AUC of {late[0]:.2f}, "
        f"early ones {early[1]:,} with {early[0]:.2f}"
    )


def _order(rating: Rating, labels: Labels, rows: npt.NDArray[np.bool_]) -> tuple[float, int] | None:
    numbers = pd.to_numeric(rating.values, errors="coerce").to_numpy(dtype=np.float64)
    used = rows & labels.known & ~np.isnan(numbers)
    label = labels.label[used]
    if min((label == 1).sum(), (label == 0).sum()) < FEWEST_OF_CLASS:
        return None
    above = mannwhitneyu(numbers[used][label == 1], numbers[used][label == 0]).statistic
    auc = float(above / ((label == 1).sum() * (label == 0).sum()))
    return max(auc, 1 - auc), int(used.sum())
