"""Score the chances that reviews gave to goals, against whether the goals were reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.ledger.chain import Entry, Ledger
from icp_ml.icp.ledger.scored import Scored
from icp_ml.icp.milestones.words import chance_words


@dataclass(frozen=True)
class Quarter:
    """How good the chances were that one calendar quarter's reviews gave.

    Attributes
    ----------
    quarter : str
        Such as ``"2026 Q2"``: of the day a chance was stated.
    n : int
        Chances whose goal is decided by now.
    brier : float
        Mean squared distance between chance and outcome, 0 to 1; 0 is perfect, .25 is what a coin gets.
    baseline : float
        The same for always saying how often goals were reached before: (1 + reached) / (2 + decided), over the goals
        of this ledger that had ended when the chance was stated; .5 while there is none.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability, Monthly Weather Review 78:1.
    """

    quarter: str
    n: int
    brier: float
    baseline: float

    def as_document(self) -> dict[str, Any]:
        """Return the quarter as a JSON object."""
        return {"quarter": self.quarter, "n": self.n, "brier": self.brier, "baseline": self.baseline}


@dataclass(frozen=True)
class _Outcome:
    reached: bool | None
    why: str


def score_goals(ledger: Ledger, base: CustomerBase) -> tuple[tuple[Scored, ...], tuple[Quarter, ...]]:
    """Return every chance of a goal with what became of the goal, and the Brier score by quarter.

    A goal counts as reached as soon as it is, as missed only when its situation has ended. A chance that was given when
    the goal was reached already, or its time over, was no prediction and is not scored.
    """
    given = ledger.of_kind("hypothesis")
    outcomes = {str(one["id"]): _outcome(one, ledger, base) for one in given}
    chances = [one for one in given if _was_open(one, ledger)]
    scored = tuple(_scored(one, outcomes[one["id"]]) for one in chances)
    return scored, _quarters(chances, given, outcomes)


def _was_open(stated: Entry, ledger: Ledger) -> bool:
    """Tell whether a goal was undecided on the day its chance was given."""
    day, target = str(stated["stated_on"]), float(stated["goal"]["target"])
    reported = (
        float(one["reached"])
        for one in ledger.of_kind("review")
        if one.get("goal") == stated["id"] and one.get("reached") is not None and str(one["stated_on"]) <= day
    )
    return day < str(stated["ends"]) and max(reported, default=0.0) < target


def _outcome(stated: Entry, ledger: Ledger, base: CustomerBase) -> _Outcome:
    target, ends = float(stated["goal"]["target"]), str(stated["ends"])
    reported = [
        (str(one["stated_on"]), float(one["reached"]))
        for one in ledger.of_kind("review")
        if one.get("goal") == stated["id"] and one.get("reached") is not None
    ]
    counted = _counted(stated, base)
    in_time = [reached for day, reached in reported if day <= ends] + ([] if counted is None else [counted])
    if in_time and max(in_time) >= target:
        return _Outcome(True, "it was reached")
    if base.today.isoformat() < ends:
        return _Outcome(None, f"open until {ends}")
    at_end = [reached for day, reached in reported if day >= ends]
    if counted is not None and counted >= max((reached for _, reached in reported), default=0.0):
        at_end.append(counted)
    if not at_end:
        return _Outcome(None, "its time is over, and no table of progress says what was reached")
    return _Outcome(max(at_end) >= target, f"it was not reached ({max(at_end):,.0f} of {target:,.0f})")


def _counted(stated: Entry, base: CustomerBase) -> float | None:
    """Count what the profile's table of progress adds up to inside the situation of an earlier prediction."""
    measure = base.profile.situation.goal.measure
    now = measure if isinstance(measure, str) else measure.column
    if base.progress is None or now != stated["goal"]["measure"]:
        return None
    value, since = _baseline(stated)
    days = base.progress.day
    inside = (days >= since) & (days <= np.datetime64(stated["ends"], "D"))
    return value + float(base.progress.amount[inside].sum())


def _baseline(stated: Entry) -> tuple[float, np.datetime64]:
    """Return what there was at the end of a day, and the day after; without one, 0 on the first day."""
    value, on = float(stated["baseline"]["value"]), str(stated["baseline"]["on"])
    is_default = value == 0.0 and on == stated["starts"]
    return value, np.datetime64(on, "D") + np.timedelta64(0 if is_default else 1, "D")


def _scored(stated: Entry, outcome: _Outcome) -> Scored:
    chance, goal = float(stated["prediction"]), stated["goal"]
    words = goal.get("words") or f"{goal['target']:,.0f} {goal['measure']}"
    state = "open"
    if outcome.reached is not None:
        state = "held" if (chance >= 0.5) == outcome.reached else "did not hold"
    said = f"the chance of the goal ({words} by {stated['ends']}) was put at {chance_words(chance)}"
    sentence = f"On {stated['stated_on']} {said}: {outcome.why}."
    observed = None if outcome.reached is None else float(outcome.reached)
    return Scored(str(stated["id"]), "goal", str(stated["stated_on"]), chance, observed, state, sentence)


def _quarters(
    chances: Sequence[Entry], given: Sequence[Entry], outcomes: Mapping[str, _Outcome]
) -> tuple[Quarter, ...]:
    errors: dict[str, list[tuple[float, float]]] = {}
    for one in chances:
        reached = outcomes[one["id"]].reached
        if reached is not None:
            usual = _usual(str(one["stated_on"]), given, outcomes)
            pair = ((float(one["prediction"]) - reached) ** 2, (usual - reached) ** 2)
            errors.setdefault(_quarter(str(one["stated_on"])), []).append(pair)
    means = {quarter: np.mean(pairs, axis=0).tolist() for quarter, pairs in sorted(errors.items())}
    return tuple(Quarter(quarter, len(errors[quarter]), *mean) for quarter, mean in means.items())


def _usual(day: str, chances: Sequence[Entry], outcomes: Mapping[str, _Outcome]) -> float:
    """Return how often goals were reached that had ended before a day, drawn towards one half."""
    ended = {one["id"]: outcomes[one["id"]].reached for one in chances if str(one["ends"]) < day}
    decided = [reached for reached in ended.values() if reached is not None]
    return (1 + sum(decided)) / (2 + len(decided))


def _quarter(day: str) -> str:
    return f"{day[:4]} Q{(int(day[5:7]) + 2) // 3}"
