"""A pool of prospects around the small company of the folder above, and its evaluation."""

import numpy as np
import pandas as pd
import pytest

from icp_ml.prospects.lookalikes.evaluation.evaluate import evaluate_lookalikes
from icp_ml.prospects.lookalikes.evaluation.hiding import kinds_of
from icp_ml.prospects.lookalikes.evaluation.seen import Seen


def drawn_like(frame, n, seed):
    """Return accounts with the customers' values, every attribute drawn by itself."""
    rng = np.random.default_rng(seed)
    rows = {name: frame[name].iloc[rng.integers(0, len(frame), n)].reset_index(drop=True) for name in frame}
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def prospects(trained):
    return drawn_like(trained.reference.frame, 300, 5)


@pytest.fixture(scope="session")
def seen(trained):
    known = trained.reference
    return Seen(known.frame, known.outcome, known.weight, trained.classifier, trained.domain, kinds_of(trained), 0)


@pytest.fixture(scope="session")
def evaluation(trained, prospects):
    return evaluate_lookalikes(trained, prospects, seed=1, shares=(0.1, 1.0))
