"""Measure the served model on simulated companies, where every account's true chance of success is known.

    python benchmarks/simulation.py [--seeds 25] [--null-seeds 40] [--results simulation.jsonl]

Prints Markdown tables. With ``--results`` every finished company is a line of that file, and a run that was cut goes on
where it stopped. One core, about ten minutes in all.

* Training: the table of ``icp_ml.accounts.simulate`` read through its own study, attributes known for prospects only.
  "as exported": n customers of whom about half are censored, the others weighted for them (IPCW). "all known": n
  customers whose outcomes are all known, every weight 1.
* Truth: another company of the same world, 4,000 customers and 4,000 prospects. Log loss, AUC and calibration are taken
  against the true chance p (an account counts as p successes and 1 - p failures), without the noise of outcomes.
* Calibration error: ten equal-count bins of the prediction, mean absolute gap between mean prediction and mean p.
* Range: share of these ten bins whose mean p lies in ``probability_range`` of their mean log-odds.
* Infinite data: the same learner fitted on 60,000 customers whose outcomes are all known.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from icp_ml.accounts.contract import learn_contract
from icp_ml.accounts.customers import Customers, load_customers
from icp_ml.accounts.outcome import Labels, label_outcome, relabel_at
from icp_ml.accounts.simulate import simulate
from icp_ml.accounts.split import choose_split
from icp_ml.accounts.tables import table_of
from icp_ml.model import SuccessClassifier
from icp_ml.model.calibration import fit_line
from icp_ml.model.evaluation.evaluate import EvaluationOptions, evaluate
from icp_ml.model.evaluation.gates import BEATS_BASE_RATE
from icp_ml.names import FIT_NAMES, PLAYERS
from icp_ml.study import Study, load_study

LEARNERS = ("logistic", "lightgbm", "blend")
SIZES = (300, 1000)
N_FRESH, N_EXPLAINED, N_INFINITE, N_BINS = 4_000, 2_000, 60_000, 10
FRESH_SEED, INFINITE_SEED = 100_000, 999_999
STRONGEST = FIT_NAMES[:3]
NULL_SIZE, POWER_SIZES = 600, (600, 2000)
BARS = {
    ("bias", 1000): 0.02,
    ("calibration_error", 300): 0.05,
    ("calibration_error", 1000): 0.03,
    ("above_best", 300): 0.010,
    ("above_best", 1000): 0.005,
    ("fits", 1000): 0.85,
}
Row = dict[str, object]


# What is simulated


@dataclass(frozen=True)
class Company:
    """A simulated company as the model sees it, and the truth about it."""

    customers: Customers
    frame: pd.DataFrame
    truth: pd.DataFrame
    prospects: pd.DataFrame
    prospect_truth: pd.DataFrame

    @property
    def study(self) -> Study:
        return self.customers.study

    @property
    def attributes(self):
        return self.study.attributes_at("prospect")

    def labels(self) -> Labels:
        seen = self.customers
        return label_outcome(self.study.outcome, seen.outcome, seen.as_of, seen.observed_until)


@cache
def study_of(text: str) -> Study:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.yaml"
        path.write_text(text, encoding="utf-8")
        return load_study(path)


def company(n_customers: int, n_prospects: int, seed: int, world: str = "aligned") -> Company:
    made = simulate(n_customers, n_prospects, seed, world=world)
    customers = load_customers(study_of(made.study), table_of(made.customers))
    attributes = customers.study.attributes_at("prospect")
    contract = learn_contract(customers, attributes)
    batches = table_of(made.prospects).batches()
    prospects = pd.concat([contract.convert(batch, 1, False).frame for batch in batches], ignore_index=True)
    frame = customers.frame[[each.column for each in attributes]]
    return Company(customers, frame, made.truth_customers, prospects[frame.columns], made.truth_prospects)


def classifier(where: Company, learner: str, **settings) -> SuccessClassifier:
    kinds = {name: where.customers.kinds[name] for name in where.frame}
    return SuccessClassifier(
        {each.column: each.fit for each in where.attributes},
        learner=learner,
        effects={each.column: each.effect for each in where.attributes if each.effect},
        kinds={name: "categorical" if kind == "categorical" else "numeric" for name, kind in kinds.items()},
        **settings,
    )


@dataclass(frozen=True)
class Training:
    """Rows, outcomes and weights to fit on."""

    rows: np.ndarray
    y: np.ndarray
    weight: np.ndarray

    def fit(self, where: Company, learner: str, **settings) -> SuccessClassifier:
        model = classifier(where, learner, **settings)
        groups = where.customers.groups[self.rows]
        return model.fit(where.frame.iloc[self.rows], self.y, self.weight, groups=groups)


def as_exported(where: Company) -> Training:
    labels = where.labels()
    rows = np.flatnonzero(labels.known)
    return Training(rows, labels.label[rows], labels.weight[rows])


def naive(where: Company) -> Training:
    """Return early churners and survivors of the whole horizon, taken as they are."""
    weighted = as_exported(where)
    return Training(weighted.rows, weighted.y, np.ones(len(weighted.rows)))


def all_known(where: Company, seed: int) -> Training:
    p = where.truth["p_success"].to_numpy()
    y = np.random.default_rng([seed, 1]).random(len(p)) < p
    return Training(np.arange(len(p)), y.astype(float), np.ones(len(p)))


# What is measured


def log_loss(margin: np.ndarray, p: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, margin) - p * margin))


def auc(margin: np.ndarray, p: np.ndarray) -> float:
    """Return the chance that a success has the higher margin than a failure, when outcomes are drawn from p."""
    order = np.argsort(margin, kind="stable")
    success, failure = p[order], 1 - p[order]
    below = np.cumsum(failure) - failure / 2
    return float(success @ below / (success.sum() * failure.sum()))


def bins_of(margin: np.ndarray) -> list[np.ndarray]:
    return np.array_split(np.argsort(margin, kind="stable"), N_BINS)


def calibration_error(margin: np.ndarray, p: np.ndarray) -> float:
    return float(np.mean([abs(expit(margin[rows]).mean() - p[rows].mean()) for rows in bins_of(margin)]))


def slope(margin: np.ndarray, p: np.ndarray) -> float:
    outcome = np.repeat([1.0, 0.0], len(p))
    return fit_line(np.tile(margin, 2), outcome, np.concatenate([p, 1 - p]))[1]


def covered(model: SuccessClassifier, margin: np.ndarray, p: np.ndarray) -> float:
    low, high = model.probability_range(np.array([margin[rows].mean() for rows in bins_of(margin)]))
    truth = np.array([p[rows].mean() for rows in bins_of(margin)])
    return float(((low <= truth) & (truth <= high)).mean())


def against_truth(margin: np.ndarray, p: np.ndarray) -> dict[str, float]:
    return {
        "bias": float((expit(margin) - p).mean()),
        "calibration_error": calibration_error(margin, p),
        "slope": slope(margin, p),
        "log_loss": log_loss(margin, p),
        "auc": auc(margin, p),
        "rmse": float(np.sqrt(np.mean((expit(margin) - p) ** 2))),
    }


def correlations(ours: np.ndarray, others: np.ndarray) -> dict[str, float | None]:
    """Return the correlation of contributions over accounts, fit by fit; None where one of them is constant."""
    found = {}
    for i, name in enumerate(PLAYERS):
        constant = min(ours[:, i].std(), others[:, i].std()) < 1e-12
        found[name] = None if constant else float(np.corrcoef(ours[:, i], others[:, i])[0, 1])
    return found


@cache
def infinite(learner: str) -> SuccessClassifier:
    where = company(N_INFINITE, 1, INFINITE_SEED)
    return all_known(where, INFINITE_SEED).fit(where, learner, n_folds=2)


def measure_size(seed: int, n: int, labels: str) -> Row:
    """Return everything that is measured on one training table."""
    where, fresh = company(n, 1, seed), company(N_FRESH, N_FRESH, FRESH_SEED + seed)
    training = as_exported(where) if labels == "as exported" else all_known(where, seed)
    populations = {
        "customers": (fresh.frame, fresh.truth["p_success"].to_numpy()),
        "prospects": (fresh.prospects, fresh.prospect_truth["p_success"].to_numpy()),
    }
    auto = training.fit(where, "auto")
    models = {auto.learner_: auto}
    models |= {name: training.fit(where, name) for name in LEARNERS if name not in models}
    row: Row = {"labelled": len(training.rows), "chosen": auto.learner_, "candidates": auto.comparison_["candidates"]}
    row["lines"] = {name: model.calibration_ for name, model in models.items()}
    for name, (frame, p) in populations.items():
        margins = {learner: model.decision_function(frame) for learner, model in models.items()}
        row[name] = {learner: against_truth(margin, p) for learner, margin in margins.items()}
        row[name]["auto"] = row[name][auto.learner_] | {"covered": covered(auto, margins[auto.learner_], p)}
        row[name]["oracle"] = {"log_loss": log_loss(logit(p), p), "auc": auc(p, p)}
    some = fresh.frame.iloc[:N_EXPLAINED]
    ours = auto.contributions_array(some)
    truth = fresh.truth[[f"fit_{player}" for player in PLAYERS]].to_numpy()[:N_EXPLAINED]
    row["fits_infinite"] = correlations(ours, infinite(auto.learner_).contributions_array(some))
    row["fits_truth"] = correlations(ours, truth)
    row["infinite_truth"] = correlations(infinite(auto.learner_).contributions_array(some), truth)
    row["infinite"] = against_truth(infinite(auto.learner_).decision_function(fresh.frame), populations["customers"][1])
    if labels == "as exported":
        row["table_bias"] = mean_bias(auto, where)
        row["naive_bias"] = mean_bias(naive(where).fit(where, "auto"), where)
    return row


def mean_bias(model: SuccessClassifier, where: Company) -> float:
    """Return mean prediction minus mean truth over the whole table, censored customers included."""
    return float(model.predict_proba(where.frame)[:, 1].mean() - where.truth["p_success"].mean())


def measure_gate(seed: int, n: int, world: str) -> Row:
    """Return whether a company's evaluation passes the default gates."""
    where = company(n, 1, seed, world)
    seen, labels, outcome = where.customers, where.labels(), where.study.outcome

    def known_on(day: date) -> Labels:
        return relabel_at(outcome, seen.outcome, seen.as_of, day)

    split = choose_split(labels, seen.as_of, seen.groups, where.study.floor, known_on)
    options = EvaluationOptions(capacity=where.study.capacity, seed=seed)
    found = evaluate(lambda: classifier(where, "auto"), where.frame, labels, split, groups=seen.groups, options=options)
    return {
        "kind": split.kind,
        "n_test": found.n_test,
        "auc": found.metrics["roc_auc"].value,
        "passed": {gate.name: gate.passed for gate in found.gates},
        "ready": found.ready,
    }


