"""Decide from out-of-fold margins whether log-odds need a straight line through them, and how sure that line is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]

SLOPE_LOW, SLOPE_HIGH = 0.8, 1.25
GAIN_BAR = 0.001
SLOPE_FLOOR = 0.01
SLOPE_CEILING = 20.0
Z_90 = 1.645


@dataclass(frozen=True)
class Calibration:
    """The line ``a + b * margin`` that is served, and why.

    Attributes
    ----------
    a, b
        Intercept and slope that are served; 0 and 1 when the margins needed no correction.
    applied
        Whether the line differs from 0 and 1.
    slope, intercept
        The line fitted on all out-of-fold margins, applied or not; 1 and 0 are perfect.
    gain
        Fall of the cross-fitted weighted out-of-fold log loss when the line is applied; negative when it harms.
    why
        The decision in words.
    """

    a: float
    b: float
    applied: bool
    slope: float
    intercept: float
    gain: float
    why: str

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dict, ready for JSON."""
        return asdict(self)


NOT_MEASURED = Calibration(0.0, 1.0, False, 1.0, 0.0, 0.0, "too few accounts of a class for out-of-fold margins")


def log_losses(y: Floats, margin: Floats) -> Floats:
    """Return each account's log loss (same shape as ``margin``), 0.693 at a probability of one half."""
    return np.asarray(np.logaddexp(0.0, margin) - y * margin, dtype=np.float64)


def fit_line(margin: Floats, y: Floats, weight: Floats) -> tuple[float, float]:
    """Return intercept and slope of Platt's line, the weighted logistic regression of the outcome on the margin.

    Parameters
    ----------
    margin, y, weight
        (n,) log-odds, outcome 0 or 1, non-negative weight of each account.

    Returns
    -------
    tuple of float
        ``(a, b)``. ``b`` is held between 0.01 and 20: a margin that orders accounts the wrong way round says nothing,
        so it is flattened to the base rate, never turned over.

    References
    ----------
    Platt, J. (1999). Probabilistic outputs for support vector machines, section 2.2 (targets).
    """
    target = _smoothed_targets(y, weight)
    line = np.array([0.0, 1.0])
    design = np.column_stack([np.ones_like(margin), margin])
    for _ in range(100):
        step = _newton_step(design, target, weight, line)
        line = line + np.clip(step, -5.0, 5.0)
        if np.abs(step).max() < 1e-12:
            break
    slope = float(np.clip(line[1], SLOPE_FLOOR, SLOPE_CEILING))
    if slope == line[1]:
        return float(line[0]), slope
    return _fit_intercept(slope * margin, target, weight), slope


def _smoothed_targets(y: Floats, weight: Floats) -> Floats:
    """Return Platt's targets, just inside 0 and 1, which keep the line finite when margins separate the classes."""
    successes = float(weight @ y)
    failures = float(weight.sum()) - successes
    return np.where(y > 0, (successes + 1.0) / (successes + 2.0), 1.0 / (failures + 2.0))


def _newton_step(design: Floats, target: Floats, weight: Floats, line: Floats) -> Floats:
    probability = expit(design @ line)
    gradient = design.T @ (weight * (target - probability))
    return np.asarray(np.linalg.lstsq(_information(design, probability, weight), gradient, rcond=None)[0])


def _information(design: Floats, probability: Floats, weight: Floats) -> Floats:
    return np.asarray(design.T @ (design * (weight * probability * (1.0 - probability))[:, None]), dtype=np.float64)


def _fit_intercept(offset: Floats, target: Floats, weight: Floats) -> float:
    intercept = 0.0
    for _ in range(100):
        probability = expit(intercept + offset)
        curvature = max(float(weight @ (probability * (1.0 - probability))), 1e-12)
        step = float(np.clip(float(weight @ (target - probability)) / curvature, -5.0, 5.0))
        intercept += step
        if abs(step) < 1e-12:
            break
    return intercept


def cross_fitted(margins: Floats, y: Floats, weight: Floats, folds: NDArray[np.int64]) -> Floats:
    """Return margins corrected by lines that did not see the account's own fold.

    Parameters
    ----------
    margins, folds
        (n_repeats, n) out-of-fold margins and fold numbers.
    y, weight
        (n,).

    Returns
    -------
    numpy.ndarray
        (n_repeats, n) log-odds.
    """
    corrected = np.empty_like(margins)
    for repeat, fold_of in enumerate(folds):
        for fold in np.unique(fold_of):
            rest, here = fold_of != fold, fold_of == fold
            a, b = fit_line(margins[repeat, rest], y[rest], weight[rest])
            corrected[repeat, here] = a + b * margins[repeat, here]
    return corrected


def decide(margins: Floats, y: Floats, weight: Floats, folds: NDArray[np.int64]) -> Calibration:
    """Return the line to serve: Platt's where the out-of-fold margins ask for it, else none.

    The line is applied when its slope lies outside 0.8 to 1.25, or when its cross-fitted version lowers the weighted
    out-of-fold log loss by more than 0.001.

    Parameters
    ----------
    margins, folds
        (n_repeats, n) out-of-fold margins and fold numbers.
    y, weight
        (n,) outcome 0 or 1, and weight.
    """
    repeats = len(margins)
    a, b = fit_line(margins.ravel(), np.tile(y, repeats), np.tile(weight, repeats) / repeats)
    before = np.average(log_losses(y, margins).mean(axis=0), weights=weight)
    after = np.average(log_losses(y, cross_fitted(margins, y, weight, folds)).mean(axis=0), weights=weight)
    gain = float(before - after)
    off = not SLOPE_LOW <= b <= SLOPE_HIGH
    applied = off or gain > GAIN_BAR
    why = (
        f"out-of-fold slope {b:.2f} {'outside' if off else 'within'} {SLOPE_LOW}-{SLOPE_HIGH}, "
        f"cross-fitted log loss {'falls' if gain > 0 else 'does not fall'} ({gain:+.4f}, bar {GAIN_BAR})"
    )
    return Calibration(a if applied else 0.0, b if applied else 1.0, applied, b, a, gain, why)


def line_covariance(margin: Floats, y: Floats, weight: Floats, clusters: NDArray[np.int64]) -> Floats:
    """Return the cluster-robust (sandwich) covariance of intercept and slope of the line through served margins.

    Parameters
    ----------
    margin, y, weight
        (n,) served-scale out-of-fold margins, outcome 0 or 1, weight.
    clusters
        (n,) accounts that belong together share a number.

    Returns
    -------
    numpy.ndarray
        (2, 2).

    References
    ----------
    Liang, K.-Y. and Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models, section 3.
    """
    design = np.column_stack([np.ones_like(margin), margin])
    probability = expit(design @ np.array(fit_line(margin, y, weight)))
    scores = design * (weight * (y - probability))[:, None]
    _, codes = np.unique(clusters, return_inverse=True)
    sums = np.zeros((codes.max() + 1, 2))
    np.add.at(sums, codes, scores)
    bread = np.linalg.pinv(_information(design, probability, weight))
    covariance = bread @ (sums.T @ sums) @ bread * (len(sums) / max(len(sums) - 1, 1))
    return np.asarray((covariance + covariance.T) / 2.0, dtype=np.float64)


def line_range(margin: Floats, covariance: Floats) -> tuple[Floats, Floats]:
    """Return the ends of a 90 % range, in log-odds, for the success share of accounts with each margin."""
    variance = covariance[0, 0] + 2.0 * covariance[0, 1] * margin + covariance[1, 1] * margin**2
    half = Z_90 * np.sqrt(np.maximum(variance, 0.0))
    return margin - half, margin + half
