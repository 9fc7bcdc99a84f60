"""What does nothing look like in this table? Shuffle real columns and see how well the best of them seems to do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.audit.single import Folds, attribute_alone, folds_of, followed_through
from icp_ml.accounts.customers import Customers
from icp_ml.accounts.outcome import Labels

N_PROBES = 20


@dataclass(frozen=True)
class Probes:
    """How well columns do that were shuffled, so that they say nothing.

    Attributes
    ----------
    n : int
        Shuffled columns tried; 0 when a class has too few accounts.
    highest_auc : float
        Best out-of-fold ROC AUC among them; .5 is chance, NaN when none was tried.
    sentence : str
    """

    n: int
    highest_auc: float
    sentence: str

    def beaten_by(self, auc: float) -> bool:
        """Tell whether an attribute does better than every shuffled column; yes where none was tried."""
        return not auc <= self.highest_auc

    def as_document(self) -> dict[str, Any]:
        """Return the probes as a JSON object."""
        highest = None if math.isnan(self.highest_auc) else self.highest_auc
        return {"n": self.n, "highest_auc": highest, "sentence": self.sentence}


def probe(customers: Customers, labels: Labels) -> Probes:
    """Return how well the best of twenty shuffled columns orders the customers.

    Parameters
    ----------
    customers : Customers
        Attributes of the stage of the study's model are shuffled, in turn; the study's seed decides how.
    labels : Labels
        Outcome of every customer, in the same order; customers without one are left out.

    Returns
    -------
    Probes
        An attribute that does not beat them says nothing that this table can show.

    Notes
    -----
    Where accounts are grouped, runs of one group move together: a shuffled column stays as alike within a group as the
    real one, so that it may profit as much from accounts of one parent that share a fate.
    """
    known = followed_through(labels)
    groups = np.arange(int(known.sum())) if customers.groups is None else customers.groups[known]
    folds = folds_of(labels.label[known], None if customers.groups is None else groups)
    names = [a.column for a in customers.study.attributes_at() if customers.frame[a.column].notna().any()]
    if not folds or not names:
        return Probes(0, math.nan, "No shuffled column was tried: too few accounts of a class, or no attribute.")
    generator = np.random.default_rng(customers.study.seed)
    chosen = [names[i * max(len(names), N_PROBES) // N_PROBES % len(names)] for i in range(N_PROBES)]
    aucs = [_shuffled_auc(customers, name, labels.label[known], (known, groups, folds), generator) for name in chosen]
    highest = max(aucs)
    sentence = f"The best of {N_PROBES} shuffled columns reaches an out-of-fold ROC AUC of {highest:.2f} in this table."
    return Probes(N_PROBES, highest, sentence)


def _shuffled_auc(
    customers: Customers,
    name: str,
    label: npt.NDArray[np.float64],
    rows: tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64], Folds],
    generator: np.random.Generator,
) -> float:
    known, groups, folds = rows
    values = customers.frame[name][known].reset_index(drop=True)
    to, source = _by_group(groups, generator), _by_group(groups, generator)
    order = np.empty(len(to), dtype=np.intp)
    order[to] = source
    found = attribute_alone(values.iloc[order].reset_index(drop=True), customers.kinds[name], label, folds)
    return 0.5 if found is None else found.auc


def _by_group(groups: npt.NDArray[np.int64], generator: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return the rows in a random order of the groups, and in a random order within each."""
    codes = np.unique(groups, return_inverse=True)[1]
    return np.lexsort((generator.random(len(groups)), generator.permutation(codes.max() + 1)[codes]))
