"""Count what capabilities and exclusions keep out, and what would open with each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Rate
from icp_ml.icp.market import Market
from icp_ml.icp.profile import Capability
from icp_ml.icp.suggested.matching import Matching
from icp_ml.icp.suggested.reach import wins_so_far
from icp_ml.icp.words import count_words, share_words
from icp_ml.rules import parse_rule

Flags = npt.NDArray[np.bool_]
Kind = Literal["capability", "exclusion", "limit"]

FEWEST_KNOWN = 10
"""Customers of known outcome whose success share may stand for that of prospects where no model tells it."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What one gate, exclusion or limit keeps out.

    Attributes
    ----------
    kind : {"capability", "exclusion", "limit"}
    name : str
    rule : str
        Who needs the capability, or is excluded; empty for a limit.
    customers : int or None
        Customers that the rule holds for; those signed in a period for a limit; None when the table does not tell.
    success : Rate or None
        Of these customers.
    prospects : int or None
        Prospects that the rule holds for; None without a table of them.
    opens : int or None
        Prospects that would meet the profile if the capability were there, and do not now.
    expected_success : float or None
        Mean chance of success of those that are like customers, else the success share of customers who needed it
        and signed all the same, 0 to 1; None when neither is known.
    per_period : float or None
        What a limit allows.
    sentence : str
    """

    kind: Kind
    name: str
    rule: str
    customers: int | None
    sentence: str
    success: Rate | None = None
    prospects: int | None = None
    opens: int | None = None
    expected_success: float | None = None
    per_period: float | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the counts as a JSON object."""
        return {
            "kind": self.kind,
            "name": self.name,
            "rule": self.rule,
            "customers": self.customers,
            "success": None if self.success is None or not self.success.n else self.success.as_document(),
            "prospects": self.prospects,
            "opens": self.opens,
            "expected_success": self.expected_success,
            "per_period": self.per_period,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Openings:
    """What capabilities, exclusions and limits keep out.

    Attributes
    ----------
    rows : tuple of Opening
        Missing capabilities, the one that opens most first; then exclusions and limits as written.
    """

    rows: tuple[Opening, ...]

    def as_document(self) -> list[dict[str, Any]]:
        """Return the rows as JSON objects."""
        return [row.as_document() for row in self.rows]


def openings(base: CustomerBase, market: Market | None) -> Openings:
    """Return what every missing capability, exclusion and delivery limit keeps out.

    Parameters
    ----------
    base : CustomerBase
    market : Market or None
        Held against :func:`icp_ml.icp.suggested.suggestions.rules_to_ask`; None: no prospects were given.
    """
    matching, capabilities = Matching(base, market), base.profile.situation.capabilities
    gates = [_gate(matching, one) for one in capabilities if one.is_missing and one.needs is not None]
    gates.sort(key=lambda row: -(row.opens or 0))
    return Openings((*gates, *_exclusions(base, market), *_limits(base)))


def _gate(matching: Matching, capability: Capability) -> Opening:
    base, market, needs = matching.base, matching.market, capability.needs or ""
    needing = base.matches(needs)
    success = matching.success(needing)
    opened = _opened(matching, capability.name)
    expected, whose = _expected(matching, opened, success)
    prospects = None if market is None else int(market.matches(needs).sum())
    opens = None if opened is None else int(opened.sum())
    told = f"{capability.name}: {count_words(int(needing.sum()), 'customer needs', 'customers need')} it ({needs}"
    told += f"; {share_words(success)})." if success.n else ")."
    if prospects is not None and opens is not None:
        told += f" {count_words(prospects, 'prospect needs', 'prospects need')} it; with it {opens:,} more would meet"
        told += f" the profile{whose}."
    return Opening(
        kind="capability",
        name=capability.name,
        rule=needs,
        customers=int(needing.sum()),
        success=success,
        prospects=prospects,
        opens=opens,
        expected_success=expected,
        sentence=told,
    )


def _opened(matching: Matching, name: str) -> Flags | None:
    with_it = matching.prospects(matching.written, open_gate=name)
    now = matching.prospects(matching.written)
    return None if with_it is None or now is None else with_it & ~now


def _expected(matching: Matching, opened: Flags | None, success: Rate) -> tuple[float | None, str]:
    """Return how many of the opened prospects may succeed, and on whose word; nothing where none is opened."""
    if opened is None or not opened.any() or matching.market is None:
        return None, ""
    probability, alike = matching.market.probability, opened & matching.market.in_domain
    if probability is not None and alike.any():
        expected = float(probability[alike].mean())
        return expected, f", with a mean chance of success of {100 * expected:.0f} % by the model"
    if success.n >= FEWEST_KNOWN:
        return success.share, f"; of customers who needed it {100 * success.share:.0f} % succeeded"
    return None, ", with a chance of success that is not known"


def _exclusions(base: CustomerBase, market: Market | None) -> Iterator[Opening]:
    by_rule = {} if market is None else dict(market.counts.get("excluded_by_rule", {}))
    for text in base.study.exclude:
        is_told = parse_rule(text).columns <= set(base.rule_frame.columns)
        customers = int(base.matches(text).sum()) if is_told else None
        prospects = None if market is None else int(by_rule.get(text, 0))
        parts = [] if customers is None else [count_words(customers, "customer", "customers")]
        parts += [] if prospects is None else [count_words(prospects, "prospect", "prospects")]
        told = f"Excluded where {text}: {' and '.join(parts) or 'not counted'}."
        yield Opening(kind="exclusion", name=text, rule=text, customers=customers, prospects=prospects, sentence=told)


def _limits(base: CustomerBase) -> Iterator[Opening]:
    situation = base.profile.situation
    length = (situation.ends - situation.starts).days + 1
    for one in situation.capabilities:
        if one.per_period is None:
            continue
        signed, told = _signed(base, length), f"{one.name}: {one.per_period:g} per situation of {length} days"
        won = wins_so_far(base)
        if won:
            told += f"; {won:,} won since {situation.starts}"
        if signed is not None:
            word = "more than" if signed > one.per_period else "no more than"
            told += (
                f"; {count_words(signed, 'customer', 'customers')} signed in the last {length} days, {word} it serves"
            )
        yield Opening(
            kind="limit", name=one.name, rule="", customers=signed, per_period=one.per_period, sentence=f"{told}."
        )


def _signed(base: CustomerBase, days: int) -> int | None:
    """Return the customers signed in the last so many days; None where the table has no day of signing."""
    if base.customers.as_of is None:
        return None
    today = np.datetime64(base.today, "D")
    as_of = base.customers.as_of
    return int(((as_of > today - np.timedelta64(days, "D")) & (as_of <= today)).sum())
