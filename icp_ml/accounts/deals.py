"""Read the table of deals a study names: who was worked when, won or lost, for how much, through which channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.values import Days, Objects

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Deals:
    """Opportunities, one entry per row, in file order.

    Attributes
    ----------
    account : ndarray of object, shape (n,)
        Id of the account, byte for byte; None where it is empty.
    opened, closed : ndarray of datetime64[D], shape (n,)
        NaT in ``closed``: still open.
    won : ndarray of float64, shape (n,)
        1 won, 0 lost, NaN while open.
    value : ndarray of float64, shape (n,), or None
        Money; NaN where it is empty. None where the study names no column of it.
    channel : ndarray of object, shape (n,), or None
        None where it is empty.
    """

    account: Objects
    opened: Days
    closed: Days
    won: Floats
    value: Floats | None = None
    channel: Objects | None = None

    def __len__(self) -> int:
        """Return the number of deals."""
        return len(self.account)
