"""Compare success among accounts with one value to the others: rules of lift, and the direction that a study declares.

Marketing-score vendors publish four rules for columns that need a look before a model sees them; those of Lattice
Engines are widely copied: low coverage (empty for 95 %), the lift of the empty cells, an overly predictive value (lift
of 4 and more among at least 5 %), and highly predictive small populations (lift of 3 and more among at most 1 %). They
suppose that few accounts convert. Success after the sale is frequent, its lift is bounded, and so we ask instead
whether one of the two outcomes is nearly absent among the accounts with the value, beyond chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binom, mannwhitneyu

from icp_ml.accounts.audit.finding import Finding
from icp_ml.accounts.audit.single import MARK_AUC, SURE, warning_bar
from icp_ml.accounts.audit.subject import Check, Subject, allowed, value_shown

NULL_LIFT, FEWEST_EMPTY = 0.3, 10
"""An outcome at most so frequent among the empty as among the filled, or the other way round."""
VALUE_LIFT, VALUE_SHARE, FEWEST_OF_VALUE = 0.1, 0.05, 20
"""An outcome at most so frequent among the accounts with a value as among all; a value of at least so many."""
SMALL_LIFT, SMALL_SHARE, FEWEST_OF_SMALL = 1 / 3, 0.01, 5
N_RANGES = 20
AGAINST_DECLARED = 0.01
_FEW_PER_CLASS = 5
_SHOWN = 3

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """Successes by value, among accounts with a known outcome and a value.

    Attributes
    ----------
    names : tuple of str
        The value or range, for a message.
    n, successes : ndarray of int, shape (n_values,)
    base : float
        Success share of all accounts with a known outcome.
    """

    names: tuple[str, ...]
    n: Counts
    successes: Counts
    base: float

    @property
    def lift(self) -> npt.NDArray[np.float64]:
        """Return how frequent the scarcer outcome is with the value, as a ratio to all accounts, shape (n_values,)."""
        share = self.successes / self.n
        return np.asarray(np.minimum(share / self.base, (1 - share) / (1 - self.base)))

    def p_value(self, ratio: float) -> npt.NDArray[np.float64]:
        """Return the chance of so few if the scarcer outcome were ``ratio`` times as frequent as among all."""
        few_successes = binom.cdf(self.successes, self.n, ratio * self.base)
        few_churned = binom.cdf(self.n - self.successes, self.n, ratio * (1 - self.base))
        return np.asarray(np.minimum(few_successes, few_churned))

    def words(self, position: int) -> str:
        """Return the shares of one value in words."""
        n, successes = int(self.n[position]), int(self.successes[position])
        return f"{self.names[position]}: {successes:,} of {n:,} succeeded ({successes / n:.0%})"


def _null_lift(subject: Subject) -> Iterator[Finding]:
    """Find that empty, or filled, cells are few but nearly all of one outcome; a ROC AUC does not show it."""
    is_empty = subject.judged.isna().to_numpy()
    n_empty = int(is_empty.sum())
    found = subject.emptiness
    if found is None or found.p_value >= SURE or found.auc >= MARK_AUC:
        return
    empty, filled = subject.label[is_empty], subject.label[~is_empty]
    is_strong = _smallest_ratio(float(empty.mean()), float(filled.mean())) <= NULL_LIFT
    if is_strong and min(len(empty), len(filled)) >= FEWEST_EMPTY:
        evidence = (
            f"{int(empty.sum()):,} of {n_empty:,} customers without a value succeeded ({empty.mean():.0%}), "
            f"{int(filled.sum()):,} of {len(filled):,} of the others ({filled.mean():.0%})"
        )
        step = "Check when it is filled: if after the outcome, list it under ignore; else name it in audit.allow"
        yield allowed(Finding("warning", "null_lift", subject.column, n_empty, evidence, step), subject)


def _smallest_ratio(one: float, other: float) -> float:
    pairs = ((one, other), (other, one), (1 - one, 1 - other), (1 - other, 1 - one))
    return min((a / b for a, b in pairs if b > 0), default=1.0)


def _predictive_value(subject: Subject) -> Iterator[Finding]:
    """Find frequent values with which one outcome hardly occurs, where the ROC AUC of the attribute does not tell."""
    shares = success_shares(subject)
    if shares is None or (subject.alone is not None and subject.alone.auc >= warning_bar(subject.label)):
        return
    is_frequent = shares.n >= max(FEWEST_OF_VALUE, VALUE_SHARE * len(subject.label))
    is_pure = (shares.lift <= VALUE_LIFT) & (shares.p_value(0.5) < SURE)
    found = np.flatnonzero(is_frequent & is_pure)
    if len(found):
        n = int(shares.n[found].sum())
        evidence = f"{_first(shares, found)}; of all {len(subject.label):,} customers {shares.base:.0%} succeeded"
        step = "Check when it is written: if after the outcome, list it under ignore; else name it in audit.allow"
        yield allowed(Finding("warning", "predictive_value", subject.column, n, evidence, step), subject)


def _small_population(subject: Subject) -> Iterator[Finding]:
    """Find levels of very few accounts that stand far from the rest, after a correction for all such levels."""
    shares = success_shares(subject) if subject.kind == "categorical" else None
    if shares is None:
        return
    is_small = (shares.n >= FEWEST_OF_SMALL) & (shares.n <= SMALL_SHARE * len(subject.label))
    is_far = (shares.lift <= SMALL_LIFT) & (shares.p_value(1.0) * is_small.sum() < SURE)
    found = np.flatnonzero(is_small & is_far)
    if len(found):
        n = int(shares.n[found].sum())
        of = f"{len(found):,} of {int(is_small.sum()):,} levels with at most 1 % of the customers"
        evidence = f"{of}: {_first(shares, found)}; of all {shares.base:.0%} succeeded"
        step = "Too few to rely on: merge these levels, and check when they are written"
        yield Finding("note", "small_population", subject.column, n, evidence, step)


def _first(shares: Shares, found: npt.NDArray[np.intp]) -> str:
    return "; ".join(shares.words(int(position)) for position in found[:_SHOWN])


def success_shares(subject: Subject) -> Shares | None:
    """Count successes by level, or by twenty ranges of a number; None when one class is absent."""
    held = subject.judged.notna().to_numpy()
    base = float(subject.label.mean()) if len(subject.label) else 0.0
    if not 0.0 < base < 1.0 or not held.any():
        return None
    values, label = subject.judged[held], subject.label[held]
    codes, names = _levels(values, subject) if subject.kind == "categorical" else _ranges(values)
    n = np.bincount(codes, minlength=len(names))
    successes = np.rint(np.bincount(codes, weights=label, minlength=len(names))).astype(np.int64)
    return Shares(names, n.astype(np.int64), successes, base)


def _levels(values: pd.Series, subject: Subject) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
    codes, levels = pd.factorize(values, sort=True)
    return codes, tuple(value_shown(subject, level) for level in levels)


def _ranges(values: pd.Series) -> tuple[npt.NDArray[np.intp], tuple[str, ...]]:
    """Cut numbers into ranges of about equal size; a number that many accounts have is a range of its own."""
    numbers = values.to_numpy(dtype=np.float64)
    distinct, position, n = np.unique(numbers, return_inverse=True, return_counts=True)
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, N_RANGES + 1), method="lower"))
    own = len(edges) + 1 + np.arange(len(distinct))
    ranges = np.where(n >= VALUE_SHARE * len(numbers), own, np.searchsorted(edges, distinct, side="right"))
    codes = np.unique(ranges, return_inverse=True)[1][position]
    ends = pd.Series(numbers).groupby(codes).agg(["min", "max"]).to_numpy()
    return codes, tuple(f"{low:.10g}" if low == high else f"{low:.10g} to {high:.10g}" for low, high in ends)


def _effect(subject: Subject) -> Iterator[Finding]:
    """Say where the data speak against the direction that the study declares."""
    declared = subject.attribute.effect
    held = subject.judged.notna().to_numpy()
    label = subject.label[held]
    if declared is None or min((label == 1).sum(), (label == 0).sum()) < _FEW_PER_CLASS:
        return
    numbers = subject.judged.to_numpy(dtype=np.float64)[held]
    against: Literal["less", "greater"] = "less" if declared == "increasing" else "greater"
    test = mannwhitneyu(numbers[label == 1], numbers[label == 0], alternative=against)
    if test.pvalue < AGAINST_DECLARED:
        auc = float(test.statistic / ((label == 1).sum() * (label == 0).sum()))
        evidence = (
            f"declared {declared}, but among {len(label):,} customers higher values are associated with "
            f"{'less' if against == 'less' else 'more'} success (ROC AUC {auc:.3f}, p {test.pvalue:.4f})"
        )
        step = "Check the expectation and the column; remove `effect` if the data are right"
        yield Finding("warning", "effect", subject.column, len(label), evidence, step)


LIFT: tuple[Check, ...] = (_null_lift, _predictive_value, _small_population, _effect)
