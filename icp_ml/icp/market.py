"""Hold the prospects against rules in one pass: who meets what, how likely each succeeds, and in which population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Market:
    """Prospects that are not customers yet, as far as a review asks of them.

    Attributes
    ----------
    ids : ndarray of object, shape (n,)
        Byte for byte.
    answers : dict of str to ndarray of int8, each of shape (n,)
        By text of a rule: 1 yes, 0 no, -1 unknown.
    probability : ndarray of float64, shape (n,), or None
        Chance of success within the horizon; None where the model is a hypothesis or its probability is withdrawn.
    contributions : ndarray of float32, shape (n, 7), or None
        Of the fits and context, in log-odds.
    in_domain : ndarray of bool, shape (n,)
        False: unlike every customer.
    status : ndarray of object, shape (n,), or None
        As in `CustomerBase.status`.
    counts : mapping
        Rows read, scored, rejected, excluded, already customers.
    notes : tuple of str
        What was odd about the table.
    """

    ids: npt.NDArray[np.object_]
    answers: Mapping[str, npt.NDArray[np.int8]]
    in_domain: Flags
    probability: Floats | None = None
    contributions: npt.NDArray[np.float32] | None = None
    status: npt.NDArray[np.object_] | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of prospects."""
        return len(self.ids)

    def matches(self, text: str) -> Flags:
        """Return True for every prospect that a rule holds for; the rule must be one that was asked for."""
        return np.asarray(self.answers[text] == 1)

    def matches_all(self, texts: Sequence[str]) -> Flags:
        """Return True for every prospect that meets all of the rules."""
        return reduce(np.logical_and, (self.matches(text) for text in texts), np.ones(len(self), dtype=bool))
