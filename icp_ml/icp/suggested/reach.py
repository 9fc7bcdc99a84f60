"""Tell whether a goal can still be reached with the prospects that a profile leaves, and on which assumptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from icp_ml.accounts.intervals import wilson_interval
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.milestones.cycle import learn_cycle

MIN_DEALS = 20
"""Deals opened long enough ago, below which they do not tell what share of prospects is won."""
MIN_VALUES = 5
"""Wins of known value, below which they do not tell what a win is worth."""
PACE_DAYS = 180
"""Deals opened in the last so many days give the team's pace."""


@dataclass(frozen=True)
class Conversion:
    """Share of opened deals that were won within the days that are left.

    Attributes
    ----------
    n, n_won : int
        Deals opened at least so many days ago, and those of them won within so many days of their opening.
    share, low, high : float
        With the 90 % interval, 0 to 1.
    """

    n: int
    n_won: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Means:
    """What is missing to the goal, and what wins it can still come from.

    Attributes
    ----------
    missing : float
        Of the goal; 0 or less when it is reached.
    days_left : int
        Until the situation ends.
    ends : date
    conversion : Conversion or None
        None when too few deals tell.
    value : float or None
        Of a win, in units of the goal; None when nothing tells.
    n_open, pipeline : int, float
        Deals that are open today, and how many of them are expected to be won in the days left; 0 where no cycle is
        known. They count for every profile alike.
    workable : float
        Prospects that the team can work in the days left; infinite when the study does not say.
    deliverable : float
        Wins that the team can still deliver; infinite when the profile does not say.
    assumptions : tuple of str
    silence : str
        Why nothing can be said, or empty.
    """

    missing: float
    days_left: int
    ends: dt.date
    conversion: Conversion | None = None
    value: float | None = None
    n_open: int = 0
    pipeline: float = 0.0
    workable: float = float("inf")
    deliverable: float = float("inf")
    assumptions: tuple[str, ...] = ()
    silence: str = ""