# Running, with what is done kept


def tasks(seeds: int, null_seeds: int) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Yield every company to measure, those that the bars are about first."""
    for labels in ("as exported", "all known"):
        for seed in range(seeds):
            for n in SIZES:
                yield f"{labels}/{n}/{seed}", lambda s=seed, n=n, k=labels: measure_size(s, n, k)
        if labels == "as exported":
            for seed in range(null_seeds):
                yield f"null/{NULL_SIZE}/{seed}", lambda s=seed: measure_gate(s, NULL_SIZE, "null")
    for n in POWER_SIZES:
        for seed in range(null_seeds // 4):
            yield f"aligned/{n}/{seed}", lambda s=seed, n=n: measure_gate(s, n, "aligned")


def run(seeds: int, null_seeds: int, results: Path | None) -> dict[str, Row]:
    done: dict[str, Row] = {}
    if results is not None and results.exists():
        done = {line["task"]: line["row"] for line in map(json.loads, results.read_text().splitlines())}
    wanted = list(tasks(seeds, null_seeds))
    for name, task in wanted:
        if name in done:
            continue
        done[name] = task()
        if results is not None:
            with results.open("a") as file:
                file.write(json.dumps({"task": name, "row": done[name]}) + "\n")
    return {name: done[name] for name, _ in wanted}


# Tables


def rows_of(done: dict[str, Row], labels: str, n: int) -> list[Row]:
    return [row for name, row in done.items() if name.startswith(f"{labels}/{n}/")]


def mean_error(values: list[float]) -> str:
    """Return mean and standard error of the mean."""
    return f"{np.mean(values):.3f} ({np.std(values, ddof=1) / np.sqrt(len(values)):.3f})"


def verdict(name: str, n: int, value: float) -> str:
    bar = BARS.get((name, n))
    if bar is None:
        return ""
    met = value >= bar if name == "fits" else abs(value) <= bar
    return f"{bar:.3f} {'met' if met else '**missed**'}"


def print_table(head: str, lines: list[list[str]]) -> None:
    columns = head.split("|")
    print("|" + "|".join(columns) + "|\n|" + "---|" * len(columns))
    for line in lines:
        print("|" + "|".join(line) + "|")
    print()


def settings(done: dict[str, Row]) -> list[tuple[str, int, list[Row]]]:
    both = [(labels, n) for labels in ("as exported", "all known") for n in SIZES]
    return [(labels, n, rows_of(done, labels, n)) for labels, n in both]


def print_bias(done: dict[str, Row]) -> None:
    lines = []
    for n in SIZES:
        rows = rows_of(done, "as exported", n)
        ours, plain = ([row[key] for row in rows] for key in ("table_bias", "naive_bias"))
        known = np.mean([row["labelled"] for row in rows])
        lines.append([f"{n}", f"{known:.0f}", mean_error(ours), verdict("bias", n, np.mean(ours)), mean_error(plain)])
    print_table("n|of them with outcome|weighted|bar|naive query", lines)


def print_calibration(done: dict[str, Row]) -> None:
    lines = []
    for labels, n, rows in settings(done):
        for people in ("customers", "prospects"):
            found = {key: [row[people]["auto"][key] for row in rows] for key in rows[0][people]["auto"]}
            bar = verdict("calibration_error", n, np.mean(found["calibration_error"])) if people == "customers" else ""
            numbers = [mean_error(found[key]) for key in ("bias", "slope", "rmse")]
            error, inside = mean_error(found["calibration_error"]), f"{np.mean(found['covered']):.2f}"
            lines.append([labels, f"{n}", people, error, bar, *numbers, inside])
    print_table("outcomes|n|accounts|calibration error|bar|bias|slope|RMSE to p|range covers", lines)


def print_learners(done: dict[str, Row]) -> None:
    lines = []
    for labels, n, rows in settings(done):
        counts = ", ".join(f"{name} {sum(row['chosen'] == name for row in rows)}" for name in LEARNERS)
        for people in ("customers", "prospects"):
            loss = {who: [row[people][who]["log_loss"] for row in rows] for who in (*LEARNERS, "auto", "oracle")}
            above = np.mean(loss["auto"]) - min(np.mean(loss[name]) for name in LEARNERS)
            each = [f"{np.mean(values):.4f}" for values in loss.values()]
            bar = verdict("above_best", n, above) if people == "customers" else ""
            lines.append([labels, f"{n}", people, *each, f"{above:+.4f}", bar, counts])
    print_table("outcomes|n|accounts|" + "|".join((*LEARNERS, "auto", "oracle")) + "|auto - best|bar|auto chose", lines)
    lines = []
    for labels, n, rows in settings(done):
        for people in ("customers", "prospects"):
            of = {who: [row[people][who]["auc"] for row in rows] for who in (*LEARNERS, "auto", "oracle")}
            lines.append([labels, f"{n}", people, *(f"{np.mean(values):.3f}" for values in of.values())])
    print_table("outcomes|n|accounts|" + "|".join((*LEARNERS, "auto", "oracle")), lines)
    best = [row["infinite"] for row in rows_of(done, "all known", 1000)]
    print(f"Infinite data, customers: log loss {np.mean([b['log_loss'] for b in best]):.4f}, ", end="")
    print(f"AUC {np.mean([b['auc'] for b in best]):.3f}.\n")


def print_fits(done: dict[str, Row]) -> None:
    lines = []
    for labels, n, rows in settings(done):
        for key, words in (("fits_infinite", "infinite data"), ("fits_truth", "true contribution")):
            values = [[row[key][name] for row in rows if row[key][name] is not None] for name in PLAYERS]
            means = [float(np.mean(each)) if each else float("nan") for each in values]
            weakest = min(means[: len(STRONGEST)])
            bar = verdict("fits", n, weakest) if key == "fits_infinite" else ""
            lines.append([labels, f"{n}", words, *(f"{mean:.2f}" if mean == mean else "-" for mean in means), bar])
    rows = rows_of(done, "all known", 1000)
    values = [
        [row["infinite_truth"][name] for row in rows if row["infinite_truth"][name] is not None] for name in PLAYERS
    ]
    means = [f"{np.mean(each):.2f}" if each else "-" for each in values]
    lines.append(["all known", f"{N_INFINITE}", "true contribution", *means, ""])
    print_table("outcomes|n|correlation with|" + "|".join(PLAYERS) + "|bar (first three)", lines)


def print_gates(done: dict[str, Row]) -> None:
    lines = []
    for world, n in (("null", NULL_SIZE), *(("aligned", n) for n in POWER_SIZES)):
        rows = rows_of(done, world, n)
        by_time = sum(row["kind"] == "time" for row in rows)
        passed = [np.mean([row["passed"][gate] for row in rows]) for gate in ("roc_auc_low", BEATS_BASE_RATE)]
        ready = np.mean([row["ready"] for row in rows])
        numbers = [f"{np.mean([row['n_test'] for row in rows]):.0f}", f"{np.mean([row['auc'] for row in rows]):.3f}"]
        shares = [f"{share:.0%}" for share in (*passed, ready)]
        lines.append([world, f"{n}", f"{len(rows)}", f"{by_time}", *numbers, *shares])
    head = "world|n|companies|split by time|test accounts|mean AUC|roc_auc_low passes|beats_base_rate passes|ready"
    print_table(head, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=25)
    parser.add_argument("--null-seeds", type=int, default=40)
    parser.add_argument("--results", type=Path, help="JSON lines; kept, and read again by the next run")
    chosen = parser.parse_args()
    logging.getLogger("icp_ml").setLevel(logging.ERROR)
    done = run(chosen.seeds, chosen.null_seeds, chosen.results)
    parts = {
        "Bias of the mean chance of success over the customer table": print_bias,
        "Calibration against the true chance": print_calibration,
        "Learners": print_learners,
        "Contributions of the fits": print_fits,
        "Gates": print_gates,
    }
    for title, show in parts.items():
        print(f"### {title}\n")
        show(done)


if __name__ == "__main__":
    main()
