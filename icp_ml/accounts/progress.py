"""Read what a situation has won so far: one row per win, with its day, account and value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.values import Days, Objects

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Progress:
    """Wins, one entry per row, by day.

    Attributes
    ----------
    day : ndarray of datetime64[D], shape (n,)
        Never missing.
    account : ndarray of object, shape (n,), or None
        Ids; None where the table has no column of them.
    amount : ndarray of float64, shape (n,)
        What the row adds to the goal: its value, 1 where accounts are counted, or the column that the goal names.
    counts : dict of str to ndarray of float64, each of shape (n,)
        Columns of the table that milestones may measure (``meetings``, ``trials``, ``onboarded``), where it has them.
    sha256 : str
        Digest of the table's bytes.
    """

    day: Days
    account: Objects | None
    amount: Floats
    counts: dict[str, Floats]
    sha256: str = ""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.day)
