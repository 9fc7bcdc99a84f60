"""Say in words how a goal stands, where two ways to judge it part, and what was taken for granted."""

from __future__ import annotations

import numpy as np

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.milestones.campaign import Campaign, Reference
from icp_ml.icp.milestones.chance import Chance
from icp_ml.icp.milestones.cycle import DealBook
from icp_ml.icp.milestones.eprocess import Evidence
from icp_ml.icp.milestones.plan import Plan
from icp_ml.icp.milestones.words import about, amount_words, chance_words, goal_words, share_of_campaigns
from icp_ml.icp.milestones.written import Written

_LATE = "Only wins that come even later than with the longest cycles are called behind plan."
_RARE, _MOSTLY = 0.1, 0.5
_SLOW = (
    "Sizes of earlier wins are not known, so wins behind plan are told late or not at all: name the value of deals in "
    "the study, or keep the wins of the year before in the progress table."
)


def tell_chance(campaign: Campaign, chance: Chance) -> str:
    """Return the chance of the goal in words."""
    if campaign.missing <= 0:
        return "The goal is reached."
    if campaign.days_left == 0:
        return "The time is over, and the goal was not reached."
    low, high = chance_words(chance.low), chance_words(chance.high)
    between = "" if low == high else f"; what is not known of pace and size of the wins leaves {low} to {high} open"
    limit = " A limit of what can be delivered keeps it down." if chance.capped_share > _MOSTLY else ""
    return (
        f"The chance to reach the goal in the {campaign.days_left:,} days left is {about(chance.value)}{between}."
        f"{limit} This is information, not a verdict: on plan it is about even."
    )


def tell_all(base: CustomerBase, plan: Plan, chance: Chance | None, evidence: Evidence | None) -> str:
    """Return how the goal stands, in the words of the first screen."""
    campaign = plan.campaign
    goal = goal_words(base.study, campaign.measure, campaign.target, campaign.last)
    if chance is None or evidence is None:
        step = "name a table of wins under 'progress' in the profile"
        return f"The goal is {goal}. Nothing is known of what was won so far: {step}."
    if not campaign.elapsed:
        return f"The goal is {goal}. The situation begins on {campaign.first.isoformat()}."
    reached = amount_words(base.study, campaign.measure, campaign.reached)
    so_far = f"Day {campaign.elapsed:,} of {campaign.n_days:,}: {reached} of the goal, {goal}."
    if campaign.missing <= 0:
        return f"{so_far} The goal is reached."
    if campaign.days_left == 0:
        return f"{so_far} The goal was not reached. {evidence.sentence}"
    fair = campaign.baseline + campaign.need * float(plan.share[campaign.elapsed - 1])
    low, high = (campaign.baseline + float(end[campaign.elapsed - 1]) for end in plan.band)
    return (
        f"{so_far} A campaign on plan would be at about {fair:,.0f} by now ({low:,.0f} to {high:,.0f}). The chance to "
        f"reach the goal is {about(chance.value)}. {evidence.sentence}"
    )


def tell_difference(base: CustomerBase, plan: Plan, written: tuple[Written, ...], evidence: Evidence) -> str:
    """Say where the written milestones, or the straight line without any, and the evidence part."""
    due = [one for one in written if one.measure == "goal" and one.state in ("met", "missed")]
    missed = [one for one in due if one.state == "missed"]
    if evidence.behind:
        if due and not missed:
            return "The written milestones are met, yet the wins are behind plan: the milestones ask for too little."
        return ""
    if missed:
        last = missed[-1]
        behind, number = f"The milestone of {last.on} was missed", _day_number(plan.campaign, last.on)
        return _as_low(plan, behind, number, (last.reached or 0.0) - plan.campaign.baseline)
    campaign = plan.campaign
    straight = campaign.need * campaign.elapsed / campaign.n_days
    amount = campaign.reached - campaign.baseline
    if due or not campaign.elapsed or not campaign.days_left or amount >= straight:
        return ""
    at = amount_words(base.study, campaign.measure, campaign.baseline + straight)
    return _as_low(plan, f"The wins are behind the straight line, which is at {at} today", campaign.elapsed, amount)


def _day_number(campaign: Campaign, day: str) -> int:
    days = (np.datetime64(day, "D") - np.datetime64(campaign.first, "D")).astype("int64") + 1
    return int(np.clip(days, 1, campaign.n_days))


def _as_low(plan: Plan, behind: str, number: int, amount: float) -> str:
    share = plan.share_as_low(number, amount)
    if np.isnan(share):
        return f"{behind}, and that alone does not show that the campaign is behind its plan."
    joined = "yet" if share >= _RARE else "and only" if share >= 0.005 else "and"
    return (
        f"{behind}, {joined} {share_of_campaigns(share)} campaigns that reach such a goal had no more by that day. The "
        "chance of the goal knows that; a look at one day changes no verdict."
    )


def assumptions_of(base: CustomerBase, plan: Plan, reference: Reference, book: DealBook | None) -> tuple[str, ...]:
    """Return what was taken for granted, most important first."""
    return (*_of_path(base, book), *_of_sizes(base, plan, reference), *_of_pace(reference, plan), *_of_window(base))


def _of_path(base: CustomerBase, book: DealBook | None) -> list[str]:
    if base.profile.situation.mode == "customer_success":
        return ["Judged after signing, where there is no sales cycle: the fair path is the straight line."]
    if base.deals is None:
        return [f"There is no table of deals: the sales cycle is not known and the path is the straight line. {_LATE}"]
    if book is None:
        return [f"No sales cycle could be learnt for this goal: the fair path is the straight line. {_LATE}"]
    learnt = "known before the situation began" if book.is_known_before else "of the situation itself, too few before"
    return [
        f"The fair path assumes the sales cycle of the deals {learnt}, new deals at an even rate from the first day, "
        "and the usual chances for deals that were open on it."
    ]


def _of_sizes(base: CustomerBase, plan: Plan, reference: Reference) -> list[str]:
    sizes, mean = plan.sizes, amount_words(base.study, plan.campaign.measure, plan.sizes.mean)
    if sizes.source == "before":
        n = len(sizes.sample)
        return [f"A win is as large as in the year before: {mean} on average of {n:,} wins in {reference.source}."]
    if sizes.source == "so far":
        return [f"A win is as large as those so far, {mean} on average. {_SLOW}"]
    if sizes.source == "assumed":
        return [f"A win is taken to be a tenth of the goal, {mean}: too few wins are known to tell. {_SLOW}"]
    return []


def _of_pace(reference: Reference, plan: Plan) -> list[str]:
    if not reference.n_wins:
        return ["Nothing is known of the year before: until wins come in, the pace is taken from the plan alone."]
    usual = reference.per_day * plan.campaign.n_days
    return [
        f"Last year's pace, {usual:,.0f} wins in such a timeframe by {reference.source}, and the plan's, "
        f"{plan.n_wins:,.0f}, are taken to be equally likely before the first win."
    ]


def _of_window(base: CustomerBase) -> list[str]:
    found = ["Wins arrive one by one; several contracts signed as one are one win."]
    if base.profile.situation.baseline is None:
        return found
    on = base.profile.baseline.on.isoformat()
    return [*found, f"The baseline is what was there at the end of {on}; wins after it count."]
