"""Who is the model wrong about? Chances and order within slices of the accounts that judged it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from icp_ml.accounts.intervals import Z_90, wilson_interval
from icp_ml.accounts.personal import personal_kind
from icp_ml.model.evaluation.judged import (
    NOT_KNOWN,
    JudgedRows,
    Measured,
    auc_estimate,
    auc_of,
    end_of_list,
    or_none,
    percent,
    share_of,
    success_share,
    top_share,
    two_sided_p,
)
from icp_ml.model.evaluation.metrics import Estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SliceKind = Literal["segment", "sensitive", "size"]
MIN_ACCOUNTS, MIN_PER_CLASS = 30, 5
"""A slice with fewer accounts, successes or failures is named without numbers."""
MAX_LEVELS = 20
"""Values of one column that are looked at, most frequent first; the others are counted."""
MAX_TOLD = 3
"""Slices that the sentence names; the table has all."""
FALSE_SHARE = 0.10
"""Share of false ones among the slices that are said to differ."""
NO_VALUE = "not known"
_SIZE_WORDS = frozenset({"size", "employees", "employee", "headcount", "staff", "fte", "ftes", "seats"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Slice:
    """The accounts of one value of a column; NaN where they are too few or do not allow the number.

    Attributes
    ----------
    name : str
        The value, or the range of a size.
    n : int
        Accounts that judged.
    observed : Estimate
        Weighted success share, with Wilson's interval at the effective number of accounts.
    predicted : float
        Mean chance that was said.
    gap : Estimate
        Observed minus predicted; 0 is right.
    roc_auc : Estimate
        Order within the slice; .5 is chance.
    selected_share : float
        Share of the slice among the first of the list.
    ratio : Estimate
        That share over the share of all other accounts; 1 is equal. Sensitive columns only.
    p_chances, p_order : float
        Two-sided p-values of the same gap, and the same area, as all other accounts.
    note : str
        What was found; "too few (n)" where there are no numbers.
    """

    name: str
    n: int
    observed: Estimate = NOT_KNOWN
    predicted: float = float("nan")
    gap: Estimate = NOT_KNOWN
    roc_auc: Estimate = NOT_KNOWN
    selected_share: float = float("nan")
    ratio: Estimate = NOT_KNOWN
    p_chances: float = float("nan")
    p_order: float = float("nan")
    note: str = ""

    @property
    def is_judged(self) -> bool:
        """Tell whether there were enough accounts."""
        return bool(np.isfinite(self.observed.value))

    def as_document(self) -> dict[str, Any]:
        """Return the slice as a flat JSON object; NaN is null."""
        numbers = {
            **{"observed": self.observed.value, "low": self.observed.low, "high": self.observed.high},
            "predicted": self.predicted,
            **{"gap": self.gap.value, "gap_low": self.gap.low, "gap_high": self.gap.high},
            **{"roc_auc": self.roc_auc.value, "auc_low": self.roc_auc.low, "auc_high": self.roc_auc.high},
            "selected_share": self.selected_share,
            **{"selection_ratio": self.ratio.value, "ratio_low": self.ratio.low, "ratio_high": self.ratio.high},
            **{"p_chances": self.p_chances, "p_order": self.p_order},
        }
        plain = {name: or_none(number) for name, number in numbers.items()}
        return {"name": self.name, "n": self.n, **plain, "note": self.note}


@dataclass(frozen=True)
class SliceTable:
    """The slices of one column.

    Attributes
    ----------
    column : str
    kind : {"segment", "sensitive", "size"}
    sentence : str
        What was found, among how many slices.
    rows : tuple of Slice
        Most accounts first, sizes from small to large.
    """

    column: str
    kind: SliceKind
    sentence: str
    rows: tuple[Slice, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the table as a JSON object."""
        rows = [row.as_document() for row in self.rows]
        return {"column": self.column, "kind": self.kind, "sentence": self.sentence, "rows": rows}


def looks_like_size(column: str) -> bool:
    """Tell whether a numeric column is named like the size of a company: size, employees, headcount, staff, FTE, seats.

    Examples
    --------
    >>> looks_like_size("team_size"), looks_like_size("nEmployees"), looks_like_size("resized_images")
    (True, True, False)
    """
    return any(word.casefold() in _SIZE_WORDS for word in _WORD.findall(column))


