"""Measure the milestones: false alarms under daily looks, power, and how good the stated chance of a goal is.

    OMP_NUM_THREADS=1 python benchmarks/milestones.py article alarms power chance [--campaigns 2000]

Prints Markdown tables. One core, about a quarter of an hour in all with 2,000 campaigns a row.

A company: deals are opened at an even rate, a quarter of them is won, after a log-normal time (median 35 days) that
competes with the time to be lost (median 45); what a win brings is log-normal. It is watched for 400 days, then the
campaign of 90 days begins; it judges itself from those deals alone, as `icp-ml review` does.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.stats import poisson

from icp_ml.accounts.deals import Deals
from icp_ml.icp.milestones.campaign import NOTHING_BEFORE, Campaign, Reference
from icp_ml.icp.milestones.chance import chance_of_goal
from icp_ml.icp.milestones.cycle import DealBook, deal_book
from icp_ml.icp.milestones.eprocess import BAR, evidence_by_day
from icp_ml.icp.milestones.plan import Plan, plan_of

STARTS, HISTORY = dt.date(2026, 1, 1), 400
WON_SHARE, MEDIAN_WON, MEDIAN_LOST = 0.25, 35.0, 45.0


@dataclass(frozen=True)
class World:
    """How campaigns are drawn; the usual wins are those of the campaign's length at the pace of the year before."""

    wins: float = 20.0
    n_days: int = 90
    measure: str = "revenue"
    spread: float = 0.5
    """Standard deviation of the logarithm of what a win brings."""
    has_deals: bool = True
    has_sizes: bool = True
    n_before: int = 60
    """Sizes known from before where there are no deals; the pace is not, unless `knows_pace`."""
    knows_pace: bool = False
    median: float = MEDIAN_WON
    is_new: bool = False
    """Nothing is open on the first day."""
    pace: float = 1.0
    """Deals opened relative to before."""
    won: float = 1.0
    """Chance to win relative to before."""
    size: float = 1.0
    """What a win brings relative to before."""
    twins: float = 0.0
    """Share of wins that bring a second one on the same day."""
    has_cycle: bool = True
    """Wins have a cycle; False after signing. Matters where no deals tell it."""
    ramp: float = 0.0
    """Openings, or wins where there are no deals, rise from 1 - ramp to 1 + ramp over the campaign."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A campaign as it went to its end, and what was known before."""

    world: World
    day: np.ndarray
    amount: np.ndarray
    deals: Deals | None
    reference: Reference

    def at(self, target: float, elapsed: int) -> tuple[Campaign, DealBook | None]:
        """Return what is known at the end of a day."""
        last = STARTS + dt.timedelta(days=self.world.n_days - 1)
        seen = self.day <= elapsed
        known = (self.world.measure, target, 0.0, STARTS, last, elapsed, self.day[seen], self.amount[seen])
        has_cycle = self.world.has_cycle
        today = STARTS + dt.timedelta(days=elapsed - 1)
        return Campaign(*known, has_cycle), None if self.deals is None else deal_book(self.deals, STARTS, today)


def draw(world: World, rng: np.random.Generator) -> Drawn:
    """Return one campaign."""
    return _with_deals(world, rng) if world.has_deals else _without_deals(world, rng)


def _without_deals(world: World, rng: np.random.Generator) -> Drawn:
    n = rng.poisson(world.wins * world.pace * world.won / (1 + world.twins))
    pace = 1 + world.ramp * (2 * (np.arange(world.n_days) + 0.5) / world.n_days - 1)
    day = 1 + rng.choice(world.n_days, n, p=pace / pace.sum())
    day = np.concatenate([day, day[rng.random(n) < world.twins]])
    n_before = rng.poisson(world.wins * 365 / world.n_days) if world.knows_pace else world.n_before
    known = _sizes(world, n_before if world.has_sizes else 0, rng)
    reference = Reference(n_before, 365, known, "progress") if world.knows_pace else Reference(0, 0, known, "progress")
    return Drawn(world, day, _sizes(world, len(day), rng) * world.size, None, reference)


