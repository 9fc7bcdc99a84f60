"""Judge the milestones as they are written: met, missed, still open, or not measured."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.milestones.campaign import Campaign
from icp_ml.icp.milestones.words import amount_words, day_words
from icp_ml.icp.profile import Milestone
from icp_ml.model.evaluation.leading import read_signal

State = Literal["met", "missed", "still open", "not measured"]


@dataclass(frozen=True)
class Written:
    """A milestone as written, and how it stands.

    Attributes
    ----------
    on : str
        Day by which it is due.
    measure : str
        ``goal``, ``meetings``, ``trials`` or ``onboarded``.
    at_least : float
    reached : float or None
        By its day, or by today where that is earlier; None when it is not measured.
    state : {"met", "missed", "still open", "not measured"}
    sentence : str
    """

    on: str
    measure: str
    at_least: float
    reached: float | None
    state: State
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the milestone as a JSON object."""
        return asdict(self)


def judge_written(base: CustomerBase, campaign: Campaign) -> tuple[Written, ...]:
    """Return every milestone of the profile, in the order of the file."""
    return tuple(_judged(base, campaign, one) for one in base.profile.situation.milestones)


def _judged(base: CustomerBase, campaign: Campaign, milestone: Milestone) -> Written:
    reached = _reached(base, campaign, milestone)
    on, asked = milestone.on.isoformat(), milestone.at_least
    if reached is None:
        state: State = "not measured"
        subject = "the goal is" if milestone.measure == "goal" else f"'{milestone.measure}' is"
        sentence = f"{day_words(milestone.on)}: {subject} not measured. {_next_step(milestone.measure)}"
        return Written(on, milestone.measure, asked, None, state, sentence)
    state = "met" if reached >= asked else "missed" if milestone.on <= base.today else "still open"
    if milestone.measure == "goal":
        words, counted = amount_words(base.study, campaign.measure, asked), ""
    else:
        words, counted = f"{asked:,.0f}", f" {milestone.measure}"
    when = "" if milestone.on <= base.today else " so far"
    sentence = f"{day_words(milestone.on)}: {reached:,.0f} of {words}{counted}{when}: {state}."
    return Written(on, milestone.measure, asked, reached, state, sentence)


def _reached(base: CustomerBase, campaign: Campaign, milestone: Milestone) -> float | None:
    until = min(milestone.on, base.today)
    progress = base.progress
    if milestone.measure == "goal":
        return None if progress is None else campaign.won_by(until)
    if progress is not None and milestone.measure in progress.counts:
        first, last = np.datetime64(base.profile.situation.starts, "D"), np.datetime64(until, "D")
        inside = (progress.day >= first) & (progress.day <= last)
        return float(np.nansum(progress.counts[milestone.measure][inside]))
    return _onboarded(base, until) if milestone.measure == "onboarded" else None


def _onboarded(base: CustomerBase, until: dt.date) -> float | None:
    """Return how many customers, signed since the start, show the study's early signal."""
    spec, customers = base.study.leading_outcome, base.customers
    if spec is None or customers.as_of is None or spec.column not in customers.others:
        return None
    cells = [cell if isinstance(cell, str) else None for cell in customers.others[spec.column]]
    yes = read_signal(spec, cells, None).value == 1
    first, last = np.datetime64(base.profile.situation.starts, "D"), np.datetime64(until, "D")
    return float((yes & (customers.as_of >= first) & (customers.as_of <= last)).sum())


def _next_step(measure: str) -> str:
    if measure == "goal":
        return "Name a table of wins under 'progress' in the profile."
    column = f"Add a column '{measure}' to the progress table"
    return f"{column}, or name a 'leading_outcome' in the study." if measure == "onboarded" else f"{column}."
