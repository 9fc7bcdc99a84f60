"""Set later accounts beside a random split: what a split without time would have promised too much."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from icp_ml.model.evaluation.metrics import Estimate, Integers, ScoredRows, metric_lines
from icp_ml.model.evaluation.paired import Side, paired_differences

COMPARED = (
    "roc_auc",
    "average_precision",
    "lift_at_10",
    "log_loss",
    "brier",
    "calibration_error",
    "calibration_slope",
    "calibration_intercept",
)
"""Metrics that both splits have in the same sense; a capacity is another share of either list."""


@dataclass(frozen=True)
class GapRow:
    """One metric on later accounts, on a random split, and the first minus the second with its 90 % interval."""

    metric: str
    later: float
    random: float
    difference: Estimate

    def as_document(self) -> dict[str, Any]:
        """Return the row as a JSON object; NaN is None."""
        numbers = {"later": self.later, "random": self.random, "difference": self.difference.value}
        numbers |= {"low": self.difference.low, "high": self.difference.high}
        return {"metric": self.metric, **{name: x if isfinite(x) else None for name, x in numbers.items()}}


@dataclass(frozen=True)
class Gap:
    """Later accounts against a random split, metric by metric.

    Attributes
    ----------
    rows : tuple of GapRow
        In the order of `COMPARED`.
    n_train, n_train_random : int
        Accounts that taught either side: a part of the gap is that the later accounts were judged by a fit of fewer.
    """

    rows: tuple[GapRow, ...]
    n_train: int
    n_train_random: int

    @property
    def sentence(self) -> str:
        """Return what the ROC AUC says, in words."""
        auc = self.rows[0]
        if not isfinite(auc.difference.low):
            return "Later accounts and a random split cannot be compared on these rows."
        low, high = auc.difference.low, auc.difference.high
        lower = f"{abs(auc.difference.value):.3f} {'lower' if auc.difference.value < 0 else 'higher'}"
        told = "which can be chance" if low <= 0 <= high else "more than chance gives"
        return (
            f"On later accounts ROC AUC is {auc.later:.3f}, {lower} than the {auc.random:.3f} of a random split "
            f"(90 % interval of the difference {low:+.3f} to {high:+.3f}: {told}). The later accounts were judged by a "
            f"fit of {self.n_train:,} accounts, the random split by fits of about {self.n_train_random:,}."
        )

    def as_document(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        return {"sentence": self.sentence, "rows": [row.as_document() for row in self.rows]}


@dataclass(frozen=True)
class Scored:
    """Judged accounts and the cluster of each row of ``rows``, in codes of the whole table."""

    rows: ScoredRows
    cluster: Integers


def gap_of(
    later: Scored, random: Scored, *, n_train: int, n_train_random: int, n_boot: int = 500, seed: int = 0
) -> Gap:
    """Return how much better a random split looks than later accounts.

    Parameters
    ----------
    later, random : Scored
        Accounts of the test period, and of a cross-validation over all known accounts (which holds the former too).
    n_train, n_train_random : int
        Accounts that taught the fits of either.
    n_boot, seed : int
        Draws of clusters of the whole table, the same for both sides: accounts in both move both.

    Notes
    -----
    The difference holds what time changed and what fewer training accounts cost. Base rates of the two sides differ,
    so precision and log loss differ for that reason too; ROC AUC and the calibration line do not depend on it.
    """
    codes = np.unique(np.concatenate([later.cluster, random.cluster]), return_inverse=True)[1].astype(np.int64)
    sides = codes[: len(later.cluster)], codes[len(later.cluster) :]
    first, second = Side([later.rows], [sides[0]]), Side([random.rows], [sides[1]])
    found = paired_differences(first, second, lambda rows, w: metric_lines(rows, w, 0.1), n_boot=n_boot, seed=seed)
    values = [metric_lines(each.rows, each.rows.weight[None, :], 0.1) for each in (later, random)]
    rows = tuple(GapRow(name, float(values[0][name][0]), float(values[1][name][0]), found[name]) for name in COMPARED)
    return Gap(rows, n_train, n_train_random)