def slices(
    rows: JudgedRows,
    columns: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, SliceKind],
    *,
    capacity: int | None = None,
) -> tuple[SliceTable, ...]:
    """Measure chances and order within the values of columns.

    Parameters
    ----------
    rows : JudgedRows
        The accounts that judged.
    columns : mapping of str to sequence of length n
        Text or None of a segment or sensitive column; numbers of a size, which are cut at their quartiles.
    kinds : mapping of str to {"segment", "sensitive", "size"}
        What each column is.
    capacity : int, optional
        Accounts the team can work; without it, or where it is more than half of them, the first fifth is looked at.

    Returns
    -------
    tuple of SliceTable
        One per column, in the given order.

    Notes
    -----
    A slice differs from all other accounts when the p-value of its calibration gap, or of its ROC AUC, passes
    Benjamini and Hochberg's step-up at 10 % over both tests of every slice of every column. It is called worse when
    its gap is larger too, or its area smaller. Errors allow for weights and related accounts; the fit is held fixed.

    References
    ----------
    Benjamini and Hochberg 1995, Journal of the Royal Statistical Society B 57:289.
    """
    share = top_share(len(rows), capacity)
    board = _Board(rows, end_of_list(rows, share), share)
    asked: dict[str, list[_Asked]] = {}
    for column, cells in columns.items():
        if kinds[column] == "size" or personal_kind(column, _texts(cells)) is None:
            asked[column] = board.look_at(cells, kinds[column])
    found = [one for group in asked.values() for one in group if one.slice.is_judged]
    differs = _differing(found)
    n_asked = len(found)
    return tuple(
        _table(column, kinds[column], asked[column], differs, n_asked)
        if column in asked
        else SliceTable(column, kinds[column], f"{column} seems to hold data of persons: no slices are made of it.")
        for column in columns
    )


@dataclass
class _Asked:
    """One slice on its way: its numbers, and how those of the others compare."""

    slice: Slice
    gap_of_rest: float = float("nan")
    auc_of_rest: float = float("nan")


@dataclass(frozen=True)
class _Board:
    """All accounts that judged, and which of them are the first of the list."""

    rows: JudgedRows
    first: Floats
    share: float

    def look_at(self, cells: Sequence[Any], kind: SliceKind) -> list[_Asked]:
        names, levels = _sizes(cells) if kind == "size" else _levels(cells)
        found = [self._measure(name, names == name, kind) for name in levels[:MAX_LEVELS]]
        if len(levels) > MAX_LEVELS:
            n = int(np.isin(names, levels[MAX_LEVELS:]).sum())
            found.append(_Asked(Slice(f"{len(levels) - MAX_LEVELS} further values", n, note="not looked at")))
        return found

    def _measure(self, name: str, chosen: NDArray[np.bool_], kind: SliceKind) -> _Asked:
        rows, n = self.rows, int(chosen.sum())
        if not self._enough(chosen):
            return _Asked(Slice(name, n, note=f"too few ({n})"))
        inside, outside = chosen.astype(np.float64), (~chosen).astype(np.float64)
        gap, auc = share_of(rows, rows.outcome - rows.probability, inside), auc_of(rows, inside)
        found = Slice(
            name,
            n,
            observed=success_share(rows, inside),
            predicted=share_of(rows, rows.probability, inside).value,
            gap=gap.estimate(),
            roc_auc=auc_estimate(rows, auc, inside),
            selected_share=share_of(rows, self.first, inside).value,
            ratio=self._ratio(inside, outside) if kind == "sensitive" else NOT_KNOWN,
        )
        if not self._enough(~chosen):
            return _Asked(found)
        gap_rest, auc_rest = share_of(rows, rows.outcome - rows.probability, outside), auc_of(rows, outside)
        found = replace(found, p_chances=two_sided_p(gap - gap_rest), p_order=two_sided_p(auc - auc_rest))
        return _Asked(found, gap_rest.value, auc_rest.value)

    def _enough(self, chosen: NDArray[np.bool_]) -> bool:
        n, n_success = int(chosen.sum()), int(self.rows.outcome[chosen].sum())
        return n >= MIN_ACCOUNTS and min(n_success, n - n_success) >= MIN_PER_CLASS

    def _ratio(self, inside: Floats, outside: Floats) -> Estimate:
        """Return how much more often the slice is among the first than all others, with a log-normal interval."""
        here, there = share_of(self.rows, self.first, inside), share_of(self.rows, self.first, outside)
        if not there.value > 0:
            return NOT_KNOWN
        if here.value <= 0:
            return Estimate(0.0, 0.0, wilson_interval(0.0, float(inside.sum()))[1] / there.value)
        influence = here.influence / here.value - there.influence / there.value
        logarithm = Measured(float(np.log(here.value / there.value)), influence, self.rows.clusters)
        low, high = np.exp(logarithm.value + Z_90 * logarithm.error * np.array([-1.0, 1.0]))
        return Estimate(here.value / there.value, float(low), float(high))


def _differing(found: Sequence[_Asked]) -> float:
    """Return the largest p-value that passes the step-up over both tests of all slices; below 0 where none does."""
    both = np.array([p for one in found for p in (one.slice.p_chances, one.slice.p_order)])
    p = np.sort(both[np.isfinite(both)])
    passed = np.flatnonzero(p <= FALSE_SHARE * np.arange(1, len(p) + 1) / max(len(p), 1))
    return float(p[passed[-1]]) if len(passed) else -1.0


