"""Simulate a B2B company of which the truth is known: who succeeds, why, and whom sales won."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import expit, log_expit

from icp_ml.accounts.simulate.columns import draw_attributes, draw_context, draw_names, known_to_prospects
from icp_ml.accounts.simulate.deals import (
    Clock,
    customer_states,
    in_order,
    other_deals,
    prospect_states,
    wanted,
    won_deals,
)
from icp_ml.accounts.simulate.leaks import LEAKS, plant
from icp_ml.accounts.simulate.study_text import profile_text, study_text
from icp_ml.errors import UsageError, message
from icp_ml.names import CONTEXT, FIT_NAMES

World = Literal["aligned", "misaligned", "null", "drift"]
Floats = npt.NDArray[np.float64]

OBSERVED_UNTIL = date(2026, 6, 30)
HORIZON_DAYS = 365
OLDEST_DAYS = 1826
GROWTH_PER_DAY = 0.0023
"""Growth of intake: 57 % of the customers are younger than a year."""
LATENT_CORRELATION = 0.25
DRIFT_DAYS = 540
"""In the drift world, accounts signed in the last so many days follow other rules."""
SITUATION = (date(2026, 5, 1), date(2026, 7, 29))
_DATES = ("signed_on", "churned_on", "rated_on", "founded_on", "date")


@dataclass(frozen=True)
class Rules:
    """What makes accounts succeed and sign, in log-odds; the fits in the order of ``FIT_NAMES``."""

    intercept: float
    effects: tuple[float, ...]
    selection: tuple[float, ...]
    has_context: bool = True


_EFFECTS = (0.49, 0.45, 0.40, 0.33, 0.24, 0.0)
_LIKE_SUCCESS = (0.12, 0.16, 0.26, 0.04, 0.00, 0.20)
_EASY_TO_CLOSE = (-0.34, -0.28, -0.10, -0.24, -0.16, 0.30)
RULES: dict[str, Rules] = {
    "aligned": Rules(0.05, _EFFECTS, _LIKE_SUCCESS),
    "misaligned": Rules(1.0, _EFFECTS, _EASY_TO_CLOSE),
    "null": Rules(0.4, (0.0,) * 6, _LIKE_SUCCESS, has_context=False),
    "drift": Rules(0.15, _EFFECTS, _LIKE_SUCCESS),
    "drift, later": Rules(-0.3, (0.16, 0.78, 0.42, 0.34, 0.24, 0.0), _LIKE_SUCCESS),
}
"""The worlds. Cultural fit never matters, though it is correlated with fits that do."""


@dataclass(frozen=True)
class Company:
    """A simulated company.

    Attributes
    ----------
    customers, prospects : DataFrame
        What a CRM would export. Prospects lack what is found out later.
    truth_customers, truth_prospects : DataFrame
        ``account_id``, ``p_success`` (still a customer after 365 days), ``p_convert`` and one ``fit_*`` column per fit
        and for context: true contributions in log-odds, 0 on average in the market, that add up to ``p_success``.
    study, profile : str
        The files a team would write, as text.
    progress : DataFrame
        What the situation of the profile has won so far: ``date, account_id, value``.
    deals : DataFrame
        Every deal won, and what was lost or is open with prospects: ``account_id, opened_on, closed_on, is_won, amount,
        channel``.
    """

    customers: pd.DataFrame
    prospects: pd.DataFrame
    truth_customers: pd.DataFrame
    truth_prospects: pd.DataFrame
    study: str
    profile: str
    progress: pd.DataFrame
    deals: pd.DataFrame


def simulate(
    n_customers: int = 2000,
    n_prospects: int = 20_000,
    seed: int = 0,
    *,
    world: World = "aligned",
    leaks: bool | Collection[str] = False,
) -> Company:
    """Return a company with customers, prospects and the truth about both.

    Parameters
    ----------
    n_customers, n_prospects : int
        Rows of the two tables.
    seed : int
        Same seed, same company. The customers do not depend on the number of prospects.
    world : {"aligned", "misaligned", "null", "drift"}
        Whether sales wins accounts that succeed, wins accounts that churn, nothing matters, or the rules changed in
        the last 18 months.
    leaks : bool or collection of str
        Plant columns that know the outcome, all five kinds or the named ones of ``simulate.leaks.LEAKS``.

    Returns
    -------
    Company
        Tables, truth, study, profile, progress and deals.

    Raises
    ------
    UsageError
        When a number is not positive, or a world or leak is not known.

    Notes
    -----
    Six latent fits (standard normal in the market, correlation .25) give the log-odds of success in 365 days. Each is
    seen through 1 to 3 noisy attributes, beside context and noise. An account survives day t with probability
    ``p_success ** L(t)``: L rises fastest in months 2 to 4 (onboarding) and jumps at each yearly renewal, L(365) = 1.
    Sales wins an account with probability ``p_convert``, which depends on the latent fits themselves.
    """
    _check(n_customers, n_prospects, world)
    planted = tuple(LEAKS) if leaks is True else tuple(leaks or ())
    of_customers, of_prospects, of_life, of_leaks, of_progress, *of_sales = np.random.default_rng(seed).spawn(7)
    market = _win_customers(n_customers, world, of_customers)
    signed_on = np.datetime64(OBSERVED_UNTIL, "D") - _draw_ages(n_customers, of_life)
    truth, context = _truth("A", market, world, signed_on, of_customers)
    customers = _table(truth, market, context, signed_on, of_customers)
    lived = _draw_lifetimes(truth["p_success"].to_numpy(), of_life)
    customers = _with_contract(customers, signed_on, lived, of_life)
    left = (lived <= HORIZON_DAYS) & customers["churned_on"].notna().to_numpy()
    today = np.full(n_prospects, np.datetime64(OBSERVED_UNTIL, "D"))
    prospect_market = _draw_latent(n_prospects, of_prospects)
    prospect_truth, prospect_context = _truth("P", prospect_market, world, today, of_prospects)
    prospects = known_to_prospects(_table(prospect_truth, prospect_market, prospect_context, today, of_prospects))
    value = _values(n_customers, of_progress)
    progress = _progress(customers, value)
    won, other = (
        won_deals(customers, value, of_sales[0]),
        _other_deals(prospects, prospect_truth, n_customers, of_sales[1]),
    )
    customers, prospects = plant(customers, planted, left, of_leaks), plant(prospects, planted, None, of_leaks)
    chance = truth["p_success"].to_numpy()
    return Company(
        customers=customers.assign(
            lifecycle=customer_states(customers, chance, of_sales[0]), wanted=wanted(customers, of_sales[0])
        ),
        prospects=prospects.assign(lifecycle=prospect_states(prospects, other), wanted=wanted(prospects, of_sales[1])),
        truth_customers=truth,
        truth_prospects=prospect_truth,
        study=study_text(planted),
        profile=profile_text(*SITUATION, target=_target(progress), per_period=_per_period(progress)),
        progress=progress,
        deals=in_order(won, other),
    )


def write_company(company: Company, out: Path) -> None:
    """Write the tables, the truth, the study and the profile into a folder.

    Parameters
    ----------
    company : Company
        What :func:`simulate` returned.
    out : Path
        Folder; made when missing. Files of the same names are replaced.
    """
    (out / "truth").mkdir(parents=True, exist_ok=True)
    _write_parquet(company.customers, out / "customers.parquet")
    _write_parquet(company.prospects, out / "prospects.parquet")
    _write_parquet(company.truth_customers, out / "truth" / "customers.parquet")
    _write_parquet(company.truth_prospects, out / "truth" / "prospects.parquet")
    (out / "study.yaml").write_text(company.study, encoding="utf-8")
    (out / "profile.yaml").write_text(company.profile, encoding="utf-8")
    for name, table in (("progress", company.progress), ("deals", company.deals)):
        table.to_csv(out / f"{name}.csv", index=False, date_format="%Y-%m-%d", lineterminator="\n")


def survival_exponent(days: npt.NDArray[np.int64]) -> Floats:
    """Return L(t): an account survives day t with probability ``p_success ** L(t)``.

    Examples
    --------
    >>> survival_exponent(np.array([0, 365])).tolist()
    [0.0, 1.0]
    """
    return np.asarray(_EXPONENT[np.minimum(days, len(_EXPONENT) - 1)], dtype=np.float64)


def _exponent_table() -> Floats:
    """Return L for day 0, 1, 2, ...: churn by month with an onboarding bump, and a jump at each renewal."""
    by_month = (0.7, 1.7, 2.0, 1.6, 1.1, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7)
    day = np.arange(1, OLDEST_DAYS + 366)
    month = np.minimum((day - 1) * 12 // 365, 11)
    per_day = np.where(day <= HORIZON_DAYS, np.array(by_month)[month], 0.5)
    first_year = per_day[:HORIZON_DAYS].sum()
    per_day[HORIZON_DAYS - 1 :: 365] += 0.35 * first_year
    total = np.cumsum(per_day)
    return np.concatenate([[0.0], total / total[HORIZON_DAYS - 1]])


_EXPONENT = _exponent_table()


def _check(n_customers: int, n_prospects: int, world: str) -> None:
    for name, count in (("customers", n_customers), ("prospects", n_prospects)):
        if count < 1:
            raise UsageError(message(f"simulate {name}", f"{count}", "1 or more", "Ask for more rows"))
    if world not in get_args(World):
        raise UsageError(message("simulate world", repr(world), "one of " + ", ".join(get_args(World)), "Name one"))


def _draw_latent(n: int, rng: np.random.Generator) -> Floats:
    shared, own = rng.normal(size=(n, 1)), rng.normal(size=(n, len(FIT_NAMES)))
    return np.asarray(np.sqrt(LATENT_CORRELATION) * shared + np.sqrt(1 - LATENT_CORRELATION) * own)


def _p_convert(latent: Floats, world: str) -> Floats:
    return np.asarray(expit(-2.3 + latent @ np.array(RULES[world].selection)))


def _win_customers(n: int, world: str, rng: np.random.Generator) -> Floats:
    """Return the latent fits of the first n accounts of the market that sign."""
    won: list[Floats] = []
    while sum(len(part) for part in won) < n:
        latent = _draw_latent(12 * n + 100, rng)
        won.append(latent[rng.uniform(size=len(latent)) < _p_convert(latent, world)])
    return np.concatenate(won)[:n]


def _truth(
    letter: str, latent: Floats, world: str, as_of: npt.NDArray[np.datetime64], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the truth table and the context attributes, which are part of it."""
    context, context_effect = draw_context(len(latent), rng)
    rules, late = RULES[world], np.zeros(len(latent), dtype=bool)
    effects = np.tile(rules.effects, (len(latent), 1))
    intercept = np.full(len(latent), rules.intercept)
    if world == "drift":
        late = as_of > np.datetime64(OBSERVED_UNTIL, "D") - np.timedelta64(DRIFT_DAYS, "D")
        effects[late], intercept[late] = RULES["drift, later"].effects, RULES["drift, later"].intercept
    parts = pd.DataFrame(effects * latent, columns=[f"fit_{name}" for name in FIT_NAMES])
    parts[f"fit_{CONTEXT}"] = context_effect * rules.has_context
    table = pd.DataFrame({"account_id": pd.Series([f"{letter}-{i:06d}" for i in range(len(latent))], dtype="str")})
    table["p_success"] = expit(intercept + parts.sum(axis=1))
    table["p_convert"] = _p_convert(latent, world)
    return pd.concat([table, parts], axis=1), context


