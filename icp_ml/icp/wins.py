"""Count what a situation has won where its profile names no table of progress: won deals, else customers signed."""

from __future__ import annotations

import numpy as np

from icp_ml.accounts.customers import Customers
from icp_ml.accounts.deals import Deals
from icp_ml.accounts.progress import Progress
from icp_ml.icp.profile import Profile


def wins_of(profile: Profile, customers: Customers, deals: Deals | None) -> Progress | None:
    """Return the wins inside the timeframe of a profile, or None where nothing says them.

    Parameters
    ----------
    profile : Profile
        A goal in revenue needs the value of deals; advocates and other columns need a table of progress.
    customers : Customers
        Signed on their as_of day; asked where there are no deals, for a goal in customers.
    deals : Deals or None
        Won on the day they were closed.

    Returns
    -------
    Progress or None
        One row per win, with a sentence that says where it comes from.
    """
    measure = profile.situation.goal.measure
    if deals is not None and measure in ("revenue", "customers"):
        return _of_deals(profile, deals, measure == "revenue")
    if measure == "customers" and customers.as_of is not None:
        inside = _inside(profile, customers.as_of)
        told = "Progress counts customers by their as_of day: the profile names no `progress`, the study no `deals`."
        return _progress(customers.as_of[inside], customers.ids[inside], np.ones(int(inside.sum())), told)
    return None


def _of_deals(profile: Profile, deals: Deals, in_money: bool) -> Progress | None:
    if in_money and deals.value is None:
        return None
    won = (deals.won == 1) & _inside(profile, deals.closed)
    amount = np.ones(int(won.sum()))
    told = "Progress counts won deals by their closing day: the profile names no `progress`."
    if in_money and deals.value is not None:
        amount = np.nan_to_num(deals.value[won])
        if n_empty := int(np.isnan(deals.value[won]).sum()):
            told += f" {n_empty:,} of {len(amount):,} of them have no value and count as 0."
    return _progress(deals.closed[won], deals.account[won], amount, told)


def _inside(profile: Profile, days: np.ndarray) -> np.ndarray:
    situation = profile.situation
    return np.asarray((days >= np.datetime64(situation.starts, "D")) & (days <= np.datetime64(situation.ends, "D")))


def _progress(day: np.ndarray, account: np.ndarray, amount: np.ndarray, told: str) -> Progress:
    order = np.argsort(day, kind="stable")
    return Progress(day[order], account[order], amount[order], {}, warnings=(told,))
