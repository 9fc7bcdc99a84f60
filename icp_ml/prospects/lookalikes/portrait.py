"""Describe a group of successful customers by what sets it apart from the other successful customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from icp_ml.model.explanation.words import NOT_KNOWN, Words, listed

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

SMALLEST_DIFFERENCE = 0.3
"""Standard deviations by which a group has to stand apart before it is told."""
_SMALLEST_Z = 3.0
"""Standard errors of the same: among a hundred attributes and levels, chance alone seldom reaches it."""
_N_TOLD = 3
_MOST_LEVELS = 50


@dataclass(frozen=True)
class Apart:
    """One attribute in which a group stands apart.

    Attributes
    ----------
    column : str
    size : float
        Difference in standard deviations (of ranks for numbers, of the share for levels), above 0.
    text : str
        Value here and elsewhere in words.
    """

    column: str
    size: float
    text: str


def set_apart(frame: pd.DataFrame, inside: Flags, words: Words) -> list[str]:
    """Return up to three attributes in which a group differs most from the other rows, in words.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_attributes)
        Attributes of the successful customers.
    inside : ndarray of bool, shape (n,)
        The group.
    words : Words
        Names columns and values.

    Returns
    -------
    list of str
        Such as ``"crm hubspot in 7 of 10, against 3 of 10"``, the largest difference first; empty when nothing
        stands apart by .3 standard deviations and three standard errors.
    """
    if inside.all() or not inside.any():
        return []
    found: dict[str, Apart] = {}
    for one in _differences(frame, inside, words):
        if one.column not in found or one.size > found[one.column].size:
            found[one.column] = one
    ordered = sorted(found.values(), key=lambda one: (-round(one.size, 9), one.column))
    return [one.text for one in ordered[:_N_TOLD]]


def fits_apart(contributions: Floats, fits: Sequence[str], inside: Flags) -> str:
    """Return which fits of a group stand above or below those of the other rows, empty when none does.

    Parameters
    ----------
    contributions : ndarray of float64, shape (n, n_attributes)
        Attribute contributions of the successful customers, in log-odds.
    fits : sequence of str
        The fit of each attribute.
    inside : ndarray of bool, shape (n,)
        The group.
    """
    if inside.all() or not inside.any():
        return ""
    sides: dict[bool, list[str]] = {True: [], False: []}
    for fit in dict.fromkeys(fits):
        total = contributions[:, [name == fit for name in fits]].sum(axis=1)
        size = _distance(total, inside)
        if size is not None:
            sides[size > 0].append(fit)
    told = [f"{listed(names)} {side}" for side, names in (("above", sides[True]), ("below", sides[False])) if names]
    return ", ".join(told) + " the others" if told else ""


def _differences(frame: pd.DataFrame, inside: Flags, words: Words) -> Iterator[Apart]:
    for name, column in frame.items():
        missing = column.isna().to_numpy(dtype=bool)
        if missing.all():
            continue
        yield from _of_level(str(name), missing, inside, f"{words.label(str(name))} {NOT_KNOWN}")
        of_kind = _of_numbers if pd.api.types.is_numeric_dtype(column.dtype) else _of_levels
        yield from of_kind(str(name), column.reset_index(drop=True), inside, words)


def _of_numbers(name: str, column: pd.Series, inside: Flags, words: Words) -> Iterator[Apart]:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(values)
    size = _distance(rankdata(values[known]), inside[known])
    if size is not None:
        middles = [float(np.median(values[known & side])) for side in (inside, ~inside)]
        here, there = (words.value(name, middle) for middle in middles)
        if here != there:
            yield Apart(name, abs(size), f"median {words.label(name)} {here}, against {there}")


def _of_levels(name: str, column: pd.Series, inside: Flags, words: Words) -> Iterator[Apart]:
    for level in column.value_counts().sort_index().nlargest(_MOST_LEVELS).index:
        has = (column == level).to_numpy(dtype=bool, na_value=False)
        yield from _of_level(name, has, inside, f"{words.label(name)} {words.value(name, level)}")


def _of_level(name: str, has: Flags, inside: Flags, what: str) -> Iterator[Apart]:
    size = _distance(has.astype(np.float64), inside)
    if size is not None:
        here, there = (_of_ten(has[side].mean()) for side in (inside, ~inside))
        if here != there:
            yield Apart(name, abs(size), f"{what} in {here}, against {there}")


def _distance(values: Floats, inside: Flags) -> float | None:
    """Return by how many standard deviations the group's mean is higher, None where that is small or not sure."""
    n_here, n_there = int(inside.sum()), int((~inside).sum())
    if not n_here or not n_there:
        return None
    here, there = values[inside], values[~inside]
    spread = np.sqrt((here.var() * n_here + there.var() * n_there) / (n_here + n_there))
    apart = float(here.mean() - there.mean())
    overall = float(values.std())
    if overall <= 1e-12:
        return None
    # The spread inside the groups is nothing where the attribute tells them apart entirely.
    size = apart / max(spread, overall / 10)
    is_sure = abs(apart) >= _SMALLEST_Z * max(spread, overall / 10) * np.sqrt(1 / n_here + 1 / n_there)
    return size if is_sure and abs(size) >= SMALLEST_DIFFERENCE else None


def _of_ten(share: float) -> str:
    """Return a share as people say it; one near an end in percent."""
    return f"{round(10 * share)} of 10" if 0.05 <= share <= 0.95 or share in (0.0, 1.0) else f"{share:.0%}"
