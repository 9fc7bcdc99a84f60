"""Test whether the order of accounts that a fit had not seen is better than chance, by permuting their outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

import numpy as np

from icp_ml.accounts.dealing import dealt
from icp_ml.model.evaluation.metrics import (
    Floats,
    ScoredRows,
    by_tie,
    capacity_share_of,
    losses,
    order_metrics,
    precision_of_top,
)

TESTED = ("roc_auc", "average_precision", "lift_at_10", "lift_at_capacity", "log_loss")
"""Metrics that are tested against chance; the first decides."""
_CLOSE = 1e-12

Statistics = Callable[[Floats, Floats], dict[str, Floats]]


@dataclass(frozen=True)
class Chance:
    """How often an order without meaning does as well.

    Attributes
    ----------
    p_values : dict of str to float
        By metric of `TESTED`; NaN where only one outcome was seen. Uniform between 0 and 1, or larger, by chance.
    n_permutations : int
        Permutations of the outcomes.
    is_widened : bool
        Cross-validated margins: the permuted differences were widened, see `against_chance`.
    """

    p_values: dict[str, float]
    n_permutations: int
    is_widened: bool

    @property
    def p_value(self) -> float:
        """Return the p-value of ROC AUC, which decides."""
        return self.p_values[TESTED[0]]

    @property
    def sentence(self) -> str:
        """Return what was found, in words."""
        if not isfinite(self.p_value):
            return "Whether the order is better than chance cannot be tested: only one outcome was seen."
        better = "is better than chance" if self.p_value <= 0.05 else "cannot be told from chance"
        how = " (widened for cross-validation)" if self.is_widened else ""
        return (
            f"The order of the accounts {better}: {_share_of_orders(self.p_value)} of {self.n_permutations:,} random "
            f"orders{how} reach the ROC AUC of the model ({p_words(self.p_value)})."
        )

    def as_document(self) -> dict[str, Any]:
        """Return the test as a JSON object; NaN is None."""
        found = {name: p if isfinite(p) else None for name, p in self.p_values.items()}
        return {
            "p_value": found[TESTED[0]],
            "n_permutations": self.n_permutations,
            "sentence": self.sentence,
            "metrics": found,
        }


def _share_of_orders(p: float) -> str:
    return "fewer than 0.1 %" if p < 0.001 else f"{100 * p:.1f} %" if p < 0.1 else f"{100 * p:.0f} %"


def p_words(p: float) -> str:
    """Return a p-value in words, never as 0.

    Examples
    --------
    >>> p_words(0.0005), p_words(0.0312), p_words(0.4)
    ('p < 0.001', 'p = 0.031', 'p = 0.40')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def against_chance(
    repeats: list[ScoredRows],
    *,
    capacity: int | None = None,
    cross_validated: bool = False,
    n_permutations: int = 2000,
    seed: int = 0,
) -> Chance:
    """Return how often outcomes dealt at random fit the margins as well as the true ones.

    Parameters
    ----------
    repeats : list of ScoredRows
        One, or the repeats of a cross-validation: the same accounts with other margins, whose metrics are averaged.
    capacity : int, optional
        As in `icp_ml.model.evaluation.metrics.estimate_metrics`.
    cross_validated : bool
        The margins come from fits on the other judged accounts.
    n_permutations, seed : int
        Permutations, and their seed.

    Returns
    -------
    Chance
        One-sided p-values ``(1 + n as good) / (n_permutations + 1)``.

    Notes
    -----
    Each account's outcome and weight are dealt together. Where accounts are related, the outcomes of a whole group go
    to another group of the same size, in any order, so that outcomes stay as alike within groups as they are; a group
    of a size of its own keeps its outcomes among its own accounts.

    Out of time this is exact: the fit has not seen any of these outcomes. Out of fold it is not, because an account is
    judged by its outcome and teaches the fits that judge the others. For margins ``m_i = sum_j k_ij y_j`` of an
    account over those outside its fold the statistic is ``sum_ij k_ij y_i y_j``: every pair counts twice, its variance
    under chance is ``sum (k_ij + k_ji)^2`` over pairs, at most twice the variance with margins held fixed. So the
    differences of the permutations from their mean are widened by sqrt(2), the bound of Cauchy and Schwarz.
    ``benchmarks/evaluation.py`` measures the size of both tests.

    References
    ----------
    Phipson and Smyth 2010, Permutation p-values should never be zero, Statistical Applications in Genetics and
    Molecular Biology 9:39. Noirhomme et al. 2014, Biased binomial assessment of cross-validated estimation,
    NeuroImage: Clinical 4:687.
    """
    first = repeats[0]
    statistics = _mean_of([_statistics(rows, capacity_share_of(rows, capacity)) for rows in repeats])
    if np.ptp(first.outcome) == 0:
        return Chance(dict.fromkeys(TESTED, float("nan")), n_permutations, cross_validated)
    account = np.argsort(first.position)  # accounts in their own order, whatever the margins of a repeat
    outcome, weight = first.outcome[account], first.weight[account]
    places = [np.argsort(np.argsort(rows.position)) for rows in repeats]
    observed = statistics([outcome[None, place] for place in places], [weight[None, place] for place in places])
    found: list[dict[str, Floats]] = []
    for source in dealt(first.clusters[account], n_permutations, seed):
        y, w = outcome[source], weight[source]
        found.append(statistics([y[:, place] for place in places], [w[:, place] for place in places]))
    draws = {name: np.concatenate([part[name] for part in found]) for name in TESTED}
    widening = sqrt(2.0) if cross_validated else 1.0
    p_values = {name: _p_value(float(observed[name][0]), draws[name], widening) for name in TESTED}
    return Chance(p_values, n_permutations, cross_validated)


def _p_value(observed: float, draws: Floats, widening: float) -> float:
    middle = float(draws.mean())
    as_good = middle + widening * (draws - middle) >= observed - _CLOSE
    return float((1 + as_good.sum()) / (1 + len(draws)))


def _statistics(rows: ScoredRows, share: float) -> Statistics:
    """Return what computes, larger being better, the metrics of lines of outcomes and weights in the order of rows."""
    if_success, if_failure = losses(np.ones(len(rows)), rows.probability), losses(np.zeros(len(rows)), rows.probability)

    def computed(outcome: Floats, weight: Floats) -> dict[str, Floats]:
        successes = weight * outcome
        positive, both = by_tie(rows.margin, successes, weight)
        loss = successes @ if_success + (weight - successes) @ if_failure
        return {
            **order_metrics(positive, both),
            "lift_at_10": precision_of_top(positive, both, 0.1),  # the base rate is the same for every permutation
            "lift_at_capacity": precision_of_top(positive, both, share),
            "log_loss": -loss / weight.sum(1),
        }

    return computed


def _mean_of(each: list[Statistics]) -> Callable[[list[Floats], list[Floats]], dict[str, Floats]]:
    def computed(outcomes: list[Floats], weights: list[Floats]) -> dict[str, Floats]:
        found = [part(y, w) for part, y, w in zip(each, outcomes, weights, strict=True)]
        return {name: np.mean([metrics[name] for metrics in found], axis=0) for name in TESTED}

    return computed
