"""Tell how much of the market a profile covers: by tier, who is a customer, who was worked, who is untouched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.market import Market
from icp_ml.icp.suggested.matching import Matching
from icp_ml.icp.tactics.tiers import NAMES
from icp_ml.icp.words import count_words
from icp_ml.model.evaluation.judged import percent

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CoveredTier:
    """One tier of the market.

    Attributes
    ----------
    tier : str
        How many criteria its accounts meet: "all criteria", "all but one", "fewer".
    universe : int
        Accounts of the whole market, prospects and customers.
    customers : int
        Customers, of today and former ones.
    prospects : int
        Prospects.
    worked : int or None
        Prospects that somebody worked: with a status or a deal; None where nothing tells.
    still_open : int
        Of them, those with a deal that is neither won nor lost yet; 0 where no deals tell.
    """

    tier: str
    universe: int
    customers: int
    prospects: int
    worked: int | None
    still_open: int = 0

    @property
    def n(self) -> int:
        """Accounts of the tier."""
        return self.customers + self.prospects

    @property
    def untouched(self) -> int | None:
        """Prospects that nobody worked; None where nothing tells."""
        return None if self.worked is None else self.prospects - self.worked

    @property
    def sentence(self) -> str:
        """Return the counts in words."""
        start = f"{self.tier}: {self.n:,} of {count_words(self.universe, 'account', 'accounts')}"
        parts = [f"{start} ({percent(self.n / self.universe)})" if self.universe else start]
        if self.n:
            told = [("customers", self.customers), ("worked", self.worked), ("untouched", self.untouched)]
            parts += [f"{n:,} {name} ({percent(n / self.n)})" for name, n in told if n is not None]
        return f"{', '.join(parts)}."

    def as_document(self) -> dict[str, Any]:
        """Return counts and shares as a JSON object; shares of customers, worked and untouched are of the tier."""
        counts = {"customers": self.customers, "worked": self.worked, "untouched": self.untouched}
        shares = {f"{name}_share": _share(n, self.n) for name, n in counts.items()}
        return {
            "tier": self.tier,
            "n": self.n,
            "share": _share(self.n, self.universe),
            **counts,
            **shares,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Coverage:
    """How much of the market a profile covers.

    Attributes
    ----------
    rows : tuple of CoveredTier
        From all criteria to fewer; every account is in one.
    notes : tuple of str
        How to read it, and what cannot be told.
    """

    rows: tuple[CoveredTier, ...]
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Return the tier that meets every criterion in words."""
        best = self.rows[0]
        start = f"{best.n:,} of {count_words(best.universe, 'account', 'accounts')} meet all criteria"
        if not best.n:
            return f"{start}."
        told = f"{start}: {count_words(best.customers, 'is or was a customer', 'are or were customers')}"
        if best.worked is None:
            return f"{told}; who of the other {best.prospects:,} was worked cannot be told."
        worked = f"{count_words(best.worked, 'was worked', 'were worked')} without becoming one"
        worked += f" ({best.still_open:,} with a deal still open)" if best.still_open else ""
        return f"{told}, {worked}, {count_words(best.untouched or 0, 'is', 'are')} untouched."

    def as_document(self) -> dict[str, Any]:
        """Return the table as a JSON object."""
        return {
            "sentence": self.sentence,
            "universe": self.rows[0].universe,
            "rows": [row.as_document() for row in self.rows],
            "notes": list(self.notes),
        }


