"""Say how many customers a question needs before it can be answered, and how long that takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from icp_ml.accounts.audit.power import ONE_ALPHA, POWER, visible_difference
from icp_ml.accounts.outcome import Labels
from icp_ml.icp.contrast import Contrast

POINTS = 0.10
"""The difference in success share that a team would act on."""
INTAKE_DAYS = 365
"""Customers signed in the last so many days give the present intake."""


@dataclass(frozen=True)
class Needed:
    """What it takes to see a difference of ten points with a chance of .8.

    Attributes
    ----------
    accounts : int or None
        Customers of known outcome that have an answer; None when no number of them would do, as where nobody meets the
        criterion.
    more : int or None
        How many of these are still missing; 0 when there are enough.
    days : int or None
        Until there are so many at the present intake; None when the table does not tell.
    visible : float or None
        The smallest difference that today's customers show with a chance of .8, 0 to 1; None when none is.
    """

    accounts: int | None = None
    more: int | None = None
    days: int | None = None
    visible: float | None = None

    @property
    def sentence(self) -> str:
        """Return the numbers in words; empty when there are none."""
        if self.accounts is None or self.more is None:
            return ""
        seen = "" if self.visible is None else f"; today {math.ceil(100 * self.visible - 1e-9)} points and more show"
        if not self.more:
            return f"{self.accounts:,} customers of known outcome are enough to see 10 points{seen}."
        wait = "" if self.days is None else f", about {waiting_words(self.days)} at the present intake"
        return f"To see 10 points takes {self.accounts:,} customers of known outcome: {self.more:,} more{wait}{seen}."

    def as_document(self) -> dict[str, Any]:
        """Return the numbers as a JSON object: ``needed`` customers, ``needed_more`` of them, and how long."""
        return {
            "needed": self.accounts,
            "needed_more": self.more,
            "needed_days": self.days,
            "visible_difference": self.visible,
            "needed_sentence": self.sentence,
        }


def waiting_words(days: int) -> str:
    """Return a time to wait as people say it.

    Examples
    --------
    >>> waiting_words(20), waiting_words(200), waiting_words(1500), waiting_words(9000)
    ('20 days', '7 months', '4 years', 'more than 10 years')
    """
    if days < 60:
        return f"{days} day{'' if days == 1 else 's'}"
    if days < 24 * 30.4:
        return f"{days / 30.4:.0f} months"
    return f"{days / 365.25:.0f} years" if days < 3653 else "more than 10 years"


def accounts_needed(base: float, share: float, *, gap: float = POINTS, alpha: float = ONE_ALPHA) -> float:
    """Return the effective number of customers that show a difference in success with a chance of .8.

    Parameters
    ----------
    base : float
        Success share of all of them, 0 to 1.
    share : float
        Share of them that meet the criterion, 0 to 1.
    gap : float
        The difference, 0 to 1.
    alpha : float
        Two-sided level of the test.

    Returns
    -------
    float
        The larger of what is needed upwards and downwards; NaN when so large a difference is not possible.

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, section 4.3.

    Examples
    --------
    >>> n = accounts_needed(0.6, 0.5)
    >>> round(n), round(visible_difference(n, 0.6, 0.5), 3)
    (751, 0.1)
    """
    if not (0 < base < 1 and 0 < share < 1):
        return math.nan
    null = norm.isf(alpha / 2) * math.sqrt(base * (1 - base) / (share * (1 - share)))
    found = [_spread(base, share, sign * gap) for sign in (1.0, -1.0)]
    return max(
        (((null + norm.ppf(POWER) * spread) / gap) ** 2 for spread in found if spread is not None), default=math.nan
    )


def _spread(base: float, share: float, gap: float) -> float | None:
    """Return the standard error of the difference for one customer; None when a share leaves 0 to 1."""
    met, others = base + (1 - share) * gap, base - share * gap
    if not (0 <= met <= 1 and 0 <= others <= 1):
        return None
    return math.sqrt(met * (1 - met) / share + others * (1 - others) / (1 - share))


def needed_for(found: Contrast, arrivals: Arrivals, *, answered_share: float, alpha: float) -> Needed:
    """Return what it takes to see ten points in a contrast.

    Parameters
    ----------
    found : Contrast
        Of those who meet a criterion against the others.
    arrivals : Arrivals
        When further customers become known.
    answered_share : float
        Share of the customers for which the criterion has an answer, 0 to 1.
    alpha : float
        Two-sided level of the test.
    """
    inside, outside = found.inside, found.outside
    n = inside.n_effective + outside.n_effective
    if not inside.n or not outside.n:
        return Needed()
    share = inside.n_effective / n
    base = share * inside.share + (1 - share) * outside.share
    wanted, seen = accounts_needed(base, share, alpha=alpha), visible_difference(n, base, share, alpha)
    visible = None if math.isnan(seen) else seen
    if math.isnan(wanted):
        return Needed(visible=visible)
    known = inside.n + outside.n
    accounts = math.ceil(wanted * known / n)
    more = max(0, accounts - known)
    return Needed(accounts, more, arrivals.days_until(more / max(answered_share, 1e-9)), visible)


@dataclass(frozen=True, eq=False)
class Arrivals:
    """When further outcomes become known.

    Attributes
    ----------
    waiting : ndarray of int64, shape (n,)
        Days until the outcome of each customer of today is known at the latest, in ascending order.
    per_day : float or None
        Customers signed a day; None when the table has no day of signing.
    horizon_days : int
        Days from signing to a known outcome.
    """

    waiting: npt.NDArray[np.int64]
    per_day: float | None
    horizon_days: int

    @classmethod
    def of(cls, labels: Labels, as_of: npt.NDArray[np.datetime64] | None) -> Arrivals:
        """Return the arrivals after the last day that was seen."""
        horizon = labels.horizon_days or 0
        if as_of is None or labels.observed_until is None:
            return cls(np.empty(0, dtype=np.int64), None, horizon)
        age = (np.datetime64(labels.observed_until, "D") - as_of.astype("datetime64[D]")).astype("int64")
        open_ = (labels.state == "censored") & (age >= 0) & (age < horizon)
        span = min(INTAKE_DAYS, max(int(age.max()), 1))
        return cls(np.sort(horizon - age[open_]), float(((age >= 0) & (age < span)).sum()) / span, horizon)

    def days_until(self, more: float) -> int | None:
        """Return the days until so many more outcomes are known at the latest; None when nothing tells."""
        if more <= 0:
            return 0
        count = math.ceil(more)
        if count <= len(self.waiting):
            return int(self.waiting[count - 1])
        if not self.per_day:
            return None
        return math.ceil(self.horizon_days + (count - len(self.waiting)) / self.per_day)
