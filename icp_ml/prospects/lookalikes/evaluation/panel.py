"""Measure where hidden customers ended up: which outcome stands above the other, and how many the top would reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from icp_ml.model.evaluation.judged import or_none
from icp_ml.model.evaluation.metrics import Estimate, bootstrap, by_tie, interval_of, order_metrics
from icp_ml.prospects.lookalikes.evaluation.methods import METHODS, OURS
from icp_ml.prospects.lookalikes.evaluation.seen import Floats, Indices

SHARE = 0.1
"""The top of a list that reach is told of."""
N_BOOT = 500


@dataclass(frozen=True, eq=False)
class Fold:
    """Hidden customers, and where the methods put them among the prospects.

    Attributes
    ----------
    outcome, weight : ndarray of float64, shape (n_hidden,)
        1 success, 0 churned; weight of each, above 0.
    group : ndarray of int64, shape (n_hidden,)
        Related customers share a number.
    scores : mapping of str to ndarray, each of shape (n_hidden + n_prospects,)
        What each method says: hidden customers first, then the prospects.
    """

    outcome: Floats
    weight: Floats
    group: Indices
    scores: Mapping[str, Floats]

    def __len__(self) -> int:
        """Return the number of hidden customers."""
        return len(self.outcome)

    def listed(self, key: str, share: float) -> Floats:
        """Return how much of each hidden customer is in this share of the pool, 0 to 1."""
        return at_top(self.scores[key], share)[: len(self)]

    def prospects(self, key: str) -> Floats:
        """Return what a method says of the prospects."""
        return self.scores[key][len(self) :]


@dataclass(frozen=True)
class MethodRow:
    """What one method reached.

    Attributes
    ----------
    key, label : str
        The method.
    auc : Estimate
        Chance that a hidden success stands above a hidden churned customer; .5 is no order.
    reach : Estimate
        Share of the hidden successes within the first tenth of the accounts; .1 is no order.
    difference : Estimate
        AUC minus that of the similarity, from the same draws.
    probability : float
        Mean chance of success, by the served model, of the first tenth of the prospects; NaN where it is withdrawn.
    on_front : bool
        No other method is at least as good in AUC and reach and better in one.
    """

    key: str
    label: str
    auc: Estimate
    reach: Estimate
    difference: Estimate
    probability: float
    on_front: bool

    def as_document(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        return {
            "method": self.key,
            "label": self.label,
            **_numbers("auc", self.auc, bare_ends=True),
            **_numbers("reach", self.reach),
            "probability": or_none(self.probability),
            **_numbers("difference", self.difference),
            "on_front": self.on_front,
        }


@dataclass(frozen=True)
class Panel:
    """Every method, judged by the same hidden customers.

    Attributes
    ----------
    n_success, n_churned : int
        Hidden customers.
    rows : tuple of MethodRow
        In the order of `METHODS`.
    reach_of : dict of float to float
        Share of the hidden successes that each share of the list by similarity reaches.
    """

    n_success: int
    n_churned: int
    rows: tuple[MethodRow, ...]
    reach_of: Mapping[float, float]

    @property
    def n_hidden(self) -> int:
        """Number of hidden customers."""
        return self.n_success + self.n_churned

    def row(self, key: str) -> MethodRow:
        """Return the row of one method."""
        return next(row for row in self.rows if row.key == key)

    def as_document(self) -> dict[str, Any]:
        """Return counts and rows as a JSON object."""
        counts = {"n_hidden": self.n_hidden, "n_success": self.n_success, "n_churned": self.n_churned}
        return {**counts, "rows": [row.as_document() for row in self.rows]}


def at_top(score: Floats, share: float) -> Floats:
    """Return how much of each account is in the first share of them by a score, 0 to 1; a tie at its end in part."""
    rising = np.sort(score)
    n_above = len(score) - np.searchsorted(rising, score, side="right")
    n_tied = len(score) - n_above - np.searchsorted(rising, score, side="left")
    return np.asarray(np.clip((share * len(score) - n_above) / n_tied, 0.0, 1.0))


def measure(folds: Sequence[Fold], probability: Floats | None, *, shares: Sequence[float], seed: int) -> Panel:
    """Return how every method did.

    Parameters
    ----------
    folds : sequence of Fold
        At least one; AUC is taken within each and averaged, since scores of different fits cannot be compared.
    probability : ndarray of float64, shape (n_prospects,), or None
        Chance of success of the prospects by the served model; None: withdrawn.
    shares : sequence of float
        Shares of the list, above 0 and at most 1, that the reach of the similarity is told for.
    seed : int
        Of the bootstrap of groups of customers.

    Notes
    -----
    Intervals are those of other customers hidden, with the fits and the prospects as they are.
    """
    lines = [_Lines.of(fold) for fold in folds]
    codes = np.unique(np.concatenate([fold.group for fold in folds]), return_inverse=True)[1].astype(np.int64)
    parts = np.split(codes, np.cumsum([len(fold) for fold in folds])[:-1])

    def drawn(counts: Indices) -> dict[str, Floats]:
        return _mean([line.measured(counts[:, part]) for line, part in zip(lines, parts, strict=True)])

    values = _mean([line.measured(np.ones((1, len(line.fold)))) for line in lines])
    draws = bootstrap(codes, drawn, N_BOOT, seed)
    estimates = {name: interval_of(float(values[name][0]), draws[name]) for name in values}
    front = _front({key: (estimates[f"auc {key}"].value, estimates[f"reach {key}"].value) for key in METHODS})
    rows = tuple(
        MethodRow(
            key,
            label,
            estimates[f"auc {key}"],
            estimates[f"reach {key}"],
            estimates[f"difference {key}"],
            _mean_probability(folds, key, probability),
            key in front,
        )
        for key, (label, _) in METHODS.items()
    )
    outcome = np.concatenate([fold.outcome for fold in folds])
    reach_of = {share: float(np.mean([_reach(fold, share) for fold in folds])) for share in shares}
    return Panel(int(outcome.sum()), int((1.0 - outcome).sum()), rows, reach_of)


@dataclass(frozen=True, eq=False)
class _Lines:
    """What draws of hidden customers are measured with: their order and place by each method."""

    fold: Fold
    order: dict[str, Indices]
    listed: dict[str, Floats]

    @classmethod
    def of(cls, fold: Fold) -> _Lines:
        order = {key: np.argsort(-fold.scores[key][: len(fold)], kind="stable") for key in METHODS}
        return cls(fold, order, {key: fold.listed(key, SHARE) for key in METHODS})

    def measured(self, counts: Floats | Indices) -> dict[str, Floats]:
        """Return AUC, reach and difference of each method for lines of counts, (n_lines, n_hidden)."""
        weight = counts * self.fold.weight
        success = weight * self.fold.outcome
        total = success.sum(axis=1)
        found: dict[str, Floats] = {}
        for key, order in self.order.items():
            margin = self.fold.scores[key][order]
            found[f"auc {key}"] = order_metrics(*by_tie(margin, success[:, order], weight[:, order]))["roc_auc"]
            reached = success @ self.listed[key]
            found[f"reach {key}"] = np.divide(reached, total, out=np.full_like(total, np.nan), where=total > 0)
        ours = found[f"auc {OURS}"]
        return found | {f"difference {key}": found[f"auc {key}"] - ours for key in self.order}


def _mean(folds: Sequence[dict[str, Floats]]) -> dict[str, Floats]:
    """Return the mean over folds; NaN for a line in which a fold has no success or no churned customer left."""
    return {name: np.mean([fold[name] for fold in folds], axis=0) for name in folds[0]}


def _mean_probability(folds: Sequence[Fold], key: str, probability: Floats | None) -> float:
    if probability is None:
        return float("nan")
    return float(np.mean([np.average(probability, weights=at_top(fold.prospects(key), SHARE)) for fold in folds]))


def _reach(fold: Fold, share: float) -> float:
    return float(np.average(fold.listed(OURS, share), weights=fold.weight * fold.outcome))


def _front(points: Mapping[str, tuple[float, float]]) -> set[str]:
    """Return the keys that no other point beats in one number without losing in the other."""

    def beaten(own: tuple[float, float]) -> bool:
        return any(other != own and other[0] >= own[0] and other[1] >= own[1] for other in points.values())

    return {key for key, point in points.items() if not beaten(point)}


def _numbers(name: str, estimate: Estimate, *, bare_ends: bool = False) -> dict[str, float | None]:
    ends = ("low", "high") if bare_ends else (f"{name}_low", f"{name}_high")
    numbers = (estimate.value, estimate.low, estimate.high)
    return {key: or_none(number) for key, number in zip((name, *ends), numbers, strict=True)}