def _texts(cells: Sequence[Any]) -> list[str | None]:
    return [None if pd.isna(cell) or not str(cell).strip() else " ".join(str(cell).split()) for cell in cells]


def _levels(cells: Sequence[Any]) -> tuple[NDArray[np.object_], list[str]]:
    """Return the name of every account's slice, and the names with most accounts first."""
    names = np.array([NO_VALUE if text is None else text[:_LONGEST_NAME] for text in _texts(cells)], dtype=object)
    distinct, counts = np.unique(names.astype(str), return_counts=True)
    return names, [str(name) for name in distinct[np.lexsort((distinct, -counts))]]


def _sizes(cells: Sequence[Any]) -> tuple[NDArray[np.object_], list[str]]:
    """Return every account's size band, cut at the quartiles of those that have one, and the bands in order."""
    sizes = np.asarray(cells, dtype=np.float64)
    known = np.isfinite(sizes)
    names = np.full(len(sizes), NO_VALUE, dtype=object)
    if not known.any():
        return names, [NO_VALUE]
    highest = np.unique(np.quantile(sizes[known], [0.25, 0.5, 0.75, 1.0], method="inverted_cdf"))
    words = _band_names(highest)
    names[known] = np.array(words, dtype=object)[np.searchsorted(highest, sizes[known])]
    return names, words if known.all() else [*words, NO_VALUE]


def _band_names(highest: Floats) -> list[str]:
    ends = [f"{end:,.6g}" for end in highest]
    if len(ends) == 1:
        return [ends[0]]
    middle = [f"above {low} to {high}" for low, high in pairwise(ends[:-1])]
    return [f"up to {ends[0]}", *middle, f"above {ends[-2]}"]


def _table(column: str, kind: SliceKind, asked: list[_Asked], differs: float, n_asked: int) -> SliceTable:
    rows = tuple(_noted(one, differs) for one in asked)
    judged = [row for row in rows if row.is_judged]
    n_small = sum(row.note.startswith("too few") for row in rows)
    left_out = [f"{n_small} too small"] * (n_small > 0) + [f"{row.name} {row.note}" for row in rows[MAX_LEVELS:]]
    counted = ", ".join([f"{column}: {len(judged)} slices of at least {MIN_ACCOUNTS} accounts", *left_out])
    sentence = f"{counted}; {_findings_words(judged, n_asked)}."
    return SliceTable(column, kind, sentence + (_selection_words(judged) if kind == "sensitive" else ""), rows)


def _findings_words(judged: Sequence[Slice], n_asked: int) -> str:
    """Say which slices differ, the largest first, and among how many that was looked for."""
    if not judged:
        return "nothing can be said"
    told = [f"{row.name} is {row.note}" for row in judged if row.note]
    if not told:
        differs = "none differs from the rest in how right its chances are or how good its order is"
        return f"{differs}, beyond what chance gives among the {n_asked} slices looked at"
    more = f"; {len(told) - MAX_TOLD} more in the table" if len(told) > MAX_TOLD else ""
    corrected = f"corrected for the {n_asked} slices looked at, one in ten of such findings may still be chance"
    return f"{'; '.join(told[:MAX_TOLD])}{more}; {corrected}"


def _noted(one: _Asked, differs: float) -> Slice:
    """Return the slice with what can be said of it after every slice was looked at."""
    found = one.slice
    notes = [found.note] if found.note else []
    if found.p_chances <= differs and abs(found.gap.value) > abs(one.gap_of_rest):
        side = "more" if found.gap.value > 0 else "fewer"
        notes.append(
            f"worse calibrated than the rest ({side} succeed than said: {percent(found.observed.value)}, not "
            f"{percent(found.predicted)})"
        )
    if found.p_order <= differs and found.roc_auc.value < one.auc_of_rest:
        notes.append(
            f"ordered worse than the rest (ROC AUC {found.roc_auc.value:.2f}, {one.auc_of_rest:.2f} elsewhere)"
        )
    return replace(found, note=" and ".join(notes))


def _selection_words(judged: Sequence[Slice]) -> str:
    """Say how a sensitive column and the first of the list go together, in words that do not accuse or excuse."""
    uneven = [row for row in judged if row.ratio.high < 1 or row.ratio.low > 1]
    told = [
        f"{row.name} is {row.ratio.value:.2f} times as often among the first of the list as the others (90 %: "
        f"{row.ratio.low:.2f} to {row.ratio.high:.2f})"
        for row in uneven
    ]
    if not judged:
        return ""
    found = "; ".join(told) if told else "no value is shown to be more or less often among the first than the others"
    found = found[0].upper() + found[1:] if not told else found
    return f" {found}. This is association, not cause: look at these accounts before using the list."
