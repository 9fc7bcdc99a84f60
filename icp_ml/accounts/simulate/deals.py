"""The sales side of the simulated company: deals won, lost and still open, where accounts stand, what they want."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import lognorm

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
Ages = Callable[[int, np.random.Generator], npt.NDArray[np.timedelta64]]

LOST_PER_WIN = 3.0
"""Deals lost for every deal won, where there are prospects enough to have lost them."""
LOST_SHARE, OPEN_SHARE = 0.30, 0.10
"""Most of the prospects that may have a lost deal, and an open one."""
_LONGEST = 720

COLUMNS = ("account_id", "opened_on", "closed_on", "is_won", "amount", "channel")
WANTED = {
    "Event reporting": "Show where leads come from",
    "Commission tracking": "Pay commissions on time",
    "Lead routing": "Answer leads faster",
    "Pipeline reporting": "Trust the forecast",
    "Renewal forecasting": "Lose fewer customers",
}
"""What accounts of a use case mostly want to achieve."""


@dataclass(frozen=True)
class Cycle:
    """Days from opening a deal to its end, lognormal."""

    median_days: float
    spread: float

    def draw(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.timedelta64]:
        """Return n lengths, whole days, at least 1."""
        days = np.clip(np.rint(self.median_days * np.exp(self.spread * rng.normal(size=n))), 1, _LONGEST)
        return np.asarray(days.astype("timedelta64[D]"))

    @property
    def still_open(self) -> Floats:
        """Share of the deals that are longer than 0, 1, 2, ... days."""
        longer = lognorm.sf(np.arange(_LONGEST) + 0.5, self.spread, scale=self.median_days)
        longer[0] = 1.0
        return np.asarray(longer, dtype=np.float64)


WON, LOST = Cycle(35.0, 0.6), Cycle(48.0, 0.7)
"""A deal that is lost takes longer to be called so."""


@dataclass(frozen=True)
class Clock:
    """When things happen: the last day, growth of intake per day, and how long ago deals end, in days."""

    today: np.datetime64
    growth: float
    draw_ages: Ages


def won_deals(customers: pd.DataFrame, value: Floats, rng: np.random.Generator) -> pd.DataFrame:
    """Return the deal that made each customer; it closed on the day of signing."""
    closed = customers["signed_on"].to_numpy().astype("datetime64[D]")
    opened = (closed - WON.draw(len(customers), rng)).astype("datetime64[D]")
    return _table(customers, opened, closed, "true").assign(amount=value)


def other_deals(
    prospects: pd.DataFrame, p_convert: Floats, n_won: int, clock: Clock, rng: np.random.Generator
) -> pd.DataFrame:
    """Return deals of prospects, lost or open, at most one each.

    Notes
    -----
    Lost deals are drawn with weights ``1 - p_convert`` (customers came with weights ``p_convert``), so that the odds of
    winning a deal are those of ``p_convert`` times a constant. Open deals are what is left undecided of the same deals
    when they are opened at the pace of the last days: some will be won, and these have high ``p_convert``.
    """
    n, order = len(prospects), rng.permutation(len(prospects))
    n_lost = min(int(LOST_PER_WIN * n_won), int(LOST_SHARE * n))
    chosen = order[_first(1 - p_convert[order], n_lost, rng)]
    ended = clock.today - clock.draw_ages(n_lost, rng)
    lost = _table(prospects.iloc[chosen], ended - LOST.draw(n_lost, rng), ended, "false")
    free = np.setdiff1d(np.arange(n), chosen)
    parts = [lost, *_open_deals(prospects.iloc[free], p_convert[free], (n_won, n_lost), clock, rng)]
    deals = pd.concat(parts, ignore_index=True)
    amount = pd.Series(np.rint(80 * np.exp(0.5 * rng.normal(size=len(deals)))) * 100)
    return deals.assign(amount=amount.mask(rng.uniform(size=len(deals)) < 0.1))


def _open_deals(
    prospects: pd.DataFrame, p_convert: Floats, ended: tuple[int, int], clock: Clock, rng: np.random.Generator
) -> list[pd.DataFrame]:
    """Return the open deals that will be won and those that will be lost."""
    expected = np.array([_n_open(n, cycle, clock.growth) for n, cycle in zip(ended, (WON, LOST), strict=True)])
    expected *= min(1.0, OPEN_SHARE * len(prospects) / max(expected.sum(), 1.0))
    parts, free = [], np.arange(len(prospects))
    for n, cycle, weight in zip(expected.astype(int), (WON, LOST), (p_convert, 1 - p_convert), strict=True):
        chosen = free[_first(weight[free], n, rng)]
        free = np.setdiff1d(free, chosen)
        age = rng.choice(_LONGEST, n, p=_age_shares(cycle, clock.growth)).astype("timedelta64[D]")
        parts.append(_table(prospects.iloc[chosen], clock.today - age, np.full(n, np.datetime64("NaT", "D")), ""))
    return parts


def _n_open(n_ended: int, cycle: Cycle, growth: float) -> float:
    """Return how many deals are open today, when so many ended at a pace that grew until today."""
    longer = cycle.still_open
    faded = np.exp(-growth * np.arange(_LONGEST))
    ends = -np.diff(np.append(longer, 0.0))
    opened_per_end = float(ends @ (1 / faded))  # whoever ended today was opened at an earlier, slower pace
    return n_ended * growth * opened_per_end * float(longer @ faded)


def _age_shares(cycle: Cycle, growth: float) -> Floats:
    """Return the shares of open deals by age in days."""
    shares = cycle.still_open * np.exp(-growth * np.arange(_LONGEST))
    return np.asarray(shares / shares.sum())


def _first(weight: Floats, n: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Return n distinct positions, drawn one after the other with chances in proportion to a weight."""
    keys = rng.exponential(size=len(weight)) / np.maximum(weight, 1e-12)
    return np.sort(np.argsort(keys, kind="stable")[:n])


