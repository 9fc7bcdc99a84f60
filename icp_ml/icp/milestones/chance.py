"""Say how likely the goal is by the last day, from what is won, what is open and what plan and last year let expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import nbinom

from icp_ml.icp.milestones.campaign import Campaign, Reference
from icp_ml.icp.milestones.cycle import DealBook
from icp_ml.icp.milestones.plan import PLAN_SHAPE, Plan

Floats = npt.NDArray[np.float64]
N_WORLDS, N_FUTURES = 1000, 100
"""Draws of what is not known of pace and size, and of futures for each."""

REFERENCE_SHAPE, CONVERSION_SHAPE = 8.0, 8.0
"""Shapes of the gamma laws of this campaign's pace, and of its chance to win a deal, relative to the year before."""

SIZE_SHIFT = 0.25
"""Standard deviation of the logarithm of this campaign's mean win relative to the year before."""

_SIZE_SHIFT_UNKNOWN = 0.5


@dataclass(frozen=True)
class Chance:
    """The chance to reach the goal.

    Attributes
    ----------
    value : float
        0 to 1.
    low, high : float
        Range that holds 90 % of the chances one would state if pace and size of the wins were known.
    capped_share : float
        Share of the futures in which a limit keeps wins away.
    """

    value: float
    low: float
    high: float
    capped_share: float = 0.0

    def as_document(self, sentence: str) -> dict[str, Any]:
        """Return the chance as a JSON object."""
        return {"value": self.value, "low": self.low, "high": self.high, "sentence": sentence}


def chance_of_goal(
    plan: Plan, reference: Reference, book: DealBook | None, *, most_wins: float | None = None, seed: int = 0
) -> Chance:
    """Return the chance that the goal is reached on the last day.

    Parameters
    ----------
    plan : Plan
    reference : Reference
        The year before.
    book : DealBook or None
        Deals, where they are known.
    most_wins : float, optional
        Wins in the whole situation that a limit allows.
    seed : int

    Returns
    -------
    Chance
        1 or 0 where nothing is left to chance.

    Notes
    -----
    Wins to come are Poisson with an unknown mean. Without deals: wins so far over wins due so far tell the pace; before
    that it is gamma distributed around the plan or around the year before, one as likely as the other. With deals: the
    deals opened so far tell the rate of opening, the wins among those that were open tell the chance to win relative to
    the year before, and the open ones bring wins by their age. Their sizes are log-normal, around a mean that may be
    off the year before's by a quarter.
    """
    campaign = plan.campaign
    if campaign.missing <= 0:
        return Chance(1.0, 1.0, 1.0)
    if campaign.days_left == 0:
        return Chance(0.0, 0.0, 0.0)
    rng = np.random.default_rng([seed, campaign.n_days, campaign.elapsed])
    left = _left_by_pace(plan, reference, rng) if book is None else _left_by_deals(plan, book, rng)
    wins = rng.poisson(np.repeat(left[:, None], N_FUTURES, axis=1))
    allowed = wins if most_wins is None else np.minimum(wins, max(round(most_wins) - len(campaign.day), 0))
    mean = _mean_sizes(plan, rng)
    reached = plan.sizes.total(allowed, rng, mean[:, None]) >= campaign.missing
    by_world = reached.mean(1)
    value = float(by_world.mean())
    low, high = (float(end) for end in np.quantile(by_world, [0.05, 0.95]))
    return Chance(value, min(low, value), max(high, value), float((allowed < wins).mean()))


def _left_by_pace(plan: Plan, reference: Reference, rng: np.random.Generator) -> Floats:
    """Return draws of the mean number of wins to come, shape (N_WORLDS,)."""
    campaign = plan.campaign
    done = plan.share[campaign.elapsed - 1] if campaign.elapsed else 0.0
    usual = reference.per_day * campaign.n_days / plan.n_wins
    pace = _gamma_of_two((1.0, usual), len(campaign.day), plan.n_wins * done, rng)
    return pace * plan.n_wins * (1 - done)


def _left_by_deals(plan: Plan, book: DealBook, rng: np.random.Generator) -> Floats:
    campaign, cycle = plan.campaign, book.cycle
    today = campaign.date_of(campaign.elapsed)
    before = max(_opened_before(book, campaign), 1e-9)
    planned = max(plan.opened_per_day, 0.1 * before) if plan.opened_per_day > 0 else before
    opened = book.opened_between(campaign.first, today) if campaign.elapsed else 0
    per_day = _gamma_of_two((planned, before), opened, float(campaign.elapsed), rng)
    due = book.expected_wins(campaign.first, today) if campaign.elapsed else 0.0
    shape = CONVERSION_SHAPE
    pace = rng.gamma(shape + len(campaign.day), 1 / (shape + due), N_WORLDS)
    of_open = cycle.wins_of_open(book.open_ages(campaign.date_of(campaign.elapsed + 1)), campaign.days_left)[-1]
    return np.asarray(pace * (of_open + per_day * cycle.wins_of_new(campaign.days_left)[-1]), dtype=np.float64)


def _opened_before(book: DealBook, campaign: Campaign) -> float:
    """Return the deals opened per day in the year before the campaign."""
    starts = np.datetime64(campaign.first, "D")
    earlier = book.opened[(book.opened < starts) & (book.opened >= starts - np.timedelta64(365, "D"))]
    return len(earlier) / max(int((starts - earlier.min()).astype("int64")), 1) if len(earlier) else 0.0


def _gamma_of_two(means: tuple[float, float], n: int, exposure: float, rng: np.random.Generator) -> Floats:
    """Return draws of a Poisson rate after n events in an exposure.

    Before, it is a gamma around the plan or around the year before, one as likely as the other; after, each counts as
    well as it told the n events. A mean of 0 is not known.
    """
    shapes = [shape for shape, mean in zip((PLAN_SHAPE, REFERENCE_SHAPE), means, strict=True) if mean > 0]
    rates = [shape / mean for shape, mean in zip((PLAN_SHAPE, REFERENCE_SHAPE), means, strict=True) if mean > 0]
    told = np.array([nbinom.logpmf(n, a, b / (b + exposure)) for a, b in zip(shapes, rates, strict=True)])
    odds = np.exp(told - told.max())
    chosen = rng.choice(len(shapes), N_WORLDS, p=odds / odds.sum())
    drawn = rng.gamma(np.array(shapes)[chosen] + n, 1 / (np.array(rates)[chosen] + exposure))
    return np.asarray(drawn, dtype=np.float64)


def _mean_sizes(plan: Plan, rng: np.random.Generator) -> Floats:
    """Return draws of this campaign's mean win: the sizes of before, moved by those so far."""
    sizes, so_far = plan.sizes, plan.campaign.amount
    if plan.campaign.is_count:
        return np.ones(N_WORLDS)
    variance = (SIZE_SHIFT if sizes.is_known else _SIZE_SHIFT_UNKNOWN) ** 2
    shift = 0.0
    if len(so_far) and sizes.source != "so far":
        seen = sizes.spread**2 / len(so_far) + 1e-12
        shift = float(np.log(so_far).mean() - np.log(sizes.mean) + sizes.spread**2 / 2) * variance / (variance + seen)
        variance = variance * seen / (variance + seen)
    elif len(so_far):
        variance = sizes.spread**2 / len(so_far)
    # The draws keep the mean: a mean that is not known is not larger for that.
    factor = np.exp(shift + np.sqrt(variance) * rng.standard_normal(N_WORLDS) - variance / 2)
    return np.asarray(sizes.mean * factor, dtype=np.float64)
