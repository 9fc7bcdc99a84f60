"""Put a price on suggestions: successes lost, prospects lost, and whether the goal can be reached with what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Rate
from icp_ml.icp.market import Market
from icp_ml.icp.suggested.front import FrontPoint, front
from icp_ml.icp.suggested.matching import Flags, Matching
from icp_ml.icp.suggested.reach import Means, Reach, means_of, reach
from icp_ml.icp.suggested.suggestions import Suggestion
from icp_ml.icp.words import count_words

NO_PROSPECTS = "No table of prospects was given: what is left of the market is not known."
PRECISION_WITHOUT_VOLUME = "Precision without volume: with this rule too few prospects are left for the goal."
ON_ITS_OWN_CUSTOMERS = (
    "Success shares are of the customers that the rules were chosen on, corrected for having been picked; prospects "
    "are counted, not weighted by how likely they sign."
)


@dataclass(frozen=True)
class Priced:
    """A suggestion with its price.

    Attributes
    ----------
    suggestion : Suggestion
    successes_lost_share : float or None
        Share of the (weighted) successes among customers that meet the profile now that do not meet it afterwards, 0
        to 1; 0 where the change lets accounts in; None when there is no success to lose.
    successes_gained_share : float or None
        Successes that meet it only afterwards, over those that meet it now; may exceed 1.
    market_share : float or None
        Share of the prospects that meet the profile now that meet it afterwards too, 0 to 1; None without prospects
        or where of none of them the answer is known.
    market_gained_share : float or None
        Prospects that meet it only afterwards, over those that meet it now; may exceed 1.
    market_n, market_of_all : int and float, or None
        Prospects that meet it afterwards, and their share of all prospects.
    success_after : Rate
        Of the customers that meet the profile afterwards: plain, so flattered by the choice of the rule.
    goal : Reach
        Whether the goal can be reached with the prospects that are left.
    offered : bool
        False for precision without volume: never among what a review puts first.
    sentence : str
    """

    suggestion: Suggestion
    successes_lost_share: float | None
    successes_gained_share: float | None
    market_share: float | None
    market_gained_share: float | None
    market_n: int | None
    market_of_all: float | None
    success_after: Rate
    goal: Reach
    offered: bool
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the suggestion and its price as a JSON object."""
        document = self.suggestion.as_document()
        extra = [] if self.offered else [PRECISION_WITHOUT_VOLUME]
        return {
            **document,
            "caveats": [*extra, *document["caveats"]],
            "successes_lost_share": self.successes_lost_share,
            "successes_gained_share": self.successes_gained_share,
            "market_share": self.market_share,
            "market_gained_share": self.market_gained_share,
            "market_after": self.market_n,
            "market_of_all": self.market_of_all,
            "success_after": self.success_after.as_document(),
            "goal": self.goal.as_document(),
            "offered": self.offered,
            "price": self.sentence,
        }


@dataclass(frozen=True)
class Prices:
    """All suggestions with their prices, and what can be had.

    Attributes
    ----------
    suggestions : tuple of Priced
        In the order to show them: those that leave enough prospects first, confirmed ones before others, then as found.
    front : tuple of FrontPoint
        The profile as written first.
    as_written : Reach
        Whether the goal can be reached with the profile as it is.
    """

    suggestions: tuple[Priced, ...]
    front: tuple[FrontPoint, ...]
    as_written: Reach

    def as_document(self) -> dict[str, Any]:
        """Return suggestions and front as a JSON object."""
        return {
            "suggestions": [one.as_document() for one in self.suggestions],
            "front": [point.as_document() for point in self.front],
            "as_written": self.as_written.as_document(),
            "front_note": ON_ITS_OWN_CUSTOMERS if len(self.front) > 1 else "",
        }


def price(
    suggestions: Sequence[Suggestion], base: CustomerBase, market: Market | None, milestones: Mapping[str, Any]
) -> Prices:
    """Return every suggestion with its price, in the order to show them, and the Pareto front.

    Parameters
    ----------
    suggestions : sequence of Suggestion
        Of :func:`icp_ml.icp.suggested.suggestions.suggestions`.
    base : CustomerBase
    market : Market or None
        Held against :func:`icp_ml.icp.suggested.suggestions.rules_to_ask`; None: no prospects were given.
    milestones : mapping
        The document of the milestones.
    """
    till = _Till(base, market, means_of(base, milestones))
    priced = [till.priced(one) for one in suggestions]
    ordered = sorted(priced, key=lambda one: (not one.offered, not one.suggestion.found.confirmed))
    return Prices(tuple(ordered), front(till.matching, suggestions), till.reach(till.matching.written))


