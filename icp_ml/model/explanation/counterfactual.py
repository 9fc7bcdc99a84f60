"""Look for one or two changes, of what an account could change, that go with a better chance among the customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.model.explanation.case import Case
from icp_ml.model.explanation.words import Words, chance, listed

MIN_CUSTOMERS = 5
"""A value is proposed only when this many customers have it, both values of a pair together."""
MIN_GAIN = 0.01
"""Smallest gain in probability that is told, and that a second change must add to the first."""
N_SINGLE = 2
_PAIRED_VALUES = 3
_UNLIKE = "The account is unlike every customer, so no customer's value speaks for it."
_NOTHING_BETTER = "No value that customers have of what this account could change goes with a better chance."
_DECILES = np.arange(1, 10) / 10

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Change:
    """One attribute at another value, and which reference customers have that value.

    Attributes
    ----------
    column : str
    value : object
        A level, or a decile of the customers' numbers.
    has : array of bool, shape (n_reference,)
        Customers with the level, or with a number from the decile below to the one above.
    """

    column: str
    value: object
    has: Flags


@dataclass(frozen=True)
class Counterfactual:
    """One or two changes and the chance that goes with them.

    Attributes
    ----------
    changes : tuple of Change
    probability : float
        Chance of an account that differs from this one by the changes alone.
    n_like : int
        Reference customers that have all the changed values.
    """

    changes: tuple[Change, ...]
    probability: float
    n_like: int


@dataclass(frozen=True)
class Counterfactuals:
    """The changes found, or why there are none.

    Attributes
    ----------
    rows : tuple of Counterfactual
        At most two single changes and one pair, fewest changes first.
    probability : float
        Chance of the account as it is.
    n_customers : int
        Reference customers.
    why_none : str
        Empty where there are rows.
    """

    rows: tuple[Counterfactual, ...]
    probability: float
    n_customers: int
    why_none: str = ""

    @property
    def sentence(self) -> str:
        """Say what the rows are, or why there are none."""
        if not self.rows:
            return self.why_none
        return (
            "What goes with a better chance among customers, everything else the same; "
            "an association, not what would happen to this account."
        )

    def as_document(self, case: Case, words: Words, *, is_withdrawn: bool = False) -> dict[str, Any]:
        """Return the changes in words; without chances where the probability is withdrawn."""
        rows = [self._row(one, case.row, words, is_withdrawn=is_withdrawn) for one in self.rows]
        return {"sentence": self.sentence, "rows": rows}

    def _row(self, one: Counterfactual, row: pd.DataFrame, words: Words, *, is_withdrawn: bool) -> dict[str, Any]:
        changes = [
            {
                "label": words.label(change.column),
                "from": words.value(change.column, row[change.column].iloc[0]),
                "to": words.value(change.column, change.value),
            }
            for change in one.changes
        ]
        told = listed([f"{change['label']} {change['to']} instead of {change['from']}" for change in changes])
        gain = 100 * (one.probability - self.probability)
        better = f"a chance of {chance(one.probability)} instead of {chance(self.probability)}"
        better = "a better score" if is_withdrawn else better
        verb = "is" if len(changes) == 1 else "are"
        sentence = (
            f"Among customers, {told} {verb} associated with {better}; "
            f"{one.n_like:,} of {self.n_customers:,} customers are like that."
        )
        return {
            "changes": changes,
            "probability": None if is_withdrawn else one.probability,
            "gain_points": None if is_withdrawn else gain,
            "n_like": one.n_like,
            "sentence": sentence,
        }


def counterfactuals(case: Case, changeable: Sequence[str]) -> Counterfactuals:
    """Return the changes that go with the best chance, the fewest first.

    Parameters
    ----------
    case
        The account.
    changeable
        Attributes that the study says an account can change.

    Returns
    -------
    Counterfactuals
        Only values that at least five customers have, only accounts inside the domain, only gains of a point or more.

    Notes
    -----
    What is unknown of the account is left alone: to learn it is no change. Every value of every changeable attribute is
    tried alone, the three best values of each in pairs. Customers differ by more than the changed values, so the gain
    is an association among customers, not the effect of a change.

    References
    ----------
    Wachter, Mittelstadt & Russell (2018), Counterfactual explanations without opening the black box, arXiv:1711.00399.
    """
    n, now = len(case.reference), case.probability
    known = [name for name, is_known in zip(case.columns, case.is_known, strict=True) if is_known]
    open_to_change = [name for name in known if name in set(changeable)]
    if not set(changeable) & set(case.columns):
        return Counterfactuals((), now, n, "The study declares no attribute of this model as changeable.")
    if not open_to_change:
        return Counterfactuals((), now, n, "Nothing that this account could change is known of it.")
    if not case.inside(case.row).all():
        return Counterfactuals((), now, n, _UNLIKE)
    options = [change for name in open_to_change for change in _options(case, name)]
    single = _tried(case, [(change,) for change in options])
    rows = [one for one in _best_of_each(single, 1) if one.probability >= now + MIN_GAIN][:N_SINGLE]
    bar = (rows[0].probability if rows else now) + MIN_GAIN
    rows += [one for one in _tried(case, _pairs(single))[:1] if one.probability >= bar]
    return Counterfactuals(tuple(rows), now, n, "" if rows else _NOTHING_BETTER)


def _options(case: Case, column: str) -> list[Change]:
    """Return the values of one attribute that customers have, but for the account's own."""
    cells, own = case.reference.frame[column], case.row[column].iloc[0]
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return _number_options(column, cells.to_numpy(np.float64), float(own))
    levels = sorted(str(level) for level in cells.dropna().unique() if str(level) != str(own))
    return [Change(column, level, (cells == level).to_numpy(dtype=bool, na_value=False)) for level in levels]


