"""Measure the evaluation itself: do intervals cover, and does the test against chance hold its size?

    OMP_NUM_THREADS=1 python benchmarks/evaluation.py [coverage] [size] [procedure] [--worlds 400] [--companies 300]

Prints Markdown tables. One core; coverage about ten minutes, size one, procedure ten.

* Coverage: a fixed, overconfident model; samples of n judged accounts; the truth is the metric on 1,000,000 accounts of
  the same world. Designs: independent accounts; lifetimes of which young accounts are censored, weighted as in training;
  groups of 1 to 9 related accounts that share half of what makes them succeed.
* Size: worlds in which no attribute matters. Cheap margins (ridge regression, out of time and out of fold) for many
  worlds, the procedure of a training for fewer.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.special import expit, logit

from icp_ml.accounts.outcome import follow_up_share
from icp_ml.model.evaluation.metrics import ScoredRows, estimate_metrics, scored_rows

METRICS = ("roc_auc", "log_loss", "brier", "calibration_slope", "lift_at_10", "precision_at_10")
SIZES, BASE_RATES = (150, 400, 1000), (0.6, 0.85)
N_TRUTH, HORIZON = 1_000_000, 365
Drawn = tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]
"""Outcomes, margins, weights, groups."""


# Coverage


def outcome_and_margin(rng: np.random.Generator, shared: np.ndarray, base_rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the chance of success and what an overconfident model says of it, for accounts that share something."""
    seen = np.sqrt(0.5) * shared[0] + np.sqrt(0.5) * rng.normal(size=shared.shape[1])
    unseen = np.sqrt(0.5) * shared[1] + np.sqrt(0.5) * rng.normal(size=shared.shape[1])
    level = 1.25 * logit(base_rate)
    return expit(level + seen + 0.7 * unseen), level + 1.1 * seen


def independent(rng: np.random.Generator, n: int, base_rate: float) -> Drawn:
    p, margin = outcome_and_margin(rng, rng.normal(size=(2, n)), base_rate)
    return (rng.random(n) < p).astype(float), margin, None, None


def censored(rng: np.random.Generator, n: int, base_rate: float) -> Drawn:
    """Return accounts followed for 0 to 2.5 horizons: known when they left or were followed for one."""
    n_all = 4 * n
    y, margin, _, _ = independent(rng, n_all, base_rate)
    left = np.where(y == 1, HORIZON, HORIZON * rng.beta(1.5, 1.5, n_all))
    followed = 2.5 * HORIZON * rng.random(n_all)
    first = np.cumsum(followed >= left) <= n
    y, margin, left, followed = y[first], margin[first], left[first], followed[first]
    known = followed >= left
    weight = 1 / follow_up_share(followed, left[known])
    return y[known], margin[known], np.minimum(weight, 10.0), None


def grouped(rng: np.random.Generator, n: int, base_rate: float) -> Drawn:
    sizes = rng.choice([1, 1, 1, 2, 3, 5, 9], n)
    groups = np.repeat(np.arange(n), sizes)[:n]
    p, margin = outcome_and_margin(rng, rng.normal(size=(2, n))[:, groups], base_rate)
    return (rng.random(n) < p).astype(float), margin, None, groups


DESIGNS: dict[str, Callable[[np.random.Generator, int, float], Drawn]] = {
    "independent": independent,
    "censored, weighted": censored,
    "related": grouped,
}


def rows_of(drawn: Drawn) -> ScoredRows:
    y, margin, weight, groups = drawn
    return scored_rows(y, expit(margin), margin=margin, weight=weight, clusters=groups)


@cache
def truth(base_rate: float) -> dict[str, float]:
    """Return the metrics of the model in its population; the designs differ in how accounts are seen only."""
    rows = rows_of(independent(np.random.default_rng(2**31), N_TRUTH, base_rate))
    return {name: found.value for name, found in estimate_metrics(rows, n_boot=1).items()}


@dataclass(frozen=True)
class Coverage:
    """Per metric the share of intervals that hold the truth, that lie below it, and their mean width."""

    covered: dict[str, float]
    below: dict[str, float]
    width: dict[str, float]


def coverage(design: str, n: int, base_rate: float, n_worlds: int, n_boot: int = 300) -> Coverage:
    true = truth(base_rate)
    found = []
    for seed in range(n_worlds):
        rng = np.random.default_rng([seed, n])
        found.append(estimate_metrics(rows_of(DESIGNS[design](rng, n, base_rate)), n_boot=n_boot, seed=seed))
    low, high = ({m: np.array([getattr(f[m], end) for f in found]) for m in METRICS} for end in ("low", "high"))
    return Coverage(
        {m: float(np.mean((low[m] <= true[m]) & (true[m] <= high[m]))) for m in METRICS},
        {m: float(np.mean(high[m] < true[m])) for m in METRICS},
        {m: float(np.nanmean(high[m] - low[m])) for m in METRICS},
    )


def print_coverage(n_worlds: int) -> None:
    lines = []
    for base_rate in BASE_RATES:
        for design in DESIGNS:
            for n in SIZES:
                found = coverage(design, n, base_rate, n_worlds)
                cells = [f"{found.covered[m]:.3f} ({found.width[m]:.3f})" for m in METRICS]
                lines.append([f"{base_rate:.0%}", design, f"{n}", *cells])
                print("|" + "|".join(lines[-1]) + "|", flush=True)
    print_table("base rate|accounts|n|" + "|".join(METRICS), lines)


def print_table(head: str, lines: list[list[str]]) -> None:
    columns = head.split("|")
    print("|" + "|".join(columns) + "|\n|" + "---|" * len(columns))
    for line in lines:
        print("|" + "|".join(line) + "|")
    print()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=400)
    print_coverage(parser.parse_args().worlds)
