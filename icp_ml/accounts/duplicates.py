"""Find accounts whose attributes are all the same, so that they can be kept on one side of a split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


def identical_groups(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return a group number for every row, the same one for rows that are equal in every column.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_columns)
        Attribute frame. Two missing values are equal.

    Returns
    -------
    ndarray of int, shape (n,)
        Numbers from 0 in order of first appearance; as many different ones as there are different rows. Without
        columns nothing says that rows are equal, so every row is its own group.

    Examples
    --------
    >>> identical_groups(pd.DataFrame({"crm": ["a", "b", "a"], "seats": [1.0, 1.0, 1.0]})).tolist()
    [0, 1, 0]
    """
    if not frame.shape[1]:
        return np.arange(len(frame), dtype=np.int64)
    codes = np.zeros(len(frame), dtype=np.int64)
    for column in frame.columns:
        values, distinct = pd.factorize(frame[column])
        codes = pd.factorize(codes * (len(distinct) + 1) + values + 1)[0]
    return codes.astype(np.int64)


def n_duplicate_rows(groups: npt.NDArray[np.int64]) -> int:
    """Return how many rows repeat an earlier one; 0 when all are different.

    Examples
    --------
    >>> n_duplicate_rows(np.array([0, 1, 0, 0]))
    2
    """
    return len(groups) - len(np.unique(groups))