def _with_deals(world: World, rng: np.random.Generator) -> Drawn:
    per_day = world.wins / world.n_days / (WON_SHARE * (1 + world.twins))
    days = np.arange(-HISTORY, world.n_days)
    rate = np.full(len(days), per_day)
    inside = days >= 0
    rate[inside] *= world.pace * (1 + world.ramp * (2 * days[inside] / world.n_days - 1))
    opened = np.repeat(days, rng.poisson(rate))
    share = np.where(opened >= 0, WON_SHARE * world.won, WON_SHARE)
    is_won = rng.random(len(opened)) < share
    spread = np.where(is_won, 0.6, 0.7) * rng.standard_normal(len(opened))
    took = np.rint(np.where(is_won, world.median, MEDIAN_LOST * world.median / MEDIAN_WON) * np.exp(spread)).astype(int)
    closed = opened + took
    if world.is_new:
        kept = (opened >= 0) | (closed < 0)
        opened, closed, is_won = opened[kept], closed[kept], is_won[kept]
    turned = is_won & (opened < 0) & (closed >= 0) & (rng.random(len(opened)) > world.won)
    is_won = is_won & ~turned
    value = _sizes(world, len(opened), rng) * np.where(closed >= 0, world.size, 1.0)
    win = is_won & (closed >= 0) & (closed < world.n_days)
    day, amount = closed[win] + 1, value[win]
    twin = rng.random(len(day)) < world.twins
    amount = amount * np.where(twin, 2.0, 1.0) if world.measure == "revenue" else amount
    start = np.datetime64(STARTS, "D")
    deals = Deals(np.full(len(opened), None), start + opened, start + closed, is_won * 1.0, value)
    before = is_won & (closed < 0) & (closed >= -365)
    reference = Reference(int(before.sum()), 365, value[before] if world.has_sizes else np.empty(0), "deals")
    return Drawn(world, day, amount, deals, reference)


