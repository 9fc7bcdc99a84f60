"""How often does the comparison of profile and tactics find a loss that is there, and one that is not?

Usage: python benchmarks/tactics.py [companies]    (default 100; about a second of CPU per company and world)
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.deals import Deals, read_deals
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.simulate import GROWTH_PER_DAY, OBSERVED_UNTIL, SITUATION, simulate, write_company
from icp_ml.icp.base import CustomerBase, rule_frame
from icp_ml.icp.market import Market
from icp_ml.icp.profile import load_profile
from icp_ml.icp.tactics import Tactics, compare_tactics
from icp_ml.rules import parse_rule
from icp_ml.study import load_study

N_CUSTOMERS, N_PROSPECTS = 2500, 20_000
TODAY, STARTS = np.datetime64(OBSERVED_UNTIL, "D"), np.datetime64(SITUATION[0], "D")
FALL = 0.4
"""Share of reach and of wins that is lost in the worlds with a loss."""
LEAVING = 0.15
"""Share of the young matching customers who leave during the situation in the world where success falls."""
World = Callable[[CustomerBase, np.random.Generator], CustomerBase]


def even_pace(base: CustomerBase, rng: np.random.Generator) -> CustomerBase:
    """Take the growth of the last 18 months out of the deals, so that nothing changes."""
    age = (TODAY - base.deals.opened).astype(int)
    return dataclasses.replace(base, deals=kept(base.deals, rng.random(len(age)) < pace_at(age)))


def pace_at(age: np.ndarray) -> np.ndarray:
    """Return the share of deals to keep, by days since opening."""
    return np.where(age > 540, 1.0, np.exp(GROWTH_PER_DAY * (age - 540)))


def kept(deals: Deals, rows: np.ndarray) -> Deals:
    """Return some of the deals."""
    columns = ("account", "opened", "closed", "won", "value", "channel")
    return dataclasses.replace(deals, **{name: getattr(deals, name)[rows] for name in columns})


def less_reach(base: CustomerBase, rng: np.random.Generator) -> CustomerBase:
    """Lose deals before they are opened."""
    lost = (base.deals.opened >= STARTS) & (rng.random(len(base.deals)) < FALL)
    return dataclasses.replace(base, deals=kept(base.deals, ~lost))


def less_conversion(base: CustomerBase, rng: np.random.Generator) -> CustomerBase:
    """Turn wins of the situation into lost deals."""
    deals = base.deals
    turned = (deals.won == 1) & (deals.closed >= STARTS) & (rng.random(len(deals)) < FALL)
    return dataclasses.replace(base, deals=dataclasses.replace(deals, won=np.where(turned, 0.0, deals.won)))


def less_success(base: CustomerBase, rng: np.random.Generator) -> CustomerBase:
    """Let young customers who match the profile leave."""
    customers = base.customers
    age = (TODAY - customers.as_of).astype(int)
    active = np.isnat(customers.outcome["ended"]) & (age < 365) & (age > 60) & base.in_profile()
    leaves = active & (rng.random(len(base)) < LEAVING)
    ended = np.where(leaves, STARTS + rng.integers(0, 60, len(base)), customers.outcome["ended"])
    customers = dataclasses.replace(customers, outcome={"ended": ended})
    labels = label_outcome(base.study.outcome, customers.outcome, customers.as_of, customers.observed_until)
    return dataclasses.replace(base, customers=customers, labels=labels)


WORLDS: dict[str, tuple[World, tuple[str, str] | None]] = {
    "nothing fell": (lambda base, rng: base, None),
    "reach -40 %": (less_reach, ("tactics", "reach")),
    "conversion -40 %": (less_conversion, ("tactics", "conversion")),
    "15 % of matching left": (less_success, ("profile", "success")),
}


def company(seed: int, folder: Path) -> tuple[CustomerBase, Market]:
    """Return a simulated company as a review sees it."""
    made = simulate(N_CUSTOMERS, N_PROSPECTS, seed)
    write_company(made, folder)
    study, profile = load_study(folder / "study.yaml"), load_profile(folder / "profile.yaml")
    customers = load_customers(study)
    labels = label_outcome(study.outcome, customers.outcome, customers.as_of, customers.observed_until)
    today = dt.date.fromisoformat(str(TODAY))
    known = {"rule_frame": rule_frame(customers), "deals": read_deals(study), "model": None, "split": None}
    base = CustomerBase(profile=profile, customers=customers, labels=labels, today=today, **known)
    needs = [one.needs for one in profile.situation.capabilities if one.needs]
    rules = [*(rule.text for rule in profile.criteria), *needs]
    answers = {text: parse_rule(text).evaluate(made.prospects) for text in rules}
    return base, Market(made.prospects["account_id"].to_numpy(object), answers, np.ones(N_PROSPECTS, dtype=bool))


def told(found: Tactics) -> dict[str, object]:
    """Return what one comparison said."""
    largest = "" if found.largest is None else found.largest.stage
    return {"says": found.says, "largest": largest, "any": any(row.is_loss for row in found.rows)}


def main(n: int) -> None:
    """Print what was said in each world, and the coverage of the intervals where nothing fell."""
    said, covered = [], []
    for seed in range(n):
        with tempfile.TemporaryDirectory() as folder:
            grown, market = company(seed, Path(folder))
        base = even_pace(grown, np.random.default_rng(seed))
        for world, (change, _) in WORLDS.items():
            found = compare_tactics(change(base, np.random.default_rng(seed)), market)
            said.append({"world": world, **told(found)})
            if world == "nothing fell":
                covered += [
                    {"stage": row.stage, "in": row.low <= 1 <= row.high, "ratio": row.ratio} for row in found.rows
                ]
    table = pd.DataFrame(said)
    print(pd.crosstab(table["world"], table["says"], normalize="index").round(2).to_string())
    print(pd.crosstab(table["world"], table["largest"], normalize="index").round(2).to_string())
    print("any loss:", table.groupby("world")["any"].mean().round(3).to_dict())
    print(pd.DataFrame(covered).groupby("stage").agg(coverage=("in", "mean"), ratio=("ratio", "mean")).round(3))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