def _number_options(column: str, numbers: NDArray[np.float64], own: float) -> list[Change]:
    if np.isnan(numbers).all():
        return []
    deciles = np.unique(np.nanquantile(numbers, _DECILES, method="inverted_cdf"))
    edges = np.concatenate([[-np.inf], deciles, [np.inf]])
    found = []
    for place, value in enumerate(deciles):
        has = (numbers >= edges[place]) & (numbers <= edges[place + 2])
        if value != own:
            found.append(Change(column, float(value), has))
    return found


def _tried(case: Case, proposals: Sequence[tuple[Change, ...]]) -> list[Counterfactual]:
    """Return the proposals that customers bear out and that stay in the domain, best first; columns break ties."""
    counts = [int(np.logical_and.reduce([change.has for change in changes]).sum()) for changes in proposals]
    kept = [(changes, n) for changes, n in zip(proposals, counts, strict=True) if n >= MIN_CUSTOMERS]
    if not kept:
        return []
    frame = _changed(case, [changes for changes, _ in kept])
    judged = zip(kept, case.chances(frame), case.inside(frame), strict=True)
    found = [Counterfactual(changes, float(p), n) for (changes, n), p, is_inside in judged if is_inside]
    return sorted(found, key=lambda one: (-one.probability, [change.column for change in one.changes]))


def _changed(case: Case, proposals: Sequence[tuple[Change, ...]]) -> pd.DataFrame:
    """Return the account once per proposal, changed."""
    columns = sorted({change.column for changes in proposals for change in changes})
    cells = {name: [case.row[name].iloc[0]] * len(proposals) for name in columns}
    for at, changes in enumerate(proposals):
        for change in changes:
            cells[change.column][at] = change.value
    return case.replaced({name: pd.Series(cells[name], dtype=case.reference.frame[name].dtype) for name in columns})


def _best_of_each(single: Sequence[Counterfactual], n: int) -> list[Counterfactual]:
    """Return the ``n`` best changes of each attribute, best first."""
    taken: Counter[str] = Counter()
    best = []
    for one in single:
        taken[one.changes[0].column] += 1
        if taken[one.changes[0].column] <= n:
            best.append(one)
    return best


def _pairs(single: Sequence[Counterfactual]) -> list[tuple[Change, ...]]:
    changes = [one.changes[0] for one in _best_of_each(single, _PAIRED_VALUES)]
    return [pair for pair in combinations(changes, 2) if pair[0].column != pair[1].column]
