"""Hold a goal against what can be delivered in one situation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.milestones.campaign import Campaign
from icp_ml.icp.milestones.plan import Plan


@dataclass(frozen=True)
class Limit:
    """The tightest limit on the number of wins of a situation: a capability with `per_period`.

    Attributes
    ----------
    name : str
        The capability.
    most_wins : float
        Wins that it allows in the whole situation.
    so_far : int
        Wins so far.
    needed : float
        Wins that the goal asks for, at the usual size.
    """

    name: str
    most_wins: float
    so_far: int
    needed: float

    @property
    def is_exceeded(self) -> bool:
        """True when more was won than the limit allows: then it does not limit wins."""
        return self.so_far > self.most_wins

    def as_document(self, capped_share: float | None) -> dict[str, Any]:
        """Return the limit as a JSON object; `capped_share` is the share of futures that meet it."""
        return {
            "name": self.name,
            "most_wins": self.most_wins,
            "so_far": self.so_far,
            "needed": self.needed,
            "capped_share": capped_share,
            "sentence": self._sentence(),
        }

    def _sentence(self) -> str:
        if self.is_exceeded:
            return (
                f"'{self.name}' allows {self.most_wins:,.0f} wins in this situation, and {self.so_far:,} were won: the "
                "limit is not what it says, or customers wait for delivery. The chance of the goal ignores it."
            )
        allows = f"'{self.name}' allows {self.most_wins:,.0f} wins in this situation, {self.so_far:,} of them are used"
        wins = f"{allows}; the goal asks for about {self.needed:,.0f}"
        return f"{wins}: at the usual size of a win it is out of reach." if self.needed > self.most_wins else f"{wins}."


def limit_of(base: CustomerBase, campaign: Campaign, plan: Plan) -> Limit | None:
    """Return the tightest limit; None where there is none, or where wins are not new accounts."""
    if campaign.measure not in ("revenue", "customers") or base.profile.situation.mode != "acquisition":
        return None
    found = [(one.per_period, one.name) for one in base.profile.situation.capabilities if one.per_period is not None]
    if not found:
        return None
    most, name = min(found)
    return Limit(name, most, len(campaign.day), plan.n_wins)