class _Till:
    """Price one suggestion after another against the same customers and prospects."""

    def __init__(self, base: CustomerBase, market: Market | None, means: Means) -> None:
        self.base, self.market, self.means = base, market, means
        self.matching = Matching(base, market)
        self.inside = self.matching.customers(self.matching.written)
        self.prospects = self.matching.prospects(self.matching.written)

    def priced(self, suggestion: Suggestion) -> Priced:
        after = self.matching.customers(suggestion.profile_after)
        left = self.matching.prospects(suggestion.profile_after)
        goal = self.reach(suggestion.profile_after)
        lost, gained = self._successes(self.inside & ~after), self._successes(~self.inside & after)
        kept, entered = self._prospects_of(left)
        n_left = None if left is None else int(left.sum())
        return Priced(
            suggestion=suggestion,
            successes_lost_share=lost,
            successes_gained_share=gained,
            market_share=kept,
            market_gained_share=entered,
            market_n=n_left,
            market_of_all=None if left is None or not len(left) else float(left.mean()),
            success_after=self.matching.success(after),
            goal=goal,
            offered=not (suggestion.narrows and self._is_too_narrow(goal, n_left)),
            sentence=self._sentence(suggestion, n_left),
        )

    def reach(self, criteria: Sequence[str]) -> Reach:
        left = self.matching.prospects(criteria)
        return reach(self.means, None if left is None else int(left.sum()), self._why_unknown(criteria))

    def _is_too_narrow(self, goal: Reach, n_left: int | None) -> bool:
        """Tell whether a rule leaves too few prospects; where there were none before, no rule is to blame."""
        if self.prospects is None or not self.prospects.any():
            return False
        return goal.too_few or n_left == 0

    def _why_unknown(self, criteria: Sequence[str]) -> str:
        if self.market is None:
            return NO_PROSPECTS
        unknown = self.matching.unknown_to_market(criteria)
        return f"Of no prospect is it known whether {' and '.join(unknown)}: what is left cannot be counted."

    def _successes(self, who: Flags) -> float | None:
        """Return the successes among some customers, over those of the profile as written."""
        now = self._weight(self.inside)
        return float(self._weight(who) / now) if now > 0 else None

    def _weight(self, who: Flags) -> float:
        labels = self.base.labels
        return float(labels.weight[who & (labels.label == 1)].sum())

    def _prospects_of(self, left: Flags | None) -> tuple[float | None, float | None]:
        if left is None or self.prospects is None or not self.prospects.any():
            return None, None
        n_now = int(self.prospects.sum())
        return float((left & self.prospects).sum() / n_now), float((left & ~self.prospects).sum() / n_now)

    def _sentence(self, suggestion: Suggestion, n_left: int | None) -> str:
        return f"{self._of_successes(suggestion)} {self._of_market(suggestion, n_left)}"

    def _of_successes(self, suggestion: Suggestion) -> str:
        """Count successes as they are; the shares of the document are weighted."""
        succeeded = self.base.labels.label == 1
        n_now = int((succeeded & self.inside).sum())
        if not n_now:
            return "No customer that meets the profile is known to have succeeded, so none is lost."
        after = self.matching.customers(suggestion.profile_after)
        n_lost, n_gained = int((succeeded & self.inside & ~after).sum()), int((succeeded & ~self.inside & after).sum())
        if suggestion.narrows:
            return f"It gives up {n_lost:,} of the {n_now:,} known successes of the profile."
        return f"It keeps the {n_now - n_lost:,} known successes of the profile and takes in {n_gained:,} more."

    def _of_market(self, suggestion: Suggestion, n_left: int | None) -> str:
        if n_left is None or self.prospects is None:
            return self._why_unknown([*self.matching.written, *suggestion.profile_after])
        left, now = count_words(n_left, "prospect", "prospects"), int(self.prospects.sum())
        if not now:
            return f"{left} would meet the profile; none does now."
        return f"{left} would meet the profile, {now:,} do now{_unknown(self.market, suggestion)}."


def _unknown(market: Market | None, suggestion: Suggestion) -> str:
    if market is None or suggestion.action == "drop":
        return ""
    n = int(np.sum(market.answers[suggestion.rule] < 0))
    return f" (of {count_words(n, 'prospect', 'prospects')} the answer is not known)" if n else ""
