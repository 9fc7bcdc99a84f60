"""Tell which accounts belong to which population: by the profile, by status, by cohort."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.deals import Deals
from icp_ml.accounts.personal import personal_kind
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.market import Market
from icp_ml.study import Study

Flags = npt.NDArray[np.bool_]
Kind = Literal["profile", "status", "cohort"]
Table = Literal["customers", "prospects"]
MAX_LEVELS = 12
"""Values of one column that are populations of their own, most customers first; the others are one."""
NOT_KNOWN = "not known"
_LONGEST_NAME = 60
_NAMES = {"customer": "active", "at_risk": "at risk", "churned": "churned"}
_PROSPECT_NAMES = {"pipeline": "pipeline", "trial_lost": "lost trials"}


@dataclass(frozen=True, eq=False)
class Cell:
    """The accounts of one population.

    Attributes
    ----------
    name : str
    kind : {"profile", "status", "cohort"}
    of : {"customers", "prospects"}
        The table they are in.
    rows : ndarray of bool, shape (n,)
        In the order of that table.
    """

    name: str
    kind: Kind
    of: Table
    rows: Flags


def profile_cells(base: CustomerBase) -> Iterator[Cell]:
    """Yield the customers that match the profile, and the rest of the base."""
    inside = base.in_profile()
    yield Cell("matching the profile", "profile", "customers", inside)
    yield Cell("rest of the base", "profile", "customers", ~inside)


def customer_cells(base: CustomerBase) -> Iterator[Cell]:
    """Yield the customers by where they stand today; without a status, by whether they are known to have churned."""
    if base.status is None:
        churned = base.labels.label == 0
        yield Cell("active", "status", "customers", ~churned)
        yield Cell("churned", "status", "customers", churned)
        return
    states: npt.NDArray[np.object_] = base.status
    for state, name in (*_NAMES.items(), *_PROSPECT_NAMES.items()):
        rows = states == state
        if state in _NAMES or rows.any():
            where = "" if state in _NAMES else ", in the table of customers"
            yield Cell(name + where, "status", "customers", rows)
    if (missing := np.array([state is None for state in states], dtype=bool)).any():
        yield Cell("status not known", "status", "customers", missing)


def prospect_cells(base: CustomerBase, market: Market) -> Iterator[Cell]:
    """Yield the prospects in the pipeline and those lost after a trial, by status or else by their deals."""
    if market.status is not None:
        states: npt.NDArray[np.object_] = market.status
        for state, name in _PROSPECT_NAMES.items():
            if base.study.status is not None and getattr(base.study.status, state):
                yield Cell(name, "status", "prospects", states == state)
    elif base.deals is not None:
        yield Cell("pipeline", "status", "prospects", _with_open_deal(market.ids, base.deals))


def cohort_cells(base: CustomerBase) -> Iterator[Cell]:
    """Yield the customers by the study's segments, by desired outcome, and by the channel of their first won deal."""
    for column in cohort_columns(base.study):
        if column in base.rule_frame and not is_personal(base, column):
            yield from _of_values(base.study.label_of(column), *_names(base.rule_frame[column]))
    if base.deals is not None and base.deals.channel is not None:
        cells = pd.Series(channels(base.customers.ids, base.deals), dtype=object)
        if not any(_is_same(cells, base.rule_frame[name]) for name in base.study.segments if name in base.rule_frame):
            yield from _of_values("channel of the deal", *_names(cells))


def cohort_columns(study: Study) -> tuple[str, ...]:
    """Return the columns whose values are cohorts: the segments, and the desired outcome where it is none of them."""
    further = study.desired_outcome
    return study.segments if further is None or further in study.segments else (*study.segments, further)


def is_personal(base: CustomerBase, column: str) -> bool:
    """Return True for a column of persons, of which no value is shown."""
    values = base.rule_frame[column]
    texts = [] if pd.api.types.is_numeric_dtype(values.dtype) else [str(cell) for cell in values.dropna()]
    return personal_kind(column, texts) is not None


