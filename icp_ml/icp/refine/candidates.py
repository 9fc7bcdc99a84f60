"""List the rules that may be tried for one attribute: a fixed grid, which knows the attribute but no outcome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.icp.refine.cuts import day_cuts, number_cuts
from icp_ml.rules import parse_rule
from icp_ml.rules.writer import Value, rule_text

Flags = npt.NDArray[np.bool_]

LEAST_SHARE = 0.10
"""Share of the customers that a rule needs on each side."""
_MOST_RARE = 6
_EDGE = 1e-9


@dataclass(frozen=True)
class Candidate:
    """A rule that may be tried.

    Attributes
    ----------
    rule : str
        Its text.
    leaves_out : bool
        Worded as what does not belong: an exclusion.
    threshold : float or None
        The cut, of a rule with one cut through numbers.
    about_missing : bool
        It asks whether there is a value at all.
    is_compound : bool
        It has two cuts or two levels.
    """

    rule: str
    leaves_out: bool = False
    threshold: float | None = None
    about_missing: bool = False
    is_compound: bool = False


@dataclass(frozen=True, eq=False)
class Tried:
    """The rules of one attribute with the customers that meet each.

    Attributes
    ----------
    candidates : list of Candidate
    masks : ndarray of bool, shape (n_candidates, n)
        Unknown does not match.
    """

    candidates: list[Candidate]
    masks: Flags


def rules_for(values: pd.Series[Any], also: tuple[Candidate, ...] = ()) -> Tried:
    """Return every rule that is tried for one column: at least 10 % of the customers inside and outside.

    Parameters
    ----------
    values : Series, shape (n,)
        Numbers, dates or text, as in `CustomerBase.rule_frame`; its name is the column.
    also : tuple of Candidate
        Further rules about this column, such as the criterion of the profile and what lies around it.

    Returns
    -------
    Tried
        Rules that select the same customers are listed once, the first of them.
    """
    codes, distinct = pd.factorize(values)
    table = pd.DataFrame({values.name: pd.Series(distinct).reindex(range(len(distinct) + 1))})  # the last is missing
    candidates, masks, seen = [], [], set[bytes]()
    for candidate in (*also, *_listed(values)):
        mask = parse_rule(candidate.rule).matches(table)[codes]  # code -1 is missing
        key = np.packbits(mask).tobytes()
        if key not in seen and LEAST_SHARE - _EDGE <= mask.mean() <= 1 - LEAST_SHARE + _EDGE:
            seen.add(key)
            candidates.append(candidate)
            masks.append(mask)
    return Tried(candidates, np.array(masks, dtype=bool).reshape(len(masks), len(values)))


def _listed(values: pd.Series[Any]) -> Iterator[Candidate]:
    column, present = str(values.name), values.dropna()
    if pd.api.types.is_numeric_dtype(values.dtype):
        numbers = present.to_numpy(dtype=np.float64)
        yield from _ordered(column, number_cuts(numbers) if len(numbers) else [])
        yield from _zero(column, numbers)
    elif pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = present.to_numpy(dtype="datetime64[D]")
        yield from _ordered(column, day_cuts(days) if len(days) else [])
    else:
        yield from _levels(column, present.astype(str), len(values))
    for operator in ("is not null", "is null"):
        yield Candidate(rule_text(column, operator), about_missing=True)


def _ordered(column: str, cuts: list[Any]) -> Iterator[Candidate]:
    """Yield both sides of every cut, and between any two cuts the inside and the outside."""
    for cut in cuts:
        threshold = cut if isinstance(cut, float) else None
        for operator in (">=", "<"):
            yield Candidate(rule_text(column, operator, cut), threshold=threshold)
    for low, high in combinations(cuts, 2):
        at_least, below = rule_text(column, ">=", low), rule_text(column, "<", high)
        outside = f"{rule_text(column, '<', low)} or {rule_text(column, '>=', high)}"
        yield Candidate(f"{at_least} and {below}", is_compound=True)
        yield Candidate(outside, leaves_out=True, is_compound=True)


def _zero(column: str, numbers: npt.NDArray[np.float64]) -> Iterator[Candidate]:
    if (numbers == 0).any():
        yield Candidate(rule_text(column, "==", 0))
        yield Candidate(rule_text(column, "!=", 0), leaves_out=True)


def _levels(column: str, present: pd.Series[str], n: int) -> Iterator[Candidate]:
    """Yield each frequent level, any two of them, and all rare ones together, as what stays and as what is left out."""
    counts = present.value_counts()
    frequent = sorted(counts.index[counts >= (LEAST_SHARE - _EDGE) * n])
    rare = sorted(counts.index[counts < (LEAST_SHARE - _EDGE) * n])
    for level in frequent:
        yield Candidate(rule_text(column, "==", level))
        yield Candidate(rule_text(column, "!=", level), leaves_out=True)
    for pair in combinations(frequent, 2):
        yield from _both(column, list(pair))
    if 1 < len(rare) <= _MOST_RARE:
        yield Candidate(rule_text(column, "not in", rare), leaves_out=True)


def _both(column: str, levels: list[Value]) -> Iterator[Candidate]:
    yield Candidate(rule_text(column, "in", levels), is_compound=True)
    yield Candidate(rule_text(column, "not in", levels), leaves_out=True, is_compound=True)
