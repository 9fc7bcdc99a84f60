"""Compare two ways of scoring with one bootstrap for both, so that what they share cancels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from icp_ml.model.evaluation.metrics import (
    Estimate,
    Floats,
    Integers,
    ScoredRows,
    bootstrap,
    interval_of,
)

Lines = Callable[[ScoredRows, Floats], dict[str, Floats]]
"""Metrics of rows for every line of weights."""


@dataclass(frozen=True)
class Side:
    """One of two ways of scoring: accounts and what was said of them, in one or several repeats.

    Attributes
    ----------
    repeats : sequence of ScoredRows
        The same accounts with other margins; metrics are averaged over them.
    clusters : sequence of array of int
        Cluster of each row of each repeat, in codes that both sides share.
    """

    repeats: Sequence[ScoredRows]
    clusters: Sequence[Integers]

    def mean(self, lines: Lines, counts: Integers | None = None) -> dict[str, Floats]:
        """Return metrics averaged over the repeats, as the rows are or in draws of clusters."""
        found = []
        for rows, codes in zip(self.repeats, self.clusters, strict=True):
            drawn = np.ones((1, len(rows))) if counts is None else counts[:, codes]
            found.append(lines(rows, drawn * rows.weight))
        return {name: np.mean([metrics[name] for metrics in found], axis=0) for name in found[0]}


def same_accounts(repeats: Sequence[ScoredRows]) -> Side:
    """Return a side whose accounts are also those of the other side."""
    return Side(repeats, [rows.clusters for rows in repeats])


def paired_differences(first: Side, second: Side, lines: Lines, *, n_boot: int, seed: int) -> dict[str, Estimate]:
    """Return the metrics of the first side minus those of the second, with 90 % intervals.

    Parameters
    ----------
    first, second : Side
        What is compared.
    lines : callable
        Metrics of rows and a matrix of weights, such as `icp_ml.model.evaluation.metrics.metric_lines`.
    n_boot, seed : int
        Bootstrap draws of clusters, the same for both sides; and their seed.

    Returns
    -------
    dict of str to Estimate
        0 means no difference.
    """

    def difference(counts: Integers | None) -> dict[str, Floats]:
        ours, theirs = first.mean(lines, counts), second.mean(lines, counts)
        return {name: ours[name] - theirs[name] for name in ours}

    values = difference(None)
    everybody = np.concatenate([*first.clusters, *second.clusters])
    draws = bootstrap(everybody, difference, n_boot, seed)
    return {name: interval_of(float(values[name][0]), draws[name]) for name in values}
