"""Grids and samples of made-up customers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.refine.grid import grid_of
from icp_ml.icp.refine.sample import Sample


@cache
def grids_of(n):
    """Return three independent normal attributes, and the grid of each."""
    columns = {f"x{i}": np.random.default_rng([n, i]).normal(size=n).round(1) for i in range(3)}
    return columns, [grid_of(pd.Series(values, name=name), "technical") for name, values in columns.items()]


@pytest.fixture
def world():
    """Return a maker of grids and of outcomes: the share of success is higher by `gain` where x0 is 0 or more."""

    def make(n=300, gain=0.0, seed=0):
        columns, grids = grids_of(n)
        rng = np.random.default_rng(seed)
        y = (rng.random(n) < 0.5 + gain * ((columns["x0"] >= 0) - 0.5)).astype(float)
        return grids, Sample(np.arange(n), y, np.ones(n), np.arange(n))

    return make
