"""What a campaign on plan looks like: how large a win is, the fair path to the goal, and campaigns drawn from both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from icp_ml.icp.milestones.campaign import MIN_REFERENCE, Campaign, Reference
from icp_ml.icp.milestones.cycle import DealBook

Floats = npt.NDArray[np.float64]
N_DRAWN = 4000
"""Campaigns drawn from the plan."""

PLAN_SHAPE = 4.0
"""Shape of the gamma law of what a campaign brings, relative to its plan: standard deviation one half."""

_FEW_SIZES, _WINS_ASSUMED, _SPREAD_ASSUMED = 5, 10, 0.5


@dataclass(frozen=True, eq=False)
class Sizes:
    """How much a win adds to the goal.

    Attributes
    ----------
    sample : ndarray of float, shape (n,)
        Earlier wins; a single 1 where every win adds 1; empty where nothing is known of before the campaign.
    mean : float
        Of the sample, else of the wins so far, else assumed.
    spread : float
        Standard deviation of the logarithm; 0 where every win adds the same.
    source : {"count", "before", "so far", "assumed"}
    """

    sample: Floats
    mean: float
    spread: float
    source: str

    @property
    def is_known(self) -> bool:
        """True where sizes were known before the campaign."""
        return len(self.sample) > 0

    def total(self, n_wins: npt.NDArray[np.int64], rng: np.random.Generator, mean: Floats | float = 0.0) -> Floats:
        """Return draws of what so many wins add up to, log-normal with the mean and variance of the sum.

        References
        ----------
        Fenton (1960), The sum of log-normal probability distributions in scatter transmission systems, IRE
        Transactions on Communications Systems 8:57.
        """
        mean = np.where(np.asarray(mean) > 0, mean, self.mean)
        wins = np.maximum(n_wins, 1)
        variance = np.log1p(np.expm1(self.spread**2) / wins)
        factor = np.exp(np.sqrt(variance) * rng.standard_normal(n_wins.shape) - variance / 2)
        return np.asarray(np.where(n_wins > 0, n_wins * mean * factor, 0.0))


def sizes_of(campaign: Campaign, reference: Reference) -> Sizes:
    """Return how large a win is: as in the year before, else as so far, else a tenth of the goal."""
    if campaign.is_count:
        return Sizes(np.ones(1), 1.0, 0.0, "count")
    before, so_far = reference.sizes, campaign.amount
    if len(before) >= MIN_REFERENCE:
        return Sizes(before, float(before.mean()), _log_spread(before), "before")
    if len(so_far) >= _FEW_SIZES:
        return Sizes(np.empty(0), float(so_far.mean()), _log_spread(so_far), "so far")
    return Sizes(np.empty(0), campaign.target / _WINS_ASSUMED, _SPREAD_ASSUMED, "assumed")


def _log_spread(sizes: Floats) -> float:
    return float(np.log(sizes).std(ddof=1))


@dataclass(frozen=True, eq=False)
class Plan:
    """The goal as an arrival of wins.

    Attributes
    ----------
    campaign : Campaign
    sizes : Sizes
    share : ndarray of float, shape (n_days,)
        Share of what had to be won that is due by the end of each day on the fair path; rises to 1.
    opened_per_day : float
        Deals to be opened every day, at the usual chance to win; NaN without deals.
    is_straight : bool
        There is no cycle to bend the path.
    """

    campaign: Campaign
    sizes: Sizes
    share: Floats
    opened_per_day: float
    is_straight: bool

    @property
    def n_wins(self) -> float:
        """Wins that the goal asks for."""
        return max(self.campaign.need, 0.0) / self.sizes.mean

    @property
    def surely_due(self) -> Floats:
        """Share due by the end of each day that evidence may count on, shape (n_days,).

        The fair path; where wins have a cycle that is not known, the square of the straight line: the path of even work
        whose wins take up to the whole situation.
        """
        return self.share**2 if self.is_straight and self.campaign.has_cycle else self.share

    def drawn(self, rng: np.random.Generator, shape: float | None = None) -> Floats:
        """Return campaigns as the plan has them, shape (4000, n_days): what each added by the end of each day.

        Parameters
        ----------
        rng : Generator
        shape : float, optional
            Of the gamma law of what a campaign brings relative to its plan; by default every one is on plan.
        """
        pace = np.ones(N_DRAWN) if shape is None else rng.gamma(shape, 1 / shape, N_DRAWN)
        daily = np.diff(self.share, prepend=0.0) * self.n_wins
        wins = rng.poisson(pace[:, None] * daily[None, :])
        return np.cumsum(self.sizes.total(wins, rng), axis=1)

    @cached_property
    def band(self) -> tuple[Floats, Floats]:
        """The range, shape (n_days,) each, that holds 90 % of the campaigns on plan on each day, above the baseline."""
        drawn = self.drawn(np.random.default_rng(0))
        low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
        return low, high

    @cached_property
    def reaching(self) -> Floats:
        """Drawn campaigns that reach the goal, shape (n, n_days), of plans that came true more or less."""
        drawn = self.drawn(np.random.default_rng(1), PLAN_SHAPE)
        return drawn[drawn[:, -1] >= self.campaign.need]

    def share_as_low(self, day: int, amount: float) -> float:
        """Return which share of the campaigns that reach the goal had no more than an amount by a day; NaN if none."""
        reaching = self.reaching
        return float((reaching[:, day - 1] <= amount).mean()) if len(reaching) else float("nan")


def plan_of(campaign: Campaign, reference: Reference, book: DealBook | None) -> Plan:
    """Return the plan of a campaign.

    Notes
    -----
    With deals: those that were open when it began close at the usual chances for their age, and new ones are opened at
    an even rate, the one at which both together bring the goal on the last day. The path is never ahead of the
    straight line: nobody is behind for want of a head start. A situation shorter than any cycle has a straight path.
    """
    sizes = sizes_of(campaign, reference)
    straight = np.arange(1, campaign.n_days + 1) / campaign.n_days
    if book is None:
        return Plan(campaign, sizes, straight, float("nan"), True)
    of_open = book.cycle.wins_of_open(book.open_ages(campaign.first), campaign.n_days)
    of_new = book.cycle.wins_of_new(campaign.n_days)
    missing = max(campaign.need / sizes.mean - of_open[-1], 0.0)
    per_day = missing / of_new[-1] if of_new[-1] > 0 else 0.0
    expected = of_open + per_day * of_new
    if expected[-1] <= 0:
        return Plan(campaign, sizes, straight, float("nan"), True)
    return Plan(campaign, sizes, np.minimum(expected / expected[-1], straight), per_day, False)
