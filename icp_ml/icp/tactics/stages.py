"""Measure reach, conversion, success and value of one fit tier, in the situation and in the time before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.outcome import EXCLUDED
from icp_ml.accounts.values import Days
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.tactics.life_table import Spells, compared, life_table
from icp_ml.icp.tactics.window import Window
from icp_ml.model.evaluation.leading import read_signal

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
N_DRAWS = 4000
MIN_REFERENCE = 10
"""Events of the reference period below which a stage of a tier is not compared."""
CYCLE_SHARE = 0.8
"""Wins are counted up to the age at which this share of them has come."""
_LONGEST_CYCLE = 730
_PERIOD = 30.0
_BLOCK = 2_000_000


@dataclass(frozen=True, eq=False)
class Level:
    """A stage in one period: its value, bootstrap samples of it, and what it rests on."""

    value: float
    draws: Floats
    n: int
    days: int | None = None
    """Age that it is told at, in days."""


Pair = tuple[Level, Level]
"""Now and reference."""


class Funnel:
    """What happened to deals and customers in both periods.

    Parameters
    ----------
    base : CustomerBase
    now, reference : Window
    """

    def __init__(self, base: CustomerBase, now: Window, reference: Window) -> None:
        self.base, self.now, self.reference = base, now, reference
        self.rng = np.random.default_rng(base.study.seed)
        deals = base.deals
        self.has_lost = deals is not None and bool((deals.won == 0).any())
        self.cycle_days = 0 if deals is None else _cycle_days(self._deal_spells(), reference)
        starts = base.customers.as_of if deals is None else deals.opened
        self.spread = 1.0 if starts is None else overdispersion(starts[reference.holds(starts)], reference)

    def reach(self, rows: Flags) -> Pair | None:
        """Return deals opened per 30 days; without deals, customers signed per 30 days."""
        days = self.base.customers.as_of if self.base.deals is None else self.base.deals.opened
        return None if days is None else self._pair(lambda window: self._pace(days[rows], window))

    def conversion(self, rows: Flags) -> Pair | None:
        """Return the chance of a deal to be won within most of a sales cycle, at the daily chances of each period."""
        if self.base.deals is None or not self.has_lost or not self.cycle_days:
            return None
        return self._life(self._deal_spells().of(rows), self.cycle_days, is_good=True)

    def success(self, rows: Flags) -> Pair | None:
        """Return the share with the early signal; without one, still customers after the horizon."""
        base, labels = self.base, self.base.labels
        leading, as_of = base.study.leading_outcome, base.customers.as_of
        if as_of is None:
            return None
        if leading is not None and leading.column in base.customers.others:
            cells = base.customers.others[leading.column].to_numpy(dtype=object)
            text = [cell if isinstance(cell, str) else None for cell in cells]
            signal = read_signal(leading, text, labels.follow_up_days).value
            return self._due(signal[rows], as_of[rows], leading.horizon_days)
        horizon = labels.horizon_days
        if horizon is None:
            return None
        if "ended" not in base.customers.outcome:
            return self._due(labels.label[rows], as_of[rows], horizon)
        kept = rows & (labels.state != EXCLUDED)
        ended = base.customers.outcome["ended"]
        spells = Spells(as_of, ended, (~np.isnat(ended)).astype(np.int64))
        return self._life(spells.of(kept), horizon + 1, is_good=False)

    def value(self, rows: Flags) -> Pair | None:
        """Return the mean value of a win."""
        deals = self.base.deals
        if deals is None or deals.value is None:
            return None
        won = rows & (deals.won == 1) & ~np.isnan(deals.value)
        value, closed = deals.value[won], deals.closed[won]
        return self._pair(lambda window: self._mean(np.sort(value[window.holds(closed)])))  # whatever the order of rows

    def _deal_spells(self) -> Spells:
        deals = self.base.deals
        assert deals is not None  # noqa: S101  (narrows the type for the checker)
        return Spells(deals.opened, deals.closed, (deals.won == 1).astype(np.int64))

    def _pair(self, level: Callable[[Window], Level | None]) -> Pair | None:
        now, reference = level(self.now), level(self.reference)
        if now is None or reference is None or reference.n < MIN_REFERENCE:
            return None
        return now, reference

    def _pace(self, days: Days, window: Window) -> Level:
        n, per = int(window.holds(days).sum()), _PERIOD / window.days
        shape = n / self.spread + 0.5
        return Level(n * per, self.rng.gamma(shape, self.spread * per, N_DRAWS), n)

    def _life(self, spells: Spells, longest: int, *, is_good: bool) -> Pair | None:
        now, reference = (life_table(spells, window, longest) for window in (self.now, self.reference))
        found = compared(now, reference, N_DRAWS, self.rng)
        if found is None:
            return None
        value, draws = [found.now, found.reference], [found.now_draws, found.reference_draws]
        if not is_good:
            value, draws = [1 - one for one in value], [1 - one for one in draws]
        first, second = (Level(value[at], draws[at], table.n, found.days) for at, table in enumerate((now, reference)))
        return first, second

    def _due(self, flag: Floats, as_of: Days, days: int) -> Pair | None:
        due = as_of + np.timedelta64(days, "D")

        def level(window: Window) -> Level | None:
            known = flag[window.holds(due) & ~np.isnan(flag)]
            n, yes = len(known), int(known.sum())
            return Level(yes / n, self.rng.beta(yes + 0.5, n - yes + 0.5, N_DRAWS), n, days) if n else None

        return self._pair(level)

    def _mean(self, value: Floats) -> Level | None:
        if not len(value) or not value.any():
            return None
        sizes = np.full(-(-N_DRAWS * len(value) // _BLOCK), 1)
        parts = [len(part) for part in np.array_split(np.arange(N_DRAWS), len(sizes))]
        weights = (self.rng.exponential(size=(rows, len(value))) for rows in parts)
        return Level(float(value.mean()), np.concatenate([w @ value / w.sum(axis=1) for w in weights]), len(value))


def overdispersion(days: Days, window: Window) -> float:
    """Return how much more the numbers of successive weeks differ than chance would have them, 1 or more.

    Differences of neighbours are used, so that a trend does not count.

    Examples
    --------
    >>> import datetime as dt
    >>> steady = Window(dt.date(2026, 1, 1), dt.date(2026, 12, 30))
    >>> overdispersion(np.arange("2026-01-01", "2026-12-31", dtype="datetime64[D]"), steady)
    1.0
    """
    weeks = window.days // 7
    if weeks < 8 or not len(days):
        return 1.0
    at = (days - window.ends[0]).astype(np.int64) // 7
    counts = np.bincount(at[at < weeks], minlength=weeks)
    spread = float((np.diff(counts) ** 2).mean() / 2 / max(counts.mean(), 1e-9))
    return max(1.0, spread)


def _cycle_days(spells: Spells, reference: Window) -> int:
    """Return the age by which most wins of the reference period had come, 0 when there were too few."""
    won = (spells.kind == 1) & reference.holds(spells.end)
    if won.sum() < MIN_REFERENCE:
        return 0
    ages = (spells.end[won] - spells.start[won]).astype(np.int64)
    return int(np.clip(np.quantile(ages, CYCLE_SHARE), 1, _LONGEST_CYCLE)) + 1


def share_of_loss(now: Floats, reference: Floats) -> float:
    """Return the share of bootstrap samples in which a stage did not fall: small when it did."""
    return float((1 + (now >= reference).sum()) / (1 + len(now)))
