"""How well does one attribute alone tell success from churn? Out of fold, so that an identifier gains nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, fisher_exact, rankdata
from sklearn.tree import DecisionTreeClassifier

from icp_ml.accounts.kinds import Kind
from icp_ml.accounts.outcome import Labels
from icp_ml.accounts.split import grouped_folds

N_FOLDS = 5
FEWEST_FOLLOWED = 50
AUC_WARNING, AUC_BLOCKER = 0.75, 0.95
"""From the first on an attribute alone is suspected of knowing the outcome, from the second on it is sure to."""
MARK_AUC, SURE = 0.60, 1e-4
"""A yes or no, such as being filled, is suspected from this AUC on, when chance would give it less often than so."""
PRECISION_AUC = 0.65
"""The same for the number of digits: the decimals of an honest average tell of how many it is the average."""
_PRIOR_ROWS = 10.0

Labels01 = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64] | None
Folds = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


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
        For numbers and dates the better of the value itself and a tree of depth 3, which loses what a score says in
        small steps; smoothed success shares of the levels for categories.
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
    ways = (_by_shares,) if kind == "categorical" else (_by_tree, _by_value)
    usable = [
        (train, test) for train, test in (folds_of(label) if folds is None else folds) if _has_both(label, train, test)
    ]
    if not usable:
        return None
    auc = max(
        float(np.mean([_auc(label[test], way(values, label, train, test)) for train, test in usable])) for way in ways
    )
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


def mark_within(mark: npt.NDArray[np.bool_], label: Labels01, strata: npt.NDArray[np.float64]) -> Alone | None:
    """Return how well a yes or no tells success from churn among accounts of one stratum.

    Parameters
    ----------
    mark : ndarray of bool, shape (n,)
    label : ndarray of float, shape (n,)
        1 success, 0 churned.
    strata : ndarray of float, shape (n,)
        Only accounts with the same number are compared.

    Returns
    -------
    Alone or None
        AUC of the better direction, averaged over the strata with the weights of Mantel and Haenszel, and the p-value
        of their test; None when no stratum has both classes, marked and unmarked.

    References
    ----------
    Mantel & Haenszel (1959), Journal of the National Cancer Institute 22:719.
    """
    codes = np.unique(strata, return_inverse=True)[1]
    n, success, marked, both = (
        np.bincount(codes, weights=part) for part in (np.ones(len(mark)), label, mark, label * mark)
    )
    churned = n - success
    spread = success * churned * marked * (n - marked)
    if not spread.any():
        return None
    weight = success * churned / n
    tells = weight > 0
    difference = (both[tells] / success[tells] - (marked - both)[tells] / churned[tells]) @ weight[tells]
    excess = max(abs(float((both - success * marked / n).sum())) - 0.5, 0.0)
    statistic = excess**2 / float((spread[n > 1] / (n**2 * (n - 1.0))[n > 1]).sum())
    return Alone(0.5 + abs(float(difference / weight.sum())) / 2.0, float(chi2.sf(statistic, 1)))


def folds_of(label: Labels01, groups: Groups = None) -> Folds:
    """Return five stratified folds; accounts of one group stay in one fold.

    Returns
    -------
    list of (train, test) index arrays
        Empty when a class has fewer accounts, or the table fewer groups, than there are folds.
    """
    n_groups = len(label) if groups is None else len(np.unique(groups))
    if min(label.sum(), len(label) - label.sum(), n_groups) < N_FOLDS:
        return []
    return grouped_folds(label, groups, N_FOLDS)


def warning_bar(label: Labels01) -> float:
    """Return the AUC from which an attribute alone is suspected, given how many accounts could show it.

    One standard error below `AUC_WARNING`: with few accounts an AUC just below the bar cannot be told from one above.
    """
    n_success = float(label.sum())
    n_churned = len(label) - n_success
    spread = AUC_WARNING * (1 - AUC_WARNING)
    q_success, q_churned = AUC_WARNING / (2 - AUC_WARNING), 2 * AUC_WARNING**2 / (1 + AUC_WARNING)
    spread += (n_success - 1) * (q_success - AUC_WARNING**2) + (n_churned - 1) * (q_churned - AUC_WARNING**2)
    return AUC_WARNING - math.sqrt(spread / (n_success * n_churned))


def followed_through(labels: Labels) -> npt.NDArray[np.bool_]:
    """Tell which accounts leaks are looked for among: those followed for the whole horizon, where they are enough.

    A young account has a known outcome only if it churned, so among all known ones whatever follows the day of signing
    (a field of a new form, the price list of the year) goes with the outcome, honestly. Where fewer than
    `FEWEST_FOLLOWED` of a class were followed through, all known outcomes are used.
    """
    label = labels.label[labels.followed]
    enough = min(label.sum(), len(label) - label.sum()) >= FEWEST_FOLLOWED
    return labels.followed if enough else labels.known


def _auc(label: Labels01, scores: npt.NDArray[np.float64]) -> float:
    """Return the area under the ROC curve as a rank sum; both classes are there."""
    n_success = label.sum()
    above = rankdata(scores)[label == 1.0].sum() - n_success * (n_success + 1) / 2
    return float(above / (n_success * (len(label) - n_success)))


def _has_both(label: Labels01, *parts: npt.NDArray[np.int64]) -> bool:
    return all(0 < label[part].sum() < len(part) for part in parts)


def _by_value(
    values: pd.Series, label: Labels01, train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the values themselves, in the direction that the training rows show; in the middle where missing."""
    numbers = values.to_numpy(dtype=np.float64)
    held = train[~np.isnan(numbers[train])]
    if not _has_both(label, held):
        return np.zeros(len(test))
    is_falling = _auc(label[held], numbers[held]) < 0.5
    filled = np.where(np.isnan(numbers[test]), np.median(numbers[held]), numbers[test])
    return np.asarray(-filled if is_falling else filled)


def _by_tree(
    values: pd.Series, label: Labels01, train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    largest = np.finfo(np.float32).max  # the tree reads single precision
    matrix = np.clip(values.to_numpy(dtype=np.float64), -largest, largest).reshape(-1, 1)
    tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=min(5, len(train) // 10 + 1), random_state=0)
    tree.fit(matrix[train], label[train])
    shares: npt.NDArray[np.float64] = tree.predict_proba(matrix[test])[:, 1]
    return shares


def _by_shares(
    values: pd.Series, label: Labels01, train: npt.NDArray[np.int64], test: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    codes, levels = pd.factorize(values, use_na_sentinel=True)
    codes = np.where(codes < 0, len(levels), codes)
    overall = label[train].mean()
    counts = np.bincount(codes[train], minlength=len(levels) + 1)
    successes = np.bincount(codes[train], weights=label[train], minlength=len(levels) + 1)
    shares = (successes + _PRIOR_ROWS * overall) / (counts + _PRIOR_ROWS)
    return np.asarray(shares[codes[test]], dtype=np.float64)
