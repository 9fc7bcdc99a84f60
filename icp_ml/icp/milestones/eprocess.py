"""Weigh the evidence that a goal's wins arrive more slowly than its plan, valid however often one looks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.icp.milestones.plan import Plan

Floats = npt.NDArray[np.float64]
BAR = 20.0
"""Evidence at which a plan is given up: one campaign in twenty on plan ever gets there."""

PACES = np.array([0.05, 0.3, 0.4, 0.5, 0.6])
"""Paces relative to the plan that share the bet equally."""

LARGER = 1.25
"""The evidence holds for campaigns whose mean win is up to so many times that of the year before."""

_BOUND = 0.2
_LARGEST_LOG = 600.0


@dataclass(frozen=True)
class Evidence:
    """Evidence against "at least on plan".

    Attributes
    ----------
    e : float
        Today; 1 says nothing, below 1 speaks for the plan.
    peak : float
        Highest so far.
    crossed_on : date or None
        First day on which it was 20 or more.
    recovered : bool
        The wins of today lie within what nineteen of twenty campaigns on plan have reached by now.
    sentence : str
    """

    e: float
    peak: float
    crossed_on: dt.date | None
    recovered: bool
    sentence: str

    @property
    def crossed(self) -> bool:
        """True when the bar was reached on any day."""
        return self.crossed_on is not None

    @property
    def behind(self) -> bool:
        """True when the bar was reached and the wins have not caught up since: only this may change a verdict."""
        return self.crossed and not self.recovered

    def as_document(self) -> dict[str, Any]:
        """Return the evidence as a JSON object."""
        return {
            "e": self.e,
            "peak": self.peak,
            "bar": BAR,
            "crossed": self.crossed,
            "behind": self.behind,
            "crossed_on": None if self.crossed_on is None else self.crossed_on.isoformat(),
            "sentence": self.sentence,
        }


def evidence_by_day(plan: Plan) -> Floats:
    """Return the evidence at the end of each day up to today, shape (elapsed,).

    Notes
    -----
    Wins of sizes Y that arrive at rate r add up to S(t) with E exp(-h S(t)) = exp(-r t (1 - E exp(-h Y))). On plan
    r E[Y] t is at least the fair path L(t), and k = (1 - E exp(-h Y)) / E[Y] falls when wins of one shape get larger.
    So exp(k L(t) - h S(t)) with k taken at 1.25 times the sizes of the year before cannot be expected to rise while the
    plan holds, and neither can the mean of five of them (h belongs to a pace of .05 to .6 of the plan). By Ville's
    inequality one campaign in twenty on plan ever reaches 20. Where no sizes are known from before, every win is taken
    to be as large as the largest one so far or a fifth of the goal: slow, and valid if none is larger. Where a cycle is
    not known, L is the square of the straight line. The promise needs wins that arrive one by one: several contracts
    that are signed as one are one win.

    References
    ----------
    Howard, Ramdas, McAuliffe & Sekhon (2021), Time-uniform, nonparametric, nonasymptotic confidence sequences, Annals
    of Statistics 49:1055. Ville (1939), Etude critique de la notion de collectif.
    """
    campaign = plan.campaign
    unit, sizes = _unit(plan)
    bets = -np.log(PACES)
    kept = (1 - np.exp(-np.outer(bets, sizes))).mean(1) / sizes.mean()
    due = campaign.need / unit * plan.surely_due[: campaign.elapsed]
    won = np.cumsum(campaign.added())[: campaign.elapsed] / unit
    logs = np.outer(kept, due) - np.outer(bets, won)
    return np.asarray(np.exp(np.minimum(logs, _LARGEST_LOG)).mean(0), dtype=np.float64)


def weigh_evidence(plan: Plan) -> Evidence:
    """Return the evidence against the plan up to today."""
    campaign = plan.campaign
    by_day = evidence_by_day(plan) if campaign.need > 0 else np.ones(campaign.elapsed)
    if not len(by_day):
        return Evidence(1.0, 1.0, None, True, "The situation has not begun: there is no evidence against the plan.")
    over = np.flatnonzero(by_day >= BAR)
    crossed_on = campaign.date_of(int(over[0]) + 1) if len(over) else None
    e, peak = float(by_day[-1]), float(by_day.max())
    reached = float(campaign.added()[: campaign.elapsed].sum())
    recovered = reached >= float(plan.band[0][campaign.elapsed - 1])
    return Evidence(e, peak, crossed_on, recovered, _sentence(e, crossed_on, recovered=recovered))


def _unit(plan: Plan) -> tuple[float, Floats]:
    """Return the money that counts as one, and the sizes of wins in it."""
    sizes, campaign = plan.sizes, plan.campaign
    if campaign.is_count:
        return 1.0, np.ones(1)
    if sizes.is_known:
        return sizes.mean, LARGER * sizes.sample / sizes.mean
    largest = float(campaign.amount.max()) if len(campaign.amount) else 0.0
    return max(largest, _BOUND * campaign.need), np.ones(1)


def _sentence(e: float, crossed_on: dt.date | None, *, recovered: bool) -> str:
    if crossed_on is not None and recovered:
        return (
            f"On {crossed_on.isoformat()} the wins were behind plan beyond chance; they have picked up again and are "
            "back where campaigns on plan are."
        )
    if crossed_on is not None:
        now = "" if e >= BAR else " Since then the wins have picked up again."
        return (
            f"Since {crossed_on.isoformat()} the wins are behind plan beyond chance: fewer than 1 in 20 campaigns on "
            f"plan ever look like this, even if one looks every day.{now}"
        )
    return "So far the wins are no strong evidence of being behind plan, however often one looks."