def _sizes(world: World, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return what wins bring, 1 on average."""
    if world.measure == "customers":
        return np.ones(n)
    return np.exp(world.spread * rng.standard_normal(n) - world.spread**2 / 2)


def judged(world: World, n: int, seed: int, target: float | None = None) -> Iterator[tuple[Plan, np.ndarray]]:
    """Yield plan and evidence by day of campaigns whose plan is what the year before would bring, or a target."""
    rng = np.random.default_rng([seed, 8])
    for _ in range(n):
        drawn = draw(world, rng)
        campaign, book = drawn.at(world.wins if target is None else target, world.n_days)
        plan = plan_of(campaign, drawn.reference, book)
        yield plan, evidence_by_day(plan)


def usual_wins(world: World) -> float:
    """Return what a campaign brings on average, from many drawn ones."""
    rng = np.random.default_rng(99)
    return float(np.mean([draw(world, rng).amount.sum() for _ in range(4000)]))


def naive_alarm(plan: Plan) -> bool:
    """Return whether a test of each day alone, from day 7, would have found the wins too few at the .05 level."""
    campaign = plan.campaign
    wins = np.cumsum(np.bincount(campaign.day - 1, minlength=campaign.n_days))
    due = plan.n_wins * np.arange(1, campaign.n_days + 1) / campaign.n_days
    return bool((poisson.cdf(wins, due)[6:] < 0.05).any())


# Alarms and power


NO_CYCLE = World(20, has_deals=False, has_cycle=False)
"""After signing."""
ON_PLAN = {
    "5 customers, no cycle": replace(NO_CYCLE, wins=5, measure="customers"),
    "20 customers, no cycle": replace(NO_CYCLE, measure="customers"),
    "200 customers, no cycle": replace(NO_CYCLE, wins=200, measure="customers"),
    "20 wins, no cycle, spread .5, 20 sizes known": replace(NO_CYCLE, n_before=20),
    "20 wins, no cycle, spread .5, 60 sizes known": NO_CYCLE,
    "20 wins, no cycle, spread 1, 60 sizes known": replace(NO_CYCLE, spread=1.0),
    "20 wins, no cycle, spread .5, no sizes known": replace(NO_CYCLE, has_sizes=False),
    "20 customers at an even rate, cycle not known": World(20, measure="customers", has_deals=False),
    "20 wins, cycle of 35 days not known, nothing open": World(20, is_new=True),
    "60 wins, cycle of 35 days not known, nothing open": World(60, is_new=True),
    "8 wins, deals": World(8),
    "20 wins, deals": World(20),
    "60 wins, deals": World(60),
    "20 wins, deals, 180 days": World(20, n_days=180),
    "20 wins, deals, cycle of 70 days": World(20, median=70),
    "20 wins, deals, cycle of 120 days in 180": World(20, n_days=180, median=120),
    "20 customers, deals": World(20, measure="customers"),
    "20 wins, deals, nothing open at the start": World(20, is_new=True),
    "60 wins, deals, nothing open, cycle of 70 days": World(60, is_new=True, median=70),
}
BROKEN = {
    "wins a quarter larger, fewer": replace(NO_CYCLE, size=1.25, pace=1 / 1.25),
    "wins half as large again, fewer": replace(NO_CYCLE, size=1.5, pace=1 / 1.5),
    "wins twice as large, fewer": replace(NO_CYCLE, size=2.0, pace=0.5),
    "one win in four brings a second on its day": replace(NO_CYCLE, twins=0.25, measure="customers"),
    "every win brings a second on its day": replace(NO_CYCLE, twins=1.0, measure="customers"),
    "openings rise from half to one and a half, deals": World(20, ramp=0.5),
    "openings rise from nothing to double, deals": World(20, ramp=1.0),
    "wins rise from half to one and a half, no cycle": replace(NO_CYCLE, ramp=0.5),
    "wins rise from nothing to double, no cycle": replace(NO_CYCLE, ramp=1.0),
    "cycle of 70 days not known, nothing open": World(60, is_new=True, median=70),
}


def alarms(n: int) -> None:
    print(f"### False alarms on plan, {n:,} campaigns each\n")
    print("|campaign|alarm on any day|at the end|a naive test every day|\n|---|---|---|---|")
    for name, world in ON_PLAN.items():
        print(_alarm_row(name, world, n), flush=True)
    print("\n### Where the promise ends\n")
    print("|campaign|alarm on any day|at the end|a naive test every day|\n|---|---|---|---|")
    for name, world in BROKEN.items():
        print(_alarm_row(name, world, n), flush=True)


def _alarm_row(name: str, world: World, n: int) -> str:
    target = usual_wins(world)
    found = []
    for known, _ in judged(world, n, 1, target):
        bare = replace(plan_of(known.campaign, NOTHING_BEFORE, None), sizes=known.sizes)
        plan = bare if "not known, nothing" in name else known
        by_day = evidence_by_day(plan)
        found.append((by_day.max() >= BAR, by_day[-1] >= BAR, naive_alarm(plan)))
    ever, end, naive = np.mean(found, axis=0)
    return f"|{name}|{ever:.3f} ({_se(ever, n):.3f})|{end:.3f}|{naive:.3f}|"


def _se(share: float, n: int) -> float:
    return float(np.sqrt(share * (1 - share) / n))


WEAK = {
    "20 customers, no cycle": replace(NO_CYCLE, measure="customers"),
    "20 customers, cycle not known": World(20, measure="customers", has_deals=False),
    "20 wins, spread .5, no cycle": NO_CYCLE,
    "20 wins, deals": World(20),
    "20 wins, deals, nothing open at the start": World(20, is_new=True),
    "60 wins, deals": World(60),
    "20 wins, no cycle, no sizes known": replace(NO_CYCLE, has_sizes=False),
}


def power(n: int) -> None:
    print(f"\n### Alarms behind plan, {n:,} campaigns each; in brackets the median day\n")
    paces = (0.8, 0.6, 0.4, 0.2)
    print("|campaign|" + "|".join(f"{pace:.0%} of plan" for pace in paces) + "|\n|---" + "|---" * len(paces) + "|")
    for name, world in WEAK.items():
        target, cells = usual_wins(world), []
        for pace in paces:
            # Fewer deals are won from the first day on: of open ones, too.
            slow = replace(world, won=pace)
            days = [_first_day(by_day) for _, by_day in judged(slow, n, 2, target)]
            seen = [day for day in days if day]
            cells.append(f"{len(seen) / n:.2f}" + (f" ({np.median(seen):.0f})" if len(seen) > 9 else ""))
        print(f"|{name}|" + "|".join(cells) + "|", flush=True)


def _first_day(by_day: np.ndarray) -> int:
    over = np.flatnonzero(by_day >= BAR)
    return int(over[0]) + 1 if len(over) else 0


# Chance


@dataclass(frozen=True)
class Varied:
    """A family of campaigns: how they differ from the year before, and how bold their targets are."""

    world: World
    pace: Callable[[np.random.Generator], float]
    won: Callable[[np.random.Generator], float] = lambda rng: 1.0
    size: Callable[[np.random.Generator], float] = lambda rng: float(np.exp(0.2 * rng.standard_normal()))
    bold: Callable[[np.random.Generator], float] = lambda rng: rng.uniform(0.7, 1.5)


def _lognormal(spread: float) -> Callable[[np.random.Generator], float]:
    return lambda rng: float(np.exp(spread * rng.standard_normal() - spread**2 / 2))


FAMILIES = {
    "gamma pace, plan as usual, no deals (as in the article)": Varied(
        World(20, has_deals=False, n_before=20), lambda rng: rng.gamma(4, 0.25), bold=lambda rng: 1.0
    ),
    "log-normal pace, plans of .7 to 1.5, no deals": Varied(
        World(20, has_deals=False, knows_pace=True), _lognormal(0.4)
    ),
    "the same without deals, 60 wins": Varied(World(60, has_deals=False, knows_pace=True), _lognormal(0.4)),
    "deals: openings and chance to win vary, plans of .7 to 1.5": Varied(World(20), _lognormal(0.35), _lognormal(0.25)),
    "the same with deals, 60 wins": Varied(World(60), _lognormal(0.35), _lognormal(0.25)),
    "deals, nothing open at the start": Varied(World(20, is_new=True), _lognormal(0.35), _lognormal(0.25)),
    "deals, exactly as the year before": Varied(World(20), lambda rng: 1.0, size=lambda rng: 1.0),
}


def chance(n: int) -> None:
    print(f"\n### The chance of the goal, {n:,} campaigns each\n")
    print("|campaigns|day|reached|Brier|straight line, literally|straight line, at its best|largest gap (bins of 100)|")
    print("|---|---|---|---|---|---|---|")
    every = []
    for name, family in FAMILIES.items():
        usual = usual_wins(family.world)
        for share in (1 / 3, 2 / 3):
            elapsed = round(share * family.world.n_days)
            stated, on_line, came = np.array(list(_chances(family, usual, elapsed, n))).T
            every.append((stated, came))
            print(f"|{name}|{elapsed}|{_chance_cells(stated, on_line, came)}|", flush=True)
    stated, came = (np.concatenate(side) for side in zip(*every, strict=True))
    print("\n|stated|n|mean stated|reached|gap|\n|---|---|---|---|---|")
    for low, (n_in, said, was) in zip(np.arange(0, 1, 0.1), _bins(stated, came), strict=True):
        print(f"|{low:.1f} to {low + 0.1:.1f}|{n_in:,.0f}|{said:.3f}|{was:.3f}|{was - said:+.3f}|")


def _chances(family: Varied, usual: float, elapsed: int, n: int) -> Iterator[tuple[float, float, float]]:
    rng = np.random.default_rng([3, elapsed])
    for _ in range(n):
        target = usual * family.bold(rng)
        world = replace(family.world, pace=family.pace(rng), won=family.won(rng), size=family.size(rng))
        drawn = draw(world, rng)
        campaign, book = drawn.at(target, elapsed)
        plan = plan_of(campaign, drawn.reference, book)
        stated = chance_of_goal(plan, drawn.reference, book).value
        on_line = campaign.reached >= target * elapsed / world.n_days
        yield stated, float(on_line), float(drawn.amount.sum() >= target)


def _chance_cells(stated: np.ndarray, on_line: np.ndarray, came: np.ndarray) -> str:
    rates = np.array([came[on_line == side].mean() if (on_line == side).any() else 0.0 for side in (0, 1)])
    brier = [float(((said - came) ** 2).mean()) for said in (stated, on_line, rates[on_line.astype(int)])]
    large = [(abs(was - said), n, was) for n, said, was in _bins(stated, came) if n >= 100]
    gap, n, was = max(large, default=(np.nan, 1.0, np.nan))
    error = np.sqrt(was * (1 - was) / n)
    return f"{came.mean():.2f}|{brier[0]:.3f}|{brier[1]:.3f}|{brier[2]:.3f}|{gap:.2f} ({error:.2f})"


def _bins(stated: np.ndarray, came: np.ndarray) -> list[tuple[float, float, float]]:
    """Return number, mean stated chance and share that came true, by tenths of the stated chance."""
    tenth = np.minimum((stated * 10).astype(int), 9)
    n = np.bincount(tenth, minlength=10)
    sums = (np.bincount(tenth, side, 10) for side in (stated, came))
    said, was = (np.divide(side, n, out=np.zeros(10), where=n > 0) for side in sums)
    return list(zip(n.tolist(), said.tolist(), was.tolist(), strict=True))


# The example of the article


def article(n: int) -> None:
    """Print what a rule "34k of 100k by day 30" does to campaigns of 20 wins of 5k that are on plan."""
    rng = np.random.default_rng(5)
    world = World(20, has_deals=False)
    print("\n### 100k in 90 days as 20 wins of 5k; the written milestone asks for 34k by day 30\n")
    for pace, words in ((1.0, "on plan"), (None, "pace varies (gamma, shape 4)")):
        drawn = [draw(replace(world, pace=pace or rng.gamma(4, 0.25)), rng) for _ in range(10 * n)]
        early = np.array([5000 * one.amount[one.day <= 30].sum() for one in drawn])
        total = np.array([5000 * one.amount.sum() for one in drawn])
        reached, behind = total >= 100_000, early < 34_000
        below, above = reached[behind].mean(), reached[~behind].mean()
        print(
            f"* {words}: below 34k on day 30 {behind.mean():.2f}; of those below {below:.2f} reach the goal, of those "
            f"above {above:.2f}; of those that reach it {behind[reached].mean():.2f} were below."
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="+", choices=["alarms", "power", "chance", "article"])
    parser.add_argument("--campaigns", type=int, default=2000)
    given = parser.parse_args()
    for part in given.parts:
        globals()[part](given.campaigns)
