"""How well does one attribute alone tell success from churn? Out of fold, so that an identifier gains nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import fisher_exact
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from icp_ml.accounts.kinds import Kind

N_FOLDS = 5
_PRIOR_ROWS = 10.0

Labels01 = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64] | None
Folds = list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]


@dataclass(frozen=True)
class Alone:
    """What one attribute tells of the outcome.

    Attributes
    ----------
    auc : float
        Area under the ROC curve; .5 is no better than chance.
    p_value : float
        Chance of at least this much in a table where the attribute says nothing.
    """

    auc: float
    p_value: float


def attribute_alone(values: pd.Series, kind: Kind, label: Labels01, folds: Folds | None = None) -> Alone | None:
    """Return how well one attribute alone orders accounts by success, out of fold.

    Parameters
    ----------
    values : Series, shape (n,)
        The attribute of accounts with a known outcome; missing as NaN.
    kind : {"numeric", "categorical", "date"}
        A tree of depth 3 for numbers and dates, smoothed success shares of the levels for categories.
    label : ndarray of float, shape (n,)
        1 success, 0 churned.
    folds : list of (train, test) index arrays, optional
        From `folds_of`, to split once for many attributes.

    Returns
    -------
    Alone or None
        Mean AUC of the folds, and its one-sided p-value under the null by the normal approximation of the rank sum;
        None when there are fewer than five accounts of a class.

    References
    ----------
    Hanley & McNeil (1982), Radiology 143:29, for AUC as a rank sum; Micci-Barreca (2001), SIGKDD Explorations 3:27,
    for smoothed shares.
    """
    n_success = int(label.sum())
    n_churned = len(label) - n_success
    scores = []
    for train, test in folds_of(label) if folds is None else folds:
        if 0 < label[test].sum() < len(test) and 0 < label[train].sum() < len(train):
            predict = _by_shares if kind == "categorical" else _by_tree
            scores.append(roc_auc_score(label[test], predict(values, label, train, test)))
    if not scores:
        return None
    auc = float(np.mean(scores))
    error = math.sqrt((len(label) + 1) / (12.0 * n_success * n_churned))
    return Alone(auc, 0.5 * math.erfc((auc - 0.5) / error / math.sqrt(2.0)))


def mark_alone(mark: npt.NDArray[np.bool_], label: Labels01) -> Alone | None:
    """Return how well a yes or no tells success from churn, such as whether a cell is empty.

    Returns
    -------
    Alone or None
        AUC of the better direction with Fisher's exact two-sided p-value; None when all accounts or none have the
        mark, or one class is absent.
    """
    success = label == 1.0
    table = np.array([[(mark & side).sum(), (~mark & side).sum()] for side in (success, ~success)])
    if not (table.sum(axis=0).all() and table.sum(axis=1).all()):
        return None
    shares = table[:, 0] / table.sum(axis=1)
    return Alone(0.5 + abs(shares[0] - shares[1]) / 2.0, float(fisher_exact(table)[1]))


def folds_of(label: Labels01, groups: Groups = None) -> Folds:
    """Return five stratified folds; accounts of one group stay in one fold.

    Returns
    -------
    list of (train, test) index arrays
        Empty when a class has fewer accounts, or the table fewer groups, than there are folds.
    """
    if min(label.sum(), len(label) - label.sum()) < N_FOLDS:
        return []
    if groups is None:
        splitter = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    elif len(np.unique(groups)) < N_FOLDS:
        return []
    else:
        splitter = StratifiedGroupKFold(N_FOLDS, shuffle=True, random_state=0)
    return list(splitter.split(np.zeros(len(label)), label, groups))


def _by_tree(
    values: pd.Series, label: Labels01, train: npt.NDArray[np.intp], test: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    matrix = values.to_numpy(dtype=np.float64).reshape(-1, 1)
    tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=min(5, len(train) // 10 + 1), random_state=0)
    tree.fit(matrix[train], label[train])
    shares: npt.NDArray[np.float64] = tree.predict_proba(matrix[test])[:, 1]
    return shares


def _by_shares(
    values: pd.Series, label: Labels01, train: npt.NDArray[np.intp], test: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    codes, levels = pd.factorize(values, use_na_sentinel=True)
    codes = np.where(codes < 0, len(levels), codes)
    overall = label[train].mean()
    counts = np.bincount(codes[train], minlength=len(levels) + 1)
    successes = np.bincount(codes[train], weights=label[train], minlength=len(levels) + 1)
    shares = (successes + _PRIOR_ROWS * overall) / (counts + _PRIOR_ROWS)
    return np.asarray(shares[codes[test]], dtype=np.float64)
