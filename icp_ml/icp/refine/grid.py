"""Turn the rules of an attribute into contrasts between cells of customers, relative to the profile.

A cell holds the customers that every rule of an attribute treats alike. Sums over the dozen cells of an attribute give
each of its hundred contrasts at once, for any permutation, fold or half sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.icp.refine.candidates import LEAST_SHARE, Candidate, Tried, rules_for
from icp_ml.icp.refine.found import Action
from icp_ml.rules import Among, Compare, Node, Rule
from icp_ml.rules.writer import rule_text

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

HANDICAP = 0.5
"""A band or a pair of levels must beat one cut or one level by so many standard errors: there are many more of them."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The contrasts that are tested for one attribute.

    Attributes
    ----------
    attribute, fit : str
        What they are about.
    cell : ndarray of int, shape (n,)
        Cell of every customer.
    candidates : tuple of Candidate
        One per contrast.
    actions : tuple of str
        What adopting each would do to the profile.
    replaces : str or None
        The criterion of the profile on this attribute.
    members, inside, against : ndarray of bool, shape (n_contrasts, n_cells)
        Cells that meet the rule, and the two sides that are compared: evidence for the action is a higher success
        share in ``inside``. They differ from members and the rest where a criterion is changed.
    """

    attribute: str
    fit: str
    cell: Integers
    candidates: tuple[Candidate, ...]
    actions: tuple[Action, ...]
    replaces: str | None
    members: Flags
    inside: Flags
    against: Flags

    @property
    def handicap(self) -> npt.NDArray[np.float64]:
        """Return by how much a studentised difference must lead to win against a simpler rule, shape (n_contrasts,)."""
        return np.where([one.is_compound for one in self.candidates], HANDICAP, 0.0)

    @property
    def n_cells(self) -> int:
        """Return the number of cells."""
        return int(self.members.shape[1])

    def mask(self, which: int) -> Flags:
        """Return which customers meet a rule, shape (n,)."""
        return np.asarray(self.members[which][self.cell])

    def better(self, which: int) -> Flags:
        """Return the customers that are held to succeed more often than all others: with ``drop`` those outside."""
        mask = self.mask(which)
        return ~mask if self.actions[which] == "drop" else mask

    def sides(self, which: int) -> tuple[Flags, Flags]:
        """Return the customers of the two sides that a contrast compares, each of shape (n,)."""
        return self.inside[which][self.cell], self.against[which][self.cell]


def is_simple(rule: Rule) -> bool:
    """Tell whether a rule is one comparison or list on one column, which can be moved."""
    return isinstance(rule.tree, Compare | Among)


def grid_of(values: pd.Series[Any], fit: str, criterion: Rule | None = None) -> Grid | None:
    """Return the contrasts of one attribute; None when no rule has enough customers on both sides.

    Parameters
    ----------
    values : Series, shape (n,)
        The attribute; its name is the column.
    fit : str
        What it belongs to.
    criterion : Rule, optional
        The one simple criterion of the profile on it. Without one, every rule is held against the customers outside
        it. With one, a tighter rule is held against those it drops, a looser one is judged by those it adds against
        those that stay outside, and the criterion itself is tested reversed.
    """
    also = () if criterion is None else (Candidate(criterion.text), *_around(criterion.tree, values))
    tried = rules_for(values, also)
    if not tried.candidates:
        return None
    cell, in_cell = _cells(tried.masks)
    if criterion is None:
        actions: list[Action] = ["exclude" if one.leaves_out else "add" for one in tried.candidates]
        found = [(at, action, in_cell[at], ~in_cell[at]) for at, action in enumerate(actions)]
    else:
        found = list(_steps(tried, in_cell, criterion.text, np.bincount(cell)))
    if not found:
        return None
    at = [step[0] for step in found]
    return Grid(
        attribute=str(values.name),
        fit=fit,
        cell=cell,
        candidates=tuple(tried.candidates[i] for i in at),
        actions=tuple(step[1] for step in found),
        replaces=None if criterion is None else criterion.text,
        members=in_cell[at],
        inside=np.array([step[2] for step in found]),
        against=np.array([step[3] for step in found]),
    )


def _cells(masks: Flags) -> tuple[Integers, Flags]:
    """Return the cell of every customer, and which cells meet each rule."""
    _, first, cell = np.unique(np.packbits(masks, axis=0), axis=1, return_index=True, return_inverse=True)
    return cell.reshape(-1).astype(np.int64), masks[:, first]


def _steps(tried: Tried, in_cell: Flags, criterion: str, size: Integers) -> Iterator[tuple[int, Action, Flags, Flags]]:
    """Yield every change of the criterion with the two sides that judge it."""
    rules = [one.rule for one in tried.candidates]
    if criterion not in rules:  # nearly everybody meets it, or nearly nobody
        return
    old, least = in_cell[rules.index(criterion)], LEAST_SHARE * size.sum()
    for at, one in enumerate(tried.candidates):
        new = in_cell[at]
        if one.rule == criterion:
            yield at, "drop", ~old, old
        elif one.leaves_out or one.about_missing:
            continue
        elif not (new & ~old).any() and size[old & ~new].sum() >= least:
            yield at, "tighten", new, old & ~new
        elif not (old & ~new).any() and size[new & ~old].sum() >= least:
            yield at, "loosen", new & ~old, ~new


def _around(tree: Node, values: pd.Series[Any]) -> Iterator[Candidate]:
    """Yield a list of levels with one level more or less."""
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return
    if isinstance(tree, Among):
        levels = [str(value) for value in tree.values]
    elif isinstance(tree, Compare) and tree.operator == "==":
        levels = [str(tree.value)]
    else:
        return
    shares = values.dropna().astype(str).value_counts() / len(values)
    more = sorted(set(shares.index[shares >= LEAST_SHARE]) - set(levels))
    fewer: Sequence[list[str]] = [[one for one in levels if one != left] for left in levels] if len(levels) > 1 else []
    for listed in [*([*levels, one] for one in more), *fewer]:
        yield Candidate(rule_text(str(values.name), "in", listed))
