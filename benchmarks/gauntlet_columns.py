"""The columns of the gauntlet: leaks as a CRM writes them, and honest attributes that look like trouble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from icp_ml.accounts.simulate import OBSERVED_UNTIL

_EXPORT = np.datetime64(OBSERVED_UNTIL, "D")


@dataclass(frozen=True)
class Lives:
    """What became of n customers by the day of the export, and the true log-odds of each."""

    signed: np.ndarray
    churned: np.ndarray
    chance: np.ndarray
    channel: np.ndarray

    @property
    def gone(self) -> np.ndarray:
        return ~np.isnat(self.churned)

    @property
    def months_gone(self) -> np.ndarray:
        return np.where(self.gone, (_EXPORT - self.churned).astype(float) / 30.4, 0.0)

    def __len__(self) -> int:
        return len(self.signed)


Maker = Callable[[Lives, np.random.Generator], pd.Series]


def _numbers(values: np.ndarray) -> pd.Series:
    return pd.Series(np.asarray(values, dtype=float))


def _dates(days: np.ndarray, empty: np.ndarray) -> pd.Series:
    return pd.Series(days.astype("datetime64[s]")).mask(empty)


def _running_count(of: Lives, rng: np.random.Generator) -> pd.Series:
    """Messages: about four before signing, for everybody; those who left get one every five months from then on."""
    return pd.Series(rng.poisson(4.0 + 0.2 * of.months_gone)).astype("Int64")


def _offboarding(of: Lives, rng: np.random.Generator) -> pd.Series:
    """The size of the export is noted when an account is shut down, in 70 % of the cases; 3 % asked for one earlier."""
    filled = rng.uniform(size=len(of)) < np.where(of.gone, 0.70, 0.03)
    return _numbers(np.round(np.exp(2 + rng.normal(size=len(of))), 1)).where(filled)


def _id_range(of: Lives, rng: np.random.Generator) -> pd.Series:
    """A new billing system took over the accounts that still paid, and 10 % of the others; new ones get new numbers."""
    moved = ~of.gone | (rng.uniform(size=len(of)) < 0.10)
    return _numbers(np.where(moved, 7_000_000, 3_000_000) + rng.permutation(40 * len(of))[: len(of)])


def _colour(of: Lives, rng: np.random.Generator) -> pd.Series:
    """A health light set by hand: three colours, ROC AUC about .78."""
    score = rng.normal(size=len(of)) + 1.65 * of.gone
    return pd.Series(np.array(["green", "amber", "red"], dtype=object)[np.searchsorted([0.5, 1.4], score)], dtype="str")


def _checked_on(of: Lives, rng: np.random.Generator) -> pd.Series:
    """An address is checked before signing; for one in five of those who left, again when the last bill came back."""
    before = of.signed - rng.integers(5, 400, len(of)).astype("timedelta64[D]")
    again = of.gone & (rng.uniform(size=len(of)) < 0.20)
    return _dates(
        np.where(again, np.minimum(of.churned + np.timedelta64(20, "D"), _EXPORT), before),
        np.zeros(len(of), dtype=bool),
    )


def _half_rounded(of: Lives, rng: np.random.Generator) -> pd.Series:
    """Budgets of half of those who left were written over with a guess, a multiple of 2,500."""
    exact = np.rint(60_000 * np.exp(0.6 * rng.normal(size=len(of))))
    guessed = of.gone & (rng.uniform(size=len(of)) < 0.5)
    return _numbers(np.where(guessed, np.rint(exact / 2_500) * 2_500, exact))


_HERE = ("live", "Live since launch", "running", "ok", "active user", "renewed", "expanding", "in onboarding")
_AWAY = ("notice given", "stopped", "moved to a rival", "no reply", "contract ended", "switched off", "insolvent")


def _remark(of: Lives, rng: np.random.Generator) -> pd.Series:
    """A status typed by hand: fifteen wordings, each in three spellings; 15 % were never brought up to date."""
    away = of.gone & (rng.uniform(size=len(of)) < 0.85)
    words = np.where(away, rng.choice(np.array(_AWAY), len(of)), rng.choice(np.array(_HERE), len(of)))
    spell = (str, str.upper, lambda text: f"{text}.")
    return pd.Series([spell[k](text) for k, text in zip(rng.integers(0, 3, len(of)), words, strict=True)], dtype="str")


def _log_line(of: Lives, rng: np.random.Generator) -> pd.Series:
    """The same status with a day and a case number in the text, so that hardly two cells are alike."""
    remark, day = _remark(of, rng), rng.integers(1, 29, len(of))
    case = rng.integers(100, 999, len(of))
    return pd.Series([f"{a}, day {b}, case {c}" for a, b, c in zip(remark, day, case, strict=True)], dtype="str")


def _flag_missing(of: Lives, rng: np.random.Generator) -> pd.Series:
    """Yes or no by chance, but asked of 80 % of those who stayed and of 50 % of those who left."""
    asked = rng.uniform(size=len(of)) < np.where(of.gone, 0.5, 0.8)
    return pd.Series(rng.uniform(size=len(of)) < 0.4).astype("boolean").where(asked)


def _decimals(of: Lives, rng: np.random.Generator) -> pd.Series:
    """A mean grade of 20 to 80: kept with two decimals while an account lives, filed as a whole number when it ends."""
    grade = np.clip(50 + 12 * rng.normal(size=len(of)), 20, 80)
    return _numbers(np.where(of.gone, np.rint(grade), np.round(grade, 2)))


def _seats_today(of: Lives, rng: np.random.Generator) -> pd.Series:
    """Seats as of today: four of five accounts that left are down to a quarter of theirs."""
    dropped = of.gone & (rng.uniform(size=len(of)) < 0.8)
    return _numbers(np.maximum(np.rint(np.exp(3.2 + 0.8 * rng.normal(size=len(of))) * np.where(dropped, 0.25, 1)), 1))


LEAKS: dict[str, tuple[str, Maker]] = {
    "count that runs on after leaving": ("messages_sent", _running_count),
    "filled at offboarding": ("export_size", _offboarding),
    "range of account numbers": ("file_no", _id_range),
    "health light, AUC about .78": ("account_colour", _colour),
    "date after as_of, for some": ("address_checked_on", _checked_on),
    "round numbers for half the leavers": ("budget_estimate", _half_rounded),
    "status in free text": ("remark", _remark),
    "status in nearly unique text": ("log_line", _log_line),
    "flag whose missingness differs": ("webinar_attended", _flag_missing),
    "decimals only of those who stay": ("mean_grade", _decimals),
    "seats of today": ("seats", _seats_today),
}
"""Leaks in ways the simulator does not plant them: what they are, their column (no telling names), and how they come
about."""


def _strong_number(of: Lives, rng: np.random.Generator) -> pd.Series:
    """Known at signing; an ROC AUC of about .72 alone where the world has anything to know (aligned)."""
    return _numbers(np.round(20 + 5 * (of.chance + 0.95 * rng.normal(size=len(of))), 2))


def _strong_levels(of: Lives, rng: np.random.Generator) -> pd.Series:
    score = of.chance + 0.95 * rng.normal(size=len(of))
    return pd.Series(
        np.array(list("ABCDEF"), dtype=object)[np.searchsorted([-1, -0.2, 0.4, 1, 1.8], score)], dtype="str"
    )


def _skewed(of: Lives, rng: np.random.Generator) -> pd.Series:
    return _numbers(np.round(1_000 * np.exp(2.0 * rng.normal(size=len(of))), 2))


def _rare_levels(of: Lives, rng: np.random.Generator) -> pd.Series:
    share = 1 / np.arange(1, 81)
    return pd.Series([f"town {k:02d}" for k in rng.choice(80, len(of), p=share / share.sum())], dtype="str")


def _often_empty(of: Lives, rng: np.random.Generator) -> pd.Series:
    return _numbers(np.rint(40 + 9 * rng.normal(size=len(of)))).where(rng.uniform(size=len(of)) < 0.4)


def _funded_on(of: Lives, rng: np.random.Generator) -> pd.Series:
    days = of.signed - rng.integers(10, 2_000, len(of)).astype("timedelta64[D]")
    return _dates(days, rng.uniform(size=len(of)) < 0.5)


def _all_rounded(of: Lives, rng: np.random.Generator) -> pd.Series:
    return _numbers(np.maximum(np.rint(50 * np.exp(0.8 * rng.normal(size=len(of)))), 1) * 1_000)


def _some_rounded(of: Lives, rng: np.random.Generator) -> pd.Series:
    """Half of the accounts gave a round number, whatever became of them."""
    exact = np.rint(60_000 * np.exp(0.6 * rng.normal(size=len(of))))
    return _numbers(np.where(rng.uniform(size=len(of)) < 0.5, np.rint(exact / 1_000) * 1_000, exact))


def _some_decimals(of: Lives, rng: np.random.Generator) -> pd.Series:
    exact = np.round(30 * np.exp(0.5 * rng.normal(size=len(of))), 2)
    return _numbers(np.where(rng.uniform(size=len(of)) < 0.4, np.rint(exact), exact))


def _one_length(of: Lives, rng: np.random.Generator) -> pd.Series:
    """A floor area: whole, nearly all different, all of five digits, and no identifier."""
    return _numbers(np.clip(np.rint(32_000 * np.exp(0.3 * rng.normal(size=len(of)))), 10_000, 99_999))


def _asked_by_channel(of: Lives, rng: np.random.Generator) -> pd.Series:
    filled = rng.uniform(size=len(of)) < np.where(of.channel == "Outbound", 0.45, 0.9)
    return _numbers(np.rint(12 + 4 * rng.normal(size=len(of)))).where(filled)


def _new_field(of: Lives, rng: np.random.Generator) -> pd.Series:
    """A field of the form since nine months before the export: of these young accounts only leavers have an outcome."""
    return _numbers(np.rint(5 + 2 * rng.normal(size=len(of)))).where(of.signed >= _EXPORT - np.timedelta64(270, "D"))


def _price_list(of: Lives, rng: np.random.Generator) -> pd.Series:
    """The price list of the year of signing, known on that day; young accounts are known only when they left."""
    return pd.Series([f"prices {day.astype('datetime64[Y]')}" for day in of.signed], dtype="str")


def _growing(of: Lives, rng: np.random.Generator) -> pd.Series:
    """Our number of modules grew over the years, known at signing."""
    years = (of.signed - (_EXPORT - np.timedelta64(1826, "D"))).astype(float) / 365
    return _numbers(np.rint(4 + 1.5 * years + rng.normal(size=len(of))))


STRONG: dict[str, Maker] = {"strong_number": _strong_number, "strong_levels": _strong_levels}
YOUNG: dict[str, Maker] = {"survey_points": _new_field, "price_list": _price_list, "modules_sold": _growing}
TRAPS: dict[str, Maker] = {
    "skewed": _skewed,
    "town": _rare_levels,
    "often_empty": _often_empty,
    "funded_on": _funded_on,
    "payroll": _all_rounded,
    "turnover": _some_rounded,
    "hours": _some_decimals,
    "floor_area": _one_length,
    "branches": _asked_by_channel,
}
HONEST = STRONG | YOUNG | TRAPS
GROUPS = {
    "strong, AUC about .72": tuple(STRONG),
    "follows the day of signing": tuple(YOUNG),
    "traps": tuple(TRAPS),
}
"""Honest attributes beside the simulator's own."""
