"""Guess which column names an account, starts its clock, says how it ended, and which may not be an attribute."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.propose.column_facts import ColumnFacts, fit_keywords, keywords
from icp_ml.names import CONTEXT, PLAYERS
from icp_ml.study.checks import SCORE_COLUMNS

TELLS = 0.95
"""An attribute that orders the outcome this well on its own probably is the outcome."""
SUSPECT = 0.75
"""From here on the proposal asks when the attribute was known."""
MOST_LEVELS = 200
_MOST_NAMES = 50
_FEWEST_OF_A_LEVEL = 10

_FIRST_DAYS = re.compile(r" first (\d+) ")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)


@dataclass(frozen=True)
class Roles:
    """Who plays which part; None where no column does.

    Attributes
    ----------
    early : tuple of ColumnFacts
        Columns that count the first `plus_days` days only.
    success, failure : tuple of str
        Values of a finished label.
    ended : ColumnFacts or None
        The end of a lifetime; then there is no `label`.
    """

    id: ColumnFacts | None = None
    as_of: ColumnFacts | None = None
    plus_days: int = 0
    early: tuple[ColumnFacts, ...] = ()
    group: ColumnFacts | None = None
    ended: ColumnFacts | None = None
    label: ColumnFacts | None = None
    success: tuple[str, ...] = ()
    failure: tuple[str, ...] = ()

    @property
    def columns(self) -> set[str]:
        """The columns that have a part already."""
        return {fact.name for fact in (self.id, self.as_of, self.group, self.ended, self.label) if fact is not None}

    def outcome(self) -> npt.NDArray[np.float64] | None:
        """Return 1, 0 and NaN per row where the outcome can be read off, roughly; shape (n,)."""
        if self.label is not None:
            text = self.label.text
            success, failure = np.isin(text, self.success), np.isin(text, self.failure)
            return np.where(success, 1.0, np.where(failure, 0.0, np.nan))
        return None if self.ended is None else np.where(self.ended.filled, 0.0, 1.0)


def guess_roles(facts: Sequence[ColumnFacts]) -> Roles:
    """Return the best guess at each part, from names and values."""
    identity = _identity(facts)
    ended = _best(facts, _ended_score)
    as_of = _best([fact for fact in facts if fact is not ended], _started_score)
    label, success, failure = _label([fact for fact in facts if fact is not identity])
    if ended is not None and as_of is not None and _lasts(as_of, ended):
        label, success, failure = None, (), ()
    else:
        ended = None
    early = tuple(fact for fact in facts if first_days(fact)) if as_of else ()
    plus = max(map(first_days, early), default=0)
    group = next((fact for fact in facts if _is_group(fact)), None)
    return Roles(identity, as_of, plus, early, group, ended, label, success, failure)


def first_days(fact: ColumnFacts) -> int:
    """Return the 30 of a name such as `orders_first30`; 0 for other names."""
    found = _FIRST_DAYS.search(fact.words)
    return min(int(found.group(1)), 3650) if found else 0


def why_not(fact: ColumnFacts, roles: Roles) -> str | None:
    """Return why a column should not be an attribute, or None; the first reason that holds."""
    words = keywords()
    if len(fact.counts) <= 1:
        return "always empty" if not fact.n_filled else "constant: one value says nothing"
    if fact.says(words["personal"]) or _holds_emails(fact):
        return "personal data of people, by its name or its values"
    if fact.ends_with(words["our_people"]) and fact.kind == "categorical":
        return "a person on our side, not the account"
    if fact.is_text_number and fact.kind == "numeric":
        return "numbers stored as text: write the column as numbers, or list it as categorical"
    if fact.kind == "date":
        return _why_not_date(fact, roles.as_of)
    return _why_not_identifier(fact) or _why_not_later(fact, roles) or _why_not_total(fact, roles)


def best_fit(fact: ColumnFacts) -> tuple[str, str | None]:
    """Return the fit whose longest keyword stands in the name, the first of equals, and that keyword."""
    found = [(keyword, fit) for fit in PLAYERS if (keyword := fact.says(fit_keywords()[fit]))]
    if not found:
        return CONTEXT, None
    keyword, fit = max(found, key=lambda item: len(item[0]))
    return fit, keyword


def alone(fact: ColumnFacts, outcome: npt.NDArray[np.float64] | None) -> float:
    """Return how well one column orders the outcome: ROC AUC from 0.5 (not at all) to 1, in sample."""
    if outcome is None:
        return 0.5
    known = ~np.isnan(outcome)
    label = outcome[known] == 1
    if label.all() or not label.any():
        return 0.5
    values = _ordered(fact, known, label)
    ranks = pd.Series(values).rank().to_numpy()
    n_success, n_failure = int(label.sum()), int((~label).sum())
    area = (ranks[label].sum() - n_success * (n_success + 1) / 2) / (n_success * n_failure)
    return float(max(area, 1 - area))


def _ordered(fact: ColumnFacts, known: npt.NDArray[np.bool_], label: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return numbers as they are, missing as the lowest, and levels by their share of successes."""
    if fact.numbers is not None:
        return np.nan_to_num(fact.numbers[known], nan=-np.inf, neginf=-np.inf)
    levels = pd.Series(fact.text[known]).fillna("")
    levels = levels.where(levels.map(levels.value_counts()) >= _FEWEST_OF_A_LEVEL, "")  # rare levels fit by chance
    shares: npt.NDArray[np.float64] = pd.Series(label.astype(float)).groupby(levels).transform("mean").to_numpy()
    return shares


