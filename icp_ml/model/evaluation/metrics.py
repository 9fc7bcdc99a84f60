"""Weighted metrics with 90 % intervals from one cluster bootstrap.

Every metric is a function of rows in one fixed order (highest margin first) and a matrix of weights, one line per
bootstrap draw: the rows are sorted once, and a draw is a line of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from icp_ml.accounts.intervals import effective_n, wilson_interval

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

RANKING_METRICS = (
    "roc_auc",
    "average_precision",
    "lift_at_10",
    "precision_at_10",
    "lift_at_capacity",
    "precision_at_capacity",
)
"""Metrics that need an order only."""
PROBABILITY_METRICS = ("log_loss", "brier", "calibration_error", "calibration_slope", "calibration_intercept")
"""Metrics that need a probability."""
METRICS = (*RANKING_METRICS, *PROBABILITY_METRICS)
N_BINS = 10
INTERVAL = 0.90
_BLOCK = 2_000_000
_EXACT_ROWS = 20_000
_FLAT_SLOPE = 30.0


@dataclass(frozen=True)
class Estimate:
    """A value and its 90 % interval; NaN where the rows do not allow the metric.

    Attributes
    ----------
    value, low, high : float
        The metric on the rows, and the 5 % and 95 % ends of its bootstrap interval.
    """

    value: float
    low: float
    high: float

    def as_document(self) -> dict[str, float | None]:
        """Return ``{"value", "low", "high"}`` with None for NaN, ready for JSON."""
        return {name: float(number) if np.isfinite(number) else None for name, number in asdict(self).items()}


@dataclass(frozen=True)
class ScoredRows:
    """Accounts with a known outcome and what a model said of them.

    Attributes
    ----------
    outcome : array of shape (n,)
        1 success, 0 churned.
    margin : array of shape (n,)
        Log-odds of success; orders the accounts.
    probability : array of shape (n,)
        Between 0 and 1.
    weight : array of shape (n,)
        Positive; inverse probability of censoring, 1 where nothing is censored.
    clusters : array of shape (n,)
        Codes from 0; rows of one code are drawn together in the bootstrap.
    position : array of shape (n,)
        Where each row stood in the arrays given to `scored_rows`.
    """

    outcome: Floats
    margin: Floats
    probability: Floats
    weight: Floats
    clusters: Integers
    position: Integers

    def __len__(self) -> int:
        return len(self.outcome)


def scored_rows(
    outcome: ArrayLike,
    probability: ArrayLike,
    *,
    margin: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
) -> ScoredRows:
    """Return the rows whose outcome is known and whose weight is positive, highest margin first.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        1 success, 0 churned, NaN not known.
    probability : array-like of shape (n,)
        Chance of success.
    margin : array-like of shape (n,), optional
        Log-odds; by default those of ``probability``.
    weight, clusters : array-like of shape (n,), optional
        By default 1 each, and every row by itself.

    Raises
    ------
    ValueError
        No row is known, or a known outcome is neither 0 nor 1.
    """
    y, p = np.asarray(outcome, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    m = _log_odds(p) if margin is None else np.asarray(margin, dtype=np.float64)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    codes = np.arange(len(y)) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    known = np.flatnonzero(~np.isnan(y) & (w > 0))
    if len(known) == 0 or not np.isin(y[known], (0.0, 1.0)).all():
        raise ValueError("metrics need known outcomes, 0 or 1")
    order = known[np.lexsort((y[known], p[known], -m[known]))]
    cluster = np.unique(codes[order], return_inverse=True)[1].astype(np.int64)
    return ScoredRows(y[order], m[order], p[order], w[order], cluster, order.astype(np.int64))


def estimate_metrics(
    rows: ScoredRows, *, capacity: int | None = None, n_boot: int = 500, seed: int = 0
) -> dict[str, Estimate]:
    """Return every metric of `METRICS` with a 90 % interval.

    Parameters
    ----------
    rows : ScoredRows
        From `scored_rows`.
    capacity : int, optional
        Accounts the team can work in a period; by default a tenth of the rows.
    n_boot : int
        Bootstrap draws of clusters.
    seed : int
        Seed of the draws.

    Returns
    -------
    dict of str to Estimate
        No better than chance: roc_auc .5, average_precision and precision the base rate, lift 1. Perfectly calibrated:
        slope 1, intercept 0.

    Notes
    -----
    Ties share their rank. The top of a list is a share of the total weight; a tie at its end counts in part.
    ``calibration_error`` is the weighted mean absolute gap over ten equal-count bins. It is above 0 for a perfect model
    too, and a resample adds as much noise again, so its interval is the basic one (twice the value minus the
    quantiles), which allows for that. The top of a list can hold successes only, and so can every resample of it: the
    interval of a precision is Wilson's, at the number of independent accounts the top is worth.
    ``calibration_slope`` is b of a logistic regression of the outcome on a + b margin; ``calibration_intercept`` is a
    with b held at 1 (calibration in the large). The intervals hold the model and the censoring weights fixed.

    References
    ----------
    Van Calster et al. 2019, Calibration: the Achilles heel of predictive analytics, BMC Medicine 17:230.
    Davison and Hinkley 1997, Bootstrap Methods and their Application, sections 3.8 and 5.2.
    """
    return mean_of_metrics([rows], capacity=capacity, n_boot=n_boot, seed=seed)


def mean_of_metrics(
    repeats: list[ScoredRows], *, capacity: int | None = None, n_boot: int = 500, seed: int = 0
) -> dict[str, Estimate]:
    """Return the metrics averaged over repeats of cross-validation, with one interval for the average.

    Every repeat holds the same accounts with other margins, so cluster codes agree and a draw of clusters is applied
    to all repeats before their mean is taken.
    """
    share = capacity_share_of(repeats[0], capacity)

    def averaged(per_repeat: Callable[[ScoredRows], dict[str, Floats]]) -> dict[str, Floats]:
        found = [per_repeat(rows) for rows in repeats]
        return {name: np.mean([metrics[name] for metrics in found], axis=0) for name in METRICS}

    def drawn(rows: ScoredRows) -> dict[str, Floats]:
        lines = lambda counts: metric_lines(rows, weights_of(rows, counts), share)  # noqa: E731
        return bootstrap(rows.clusters, lines, n_boot, seed)

    values, draws = averaged(lambda rows: metric_lines(rows, rows.weight[None, :], share)), averaged(drawn)
    found = {name: interval_of(float(values[name][0]), draws[name], name) for name in METRICS}
    for name, top in (("precision_at_10", 0.1), ("precision_at_capacity", share)):
        found[name] = share_interval(found[name].value, float(np.mean([_n_at_top(rows, top) for rows in repeats])))
    return found


def share_interval(value: float, n: float) -> Estimate:
    """Return a share of so many independent accounts with its Wilson interval, which is never a point."""
    low, high = wilson_interval(value * n, n)
    return Estimate(value, min(low, value), max(high, value))


def _n_at_top(rows: ScoredRows, share: float) -> float:
    """Return the effective number of accounts in the top of the list; a tie at its end counts in part."""
    starts = _tie_starts(rows.margin)
    both = np.add.reduceat(rows.weight, starts)
    before = np.cumsum(both) - both
    part = np.clip((share * both.sum() - before) / both, 0.0, 1.0)
    weight = rows.weight * np.repeat(part, np.diff(np.r_[starts, len(rows)]))
    inside = weight > 0
    return effective_n(rows.outcome[inside], weight[inside], rows.clusters[inside])


def paired_log_loss(rows: ScoredRows, other: ArrayLike, *, n_boot: int = 500, seed: int = 0) -> Estimate:
    """Return the log loss of the rows minus that of other probabilities for the same rows; below 0 is better.

    Parameters
    ----------
    rows : ScoredRows
        From `scored_rows`.
    other : float or array-like of shape (len(rows),)
        The other probabilities, in the order of ``rows``.
    n_boot, seed : int
        As in `estimate_metrics`.
    """
    difference = losses(rows.outcome, rows.probability) - losses(rows.outcome, np.asarray(other, dtype=np.float64))
    value = float(np.average(difference, weights=rows.weight))

    def drawn(counts: Integers) -> dict[str, Floats]:
        weights = weights_of(rows, counts)
        return {"difference": weights @ difference / weights.sum(1)}

    return interval_of(value, bootstrap(rows.clusters, drawn, n_boot, seed)["difference"])


def as_documents(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    """Return estimates by name as JSON objects."""
    return {name: estimate.as_document() for name, estimate in estimates.items()}


def _log_odds(probability: Floats) -> Floats:
    p = np.clip(probability, np.finfo(np.float64).eps, 1 - np.finfo(np.float64).eps)
    return np.asarray(np.log(p / (1 - p)))


def capacity_share_of(rows: ScoredRows, capacity: int | None) -> float:
    """Return the share of the rows that the team can work: a tenth where no capacity is given, at most 1."""
    return 0.1 if capacity is None else min(1.0, max(capacity, 1) / len(rows))


def losses(outcome: Floats, probability: Floats) -> Floats:
    """Return the log loss of each row; above 0."""
    eps = np.finfo(np.float64).eps
    p = np.clip(probability, eps, 1 - eps)
    return np.asarray(-(outcome * np.log(p) + (1 - outcome) * np.log(1 - p)))


def bootstrap(
    clusters: Integers, metrics: Callable[[Integers], dict[str, Floats]], n_boot: int, seed: int
) -> dict[str, Floats]:
    """Return metrics of every bootstrap draw of clusters, in blocks of draws so that memory stays bounded.

    Parameters
    ----------
    clusters : array of int, shape (n_rows,)
        Codes from 0.
    metrics : callable
        Given how often each cluster was drawn, of shape (n_draws, n_clusters), returns metrics of shape (n_draws,).
    n_boot, seed : int
        As in `estimate_metrics`.
    """
    rng = np.random.default_rng(seed)
    n_clusters = int(clusters.max()) + 1
    block = max(1, _BLOCK // len(clusters))
    found: list[dict[str, Floats]] = []
    for start in range(0, n_boot, block):
        size = min(block, n_boot - start)
        drawn = rng.integers(0, n_clusters, (size, n_clusters)) + n_clusters * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * n_clusters).reshape(size, n_clusters)
        found.append(metrics(counts))
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]} if found else {}


def weights_of(rows: ScoredRows, counts: Integers) -> Floats:
    """Return the weights of the rows in draws of clusters, of shape (n_draws, len(rows)); see `bootstrap`."""
    return np.asarray(counts[:, rows.clusters] * rows.weight)


def interval_of(value: float, draws: Floats, name: str = "") -> Estimate:
    """Return a value and the interval that its bootstrap draws give; NaN where fewer than half of them exist."""
    usable = draws[np.isfinite(draws)]
    if not np.isfinite(value) or len(usable) < max(20, len(draws) // 2):
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(usable, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    if name == "calibration_error":
        low, high = max(0.0, 2 * value - high), 2 * value - low
    return Estimate(value, min(float(low), value), max(float(high), value))


def metric_lines(
    rows: ScoredRows, weights: Floats, capacity_share: float, *, order_only: bool = False
) -> dict[str, Floats]:
    """Return every metric, or those of `RANKING_METRICS`, for every line of weights; NaN where a line has one class.

    Parameters
    ----------
    rows : ScoredRows
        From `scored_rows`.
    weights : array of shape (n_lines, len(rows))
        ``rows.weight[None, :]``, or the weights of bootstrap draws.
    capacity_share : float
        Share of the accounts that the team can work, from `capacity_share_of`.
    order_only : bool
        Leave out what needs a probability.
    """
    base_rate = weights @ rows.outcome / weights.sum(1)
    positive, both = by_tie(rows.margin, weights * rows.outcome, weights)
    tenth, top = (precision_of_top(positive, both, share) for share in (0.1, capacity_share))
    ranking = {
        **order_metrics(positive, both),
        "precision_at_10": tenth,
        "precision_at_capacity": top,
        "lift_at_10": _divided(tenth, base_rate),
        "lift_at_capacity": _divided(top, base_rate),
    }
    return ranking if order_only else ranking | _probability_metrics(rows, weights)


def _probability_metrics(rows: ScoredRows, weights: Floats) -> dict[str, Floats]:
    slope, intercept = _calibration_lines(rows, weights)
    return {
        "log_loss": weights @ losses(rows.outcome, rows.probability) / weights.sum(1),
        "brier": weights @ np.square(rows.outcome - rows.probability) / weights.sum(1),
        "calibration_error": _calibration_error(rows, weights),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
    }


def _divided(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _tie_starts(sorted_values: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(np.r_[True, np.diff(sorted_values) != 0])


def by_tie(margin: Floats, *weights: Floats) -> tuple[Floats, ...]:
    """Return each matrix of weights, of shape (n_lines, n_rows), summed over groups of equal margins, highest first."""
    starts = _tie_starts(margin)
    if len(starts) == len(margin):
        return weights
    return tuple(np.add.reduceat(each, starts, axis=1) for each in weights)


def order_metrics(positive: Floats, both: Floats) -> dict[str, Floats]:
    """Return ROC AUC and average precision per line.

    Parameters
    ----------
    positive, both : array of shape (n_lines, n_ties)
        Weight of the successes and of all rows in each group of equal margins, highest first, from `by_tie`.
    """
    negative = both - positive
    n_positive, n_negative = positive.sum(1), negative.sum(1)
    reached, seen = np.cumsum(positive, axis=1), np.cumsum(both, axis=1)
    wins = np.einsum("ij,ij->i", negative, reached - positive / 2)
    precision = np.divide(reached, seen, out=np.zeros_like(seen), where=seen > 0)
    return {
        "roc_auc": _divided(wins, n_positive * n_negative),
        "average_precision": _divided(np.einsum("ij,ij->i", positive, precision), n_positive),
    }


def precision_at(rows: ScoredRows, weights: Floats, share: float | Floats) -> Floats:
    """Return, per line of weights, the success share of the top of the list; a tie at its end counts in part.

    Parameters
    ----------
    rows : ScoredRows
        From `scored_rows`.
    weights : array of shape (n_lines, len(rows))
        ``rows.weight[None, :]``, or the weights of bootstrap draws.
    share : float or array of shape (n_lines,)
        The top as a share of the total weight, above 0 and at most 1.
    """
    positive, both = by_tie(rows.margin, weights * rows.outcome, weights)
    return precision_of_top(positive, both, share)


def precision_of_top(positive: Floats, both: Floats, share: float | Floats) -> Floats:
    """Return the success share of the top per line of `order_metrics`' matrices; see `precision_at`."""
    seen = np.cumsum(both, axis=1)
    target = share * seen[:, -1]
    last = np.minimum((seen < target[:, None] * (1 - 1e-12)).sum(1), seen.shape[1] - 1)
    line = np.arange(len(both))
    before = seen[line, last] - both[line, last]
    part = np.clip(_divided(target - before, both[line, last]), 0.0, 1.0)
    reached = np.cumsum(positive, axis=1)[line, last] - positive[line, last] * (1 - part)
    return _divided(reached, target)


