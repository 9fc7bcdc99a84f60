"""Keep scored rows between the two passes: as Parquet parts in a temporary folder, or in memory for a DataFrame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

_PLACE = "place"


class Spool(Protocol):
    """Parts in the order in which they were added: scores and, perhaps, the attribute values of some rows."""

    def add(self, scores: pa.Table, details: pa.Table | None) -> None:
        """Append one part."""

    def __iter__(self) -> Iterator[tuple[pa.Table, pa.Table | None]]:
        """Read the parts again."""


class MemorySpool:
    """Parts held in memory."""

    def __init__(self) -> None:
        self._parts: list[tuple[pa.Table, pa.Table | None]] = []

    def add(self, scores: pa.Table, details: pa.Table | None) -> None:
        """Append one part."""
        self._parts.append((scores, details))

    def __iter__(self) -> Iterator[tuple[pa.Table, pa.Table | None]]:
        """Read the parts again."""
        return iter(self._parts)


class FolderSpool:
    """Parts as Parquet files with page checksums, verified when they are read back.

    Parameters
    ----------
    folder : Path
        An existing folder that its owner removes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._has_details: list[bool] = []

    def add(self, scores: pa.Table, details: pa.Table | None) -> None:
        """Append one part."""
        part = len(self._has_details)
        for name, table in (("scores", scores), ("details", details)):
            if table is not None:
                pq.write_table(table, self._path(name, part), compression="lz4", write_page_checksum=True)
        self._has_details.append(details is not None)

    def __iter__(self) -> Iterator[tuple[pa.Table, pa.Table | None]]:
        """Read the parts again."""
        for part, has_details in enumerate(self._has_details):
            yield self._read("scores", part), self._read("details", part) if has_details else None

    def _read(self, name: str, part: int) -> pa.Table:
        return pq.read_table(self._path(name, part), page_checksum_verification=True)

    def _path(self, name: str, part: int) -> Path:
        return self._folder / f"{name}-{part:06d}.parquet"


class FrameKeeper:
    """Turn attribute frames into tables and back, types and levels unchanged."""

    def __init__(self) -> None:
        self._dtypes: list[tuple[str, Any]] | None = None

    def pack(self, frame: pd.DataFrame, places: npt.NDArray[np.int64]) -> pa.Table:
        """Return the rows of `frame` at `places` as a table."""
        self._dtypes = [(str(name), kind) for name, kind in frame.dtypes.items()]
        rows = frame.iloc[places].set_axis([str(at) for at in range(frame.shape[1])], axis=1)
        return pa.Table.from_pandas(rows, preserve_index=False).append_column(_PLACE, pa.array(places))

    def unpack(self, table: pa.Table, wanted: npt.NDArray[np.bool_]) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
        """Return the packed rows whose place in the part is wanted, and those places."""
        if self._dtypes is None:
            raise ValueError("nothing was packed")
        places = table.column(_PLACE).to_numpy()
        chosen = wanted[places]
        rows = table.drop_columns([_PLACE]).filter(pa.array(chosen)).to_pandas()
        columns = {name: rows[str(at)].astype(kind) for at, (name, kind) in enumerate(self._dtypes)}
        return pd.DataFrame(columns), places[chosen]


class Shortlist:
    """Tell, while rows stream by, which of them may still end among the first ranks.

    Parameters
    ----------
    limit : int
        How many ranks are wanted.

    Notes
    -----
    Of n rows in random order about ``limit * (1 + log(n / limit))`` are kept, whatever n.
    """

    _APART = 1e6

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._best: npt.NDArray[np.float64] = np.empty(0)

    def offer(self, margin: npt.NDArray[np.float64], in_domain: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Return the places in this block of the rows that may still be among the first `limit`."""
        if not self._limit:
            return np.empty(0, dtype=np.int64)
        # Rounding of the shifted keys is monotone, so that a row of the first ranks is never below the threshold.
        keys = np.where(in_domain, margin, margin - self._APART)
        best = np.concatenate([self._best, keys])
        surplus = best.size - self._limit
        self._best = np.partition(best, surplus)[surplus:] if surplus > 0 else best
        threshold = self._best.min() if surplus >= 0 and self._best.size else -np.inf
        return np.flatnonzero(keys >= threshold)
