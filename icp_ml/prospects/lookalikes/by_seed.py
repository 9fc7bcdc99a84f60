"""The nearest prospects of every seed, as a second file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from icp_ml.model.search import NearestRows
from icp_ml.prospects.lookalikes.columns import by_seed_schema
from icp_ml.prospects.lookalikes.similarity import DECIMALS

if TYPE_CHECKING:
    from icp_ml.prospects.lookalikes.passes import Passes
    from icp_ml.prospects.lookalikes.rows import RowMaker

N_PER_SEED = 10


class BySeed:
    """Collect the prospects nearest to each seed while all of them stream by.

    Parameters
    ----------
    points : ndarray of float64, shape (n_seeds, n_attributes)
        The seeds in the likeness space.
    """

    def __init__(self, points: npt.NDArray[np.float64]) -> None:
        self._nearest = NearestRows(points, N_PER_SEED)
        self._n = 0

    def offer(self, coordinates: npt.NDArray[np.float64]) -> None:
        """Look at the next prospects."""
        if len(coordinates):
            self._nearest.offer(coordinates, self._n)
            self._n += len(coordinates)

    def table(self, maker: RowMaker, passes: Passes) -> pa.Table:
        """Return ten rows per seed, nearest prospect first; fewer where there are fewer prospects."""
        layout, schema = maker.layout, by_seed_schema(maker.layout.id_column)
        if not self._n:
            return schema.empty_table()
        found = self._nearest.found()
        n_seeds, k = found.positions.shape
        closeness = maker.similarity.likeness.closeness(found.squared.ravel())
        columns = {
            "seed": pa.array(np.repeat(maker.customers.names[maker.like.rows], k), pa.string()),
            "place": pa.array(np.tile(np.arange(1, k + 1), n_seeds)),
            layout.id_column: pa.array(passes.ids(found.positions.ravel()), pa.string()),
            "closeness": pa.array(np.round(closeness, DECIMALS)),
            "model": pa.repeat(layout.model, n_seeds * k),
            "run_id": pa.repeat(layout.run_id, n_seeds * k),
        }
        return pa.table({name: columns[name] for name in schema.names}).cast(schema)
