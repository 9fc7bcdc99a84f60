"""Say what to expect of a query: how many prospects it selects, and how the customers it would have selected did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Contrast, Rate
from icp_ml.icp.export.query import SupplierQuery
from icp_ml.icp.market import Market
from icp_ml.icp.profile import Profile
from icp_ml.icp.words import count_words, difference_words
from icp_ml.model.evaluation.judged import percent
from icp_ml.model.explanation.words import listed
from icp_ml.rules import parse_rule

Flags = npt.NDArray[np.bool_]

_ROUNDING = 0.005
"""A weighted share that is nearer than this to n of m is told as n of m."""


@dataclass(frozen=True, kw_only=True)
class OfProspects:
    """What a query selects among the prospects that are at hand.

    Attributes
    ----------
    n : int
        Prospects that could be on a list: readable, no customers, not excluded.
    selected : int or None
        Of them, those that the query selects; None where a criterion has an answer for none of them.
    whole : int or None
        Of the selected, those that meet the whole profile; None where that cannot be told.
    unknown : int
        Prospects of which a value is missing that could make the query select them.
    in_domain : int or None
        Of the selected, those that are like customers; None without a model.
    probability, probability_all : float or None
        Mean chance of success of those, and of all prospects that are like customers, 0 to 1; None without a model, or
        where its chances are withdrawn.
    unanswered : tuple of str
        Criteria of the profile that have an answer for no prospect.
    """

    n: int
    selected: int | None
    whole: int | None
    unknown: int
    in_domain: int | None
    probability: float | None
    probability_all: float | None
    unanswered: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Return the counts and the chance in words."""
        if self.selected is None:
            return f"How many prospects it selects cannot be told: {self._silent_words()} of {self.n:,}."
        share = f" ({percent(self.selected / self.n)})" if self.n else ""
        counted = f"It selects {self.selected:,} of {count_words(self.n, 'prospect', 'prospects')}{share}"
        missing = f" {self.unknown:,} more could be selected, but a value is missing." if self.unknown else ""
        return f"{counted}; {self._whole_words()}.{missing}{self._chance_words()}"

    def _whole_words(self) -> str:
        if self.whole is None:
            return f"whether these meet the whole profile cannot be told: {self._silent_words()}"
        return f"{self.whole:,} of these meet the whole profile"

    def _silent_words(self) -> str:
        has = "has" if len(self.unanswered) == 1 else "have"
        return f"{listed([f'`{text}`' for text in self.unanswered])} {has} an answer for none"

    def _chance_words(self) -> str:
        if self.probability is None or self.probability_all is None:
            return ""
        return (
            f" The model gives the {self.in_domain:,} of these that are like customers a mean chance of success of "
            f"{percent(self.probability)}, given that they sign; all prospects like customers: "
            f"{percent(self.probability_all)}."
        )

    def as_document(self) -> dict[str, Any]:
        """Return the counts as a JSON object."""
        return {
            "n": self.n,
            "selected": self.selected,
            "whole_profile": self.whole,
            "unknown": self.unknown,
            "in_domain": self.in_domain,
            "probability": self.probability,
            "probability_all": self.probability_all,
            "unanswered": list(self.unanswered),
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class OfCustomers:
    """How the customers did that a query would have selected.

    Attributes
    ----------
    n : int
        Customers.
    selected : int
        Of them, those that the query would have selected.
    success : Contrast
        Success of these against that of the other customers.
    """

    n: int
    selected: int
    success: Contrast

    @property
    def sentence(self) -> str:
        """Return the shares of success in words."""
        inside = self.success.inside
        start = f"It would have selected {self.selected:,} of {count_words(self.n, 'customer', 'customers')}"
        if not inside.n:
            return f"{start}; of none of these the outcome is known."
        told = f"{start}; {_success_words(inside)}"
        against = (
            "" if isnan(self.success.difference) else f"; {difference_words(self.success)} against the other customers"
        )
        return f"{told}{against}. Companies that nobody has asked yet may do otherwise."

    def as_document(self) -> dict[str, Any]:
        """Return the shares as a JSON object; NaN is None."""
        counts = {"n": self.n, "selected": self.selected}
        return counts | self.success.as_document() | {"sentence": self.sentence}


def _success_words(rate: Rate) -> str:
    """Return how many succeeded, and the share that the weights give where it is another one."""
    counted = f"of {rate.n:,} with a known outcome {rate.n_success:,} succeeded"
    ends = f"90 %: {percent(rate.low)} to {percent(rate.high)}"
    if abs(rate.n_success / rate.n - rate.share) < _ROUNDING:
        return f"{counted} ({percent(rate.share)}; {ends})"
    return f"{counted}; {percent(rate.share)}, weighted for those still followed ({ends})"


def rules_to_count(query: SupplierQuery) -> tuple[str, ...]:
    """Return the text of every rule that prospects must be held against to be counted: asked or left out."""
    return tuple(dict.fromkeys([*(one.rule for one in query.asked), *(one.rule for one in query.left_out)]))


def count_prospects(query: SupplierQuery, market: Market) -> OfProspects:
    """Return what a query selects of the prospects.

    Parameters
    ----------
    query : SupplierQuery
    market : Market
        Held against :func:`rules_to_count`.
    """
    asked = [one.rule for one in query.criteria]
    excluded = _any(market, [one.rule for one in query.excluding])
    selected, maybe = _all(market, asked) & ~excluded, _perhaps(market, asked) & ~excluded
    unanswered = _unanswered(market, _texts(query.profile))
    whole = selected & _all(market, _texts(query.profile)) & ~_any(market, _excluding(query))
    like = None if market.contributions is None else selected & market.in_domain
    is_told = not set(asked) & set(unanswered)
    return OfProspects(
        n=len(market),
        selected=int(selected.sum()) if is_told else None,
        whole=None if unanswered else int(whole.sum()),
        unknown=int((maybe & ~selected).sum()),
        in_domain=None if like is None else int(like.sum()),
        probability=None if like is None else _mean(market, like),
        probability_all=None if like is None else _mean(market, market.in_domain),
        unanswered=unanswered,
    )


def count_customers(query: SupplierQuery, base: CustomerBase) -> OfCustomers:
    """Return how the customers did that a query would have selected.

    Notes
    -----
    An exclusion about a column that the customers do not have excludes none of them.
    """
    told = [one.rule for one in query.excluding if _is_told(one.rule, base)]
    excluded = reduce(np.logical_or, map(base.matches, told), np.zeros(len(base), dtype=bool))
    inside = base.matches_all([one.rule for one in query.criteria]) & ~excluded
    return OfCustomers(len(base), int(inside.sum()), base.contrast(inside))


def _is_told(text: str, base: CustomerBase) -> bool:
    return parse_rule(text).columns <= set(base.rule_frame.columns)


def _texts(profile: Profile) -> list[str]:
    return [rule.text for rule in profile.criteria]


def _excluding(query: SupplierQuery) -> list[str]:
    return [one.rule for one in query.excluding] + [one.rule for one in query.left_out if one.role != "criterion"]


def _all(market: Market, texts: Sequence[str]) -> Flags:
    return reduce(np.logical_and, map(market.matches, texts), np.ones(len(market), dtype=bool))


def _any(market: Market, texts: Sequence[str]) -> Flags:
    return reduce(np.logical_or, map(market.matches, texts), np.zeros(len(market), dtype=bool))


def _perhaps(market: Market, texts: Sequence[str]) -> Flags:
    return reduce(np.logical_and, (market.answers[text] != 0 for text in texts), np.ones(len(market), dtype=bool))


def _unanswered(market: Market, texts: Sequence[str]) -> tuple[str, ...]:
    if not len(market):
        return ()
    return tuple(text for text in texts if not (market.answers[text] >= 0).any())


def _mean(market: Market, rows: Flags) -> float | None:
    chance = market.probability
    return None if chance is None or not rows.any() else float(chance[rows].mean())
