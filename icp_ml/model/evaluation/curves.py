"""What a report draws of an evaluation: reliability bins, the lift curve, outcomes by grade, with intervals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from icp_ml.accounts.intervals import effective_n, wilson_interval
from icp_ml.model.evaluation.metrics import (
    N_BINS,
    ScoredRows,
    capacity_share_of,
    equal_count_bins,
    precision_at,
)


def reliability_bins(rows: ScoredRows, n_bins: int = N_BINS) -> list[dict[str, float]]:
    """Return the equal-count bins behind ``calibration_error``, lowest chance first.

    Each has ``n, predicted, observed, low, high``: accounts, mean chance, success share and its Wilson interval at the
    number of independent accounts they are worth.
    """
    bins = equal_count_bins(rows.probability, n_bins)
    return [_outcomes(rows, bins == number) for number in np.unique(bins)]


def lift_curve(rows: ScoredRows, n_points: int = 20) -> list[dict[str, float]]:
    """Return the lift of growing shares of the list.

    Each point has ``share, captured, lift``: the share of the list, the share of all successes in it, and the success
    share in it over the base rate (1 is no better than chance).
    """
    shares = np.arange(1, n_points + 1) / n_points
    weights = rows.weight[None, :]
    curve = []
    for share in shares:
        lift = float(precision_at(rows, weights, float(share))[0] / np.average(rows.outcome, weights=rows.weight))
        curve.append({"share": float(share), "captured": lift * float(share), "lift": lift})
    return curve


def outcome_bands(rows: ScoredRows, capacity: int | None = None) -> list[dict[str, float | str]]:
    """Return outcomes by grade: A the first ``capacity`` accounts, B the next, C twice as many, D the rest.

    Each has ``grade, n, observed, low, high, predicted``; a grade without accounts is left out.
    """
    size = max(1, round(capacity_share_of(rows, capacity) * len(rows)))
    edges = [0, size, 2 * size, 4 * size, len(rows)]
    bands: list[dict[str, float | str]] = []
    for grade, start, stop in zip("ABCD", edges, edges[1:], strict=False):
        inside = slice(start, min(stop, len(rows)))
        if start < len(rows) and stop > start:
            bands.append({"grade": grade, **_outcomes(rows, inside)})
    return bands


def bands_are_ordered(bands: list[dict[str, float | str]]) -> bool:
    """Return whether no band has a higher success share than the band above it."""
    observed = [float(band["observed"]) for band in bands]
    return all(above >= below for above, below in pairwise(observed))


def ten_bands(rows: ScoredRows, n_bands: int = 10) -> list[dict[str, float]]:
    """Return outcomes of ten bands with equal numbers of accounts, first of the list first; equal margins share one.

    Each has ``band, n, predicted, observed, low, high``.
    """
    bands = np.unique(equal_count_bins(-rows.margin, n_bands), return_inverse=True)[1]
    return [{"band": float(number + 1), **_outcomes(rows, bands == number)} for number in range(bands.max() + 1)]


def _outcomes(rows: ScoredRows, inside: slice | NDArray[np.bool_]) -> dict[str, float]:
    """Return mean chance and success share of some rows, with its Wilson interval."""
    outcome, weight = rows.outcome[inside], rows.weight[inside]
    observed = float(np.average(outcome, weights=weight))
    effective = effective_n(outcome, weight, rows.clusters[inside])
    low, high = wilson_interval(observed * effective, effective)
    predicted = float(np.average(rows.probability[inside], weights=weight))
    return {"predicted": predicted, "n": float(len(outcome)), "observed": observed, "low": low, "high": high}
