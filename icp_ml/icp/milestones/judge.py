"""Judge the goal of a profile: milestones as written, fair path, chance of the goal, evidence against the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.milestones.campaign import Campaign, campaign_of, reference_of
from icp_ml.icp.milestones.chance import Chance, chance_of_goal
from icp_ml.icp.milestones.cycle import DealBook, deal_book
from icp_ml.icp.milestones.delivery import Limit, limit_of
from icp_ml.icp.milestones.eprocess import Evidence, weigh_evidence
from icp_ml.icp.milestones.plan import Plan, plan_of
from icp_ml.icp.milestones.telling import assumptions_of, tell_all, tell_chance, tell_difference
from icp_ml.icp.milestones.words import goal_words
from icp_ml.icp.milestones.written import Written, judge_written


@dataclass(frozen=True, eq=False)
class Milestones:
    """How the goal of a profile stands today.

    Attributes
    ----------
    base : CustomerBase
        Profile, wins and today.
    campaign : Campaign
    plan : Plan
        With the fair path.
    book : DealBook or None
        Deals with their cycle, where ten or more were won.
    written : tuple of Written
        Milestones as written.
    chance : Chance or None
        Of the goal; None without a progress table.
    evidence : Evidence or None
        That wins are behind plan; the only part that may change a verdict. None without a progress table.
    limit : Limit or None
        What can be delivered.
    differ : str
        Where the written milestones, or the straight line, and the evidence say different things; else empty.
    sentence : str
    assumptions : tuple of str
    """

    base: CustomerBase
    campaign: Campaign
    plan: Plan
    book: DealBook | None
    written: tuple[Written, ...]
    chance: Chance | None
    evidence: Evidence | None
    limit: Limit | None
    differ: str
    sentence: str
    assumptions: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        situation = self.base.profile.situation
        chance, limit = self.chance, self.limit
        return {
            "goal": _goal(self),
            "today": self.base.today.isoformat(),
            "starts": situation.starts.isoformat(),
            "ends": situation.ends.isoformat(),
            "elapsed_days": self.campaign.elapsed,
            "length_days": self.campaign.n_days,
            "mode": situation.mode,
            "sentence": self.sentence,
            "written": [one.as_document() for one in self.written],
            "path": _path(self),
            "cycle": _cycle(self.book),
            "chance": None if chance is None else chance.as_document(tell_chance(self.campaign, chance)),
            "eprocess": None if self.evidence is None else self.evidence.as_document(),
            "differ": self.differ,
            "assumptions": list(self.assumptions),
            "capacity": None if limit is None else limit.as_document(None if chance is None else chance.capped_share),
        }


def judge_milestones(base: CustomerBase) -> Milestones:
    """Return how the goal of a base's profile stands on the base's today.

    Parameters
    ----------
    base : CustomerBase
        Names the situation; its progress, deals and customers are the evidence.

    Returns
    -------
    Milestones
        Same base, same digits. Without a progress table there is no chance and no evidence, and the sentence says so.
    """
    campaign = campaign_of(base)
    reference = reference_of(base, campaign)
    book = _book(base, campaign)
    plan = plan_of(campaign, reference, book)
    limit = limit_of(base, campaign, plan)
    written = judge_written(base, campaign)
    chance = evidence = None
    if base.progress is not None:
        most = None if limit is None or limit.is_exceeded else limit.most_wins
        chance = chance_of_goal(plan, reference, book, most_wins=most, seed=base.study.seed)
        evidence = weigh_evidence(plan)
    return Milestones(
        base=base,
        campaign=campaign,
        plan=plan,
        book=book,
        written=written,
        chance=chance,
        evidence=evidence,
        limit=limit,
        differ="" if evidence is None else tell_difference(base, plan, written, evidence),
        sentence=tell_all(base, plan, chance, evidence),
        assumptions=assumptions_of(base, plan, reference, book),
    )


def _book(base: CustomerBase, campaign: Campaign) -> DealBook | None:
    """Return the deals, where wins are won deals."""
    if base.deals is None or base.profile.situation.mode != "acquisition":
        return None
    return deal_book(base.deals, campaign.first, base.today) if campaign.measure in ("revenue", "customers") else None


def _goal(judged: Milestones) -> dict[str, Any]:
    campaign, study = judged.campaign, judged.base.study
    reached = None if judged.base.progress is None else campaign.reached
    return {
        "measure": campaign.measure,
        "target": campaign.target,
        "reached": reached,
        "share": None if reached is None else reached / campaign.target,
        "words": goal_words(study, campaign.measure, campaign.target, campaign.last),
    }


def _path(judged: Milestones) -> list[dict[str, Any]]:
    campaign, plan = judged.campaign, judged.plan
    need, days = max(campaign.need, 0.0), np.arange(1, campaign.n_days + 1)
    low, high = plan.band
    reached = campaign.baseline + np.cumsum(campaign.added())
    is_known = judged.base.progress is not None
    return [
        {
            "day": campaign.date_of(int(day)).isoformat(),
            "straight": campaign.baseline + need * float(day) / campaign.n_days,
            "fair": campaign.baseline + need * float(plan.share[day - 1]),
            "fair_low": campaign.baseline + float(low[day - 1]),
            "fair_high": campaign.baseline + float(high[day - 1]),
            "reached": float(reached[day - 1]) if is_known and day <= campaign.elapsed else None,
        }
        for day in days
    ]


def _cycle(book: DealBook | None) -> dict[str, Any] | None:
    if book is None:
        return None
    cycle = book.cycle
    median, most = cycle.days_until(0.5), cycle.days_until(0.8)
    return {
        "n": cycle.n_won,
        "median_days": median,
        "p80_days": most,
        "n_open": cycle.n_open,
        "sentence": (
            f"Half of the deals that are won are won within {median:,} days, four of five within {most:,} "
            f"({cycle.n_won:,} won deals; {cycle.n_open:,} open ones are counted as open)."
        ),
    }
