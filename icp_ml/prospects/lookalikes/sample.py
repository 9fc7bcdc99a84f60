"""Draw prospects from a stream, the same whatever their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.prospects.duplicates import id_hashes

SAMPLED = 20_000
"""Prospects among which customers are hidden."""


class Sample:
    """The prospects whose hashed ids are lowest: a draw that no order of the rows changes.

    Parameters
    ----------
    size : int
        Most that are drawn.
    """

    def __init__(self, size: int = SAMPLED) -> None:
        self._size = size
        self._hashes: npt.NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._frame: pd.DataFrame | None = None

    def offer(self, ids: npt.NDArray[np.object_], frame: pd.DataFrame) -> None:
        """Look at the next rows."""
        hashes = id_hashes(ids)
        if self._frame is not None:
            low = hashes <= self._hashes.max() if len(self._hashes) == self._size else np.ones(len(ids), dtype=bool)
            hashes = np.concatenate([self._hashes, hashes[low]])
            frame = pd.concat([self._frame, frame[low]], ignore_index=True)
        chosen = np.argsort(hashes, kind="stable")[: self._size]
        self._hashes, self._frame = hashes[chosen], frame.iloc[chosen].reset_index(drop=True)

    @property
    def frame(self) -> pd.DataFrame:
        """The attribute frame of those drawn, in the order of their hashes."""
        return pd.DataFrame() if self._frame is None else self._frame