def _table(accounts: pd.DataFrame, opened: Days, closed: Days, is_won: str) -> pd.DataFrame:
    columns = {
        "account_id": accounts["account_id"].to_numpy(),
        "opened_on": opened.astype("datetime64[s]"),
        "closed_on": closed.astype("datetime64[s]"),
        "is_won": np.full(len(accounts), is_won, dtype=object),
        "amount": np.full(len(accounts), np.nan),
        "channel": accounts["channel"].to_numpy(),
    }
    texts = dict.fromkeys(("account_id", "is_won", "channel"), "str")
    return pd.DataFrame(columns).astype(texts)


def in_order(*parts: pd.DataFrame) -> pd.DataFrame:
    """Return deals as a CRM would list them, by the day they were opened."""
    return pd.concat(parts).sort_values(["opened_on", "account_id"], ignore_index=True)


def customer_states(customers: pd.DataFrame, p_success: Floats, rng: np.random.Generator) -> pd.Series:
    """Return where customers stand; account managers see who is at risk, but not well."""
    likely = logit(p_success)
    worried = rng.uniform(size=len(customers)) < expit(-2.1 - 0.9 * (likely - likely.mean()))
    state = np.where(worried, "At risk", "Active").astype(object)
    return pd.Series(np.where(customers["churned_on"].notna(), "Churned", state), dtype="str")


def prospect_states(prospects: pd.DataFrame, deals: pd.DataFrame) -> pd.Series:
    """Return where prospects stand; empty for those that nobody has worked."""
    of_deal = dict(zip(deals["account_id"], np.where(deals["is_won"] == "", "Open deal", "Trial ended"), strict=True))
    return pd.Series([of_deal.get(account) for account in prospects["account_id"]], dtype="str")


def wanted(accounts: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Return what accounts want to achieve: mostly what their use case is for, sometimes not known."""
    n, words = len(accounts), np.array(list(WANTED.values()), dtype=object)
    other, at = rng.uniform(size=n) < 0.25, rng.integers(0, len(words), n)
    usual = accounts["use_case"].map(WANTED)
    said = usual.where(~other & usual.notna(), pd.Series(words[at]))
    return said.mask(rng.uniform(size=n) < 0.08).astype("str")
