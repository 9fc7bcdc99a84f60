"""Say how much of the table's outcome is known, and how much more will be known soon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from icp_ml.accounts.outcome import CENSORED, EXCLUDED, Labels

NEXT_DAYS = (30, 90, 180, 365)
"""How far ahead the table is asked, in days."""


@dataclass(frozen=True)
class Maturity:
    """How much of the outcome is known.

    Attributes
    ----------
    followed : float
        Share of the customers followed for the whole horizon, 0 to 1; NaN without a horizon or without dates.
    known, censored : int
        Customers with an outcome, and those without one yet.
    naive, weighted : float
        Success share of the known customers as they are, and weighted for censoring, 0 to 1. The naive share is too
        low while young customers can only have churned.
    next : tuple of (int, int)
        After so many days, how many of the censored customers reach the end of the horizon.
    sentence : str
        All of it in words.
    """

    followed: float
    known: int
    censored: int
    naive: float
    weighted: float
    next: tuple[tuple[int, int], ...]
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the maturity as a JSON object; what is not known is null."""
        shares = {"followed": self.followed, "naive": self.naive, "weighted": self.weighted}
        return {
            "sentence": self.sentence,
            **{name: None if math.isnan(value) else value for name, value in shares.items()},
            "known": self.known,
            "censored": self.censored,
            "next": [{"days": days, "n": n} for days, n in self.next],
        }


def maturity_of(labels: Labels) -> Maturity:
    """Return how much of the outcome is known, and how much more will be known soon.

    Parameters
    ----------
    labels : Labels
        Outcome of every customer.

    Returns
    -------
    Maturity
        Customers who leave before their horizon ends are known earlier than `next` says: it counts as if nobody did.
    """
    usable, censored = labels.state != EXCLUDED, labels.state == CENSORED
    known, n_censored = int(labels.known.sum()), int(censored.sum())
    naive, weighted = labels.rates["known"], labels.rates["weighted"]
    if labels.follow_up_days is None or labels.horizon_days is None:
        sentence = f"{known:,} of {int(usable.sum()):,} customers have a known outcome. "
        sentence += "Without as_of and a horizon the table does not say when more will be known."
        return Maturity(math.nan, known, n_censored, naive, weighted, (), sentence)
    horizon, follow_up = labels.horizon_days, labels.follow_up_days
    followed = float(np.mean(follow_up[usable] >= horizon)) if usable.any() else math.nan
    left = (horizon - follow_up)[censored & (follow_up < horizon)]
    coming = tuple((days, int((left <= days).sum())) for days in NEXT_DAYS)
    sentence = (
        f"{followed:.0%} of {int(usable.sum()):,} customers were followed for all {horizon} days; {known:,} outcomes "
        f"are known, {n_censored:,} are not known yet. {_coming_words(coming)}"
    )
    if n_censored and not math.isclose(naive, weighted, abs_tol=0.0005):
        sentence += (
            f" Known outcomes taken as they are show a success share of {naive:.1%}; weighted for follow-up it is "
            f"{weighted:.1%}."
        )
    return Maturity(followed, known, n_censored, naive, weighted, coming, sentence)


def _coming_words(coming: tuple[tuple[int, int], ...]) -> str:
    """Name the first day that brings more outcomes, and the last."""
    bringing = [(days, n) for days, n in coming if n]
    if not bringing:
        return "No more outcomes are on their way."
    (days, n), (last, n_last) = bringing[0], bringing[-1]
    later = "" if n_last == n else f", in {last} days {n_last:,}"
    return f"In {days} days {n:,} more customers can be judged{later} (at the least: who leaves is known earlier)."
