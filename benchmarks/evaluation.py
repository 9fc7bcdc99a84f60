"""Measure the evaluation itself: do intervals cover, and does the test against chance hold its size?

    OMP_NUM_THREADS=1 python benchmarks/evaluation.py coverage size procedure [--worlds 400] [--companies 300]

Prints Markdown tables. One core; coverage and size about ten minutes each, procedure about an hour (fewer --companies).

* Coverage: a fixed, overconfident model; samples of n judged accounts; the truth is the metric on a million accounts of
  the same world. Designs: independent accounts; lifetimes of which young accounts are censored, weighted for that;
  groups of 1 to 9 related accounts that share half of what makes them succeed.
* Size: worlds in which no attribute matters. Cheap margins (ridge regression, out of time and out of fold) for many
  worlds, the procedure of a training for fewer.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from icp_ml.accounts.customers import Customers, load_customers
from icp_ml.accounts.outcome import Labels, follow_up_share, label_outcome, relabel_at
from icp_ml.accounts.simulate import simulate
from icp_ml.accounts.split import choose_split, grouped_folds
from icp_ml.accounts.tables import table_of
from icp_ml.model import SuccessClassifier
from icp_ml.model.evaluation.chance import against_chance
from icp_ml.model.evaluation.metrics import ScoredRows, estimate_metrics, scored_rows
from icp_ml.model.evaluation.procedure import EvaluationOptions, Known, cross_validated, fitted, scored
from icp_ml.study import Study, load_study

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


# Size of the test against chance


def ridge(X: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """Return weights of a ridge regression of the outcome, whose margins are cheap."""
    centred = X - X.mean(0)
    return np.linalg.solve(centred.T @ centred + penalty * np.eye(X.shape[1]), centred.T @ (y - y.mean()))


@dataclass(frozen=True)
class Null:
    """A world in which nothing matters: accounts, attributes, and whether accounts are related."""

    n: int
    n_attributes: int
    is_related: bool = False
    is_weighted: bool = False

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        """Return attributes, outcomes, weights, groups; related accounts are alike in both, yet nothing matters."""
        if not self.is_related:
            X, groups = rng.normal(size=(self.n, self.n_attributes)), None
            y = (rng.random(self.n) < 0.65).astype(float)
        else:
            groups = np.repeat(np.arange(self.n), rng.choice([1, 1, 2, 4, 8], self.n))[: self.n]
            X = rng.normal(size=(self.n, self.n_attributes))[groups] + 0.5 * rng.normal(
                size=(self.n, self.n_attributes)
            )
            y = (rng.random(self.n) < expit(0.8 + 1.5 * rng.normal(size=self.n)[groups])).astype(float)
        weight = np.where(y == 1, rng.uniform(1.5, 3, self.n), rng.uniform(1, 2, self.n))
        return X, y, weight if self.is_weighted else np.ones(self.n), groups


def p_later(null: Null, seed: int) -> float:
    """Return the p-value on later accounts: the first half taught, the second is judged."""
    rng = np.random.default_rng([seed, null.n, null.n_attributes])
    X, y, weight, groups = null.draw(rng)
    half = null.n // 2 if groups is None else int(np.searchsorted(groups, groups[null.n // 2]))
    margin = X[half:] @ ridge(X[:half], y[:half], 20.0)
    later = None if groups is None else groups[half:]
    rows = scored_rows(y[half:], expit(margin), margin=margin, weight=weight[half:], clusters=later)
    return against_chance([rows], n_permutations=500, seed=seed).p_value


def p_out_of_fold(null: Null, seed: int, widened: bool = True) -> float:
    rng = np.random.default_rng([seed, null.n, null.n_attributes])
    X, y, weight, groups = null.draw(rng)
    margins = np.empty((3, null.n))
    for number, (train, test) in enumerate(grouped_folds(y, groups, 5, 3, seed)):
        margins[number // 5, test] = X[test] @ ridge(X[train], y[train], 20.0)
    repeats = [scored_rows(y, expit(m), margin=m, weight=weight, clusters=groups) for m in margins]
    return against_chance(repeats, cross_validated=widened, n_permutations=500, seed=seed).p_value


NULLS = {
    f"{n} accounts, {k} attributes{', related' * related}{', weighted' * weighted}": Null(n, k, related, weighted)
    for n, k, related, weighted in (
        (80, 30, False, False),
        (300, 3, False, False),
        (300, 30, False, False),
        (300, 30, False, True),
        (300, 30, True, False),
    )
}


def rejected(p_values: list[float]) -> str:
    return f"{np.mean(np.array(p_values) <= 0.05):.3f}"


def print_size(n_worlds: int) -> None:
    lines = []
    for name, null in NULLS.items():
        later = [p_later(null, seed) for seed in range(n_worlds)]
        folds = [p_out_of_fold(null, seed) for seed in range(n_worlds)]
        plain = [p_out_of_fold(null, seed, widened=False) for seed in range(n_worlds)]
        lines.append([name, f"{n_worlds}", rejected(later), rejected(folds), rejected(plain)])
        print("|" + "|".join(lines[-1]) + "|", flush=True)
    print_table("null world|worlds|later accounts|cross-validation|cross-validation, not widened", lines)


# Size through the procedure of a training


@cache
def study_of(text: str) -> Study:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.yaml"
        path.write_text(text, encoding="utf-8")
        return load_study(path)


@dataclass(frozen=True)
class Task:
    """A simulated company as a training sees it."""

    customers: Customers
    labels: Labels

    @classmethod
    def draw(cls, n: int, seed: int, world: str) -> Task:
        made = simulate(n, 1, seed, world=world)
        customers = load_customers(study_of(made.study), table_of(made.customers))
        outcome = customers.study.outcome
        return cls(customers, label_outcome(outcome, customers.outcome, customers.as_of, customers.observed_until))

    @property
    def frame(self) -> pd.DataFrame:
        return self.customers.frame[[each.column for each in self.customers.study.attributes_at("prospect")]]

    def classifier(self) -> SuccessClassifier:
        attributes = self.customers.study.attributes_at("prospect")
        kinds = {each.column: self.customers.kinds[each.column] for each in attributes}
        kinds = {name: "categorical" if kind == "categorical" else "numeric" for name, kind in kinds.items()}
        return SuccessClassifier({each.column: each.fit for each in attributes}, kinds=kinds)

    def p_later(self, seed: int) -> float | None:
        seen = self.customers
        relabel = partial(relabel_at, seen.study.outcome, seen.outcome, seen.as_of)
        split = choose_split(self.labels, seen.as_of, seen.groups, seen.study.floor, relabel)
        if split.kind != "time":
            return None
        train = Known(split.train, split.train_labels.label, split.train_labels.weight, seen.groups)
        test = Known(split.test, split.test_labels.label, split.test_labels.weight, seen.groups)
        margin = fitted(self.classifier, self.frame, train).decision_function(self.frame.iloc[test.rows])
        return against_chance([scored(test, margin, EvaluationOptions())], n_permutations=500, seed=seed).p_value

    def p_out_of_fold(self, seed: int) -> float:
        known = Known(np.flatnonzero(self.labels.known), self.labels.label, self.labels.weight, self.customers.groups)
        options = EvaluationOptions(seed=seed)
        repeats = cross_validated(self.classifier, self.frame, known, options, n_repeats=3, whole=True).in_order()
        rows = [scored(known, margin, options) for margin in repeats]
        return against_chance(rows, cross_validated=True, n_permutations=500, seed=seed).p_value


def print_procedure(n_companies: int) -> None:
    lines = []
    for world, n, how in (
        ("null", 600, Task.p_later),
        ("null", 200, Task.p_out_of_fold),
        ("aligned", 600, Task.p_later),
        ("aligned", 200, Task.p_out_of_fold),
    ):
        wanted = n_companies if world == "null" else n_companies // 6
        found = [how(Task.draw(n, seed, world), seed) for seed in range(wanted)]
        p_values = [p for p in found if p is not None]
        judged = "later accounts" if how is Task.p_later else "cross-validation"
        lines.append([world, f"{n}", judged, f"{len(p_values)}", rejected(p_values)])
        print("|" + "|".join(lines[-1]) + "|", flush=True)
    print_table("world|customers|judged on|companies|better than chance", lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=("coverage", "size", "procedure"), default="coverage")
    parser.add_argument("--worlds", type=int, default=400)
    parser.add_argument("--companies", type=int, default=300)
    chosen = parser.parse_args()
    logging.getLogger("icp_ml").setLevel(logging.ERROR)
    if "coverage" in chosen.parts:
        print_coverage(chosen.worlds)
    if "size" in chosen.parts:
        print_size(chosen.worlds)
    if "procedure" in chosen.parts:
        print_procedure(chosen.companies)


if __name__ == "__main__":
    main()