def channels(ids: npt.NDArray[np.object_], deals: Deals) -> npt.NDArray[np.object_]:
    """Return the channel of every account's first won deal; None where there is none, or its channel is empty."""
    found = np.full(len(ids), None, dtype=object)
    if deals.channel is None:
        return found
    won = np.flatnonzero(deals.won == 1)
    first: dict[object, object] = {}
    for at in won[np.argsort(deals.closed[won], kind="stable")]:
        first.setdefault(deals.account[at], deals.channel[at])
    found[:] = [first.get(account) for account in ids]
    return found


def _is_same(cells: pd.Series, column: pd.Series) -> bool:
    """Return whether a segment tells the same of every customer: cohorts are not counted twice."""
    first, second = (one.astype(object).where(one.notna(), None).to_numpy() for one in (cells, column))
    return bool((first == second).all())


def _with_open_deal(ids: npt.NDArray[np.object_], deals: Deals) -> Flags:
    still_open = set(deals.account[np.isnan(deals.won) & np.isnat(deals.closed)])
    return np.array([account in still_open for account in ids], dtype=bool)


def _of_values(label: str, names: npt.NDArray[np.object_], levels: list[str]) -> Iterator[Cell]:
    for level in levels[:MAX_LEVELS]:
        yield Cell(f"{label}: {level}", "cohort", "customers", np.asarray(names == level))
    if rest := levels[MAX_LEVELS:]:
        several = f"{len(rest)} further value{'s' if len(rest) > 1 else ''}"
        yield Cell(f"{label}: {several}", "cohort", "customers", np.isin(names, rest))


def _names(values: pd.Series) -> tuple[npt.NDArray[np.object_], list[str]]:
    """Return the cohort of every customer, and the cohorts: most customers first, bands and years in order."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _ordered(values.dt.year.map(lambda year: f"{year:.0f}", na_action="ignore"))
    if pd.api.types.is_numeric_dtype(values.dtype) and values.nunique() > MAX_LEVELS:
        return _bands(values.to_numpy(dtype=np.float64))
    if pd.api.types.is_numeric_dtype(values.dtype):
        return _ordered(values.map(lambda number: f"{number:,.6g}", na_action="ignore"), values)
    texts = [NOT_KNOWN if _is_blank(cell) else " ".join(str(cell).split())[:_LONGEST_NAME] for cell in values]
    names = np.array(texts, dtype=object)
    distinct, counts = np.unique(names.astype(str), return_counts=True)
    return names, [str(name) for name in distinct[np.lexsort((distinct, -counts))]]


def _is_blank(cell: object) -> bool:
    return cell is None or cell is pd.NaT or not str(cell).strip() or cell != cell


def _ordered(words: pd.Series, by: pd.Series | None = None) -> tuple[npt.NDArray[np.object_], list[str]]:
    names = words.astype(object).where(words.notna(), NOT_KNOWN)
    known = words.notna()
    order = pd.Series(words if by is None else by)[known].drop_duplicates().sort_values()
    levels = [str(words[at]) for at in order.index]
    return names.to_numpy(dtype=object), levels if known.all() else [*levels, NOT_KNOWN]


def _bands(numbers: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.object_], list[str]]:
    """Return the quarter of the customers each is in, by size of the number."""
    known = ~np.isnan(numbers)
    ends = np.unique(np.quantile(numbers[known], [0.25, 0.5, 0.75, 1.0], method="inverted_cdf"))
    words = [f"{end:,.6g}" for end in ends]
    middle = [f"above {low} to {high}" for low, high in pairwise(words[:-1])]
    levels = [f"up to {words[0]}", *middle, *([f"above {words[-2]}"] if len(words) > 1 else [])]
    names = np.full(len(numbers), NOT_KNOWN, dtype=object)
    names[known] = np.array(levels, dtype=object)[np.searchsorted(ends, numbers[known])]
    return names, levels if known.all() else [*levels, NOT_KNOWN]