@dataclass(frozen=True)
class Reach:
    """Whether the goal can be reached with so many prospects.

    Attributes
    ----------
    reachable : bool or None
        True when the low end of the conversion is enough, False when the high end is not; else it cannot be told.
    too_few : bool
        The prospects alone are too few, whatever the team can work and deliver.
    sentence : str
    assumptions : tuple of str
    """

    reachable: bool | None
    sentence: str
    too_few: bool = False
    assumptions: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the answer as a JSON object."""
        return {
            "reachable": self.reachable,
            "sentence": self.sentence,
            "too_few": self.too_few,
            "assumptions": list(self.assumptions),
        }


def means_of(base: CustomerBase, milestones: Mapping[str, Any]) -> Means:
    """Return what is missing to the goal and what a prospect is worth towards it.

    Parameters
    ----------
    base : CustomerBase
        Deals, progress, capabilities and the team's capacity.
    milestones : mapping
        The document of the milestones, for what of the goal is reached.

    Notes
    -----
    The conversion counts a deal opened d days or longer ago as won when it was won within d days, with d the days that
    are left: open deals of that age count as not won in time, and younger ones not at all, so nothing is censored.
    """
    situation, assumptions = base.profile.situation, []
    reached = (milestones.get("goal") or {}).get("reached")
    if reached is None:
        assumptions.append("Nothing is known of what was reached: the whole goal counts as missing.")
    left = (situation.ends - max(base.today, situation.starts - dt.timedelta(days=1))).days
    missing = situation.goal.target - float(reached or 0.0)
    silence = _silence(base, left)
    if silence or missing <= 0:
        return Means(missing, left, situation.ends, silence=silence)
    conversion, told = _conversion(base, left)
    value, worth = _value(base)
    workable, worked = _workable(base, left)
    deliverable, delivered = _deliverable(base)
    assumptions += [told, worth, worked, delivered]
    n_open, pipeline = _pipeline(base, left)
    return Means(
        missing=missing,
        days_left=left,
        ends=situation.ends,
        conversion=conversion,
        value=value,
        n_open=n_open,
        pipeline=pipeline,
        workable=workable,
        deliverable=deliverable,
        assumptions=tuple(sentence for sentence in assumptions if sentence),
    )


def reach(means: Means, n_left: int | None, unknown: str = "") -> Reach:
    """Return whether so many prospects are enough for what is missing.

    Parameters
    ----------
    means : Means
    n_left : int or None
        Prospects that meet the profile; None when that is not known.
    unknown : str
        Why it is not known.
    """
    if means.missing <= 0:
        return Reach(True, "The goal is reached already.")
    if means.silence or n_left is None:
        return Reach(None, means.silence or unknown)
    if means.value is None:
        return Reach(None, "Not to be told: nothing says what a win adds to the goal.", assumptions=means.assumptions)
    needed = means.missing / means.value
    if means.conversion is None:
        return _without_deals(means, n_left, needed)
    return _with_deals(means, n_left, needed, means.conversion)


def _with_deals(means: Means, n_left: int, needed: float, conversion: Conversion) -> Reach:
    worked = min(n_left, means.workable)
    won, low, high = worked * conversion.share, worked * conversion.low, worked * conversion.high
    reachable = None
    if min(low + means.pipeline, means.deliverable) >= needed:
        reachable = True
    elif min(high + means.pipeline, means.deliverable) < needed:
        reachable = False
    verdict = {True: "within reach", False: "out of reach", None: "too close to tell"}[reachable]
    some = f" {worked:,.0f} can be worked, and" if worked < n_left else ""
    more = f", and about {means.pipeline:,.0f} of the {means.n_open:,} deals that are open" if means.pipeline else ""
    served = f"; {means.deliverable:,.0f} more can be served" if means.deliverable < high + means.pipeline else ""
    sentence = (
        f"Of {n_left:,} prospects left{some} about {won:,.0f} ({low:,.0f} to {high:,.0f}) would be won by "
        f"{means.ends}{more}{served}; the goal needs {ceil(needed):,} more: {verdict}"
        f"{_limit(means, n_left, needed, conversion)}."
    )
    return Reach(reachable, sentence, _most(means, n_left, conversion.high) < needed, means.assumptions)


def _without_deals(means: Means, n_left: int, needed: float) -> Reach:
    """Say how many of the prospects the goal needs; out of reach when it needs more than there are."""
    most = min(min(n_left, means.workable) + means.n_open, means.deliverable)
    if most < needed:
        sentence = (
            f"The goal needs {ceil(needed):,} more wins by {means.ends}, and of {n_left:,} prospects left at most "
            f"{most:,.0f} can be worked and served: out of reach."
        )
        return Reach(False, sentence, n_left + means.n_open < needed, means.assumptions)
    sentence = (
        f"The goal needs {ceil(needed):,} wins from {n_left:,} prospects by {means.ends}, 1 in {n_left / needed:,.0f}; "
        "whether so many sign is not known."
    )
    return Reach(None, sentence, assumptions=means.assumptions)


def _most(means: Means, n_worked: float, share: float) -> float:
    """Return the wins of so many prospects at a share, and of the deals that are open, were there no limit."""
    return n_worked * share + means.pipeline


def _limit(means: Means, n_left: int, needed: float, conversion: Conversion) -> str:
    """Name what stands in the way where something does."""
    if min(_most(means, min(n_left, means.workable), conversion.high), means.deliverable) >= needed:
        return ""
    if _most(means, n_left, conversion.high) < needed:
        return ", because too few prospects are left"
    if means.deliverable < needed:
        return ", because the team can serve no more"
    return ", because the team can work no more accounts in the days left"


def _silence(base: CustomerBase, days_left: int) -> str:
    if base.profile.situation.mode == "customer_success":
        return "Not asked: this profile is judged after signing."
    if days_left <= 0:
        return f"The situation ended on {base.profile.situation.ends}."
    return ""


def _conversion(base: CustomerBase, days: int) -> tuple[Conversion | None, str]:
    if base.deals is None:
        return None, "No table of deals says what share of prospects is won (study: deals)."
    deals, wait = base.deals, np.timedelta64(days, "D")
    old = deals.opened <= np.datetime64(base.today, "D") - wait
    won = old & (deals.won == 1) & (deals.closed - deals.opened <= wait)
    n, n_won = int(old.sum()), int(won.sum())
    if n < MIN_DEALS:
        return None, f"Only {n} deals were opened at least {days} days ago: too few to say what share is won in time."
    low, high = wilson_interval(n_won, n)
    told = f"As many are won as before: {n_won:,} of {n:,} deals within {days} days of their opening"
    told += "; every prospect left is worked as a deal from today."
    return Conversion(n, n_won, n_won / n, low, high), told


def _pipeline(base: CustomerBase, days: int) -> tuple[int, float]:
    """Return the deals that are open today, and how many of them are won in the days left at the usual cycle."""
    if base.deals is None:
        return 0, 0.0
    deals, today = base.deals, np.datetime64(base.today, "D")
    is_open = (deals.opened <= today) & (np.isnat(deals.closed) | (deals.closed > today))
    cycle = learn_cycle(deals.opened, deals.closed, deals.won, base.today)
    if cycle is None or not is_open.any():
        return int(is_open.sum()), 0.0
    ages = (today - deals.opened[is_open]).astype(np.int64)
    return int(is_open.sum()), float(cycle.wins_of_open(ages, days)[-1])


def _value(base: CustomerBase) -> tuple[float | None, str]:
    measure = base.profile.situation.goal.measure
    if measure == "customers":
        return 1.0, ""
    if measure == "advocates":
        return None, "Nothing says how many wins become advocates."
    amounts = np.empty(0) if base.progress is None else base.progress.amount[base.progress.amount > 0]
    if len(amounts) >= MIN_VALUES:
        return float(amounts.mean()), f"A win adds {amounts.mean():,.0f}, the mean of {len(amounts):,} wins so far."
    if measure == "revenue" and base.deals is not None and base.deals.value is not None:
        values = base.deals.value[(base.deals.won == 1) & (base.deals.value > 0)]
        if len(values) >= MIN_VALUES:
            return float(values.mean()), f"A win adds {values.mean():,.0f}, the mean of {len(values):,} won deals."
    return None, "Too few wins say what a win adds to the goal."


def _workable(base: CustomerBase, days_left: int) -> tuple[float, str]:
    """Return how many prospects can be worked: at the pace at which deals were opened, else by the study's capacity."""
    situation, capacity, today = base.profile.situation, base.study.capacity, np.datetime64(base.today, "D")
    opened = np.empty(0, dtype="datetime64[D]") if base.deals is None else base.deals.opened
    n_opened = int(((opened > today - np.timedelta64(PACE_DAYS, "D")) & (opened <= today)).sum())
    if n_opened >= MIN_DEALS:
        workable = n_opened * days_left / PACE_DAYS
        told = f"Deals are opened at the pace of the last {PACE_DAYS} days, {n_opened:,} of them"
        return workable, f"{told}, so {workable:,.0f} in the {days_left} days left."
    if capacity is not None:
        workable = capacity * days_left / ((situation.ends - situation.starts).days + 1)
        told = f"The team works {capacity:,} accounts per situation, so {workable:,.0f} in the {days_left} days left."
        return workable, told
    return float(
        "inf"
    ), "The team can work every prospect left: neither recent deals nor the study's capacity say more."


def _deliverable(base: CustomerBase) -> tuple[float, str]:
    limits = {one.name: one.per_period for one in base.profile.situation.capabilities if one.per_period is not None}
    if not limits:
        return float("inf"), ""
    name = min(limits, key=lambda one: limits[one])
    won = wins_so_far(base)
    left = max(limits[name] - won, 0.0)
    return left, f"{name} serves {limits[name]:g} per situation; {won:,} are won so far, which leaves {left:g}."


def wins_so_far(base: CustomerBase) -> int:
    """Return the wins since the situation started, as its progress tells; 0 without one."""
    if base.progress is None:
        return 0
    starts = np.datetime64(base.profile.situation.starts, "D")
    return int(((base.progress.amount > 0) & (base.progress.day >= starts)).sum())
