"""The accounts that judged a model, and weighted shares and areas among some of them, with errors that clusters share.

Every measure comes with the influence of each account on it. The error of a measure, or of the difference of two, is
the sum of these influences within each cluster, squared; so slices that share related accounts are compared rightly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtr, stdtrit

from icp_ml.accounts.intervals import Z_90, effective_n, wilson_interval
from icp_ml.model.evaluation.metrics import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

NOT_KNOWN = Estimate(float("nan"), float("nan"), float("nan"))
TOP_SHARE = 0.2
"""The first, and the last, of a list, where no capacity says it."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class JudgedRows:
    """Accounts with a known outcome and what was said of them out of sample, in the order of the table.

    Attributes
    ----------
    outcome : array of shape (n,)
        1 success, 0 churned.
    margin : array of shape (n,)
        Log-odds of success.
    weight : array of shape (n,)
        Positive; inverse probability of censoring.
    clusters : array of int, shape (n,)
        Codes from 0; related accounts share one.
    """

    outcome: Floats
    margin: Floats
    weight: Floats
    clusters: Integers

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def probability(self) -> Floats:
        """Return the chance of success, shape (n,)."""
        return np.asarray(expit(self.margin))

    def at(self, places: Integers) -> JudgedRows:
        """Return some of the accounts, by position."""
        return JudgedRows(self.outcome[places], self.margin[places], self.weight[places], self.clusters[places])

    def about(self, outcome: Floats) -> JudgedRows:
        """Return the same accounts judged by another outcome of two values."""
        return replace(self, outcome=outcome)


def judged_rows(
    outcome: ArrayLike, margin: ArrayLike, *, weight: ArrayLike | None = None, clusters: ArrayLike | None = None
) -> JudgedRows:
    """Return accounts that judged; weights are 1 and every account stands alone unless said otherwise.

    Raises
    ------
    ValueError
        An outcome is neither 0 nor 1, or a weight is not positive.
    """
    y, m = np.asarray(outcome, dtype=np.float64), np.asarray(margin, dtype=np.float64)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    codes = np.arange(len(y)) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    if not len(y) or not np.isin(y, (0.0, 1.0)).all() or not (w > 0).all():
        msg = f"{len(y)} accounts judged; expected outcomes 0 or 1 and positive weights. Leave the others out."
        raise ValueError(msg)
    return JudgedRows(y, m, w, codes.astype(np.int64))


@dataclass(frozen=True)
class Measured:
    """A number about some accounts, and what each account does to it.

    Attributes
    ----------
    value : float
        The number; NaN where the accounts do not allow it.
    influence : array of shape (n,)
        Sums to 0; 0 for accounts that take no part.
    clusters : array of int, shape (n,)
        Whose influences go together.
    """

    value: float
    influence: Floats
    clusters: Integers

    @property
    def error(self) -> float:
        """Return the standard error, with the correction for few clusters; NaN for a single one."""
        sums = np.bincount(self.clusters, self.influence)
        n = self.n_clusters
        return sqrt(float(sums @ sums) * n / (n - 1)) if n > 1 else float("nan")

    @property
    def n_clusters(self) -> int:
        """Count the unrelated accounts, or groups of related ones, that take part."""
        return int(np.count_nonzero(np.bincount(self.clusters, self.influence != 0)))

    def __sub__(self, other: Measured) -> Measured:
        """Return the difference of two measures of the same table."""
        return Measured(self.value - other.value, self.influence - other.influence, self.clusters)

    def estimate(self) -> Estimate:
        """Return the value with a 90 % interval by Student's t on the number of clusters."""
        n = self.n_clusters
        half = float(stdtrit(n - 1, 0.95)) * self.error if n > 1 else float("nan")
        return Estimate(self.value, self.value - half, self.value + half)


def share_of(rows: JudgedRows, values: Floats, inside: Floats) -> Measured:
    """Return the weighted mean of values among some accounts.

    Parameters
    ----------
    rows : JudgedRows
        Weights and clusters.
    values : array of shape (n,)
        What to average: outcomes, chances, flags.
    inside : array of shape (n,)
        How much of each account takes part, 0 to 1.
    """
    weight = rows.weight * inside
    total = float(weight.sum())
    if total <= 0:
        return Measured(float("nan"), np.zeros(len(rows)), rows.clusters)
    value = float(weight @ values) / total
    return Measured(value, weight * (values - value) / total, rows.clusters)