def _table(
    truth: pd.DataFrame,
    latent: Floats,
    context: pd.DataFrame,
    as_of: npt.NDArray[np.datetime64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return what the CRM says about the accounts."""
    blanks = np.where(context["channel"] == "Outbound", 1.3, 0.9)
    company_age = np.rint(365 * 9 * np.exp(0.7 * rng.normal(size=len(latent)))).astype("timedelta64[D]")
    ids = pd.DataFrame({"account_id": truth["account_id"], "company": draw_names(len(latent), rng)})
    table = pd.concat([ids, context, draw_attributes(latent, blanks, rng)], axis=1)
    table["founded_on"] = (as_of - company_age).astype("datetime64[s]")
    return table


def _draw_ages(n: int, rng: np.random.Generator) -> npt.NDArray[np.timedelta64]:
    """Return how long ago customers signed: exponential growth of intake, cut at five years."""
    reach = 1 - np.exp(-GROWTH_PER_DAY * OLDEST_DAYS)
    days = np.floor(-np.log1p(-rng.uniform(size=n) * reach) / GROWTH_PER_DAY)
    return np.asarray(days.astype("timedelta64[D]"))


def _draw_lifetimes(p_success: Floats, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return the day of churn after signing, 1 or later; far in the future for those who never leave."""
    needed = log_expit(rng.logistic(size=len(p_success))) / np.log(p_success)
    return np.searchsorted(_EXPONENT[1:], needed, side="left") + 1


def _with_contract(
    table: pd.DataFrame,
    signed_on: npt.NDArray[np.datetime64],
    lived: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the table with parent, contract dates and the day on which the sponsor was rated."""
    n = len(table)
    ended = signed_on + lived.astype("timedelta64[D]")
    seen = ended <= np.datetime64(OBSERVED_UNTIL, "D")
    parent = np.arange(n)
    pairs = rng.permutation(n)[: 2 * (n // 30)].reshape(2, -1)
    parent[pairs[1]] = parent[pairs[0]]
    late = rng.uniform(size=n) < 0.04
    delay = np.where(late, rng.integers(1, 90, n), -rng.integers(1, 60, n)).astype("timedelta64[D]")
    rated = np.minimum(signed_on + delay, np.datetime64(OBSERVED_UNTIL, "D")).astype("datetime64[s]")
    table.insert(2, "parent_id", pd.Series([f"G-{i:06d}" for i in parent], dtype="str"))
    table.insert(3, "signed_on", signed_on.astype("datetime64[s]"))
    table.insert(4, "churned_on", np.where(seen, ended, np.datetime64("NaT", "D")).astype("datetime64[s]"))
    table["rated_on"] = pd.Series(rated).mask(table["sponsor_rating"].isna())
    return table


def _values(n: int, rng: np.random.Generator) -> Floats:
    """Return what each customer signed for, lognormal, in hundreds."""
    return np.asarray(np.rint(80 * np.exp(0.5 * rng.normal(size=n))) * 100)


def _progress(customers: pd.DataFrame, value: Floats) -> pd.DataFrame:
    """Return the deals that the situation of the profile has won so far."""
    deals = pd.DataFrame({"date": customers["signed_on"], "account_id": customers["account_id"], "value": value})
    deals = deals[deals["date"] >= pd.Timestamp(SITUATION[0])]
    return deals.sort_values(["date", "account_id"], ignore_index=True)


def _other_deals(prospects: pd.DataFrame, truth: pd.DataFrame, n_won: int, rng: np.random.Generator) -> pd.DataFrame:
    clock = Clock(np.datetime64(OBSERVED_UNTIL, "D"), GROWTH_PER_DAY, _draw_ages)
    return other_deals(prospects, truth["p_convert"].to_numpy(), n_won, clock, rng)


def _target(progress: pd.DataFrame) -> int:
    """Return a goal a little above the pace so far, rounded to 10,000."""
    return max(10_000, round(1.1 * float(progress["value"].sum()) / _elapsed() / 10_000) * 10_000)


def _per_period(progress: pd.DataFrame) -> int:
    """Return how many accounts can be onboarded in the situation: a third more than the pace so far would bring."""
    return max(10, round(len(progress) / _elapsed() / 0.75 / 10) * 10)


def _elapsed() -> float:
    """Return the share of the situation that has passed on the last day that is known."""
    return ((OBSERVED_UNTIL - SITUATION[0]).days + 1) / ((SITUATION[1] - SITUATION[0]).days + 1)


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write plain text, dates and nullable numbers, without the traces of the library that made them."""
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    for i, field in enumerate(arrow.schema):
        if field.name in _DATES:
            arrow = arrow.set_column(i, field.name, arrow.column(i).cast(pa.date32()))
        elif pa.types.is_large_string(field.type):
            arrow = arrow.set_column(i, field.name, arrow.column(i).cast(pa.string()))
    pq.write_table(arrow, path)
