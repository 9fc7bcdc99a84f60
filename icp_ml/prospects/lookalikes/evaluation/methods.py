"""The methods that a list of lookalikes is compared with, by the keys that documents use."""

from __future__ import annotations

from collections.abc import Callable

from icp_ml.prospects.lookalikes.evaluation.baselines import (
    centroid,
    gower,
    propensity,
    pu_bagging,
    random,
    success_model,
)
from icp_ml.prospects.lookalikes.evaluation.seen import Floats, Pool, Seen, similarity

OURS = "similarity"
METHODS: dict[str, tuple[str, Callable[[Seen, Pool], Floats]]] = {
    OURS: ("Similarity (this method)", similarity),
    "model": ("Chance of success alone", success_model),
    "centroid": ("Nearest to the average seed", centroid),
    "gower": ("Nearest seeds, all attributes alike (Gower)", gower),
    "pu": ("Seeds against prospects (PU bagging)", pu_bagging),
    "propensity": ("Who signs (customers against prospects)", propensity),
    "random": ("Random order", random),
}
"""Label and scorer of each method; a scorer returns one number per account of the pool, larger is nearer the top."""


def scores_of(seen: Seen, pool: Pool) -> dict[str, Floats]:
    """Return what each method says of the accounts of a pool, (n,) each, rounded so that near ties are ties."""
    return {key: score(seen, pool).round(12) for key, (_, score) in METHODS.items()}