def success_share(rows: JudgedRows, inside: Floats) -> Estimate:
    """Return the success share of some accounts, with Wilson's 90 % interval at their effective number."""
    weight = rows.weight * inside
    share = share_of(rows, rows.outcome, inside).value
    n = effective_n(rows.outcome, weight, rows.clusters)
    return Estimate(share, *wilson_interval(n * share if n else 0.0, n))


def auc_of(rows: JudgedRows, inside: Floats) -> Measured:
    """Return how often a success of some accounts stands above a failure of them; .5 is no better than chance.

    Notes
    -----
    Weighted placements; the influence of an account is the deviation of its placement from the area.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837. Obuchowski 1997, Biometrics 53:567, for clusters.
    """
    weight = rows.weight * inside
    positive, negative = weight * (rows.outcome == 1), weight * (rows.outcome == 0)
    if positive.sum() <= 0 or negative.sum() <= 0:
        return Measured(float("nan"), np.zeros(len(rows)), rows.clusters)
    _, place = np.unique(rows.margin, return_inverse=True)
    over_failures, under_successes = _placements(negative, place), 1 - _placements(positive, place)
    value = float(positive @ over_failures / positive.sum())
    influence = positive * (over_failures - value) / positive.sum()
    influence += negative * (under_successes - value) / negative.sum()
    return Measured(value, influence, rows.clusters)


def _placements(weight: Floats, place: NDArray[np.intp]) -> Floats:
    """Return the share of the weight that stands below each account, ties by half."""
    at = np.bincount(place, weight)
    below = np.cumsum(at) - at / 2
    return np.asarray(below[place] / weight.sum())


def auc_estimate(rows: JudgedRows, auc: Measured, inside: Floats) -> Estimate:
    """Return an area with its 90 % interval on the scale of log-odds.

    An area of 0 or 1 has no error of its own; there Wilson's interval for as many pairs as the smaller class has
    accounts is given.
    """
    if not np.isfinite(auc.value):
        return NOT_KNOWN
    error, slope = auc.error, auc.value * (1 - auc.value)
    if slope < _ROUNDING or not error > _ROUNDING:
        n = min(int(((inside > 0) & (rows.outcome == kind)).sum()) for kind in (0, 1))
        value = round(auc.value, 9)
        return Estimate(value, *wilson_interval(value * n, n))
    half = Z_90 * error / slope
    low, high = expit(logit(auc.value) + np.array([-half, half]))
    return Estimate(auc.value, float(low), float(high))


def two_sided_p(difference: Measured) -> float:
    """Return the two-sided p-value of no difference, by the normal distribution; NaN where there is no error."""
    error = difference.error
    if not np.isfinite(difference.value) or not error > _ROUNDING:
        return float("nan")
    return float(2 * ndtr(-abs(difference.value) / error))


def end_of_list(rows: JudgedRows, share: float, *, lowest: bool = False) -> Floats:
    """Return how much of each account is in the first (or the last) share of the list, 0 to 1, shape (n,).

    The share is one of the total weight; accounts that tie at its end take part alike, whatever their order.
    """
    margin = rows.margin if lowest else -rows.margin
    _, place = np.unique(margin, return_inverse=True)
    both = np.bincount(place, rows.weight)
    before = np.cumsum(both) - both
    part = np.clip((share * both.sum() - before) / both, 0.0, 1.0)
    return np.asarray(part[place])


def top_share(n_rows: int, capacity: int | None) -> float:
    """Return the share of the accounts that counts as the first of the list: the capacity where it leaves a choice."""
    return TOP_SHARE if capacity is None or capacity > n_rows / 2 else max(1, capacity) / n_rows


def or_none(number: float) -> float | None:
    """Return a number for JSON: None where it is not known."""
    return float(number) if np.isfinite(number) else None


def percent(share: float) -> str:
    """Return a share as people read it, such as ``"23 %"``."""
    return f"{100 * share:.0f} %"


def interval_text(estimate: Estimate, *, signed: bool = False) -> str:
    """Return the interval of a share as people read it, such as ``"(90 %: 15 % to 32 %)"``, or in points."""
    if not np.isfinite(estimate.low):
        return "(no interval: too few accounts)"
    if signed:
        return f"(90 %: {100 * estimate.low:+.0f} to {100 * estimate.high:+.0f})"
    return f"(90 %: {percent(estimate.low)} to {percent(estimate.high)})"
