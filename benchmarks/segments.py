"""Measure how often clusters and warnings of seeds are right, on simulated companies where it is known.

    OMP_NUM_THREADS=1 python benchmarks/segments.py [--seeds 20] [--customers 1000]

Prints Markdown and exits with 1 when a bar is missed. About a second and a half of CPU per company.

* *One group*: aligned, misaligned and null companies have no kinds of customer; clusters there are false.
* *Two kinds*: every successful customer of an aligned company is one of two kinds. The attributes of one fit are
  drawn from the highest quarter of their column and those of another from the lowest, the other way round for the
  other kind. Clusters must be found, and the kinds in them (adjusted Rand index).
* *Lists of seeds*: 100 successes, or 100 of all customers, drawn at random. The warning that a list says no more than
  all customers belongs to the second.
* *Segments by chance*: three segments drawn at random. The permutation test must not find that they differ.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from simulation import Company, classifier, company
from sklearn.metrics import adjusted_rand_score

from icp_ml.model.likeness import Likeness
from icp_ml.prospects.lookalikes.clusters import find_clusters
from icp_ml.prospects.lookalikes.seed_warnings import like_all_customers
from icp_ml.prospects.lookalikes.several import several_profiles

WORLDS = ("aligned", "misaligned", "null")
N_LISTED, N_SEGMENTS, QUARTER = 100, 3, 0.25
OPPOSED = ("technical", "resource")
BARS = {"one group": 0.90, "two kinds": 0.90, "warned of all": 0.80, "warned of successes": 0.10, "differ": 0.10}


@dataclass(frozen=True)
class Placed:
    """Customers with a known outcome in the likeness space of their model; ``kind`` -1 where none was planted."""

    coordinates: np.ndarray
    margin: np.ndarray
    fits: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray
    kind: np.ndarray


def placed(where: Company, seed: int, *, plants: bool = False) -> Placed:
    labels = where.labels()
    known = np.flatnonzero(labels.known)
    frame = where.frame.iloc[known].reset_index(drop=True)
    outcome, weight = labels.label[known], labels.weight[known]
    kind = np.full(len(known), -1)
    if plants:
        frame, kind = with_kinds(where, frame, outcome, seed)
    model = classifier(where, "auto").fit(frame, outcome, weight)
    likeness, coordinates = Likeness.of(model, frame, weight)
    contributions = coordinates * likeness.scale
    return Placed(coordinates, contributions.sum(axis=1), model.contributions_array(frame), outcome, weight, kind)


def with_kinds(where: Company, frame: pd.DataFrame, outcome: np.ndarray, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Make every success one of two kinds, opposed in two fits."""
    rng = np.random.default_rng(seed)
    kind = np.where(outcome == 1, rng.integers(0, 2, len(outcome)), -1)
    frame = frame.copy()
    numeric = [each for each in where.attributes if pd.api.types.is_numeric_dtype(frame[each.column])]
    for each in numeric:
        values = np.sort(frame[each.column].dropna().to_numpy())
        n = max(1, int(QUARTER * len(values)))
        for place, fit in enumerate(OPPOSED):
            for side in (0, 1) if each.fit == fit else ():
                rows = np.flatnonzero(kind == side)
                frame.loc[rows, each.column] = rng.choice(values[-n:] if side == place else values[:n], len(rows))
    return frame, kind


def found(where: Placed, seed: int) -> tuple[bool, float]:
    """Return whether clusters were found among the successes, and how well they are the kinds."""
    succeeded = where.outcome == 1
    clusters = find_clusters(where.coordinates[succeeded], seed)
    if clusters.centers is None:
        return False, np.nan
    return True, adjusted_rand_score(where.kind[succeeded], clusters.nearest(where.coordinates[succeeded]))


def warned(where: Placed, seed: int, *, of_all: bool) -> bool:
    succeeded = where.outcome == 1
    rng = np.random.default_rng([seed, int(of_all)])
    pool = np.arange(len(succeeded)) if of_all else np.flatnonzero(succeeded)
    chosen = np.zeros(len(succeeded), dtype=bool)
    chosen[rng.choice(pool, min(N_LISTED, len(pool)), replace=False)] = True
    return bool(like_all_customers(where.coordinates, where.margin, chosen, succeeded, seed=0))


def differs(where: Placed, seed: int) -> bool:
    names = np.array([f"segment {n}" for n in range(N_SEGMENTS)], dtype=object)
    segment = names[np.random.default_rng([seed, 2]).integers(0, N_SEGMENTS, len(where.outcome))]
    p = several_profiles(where.fits, where.outcome, where.weight, segment, seed=0).p
    return p is not None and p <= 0.05


def measured(seeds: int, customers: int) -> Iterator[dict[str, object]]:
    for number, world in enumerate(WORLDS):
        for seed in range(1000 * number, 1000 * number + seeds):  # the same seed would draw the same attributes
            where = placed(company(customers, 1, seed, world), seed)
            yield {
                "what": world,
                "one group": not found(where, seed)[0],
                "warned of all": warned(where, seed, of_all=True) if world != "null" else None,
                "warned of successes": warned(where, seed, of_all=False) if world != "null" else None,
                "differ": differs(where, seed),
            }
    for seed in range(9000, 9000 + seeds):
        where = placed(company(customers, 1, seed), seed, plants=True)
        has, agreement = found(where, seed)
        yield {"what": "two kinds", "two kinds": has, "agreement": agreement}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--customers", type=int, default=1000)
    options = parser.parse_args()
    rows = pd.DataFrame(measured(options.seeds, options.customers))
    print(f"{options.customers} customers, {options.seeds} companies of each world\n")
    print("|what|found in|of|bar||\n|---|---|---|---|---|")
    is_met = True
    for name, bar in BARS.items():
        values = rows[name].dropna().astype(float)
        share, is_least = values.mean(), bar > 0.5
        met = share >= bar if is_least else share <= bar
        is_met &= bool(met)
        limit = f"at {'least' if is_least else 'most'} {bar:.2f}"
        print(f"|{name}|{int(values.sum())}|{len(values)}|{limit}|{'met' if met else '**missed**'}|")
    agreement = rows["agreement"].dropna()
    print(
        f"\nAgreement of clusters with the planted kinds: median {agreement.median():.2f}, least {agreement.min():.2f}"
    )
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