def equal_count_bins(probability: Floats, n_bins: int) -> Integers:
    """Return the equal-count bin of each row, from 0; equal probabilities share the bin of their middle."""
    order = np.argsort(probability, kind="stable")
    starts = _tie_starts(probability[order])
    sizes = np.diff(np.r_[starts, len(probability)])
    middle = np.repeat(starts + (sizes - 1) / 2, sizes)
    bins = np.empty(len(probability), dtype=np.int64)
    bins[order] = np.minimum(n_bins - 1, (middle * n_bins / len(probability)).astype(np.int64))
    return bins


def _calibration_error(rows: ScoredRows, weights: Floats) -> Floats:
    member = equal_count_bins(rows.probability, N_BINS)[:, None] == np.arange(N_BINS)
    gaps = weights @ ((rows.outcome - rows.probability)[:, None] * member)
    return np.asarray(np.abs(gaps).sum(1) / weights.sum(1))


def _calibration_lines(rows: ScoredRows, weights: Floats) -> tuple[Floats, Floats]:
    """Return slopes b of a + b margin, and intercepts a with b = 1, by Newton's method from the answer of all rows.

    Above `_EXACT_ROWS` rows one step is taken from that answer: the one-step bootstrap.
    """
    start = _newton(rows, rows.weight[None, :], np.zeros((1, 2)), steps=50)
    steps = 1 if len(rows) > _EXACT_ROWS and len(weights) > 1 else 12
    both = _newton(rows, weights, np.repeat(start, len(weights), axis=0), steps)
    shift = _newton(rows, rows.weight[None, :], np.array([[0.0, 1.0]]), steps=50, slope=False)
    large = _newton(rows, weights, np.repeat(shift, len(weights), axis=0), steps, slope=False)
    one_class = np.minimum(weights @ rows.outcome, weights @ (1 - rows.outcome)) <= 0
    slopes = np.where(one_class | (np.ptp(rows.margin) <= 0) | (np.abs(both[:, 1]) > _FLAT_SLOPE), np.nan, both[:, 1])
    return slopes, np.where(one_class, np.nan, large[:, 0])


def _newton(rows: ScoredRows, weights: Floats, start: Floats, steps: int, slope: bool = True) -> Floats:
    """Return (a, b) per line of weights; a tiny ridge keeps a separable draw finite."""
    line, m, y = start.copy(), rows.margin, rows.outcome
    for _ in range(steps):
        p = expit(line[:, :1] + line[:, 1:] * m)
        residual, curvature = weights * (y - p), weights * p * (1 - p) + 1e-12
        g0, h00 = residual.sum(1), curvature.sum(1)
        if slope:
            g1, h01, h11 = residual @ m, curvature @ m, curvature @ (m * m)
            determinant = np.maximum(h00 * h11 - h01**2, 1e-12)
            step = np.stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0], axis=1) / determinant[:, None]
        else:
            step = np.stack([g0 / h00, np.zeros_like(g0)], axis=1)
        line += np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    return line