def _best(facts: Sequence[ColumnFacts], score: Callable[[ColumnFacts], float]) -> ColumnFacts | None:
    scored = [(score(fact), fact) for fact in facts]
    top = max((points for points, _ in scored), default=0)
    return next((fact for points, fact in scored if points == top), None) if top > 0 else None


def _identity(facts: Sequence[ColumnFacts]) -> ColumnFacts | None:
    words = keywords()

    def score(fact: ColumnFacts) -> float:
        fractions = fact.numbers is not None and not fact.is_whole
        if not fact.is_unique or fractions or fact.days is not None or fact.name in SCORE_COLUMNS or fact.n < 2:
            return 0
        named = bool(fact.ends_with(words["identifier"])) + bool(fact.says(words["identifier"]))
        account = bool(fact.says(words["account"]))
        is_amount = fact.numbers is not None and not fact.is_code
        if fact.says(words["personal"]) or (is_amount and not named):
            return 0
        return 0.1 + 2 * named + account

    return _best(facts, score)


def _started_score(fact: ColumnFacts) -> float:
    words = keywords()
    if fact.days is None or fact.n_filled < 0.8 * fact.n or len(fact.counts) < 2:
        return 0
    if fact.says(words["later"]) or fact.says(words["ended"]) or fact.says(words["entered"]):
        return 0
    first = next((rank for rank, word in enumerate(words["started"]) if fact.says([word])), None)
    return 0.1 if first is None else 2 - first / 100


def _ended_score(fact: ColumnFacts) -> float:
    if fact.days is None or not 0 < fact.n_filled < fact.n:
        return 0
    return 1 if fact.says(keywords()["ended"]) else 0


def _lasts(start: ColumnFacts, end: ColumnFacts) -> bool:
    """Tell whether nearly every end comes after its start."""
    if start.days is None or end.days is None:
        return False
    both = start.filled & end.filled
    return bool(both.any()) and float((end.days[both] >= start.days[both]).mean()) >= 0.95


def _label(facts: Sequence[ColumnFacts]) -> tuple[ColumnFacts | None, tuple[str, ...], tuple[str, ...]]:
    scored = [(_label_score(fact), fact) for fact in facts]
    top = max((points for points, _ in scored), default=0)
    if top <= 1:  # values or a name alone are not enough
        return None, (), ()
    label = next(fact for points, fact in scored if points == top)
    success, failure = _sides(label)
    return label, success, failure


def _label_score(fact: ColumnFacts) -> float:
    named = fact.says(keywords()["label"])
    if not 2 <= len(fact.counts) <= 12 or named is None:
        return 0
    success, failure = _sides(fact)
    if not success or not failure:
        return 0
    known = sum(fact.counts[value] for value in (*success, *failure))
    earliness = 1 - keywords()["label"].index(named) / 100
    return 1 + known / max(fact.n_filled, 1) + earliness


