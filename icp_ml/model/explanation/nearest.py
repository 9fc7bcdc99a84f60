"""Find the customers most like an account in what matters for success: three that succeeded and three that did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from icp_ml.accounts.intervals import effective_n, wilson_interval
from icp_ml.model.explanation.case import Case
from icp_ml.model.explanation.words import Words

N_NEAREST = 3
N_DIFFERENCES = 3
N_AROUND = 30
SMALLEST = 0.02
"""Attributes whose contributions differ by less than this many log-odds are not told as a difference."""
_SAME = 9
"""Decimals of a distance within which two customers are equally near; then their raw values decide."""


@dataclass(frozen=True)
class Difference:
    """An attribute that tells account and customer apart: its value here and there, raw, None or NaN when missing."""

    column: str
    here: object
    there: object

    def as_document(self, words: Words) -> dict[str, str]:
        """Return the difference in words."""
        here, there = (words.value(self.column, value) for value in (self.here, self.there))
        return {"label": words.label(self.column), "here": here, "there": there}


@dataclass(frozen=True)
class Neighbour:
    """A customer near the account.

    Attributes
    ----------
    id : str
        Of the customer.
    distance : float
        In the likeness space, 0 or more; 0: the same contributions.
    differs : tuple of Difference
        What differs most for success, largest first; empty when nothing does.
    """

    id: str
    distance: float
    differs: tuple[Difference, ...]

    def as_document(self, words: Words) -> dict[str, Any]:
        """Return the neighbour in words."""
        differs = [one.as_document(words) for one in self.differs]
        return {"id": self.id, "distance": self.distance, "differs": differs}


@dataclass(frozen=True)
class Nearest:
    """The customers most like an account.

    Attributes
    ----------
    successes, failures : tuple of Neighbour
        At most three each, nearest first.
    n_around, n_success_around : int
        The nearest customers of either outcome that were counted, and how many of them succeeded.
    share, low, high : float
        Success share of these, weighted for censoring, with its 90 % Wilson interval; 0 to 1.
    """

    successes: tuple[Neighbour, ...]
    failures: tuple[Neighbour, ...]
    n_around: int
    n_success_around: int
    share: float
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """Say what became of the customers around the account."""
        return (
            f"Of the {self.n_around} customers most like this account in what is associated with success, "
            f"{self.n_success_around} succeeded: {self.share:.0%}, weighted for those still followed "
            f"(90 %: {self.low:.0%} to {self.high:.0%})."
        )


def nearest_customers(case: Case) -> Nearest:
    """Return the three nearest successes and failures among the reference customers, never the account itself.

    Notes
    -----
    Two customers are alike when the same things speak for and against them to the same extent (see
    `icp_ml.model.likeness`). Equal distances are ordered by the raw attributes in the domain's space, then
    by id, so that the order of the table does not matter.
    """
    distances = case.distances()
    order = np.lexsort((case.reference.ids.astype(str), _raw_distances(case), np.round(distances, _SAME)))
    order = order[case.is_other[order]]
    succeeded = case.reference.outcome[order] == 1
    around = order[:N_AROUND]
    successes, failures = (
        tuple(_neighbour(case, int(at), float(distances[at])) for at in order[side][:N_NEAREST])
        for side in (succeeded, ~succeeded)
    )
    outcome, weight = case.reference.outcome[around], case.reference.weight[around]
    share, n = float(np.average(outcome, weights=weight)), effective_n(outcome, weight)
    return Nearest(successes, failures, len(around), int(outcome.sum()), share, *wilson_interval(share * n, n))


def _raw_distances(case: Case) -> NDArray[np.float64]:
    if case.domain is None:
        return np.zeros(len(case.reference))
    space = case.domain.space
    here, there = space.place(case.row).coordinates, space.place(case.reference.frame).coordinates
    return np.asarray(np.square(there.astype(np.float64) - here).sum(axis=1))


def _neighbour(case: Case, at: int, distance: float) -> Neighbour:
    apart = np.abs(case.reference_contributions[at] - case.contributions)  # in log-odds
    told = [place for place in np.argsort(-apart, kind="stable")[:N_DIFFERENCES] if apart[place] >= SMALLEST]
    names = [case.columns[place] for place in told]
    there = case.reference.frame.iloc[at]
    differs = tuple(Difference(name, case.row[name].iloc[0], there[name]) for name in names)
    return Neighbour(str(case.reference.ids[at]), distance, differs)
