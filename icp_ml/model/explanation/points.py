"""Say how many points of probability each fit adds or takes: the fits' own game on the probability, played exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from icp_ml.model.explanation.importance import shapley_weights
from icp_ml.names import PLAYERS

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.served import ServedMargin

Floats = NDArray[np.float64]

N_BACKGROUND = 200
"""Reference customers that stand for "on average"; more cost time and move the points by less than they are told."""


@dataclass(frozen=True)
class Points:
    """What each fit adds to the probability of some accounts.

    Attributes
    ----------
    values : array of shape (n, 7)
        Probability, -1 to 1, in the order of ``names.PLAYERS``; 0: no better or worse than the reference customers.
    base : float
        Mean probability of the reference customers drawn, 0 to 1.
    n_background : int
        How many were drawn.
    """

    values: Floats
    base: float
    n_background: int

    @property
    def sentence(self) -> str:
        """Say what the points start from."""
        return (
            f"Points of probability start from the mean chance of {self.n_background:,} reference customers "
            f"drawn by seed, {100 * self.base:.1f} %, and add up exactly to the chance of the account."
        )

    def as_document(self) -> dict[str, Any]:
        """Return the mean size of the points of each fit as a JSON object."""
        sizes = np.abs(self.values).mean(axis=0)
        rows = [{"fit": fit, "mean_points": 100 * float(size)} for fit, size in zip(PLAYERS, sizes, strict=True)]
        return {"sentence": self.sentence, "base": self.base, "n_background": self.n_background, "rows": rows}


def probability_points(
    classifier: SuccessClassifier, X: pd.DataFrame, *, seed: int = 0, n_background: int = N_BACKGROUND
) -> Points:
    """Return the Shapley value of each fit in the probability itself.

    Parameters
    ----------
    classifier
        A fitted one.
    X
        (n, n_attributes) the accounts.
    seed
        Draws the reference customers, so that the same accounts get the same points.
    n_background
        How many are drawn at most.

    Returns
    -------
    Points
        Rows sum to the probability minus ``base``, to rounding.

    Notes
    -----
    A coalition S of fits is worth ``v(S) = mean over reference customers b of expit(margin(x_S, b_-S))``: the account's
    attributes for the fits in S, the customer's for the rest. All coalitions are played, so there is no sampling but of
    the customers. The points are not the log-odds contributions put through a function: near 0 and 1 the same
    log-odds are fewer points. Costs 2 ** fits x ``n_background`` margins per account.

    References
    ----------
    Jullum, Redelmeier & Aas (2021), groupShapley, arXiv:2106.12228.
    """
    served = classifier._served
    background = _drawn(served.background, n_background, seed)
    players = served.fit_of_attribute[served.attribute_of_feature]
    used = np.unique(players)
    weights = shapley_weights(len(used))
    values = np.zeros((len(X), len(PLAYERS)))
    for row, account in enumerate(classifier.features_.transform(X)):
        values[row, used] = _coalition_chances(served, account, background, players) @ weights
    return Points(values, float(expit(served.margin(background)).mean()), len(background))


def _drawn(background: Floats, n: int, seed: int) -> Floats:
    if len(background) <= n:
        return background
    return background[np.sort(np.random.default_rng(seed).choice(len(background), n, replace=False))]


def _coalition_chances(served: ServedMargin, account: Floats, background: Floats, players: NDArray[np.int64]) -> Floats:
    """Return v(S) of every coalition of the fits that have features, (2 ** n_used,); bit i is the i-th of them."""
    used = np.unique(players)
    bit_of_feature = np.searchsorted(used, players)
    is_in = (np.arange(1 << len(used))[:, None] >> bit_of_feature & 1).astype(bool)
    mixed = np.where(is_in[:, None, :], account, background)
    margins = served.margin(mixed.reshape(-1, len(account)))
    return np.asarray(expit(margins).reshape(len(is_in), len(background)).mean(axis=1))
