"""Compare lists of lookalikes on real data, where the outcome of the "prospects" is in the file.

    OMP_NUM_THREADS=1 python benchmarks/lookalikes_real.py [CASE ...]

Reads ``../shared/data`` beside the project (see the comments in ``configs/`` for where to get the files), skips a case
whose file is absent, and prints Markdown. Part of the accounts are the customers; the others play the prospects, and no
method knows how they ended.

* olist-sellers: the customers are shops whose outcome was known when the test period of the study starts, the prospects
  the shops of that period. olist-deals, salvirt: ten random halves (identical rows together), since there are too few
  rows, or no time. sba: loans approved up to fiscal year 2000, and those approved after it.
* *Success*: observed success share of the first tenth of the prospects, weighted for censoring; random is their base
  rate. *AUC*: chance that a prospect that succeeded stands above one that did not.
* *Hidden AUC* and *reach*: what ``--evaluate`` says, which knows the customers only.
* In brackets 90 % intervals from 500 draws of prospects (groups together), with the lists as they are; of the ten
  halves the mean of their ends.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from lookalikes import LABELS, all_scores, everybody, model_of
from simulation import Company, Training, print_table

from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import Labels, relabel_at
from icp_ml.accounts.split import choose_split
from icp_ml.model.evaluation.metrics import bootstrap, interval_of
from icp_ml.prospects.lookalikes.evaluation.evaluate import Evaluation, evaluate_lookalikes
from icp_ml.prospects.lookalikes.evaluation.methods import METHODS
from icp_ml.prospects.lookalikes.evaluation.panel import SHARE, Fold, at_top, measure
from icp_ml.prospects.lookalikes.evaluation.seen import Pool
from icp_ml.study import load_study

ROOT = Path(__file__).resolve().parents[1]
N_HALVES, N_BOOT, N_SAMPLE = 10, 500, 20_000
SBA_UNTIL = np.datetime64("2000-09-30")


@dataclass(frozen=True)
class Parts:
    """Who plays the customers and who the prospects: row numbers, outcomes, weights."""

    customers: Training
    prospects: Training


@dataclass(frozen=True)
class Case:
    """A study, read, and one or several ways to part its accounts."""

    name: str
    company: Company
    parts: list[Parts]
    how: str


def read(name: str) -> Company:
    study = load_study(ROOT / f"configs/{name}.yaml")
    customers = load_customers(study)
    columns = [each.column for each in study.attributes_at(study.model.stage)]
    nobody = pd.DataFrame()
    return Staged(customers, customers.frame[columns], nobody, nobody, nobody)


class Staged(Company):
    """A company whose attributes are those of its study's own stage."""

    @property
    def attributes(self):
        return self.study.attributes_at(self.study.model.stage)


def rows_of(labels: Labels, rows: np.ndarray) -> Training:
    return Training(rows, labels.label[rows], labels.weight[rows])


def sellers() -> Case:
    where = read("olist-sellers")
    seen, study, labels = where.customers, where.study, where.labels()
    split = choose_split(
        labels,
        seen.as_of,
        seen.groups,
        study.floor,
        lambda day: relabel_at(study.outcome, seen.outcome, seen.as_of, day),
    )
    parts = Parts(rows_of(split.train_labels, split.train), rows_of(split.test_labels, split.test))
    return Case("olist-sellers", where, [parts], f"by time, from {split.starts}")


def loans() -> Case:
    where = read("sba")
    labels, day = where.labels(), where.customers.as_of
    early, late = (np.flatnonzero(labels.known & side) for side in (day <= SBA_UNTIL, day > SBA_UNTIL))
    return Case("sba", where, [Parts(rows_of(labels, early), rows_of(labels, late))], f"by time, from {SBA_UNTIL + 1}")


def halves(name: str) -> Case:
    where = read(name)
    labels, groups = where.labels(), where.customers.groups
    known = np.flatnonzero(labels.known)
    codes = np.unique(known if groups is None else groups[known], return_inverse=True)[1]
    parts = []
    for seed in range(N_HALVES):
        first = np.random.default_rng(seed).permutation(codes.max() + 1)[codes] % 2 == 0
        parts.append(Parts(rows_of(labels, known[first]), rows_of(labels, known[~first])))
    return Case(name, where, parts, f"{N_HALVES} random halves")