def coverage(base: CustomerBase, market: Market) -> Coverage:
    """Return how much of the market each tier of a profile holds, and how much of it was worked.

    Parameters
    ----------
    base : CustomerBase
        Its customers are a part of the market; its deals tell who was worked.
    market : Market
        Prospects, held against the criteria and the needs of missing capabilities; those that are excluded or refused
        are not in it.

    Returns
    -------
    Coverage
        Counts add up: every account is in one tier, and there a customer, worked or untouched.

    Notes
    -----
    A prospect was worked when the study's status names it (pipeline, trial lost, or another state), or when it has a
    deal. As in the tactics of a review, a missing capability counts as a criterion that accounts which need it miss,
    and a criterion without an answer for any prospect is left out for everybody.
    """
    matching, worked = Matching(base, market), _worked(base, market)
    still_open = _dealt(market, _accounts_with_deals(base, only_open=True))
    written = (*matching.written, *matching.gates.values())
    silent = matching.unknown_to_market(written)
    of_customers = _tier(matching, silent, len(base), base.matches)
    of_prospects = _tier(matching, silent, len(market), market.matches)
    universe = len(base) + len(market)
    rows = []
    for at, name in enumerate(NAMES):
        inside = of_prospects == at
        n_worked = None if worked is None else int((worked & inside).sum())
        n_customers, n_open = int((of_customers == at).sum()), int((still_open & inside).sum())
        rows.append(CoveredTier(name, universe, n_customers, int(inside.sum()), n_worked, n_open))
    return Coverage(tuple(rows), tuple(_notes(base, market, silent)))


def _tier(matching: Matching, silent: tuple[str, ...], n: int, matches: Callable[[str], Flags]) -> Ints:
    """Return the position in ``NAMES`` of every account of a table."""
    missed = [~matches(text) for text in matching.written if text not in silent]
    missed += [matches(text) for text in matching.gates.values() if text not in silent]
    misses: Ints = np.sum([np.zeros(n, dtype=bool), *missed], axis=0, dtype=np.int64)
    return np.minimum(misses, len(NAMES) - 1)


def _worked(base: CustomerBase, market: Market) -> Flags | None:
    """Return which prospects somebody worked; None where neither a status nor deals tell."""
    dealt = _accounts_with_deals(base)
    if market.status is None and dealt is None:
        return None
    worked = np.zeros(len(market), dtype=bool)
    if market.status is not None:
        worked |= np.array([state is not None for state in market.status], dtype=bool)
    return worked | _dealt(market, dealt)


def _dealt(market: Market, accounts: frozenset[object] | None) -> Flags:
    """Return which prospects are among some accounts; nobody where these are not known."""
    return np.array([accounts is not None and one in accounts for one in market.ids], dtype=bool)


def _accounts_with_deals(base: CustomerBase, *, only_open: bool = False) -> frozenset[object] | None:
    """Return the ids of accounts with a deal; row numbers are no ids, and would name other accounts."""
    if base.deals is None or base.study.id.row_number:
        return None
    return frozenset(base.deals.account[np.isnan(base.deals.won)] if only_open else base.deals.account)


def _notes(base: CustomerBase, market: Market, silent: tuple[str, ...]) -> Iterator[str]:
    yield (
        f"The market is {count_words(len(market), 'prospect', 'prospects')} and "
        f"{count_words(len(base), 'customer', 'customers')}, former ones too."
    )
    yield "A tier says how many criteria are met; a missing value counts as not met."
    out = {name: market.counts.get(name, 0) for name in ("excluded", "rejected", "already_customers")}
    if any(out.values()):
        told = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in out.items() if n)
        yield f"Not counted, of the rows of the prospects: {told}."
    has_deals = _accounts_with_deals(base) is not None
    if market.status is None and not has_deals:
        yield f"Who was worked cannot be told: that takes {_takes(base)}, or `deals` of accounts with ids."
    elif not has_deals:
        yield "Worked are prospects with a status; `deals` of accounts with ids would tell of the others."
    elif market.status is None:
        yield f"Worked are prospects with a deal; {_takes(base)} would tell of the others."
    else:
        yield "Worked are prospects with a status or a deal."
    for text in silent:
        yield f"'{text}' is known of no prospect: tiers leave it out."


def _takes(base: CustomerBase) -> str:
    status = base.study.status
    return "`status` in the study" if status is None else f"the column '{status.column}' among the prospects"


def _share(n: int | None, of: int) -> float | None:
    return None if n is None or not of else n / of