def _sides(fact: ColumnFacts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which values mean success and which failure; turned around where the name is that of a failure."""
    words = keywords()
    plain = {value: " ".join(re.findall(r"[a-z0-9]+", value.lower())) for value in fact.counts}
    success = tuple(value for value, text in plain.items() if text in words["success_values"])
    failure = tuple(value for value, text in plain.items() if text in words["failure_values"])
    is_flag = set(plain.values()) <= {"true", "false", "yes", "no", "y", "n", "1", "0"}
    return (failure, success) if is_flag and fact.says(words["failing"]) else (success, failure)


def _is_group(fact: ColumnFacts) -> bool:
    return bool(fact.ends_with(keywords()["group"])) and 1 < len(fact.counts) < fact.n_filled


def _holds_emails(fact: ColumnFacts) -> bool:
    values = list(fact.counts)[:200]
    return bool(values) and sum(bool(_EMAIL.fullmatch(value.strip())) for value in values) >= 0.5 * len(values)


def _why_not_date(fact: ColumnFacts, as_of: ColumnFacts | None) -> str | None:
    if as_of is None or as_of.days is None or fact.days is None:
        return "a date, and no as_of to count the days from"
    both = fact.filled & as_of.filled
    later = int((fact.days[both] > as_of.days[both]).sum())
    if later:
        return f"later than {as_of.name} in {later} of {int(both.sum())} rows: later knowledge"
    same = int((fact.days[both] == as_of.days[both]).sum())
    return "the same day as as_of" if same == both.sum() else None


def _why_not_identifier(fact: ColumnFacts) -> str | None:
    named = fact.ends_with(keywords()["identifier"])
    n_levels = len(fact.counts)
    if n_levels > _MOST_NAMES and fact.kind == "categorical" and fact.words.strip() in keywords()["account"]:
        return f"names the account: {n_levels:,} of them are no profile"
    if fact.kind == "numeric" and not (named and fact.is_whole):
        return None
    if n_levels > 0.9 * fact.n_filled and fact.n_filled > 20:
        return f"an identifier: {n_levels:,} values in {fact.n_filled:,} rows"
    if n_levels > MOST_LEVELS:
        return f"{n_levels:,} levels: too many to learn from"
    return None


def _why_not_later(fact: ColumnFacts, roles: Roles) -> str | None:
    words = keywords()
    if fact.words.startswith(" y ") and roles.label is not None and roles.label.words.startswith(" y "):
        return "another outcome"
    if roles.ended is not None and _label_score(fact) > 1:
        return f"says how it went, as '{roles.ended.name}' does"
    found = fact.says(words["later"])
    if found and len(found) >= len(best_fit(fact)[1] or ""):
        return f"'{found}' in the name: probably known only later"
    tells = alone(fact, roles.outcome())
    if tells >= TELLS:
        return f"alone it orders the outcome with AUC {tells:.2f}: probably the outcome itself"
    if roles.as_of is not None and roles.as_of.days is not None and fact.is_whole and fact.numbers is not None:
        years = roles.as_of.days.astype("datetime64[Y]").astype(int) + 1970
        both = fact.filled & roles.as_of.filled
        if both.any() and float((np.abs(fact.numbers[both] - years[both]) <= 1).mean()) >= 0.95:
            return f"the year of {roles.as_of.name}"
    return None


def _why_not_total(fact: ColumnFacts, roles: Roles) -> str | None:
    """Refuse `orders` where `orders_first30` stands beside it: it goes on counting after the as_of day."""
    if fact in roles.early:
        return None
    own = _content(fact)
    same = next((early.name for early in roles.early if own & _content(early)), None)
    return f"{same} is what was known by then: this one goes on after the as_of day" if same else None


def _content(fact: ColumnFacts) -> set[str]:
    return {word for word in fact.words.split() if len(word) > 2 and word not in ("avg", "num", "first", "days")} - {
        *keywords()["account"]
    }