CASES: dict[str, Callable[[], Case]] = {
    "olist-sellers": sellers,
    "olist-deals": lambda: halves("olist-deals"),
    "sba": loans,
    "salvirt": lambda: halves("salvirt"),
}

Ends = tuple[float, float, float]


def success_of(scores: dict[str, np.ndarray], seen: Training, group: np.ndarray) -> dict[str, Ends]:
    """Return the success share of the first tenth by each method, with its interval."""
    codes = np.unique(group, return_inverse=True)[1]
    top = {key: at_top(score, SHARE) for key, score in scores.items()}

    def shares(counts: np.ndarray) -> dict[str, np.ndarray]:
        weight = counts[:, codes] * seen.weight
        return {key: (weight * seen.y) @ inside / (weight @ inside) for key, inside in top.items()}

    value, draws = shares(np.ones((1, codes.max() + 1))), bootstrap(codes, shares, N_BOOT, 0)
    found = {key: interval_of(float(value[key][0]), draws[key]) for key in scores}
    return {key: (each.value, each.low, each.high) for key, each in found.items()}


def measured(case: Case, parts: Parts) -> tuple[dict[str, dict[str, Ends]], Evaluation]:
    """Return what each method reached among the prospects, and what the evaluation says beforehand."""
    model = model_of(case.company, parts.customers)
    frame = case.company.frame.iloc[parts.prospects.rows].reset_index(drop=True)
    scores, groups = all_scores(everybody(model), Pool(frame, 0)), case.company.customers.groups
    group = np.arange(len(frame)) if groups is None else groups[parts.prospects.rows]
    success = success_of(scores, parts.prospects, group)
    observed = measure([Fold(parts.prospects.y, parts.prospects.weight, group, scores)], None, shares=(SHARE,), seed=0)
    evaluation = evaluate_lookalikes(model, frame[:N_SAMPLE], seed=0)
    found = {key: {"success": success[key]} for key in success}
    for row in observed.rows:
        found[row.key] |= {name: (e.value, e.low, e.high) for name, e in (("auc", row.auc), ("gap", row.difference))}
    for row in evaluation.crossed.rows if evaluation.crossed else ():
        found[row.key] |= {name: (e.value, e.low, e.high) for name, e in (("hidden", row.auc), ("reach", row.reach))}
    return found, evaluation


def text(found: list[dict[str, dict[str, Ends]]], key: str, name: str) -> str:
    ends = [each[key][name] for each in found if name in each[key]]
    if not ends:
        return ""
    value, low, high = np.mean(ends, axis=0)
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def show(case: Case) -> None:
    results = [measured(case, parts) for parts in case.parts]
    found = [each for each, _ in results]
    first = case.parts[0]
    base = np.mean([np.average(parts.prospects.y, weights=parts.prospects.weight) for parts in case.parts])
    print(
        f"**{case.name}** ({case.how}; {len(first.customers.rows):,} customers, {len(first.prospects.rows):,} "
        f"prospects, {base:.3f} of them succeed)\n"
    )
    names = ("success", "auc", "gap", "hidden", "reach")
    lines = [[label, *(text(found, key, name) for name in names)] for key, label in LABELS.items() if key in METHODS]
    print_table("method|success, first tenth|AUC, prospects|AUC minus similarity's|hidden AUC|reach", lines)
    print(f"The evaluation says: {results[0][1].sentence}\n", flush=True)


def cases(wanted: list[str]) -> Iterator[Case]:
    for name in wanted or list(CASES):
        try:
            yield CASES[name]()
        except FileNotFoundError:
            print(f"{name}: skipped, its file is absent; see configs/ for where to get it\n")


def main() -> int:
    logging.getLogger("icp_ml").setLevel(logging.ERROR)
    for case in cases(sys.argv[1:]):
        show(case)
    return 0


if __name__ == "__main__":
    sys.exit(main())
