"""Find ids that come twice, exactly and in 8 bytes per row, before any account is scored."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.tables import Table
from icp_ml.accounts.values import as_ids

NO_ROWS = np.empty(0, dtype=np.int64)


def id_hashes(ids: npt.NDArray[np.object_]) -> npt.NDArray[np.uint64]:
    """Return a 64-bit SipHash of each id; missing ids hash like the empty text."""
    texts = np.array(["" if text is None else text for text in ids], dtype=object)
    return pd.util.hash_array(texts, categorize=False)


def repeated_rows(table: Table, id_column: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find the rows whose id an earlier row already had.

    Parameters
    ----------
    table : Table
        The input; only its id column is read (twice when hashes meet, to compare the texts themselves).
    id_column : str
        Column of the ids.

    Returns
    -------
    rows : int64 array
        Row numbers, counted from 1, of every repetition, ascending. Empty when all ids differ.
    firsts : int64 array
        For each of them the row that had the id first.

    Notes
    -----
    Rows without an id are not repetitions of each other.
    """
    hashes = [id_hashes(as_ids(batch.column(id_column))) for batch in table.batches([id_column])]
    if not hashes:
        return NO_ROWS, NO_ROWS
    ordered = np.sort(np.concatenate(hashes))
    suspects = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return _compare_texts(table, id_column, suspects) if suspects.size else (NO_ROWS, NO_ROWS)


def _compare_texts(
    table: Table, id_column: str, suspects: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    seen: dict[str, int] = {}
    found: list[tuple[int, int]] = []
    first_row = 1
    for batch in table.batches([id_column]):
        ids = as_ids(batch.column(id_column))
        for at in np.flatnonzero(np.isin(id_hashes(ids), suspects)):
            row, text = first_row + int(at), ids[at]
            if text is None or not text.strip():
                continue
            first = seen.setdefault(text, row)
            if first != row:
                found.append((row, first))
        first_row += batch.num_rows
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
