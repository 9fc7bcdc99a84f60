"""What the comparison of a situation with the time before it found, as data and in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

from icp_ml.icp.tactics.window import Window
from icp_ml.model.evaluation.judged import percent

Says = Literal["profile", "tactics", "neither", "cannot tell"]
TOGETHER = "reach and conversion"
"""Stage of studies without deals: customers signed."""
OF_TACTICS = ("reach", "conversion", TOGETHER)


@dataclass(frozen=True)
class StageRow:
    """One stage of one fit tier, now against the reference period.

    Attributes
    ----------
    tier, stage : str
    now, reference : float
        Deals opened (or customers signed) per 30 days; share of deals won; share of success, both 0 to 1; mean value of
        a win.
    ratio, low, high : float
        now over reference with its 90 % interval (bootstrap); 1 is no change; NaN where the reference is 0.
    n_now, n_reference : int
        Deals or customers it rests on.
    days : int or None
        Age in days that conversion and success are told at, the same in both periods.
    effect : float or None
        Change of the goal per 30 days that goes with it; of success, what is won now and will not stay. None where the
        goal is not made of these stages.
    is_loss : bool
        It fell, also after counting everything that was compared (Holm, .05 one-sided over all rows).
    """

    tier: str
    stage: str
    now: float
    reference: float
    ratio: float
    low: float
    high: float
    n_now: int
    n_reference: int
    days: int | None = None
    effect: float | None = None
    is_loss: bool = False

    def as_document(self) -> dict[str, Any]:
        """Return the row as a JSON object; NaN is None."""
        numbers = ("now", "reference", "ratio", "low", "high")
        known = {name: None if isnan(getattr(self, name)) else float(getattr(self, name)) for name in numbers}
        rest = ("n_now", "n_reference", "days", "effect", "is_loss")
        return {"stage": self.stage, **known, **{name: getattr(self, name) for name in rest}}

    @property
    def sentence(self) -> str:
        """What changed, by how much, and how sure it is."""
        change = f"ratio {self.ratio:.2f}, 90 %: {self.low:.2f} to {self.high:.2f}"
        return f"{_WHO.get(self.tier, self.tier)}: {_MEASURES[self.stage](self)} ({change})"


def _pace(what: str, row: StageRow) -> str:
    return f"{row.now:.0f} {what} per 30 days, against {row.reference:.0f} before"


def _share(what: str, row: StageRow) -> str:
    return f"{percent(row.now)} {what}, against {percent(row.reference)} before"


_WHO = {
    "all criteria": "accounts that meet all criteria",
    "all but one": "accounts that meet all criteria but one",
    "fewer": "accounts that miss two criteria or more",
}
_MEASURES: dict[str, Callable[[StageRow], str]] = {
    "reach": lambda row: _pace("deals opened", row),
    TOGETHER: lambda row: _pace("customers signed", row),
    "conversion": lambda row: _share(f"of deals won within {row.days} days", row),
    "success": lambda row: _share(f"successful after {row.days} days", row),
    "value": lambda row: f"{row.now:,.0f} per win, against {row.reference:,.0f} before",
}


@dataclass(frozen=True)
class Tactics:
    """Whether it is the profile or the tactics.

    Attributes
    ----------
    says : {"profile", "tactics", "neither", "cannot tell"}
    sentence : str
    period, reference : Window
        The situation so far, and what it is compared with.
    rows : tuple of StageRow
    largest : StageRow or None
        The loss that costs most, among those that chance does not explain.
    notes : tuple of str
        Assumptions, and what could not be measured.
    """

    says: Says
    sentence: str
    period: Window
    reference: Window
    rows: tuple[StageRow, ...] = ()
    largest: StageRow | None = None
    notes: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        names = dict.fromkeys(row.tier for row in self.rows)
        tiers = [{"tier": name, "rows": [row.as_document() for row in self.rows if row.tier == name]} for name in names]
        return {
            "sentence": self.sentence,
            "period": self.period.as_document(),
            "reference": self.reference.as_document(),
            "tiers": tiers,
            "largest_loss": self._largest(),
            "says": self.says,
            "notes": list(self.notes),
        }

    def _largest(self) -> dict[str, Any] | None:
        row = self.largest
        if row is None:
            return None
        numbers = {"ratio": row.ratio, "low": row.low, "high": row.high}
        return {"tier": row.tier, "stage": row.stage, **numbers, "sentence": row.sentence}
