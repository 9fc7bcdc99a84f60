"""The two periods that are compared: the situation so far, and the time before it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from icp_ml.icp.base import CustomerBase

REFERENCE_DAYS = 365
"""Longest reference period: one round of the seasons."""
SHORTEST_DAYS = 14
"""Days of either period below which nothing is compared."""


@dataclass(frozen=True)
class Window:
    """Days from the first to the last, both included."""

    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """Number of days, 0 or less when the window is empty."""
        return (self.last - self.first).days + 1

    @property
    def ends(self) -> tuple[np.datetime64, np.datetime64]:
        """First and last day as NumPy days."""
        return np.datetime64(self.first, "D"), np.datetime64(self.last, "D")

    def holds(self, day: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Tell which days lie inside; NaT does not."""
        first, last = self.ends
        return (day >= first) & (day <= last)

    def as_document(self) -> dict[str, str]:
        """Return both days as a JSON object."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


def windows(base: CustomerBase) -> tuple[Window, Window]:
    """Return the situation as far as anything is known of it, and its reference.

    Returns
    -------
    now, reference : Window
        The reference is the year before the situation, or twice the situation's length where that is shorter; it never
        begins before the first deal (without deals: the first customer) of the tables.
    """
    situation = base.profile.situation
    known = min(base.today, base.study.outcome.observed_until or base.today)
    now = Window(situation.starts, min(known, situation.ends))
    length = min(REFERENCE_DAYS, 2 * ((situation.ends - situation.starts).days + 1))
    first = situation.starts - dt.timedelta(days=length)
    begun = base.customers.as_of if base.deals is None else base.deals.opened
    if begun is not None and not np.isnat(begun).all():
        first = max(first, np.nanmin(begun).astype("datetime64[D]").astype(object))
    return now, Window(first, situation.starts - dt.timedelta(days=1))
