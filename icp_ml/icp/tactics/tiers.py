"""Put every account into a fit tier by how many criteria of the profile it misses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.values import Objects
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.market import Market

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
NAMES = ("all criteria", "all but one", "fewer")
EVERY = "every account"
NO_TIER = -1


@dataclass(frozen=True, eq=False)
class Tiers:
    """The tier of every account.

    Attributes
    ----------
    customers : ndarray of int, shape (n,)
        Position in ``NAMES`` of every customer.
    deals : ndarray of int, shape (n_deals,)
        Of every deal's account; -1 where the account is not known.
    has_prospects : bool
        False: prospects are in no tier, so reach and conversion can only be told of every account.
    notes : tuple of str
    """

    customers: Ints
    deals: Ints
    has_prospects: bool
    notes: tuple[str, ...] = ()


def tiers_of(base: CustomerBase, market: Market | None) -> Tiers:
    """Return the tier of every customer and of every deal.

    A missing capability counts as a criterion that accounts which need it miss. A criterion of which no prospect has an
    answer is left out for everybody: customers would meet it only because they were asked.
    """
    checks, notes = _checks(base, market)
    of_customers = _tier(len(base), [(base.answers(text) == 1) == is_met for text, is_met in checks])
    if base.deals is None:
        return Tiers(of_customers, np.zeros(0, dtype=np.int64), market is not None, tuple(notes))
    ids, tiers = [base.customers.ids], [of_customers]
    if market is not None and len(market):
        ids.append(market.ids)
        tiers.append(_tier(len(market), [(market.answers[text] == 1) == is_met for text, is_met in checks]))
    of_deals = _of_accounts(base.deals.account, np.concatenate(ids), np.concatenate(tiers))
    n_none = int((of_deals == NO_TIER).sum())
    if n_none and market is not None:
        notes.append(f"{n_none:,} of {len(of_deals):,} deals are of accounts in neither table: they are in no tier.")
    return Tiers(of_customers, of_deals, market is not None, tuple(notes))


def _checks(base: CustomerBase, market: Market | None) -> tuple[list[tuple[str, bool]], list[str]]:
    """Return rules with whether they must hold (a criterion) or must not (the need of a missing capability)."""
    gates = [one.needs for one in base.profile.situation.capabilities if one.is_missing and one.needs]
    checks = [(rule.text, True) for rule in base.profile.criteria] + [(text, False) for text in gates]
    if market is None or not len(market):
        return checks, []
    told = [check for check in checks if (market.answers[check[0]] >= 0).any()]
    notes = [
        f"'{text}' is known of no prospect: tiers leave it out."
        for text, is_met in checks
        if (text, is_met) not in told
    ]
    return told, notes


def _tier(n: int, met: list[Flags]) -> Ints:
    misses = sum((~flags for flags in met), np.zeros(n, dtype=np.int64))
    return np.minimum(misses, len(NAMES) - 1)


def _of_accounts(accounts: Objects, ids: Objects, tiers: Ints) -> Ints:
    known = pd.Series(tiers, index=pd.Index(ids, dtype=object))
    known = known[~known.index.duplicated()]
    return known.reindex(pd.Index(accounts, dtype=object)).fillna(NO_TIER).to_numpy().astype(np.int64)
