"""Compare the learners by number of customers on simulated companies, where the true chance of success is known.

    python benchmarks/learners_by_size.py [--sizes 300 1000 3000] [--seeds 5]

For each size and seed a company is simulated (`icp_ml.accounts.simulate`), its customers are labelled as the study
says (365 days, censored accounts weighted), and each learner is fitted on every account with a known label. Judged
against the truth, on 4,000 customers of the same kind and on 10,000 prospects: expected log loss and its distance to
the oracle, AUC on drawn outcomes, bias of the mean probability, calibration error (ten equal-count bins, mean absolute
gap to the true chance), and slope of the true outcome on the margin. Means over seeds, standard error of log loss in
brackets.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.simulate import OBSERVED_UNTIL, simulate, write_company
from icp_ml.model import SuccessClassifier
from icp_ml.model.calibration import fit_line
from icp_ml.study import load_study

LEARNERS = ("auto", "logistic", "lightgbm", "blend")


def customers_of(n: int, n_prospects: int, seed: int) -> tuple[pd.DataFrame, object, dict[str, str], object]:
    """Return attribute frame, labels, fit of each attribute, and the company."""
    with tempfile.TemporaryDirectory() as folder:
        company = simulate(n, n_prospects, seed)
        write_company(company, Path(folder))
        study = load_study(Path(folder) / "study.yaml")
        customers = load_customers(study)
    labels = label_outcome(study.outcome, customers.outcome, customers.as_of, customers.observed_until)
    fits = {each.column: each.fit for each in study.attributes_at(study.model.stage)}
    return customers.frame[list(fits)], labels, fits, company


def prospects_like(frame: pd.DataFrame, prospects: pd.DataFrame) -> pd.DataFrame:
    """Return the prospects' attributes with the customers' types, dates as days before the day of the table."""
    columns = {}
    for name in frame.columns:
        column = prospects[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            column = (pd.Timestamp(OBSERVED_UNTIL) - column).dt.days
        columns[name] = column.astype(float) if pd.api.types.is_numeric_dtype(frame[name]) else column
    return pd.DataFrame(columns)


def judge(margin: np.ndarray, chance: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """Return the measures of margins against the true chance of success."""
    probability = 1 / (1 + np.exp(-margin))
    outcome = (rng.random(len(chance)) < chance).astype(float)
    bins = np.array_split(np.argsort(margin, kind="stable"), 10)
    oracle = -np.mean(chance * np.log(chance) + (1 - chance) * np.log1p(-chance))
    loss = float(np.mean(np.logaddexp(0, margin) - chance * margin))
    return {
        "loss": loss,
        "gap": loss - float(oracle),
        "auc": float(roc_auc_score(outcome, margin)),
        "bias": float(probability.mean() - chance.mean()),
        "error": float(np.mean([abs(probability[rows].mean() - chance[rows].mean()) for rows in bins])),
        "slope": fit_line(margin, outcome, np.ones(len(outcome)))[1],
    }


def trials(n: int, n_seeds: int) -> Iterator[dict[str, object]]:
    for seed in range(n_seeds):
        frame, labels, fits, company = customers_of(n, 10_000, seed)
        alike, _, _, other = customers_of(4000, 1, 10_000 + seed)
        known = labels.weight > 0
        tables = {
            "customers": (alike, other.truth_customers["p_success"].to_numpy()),
            "prospects": (prospects_like(frame, company.prospects), company.truth_prospects["p_success"].to_numpy()),
        }
        for learner in LEARNERS:
            start = time.process_time()
            model = SuccessClassifier(fits, learner=learner, random_state=seed)
            model.fit(frame[known], labels.label[known], sample_weight=labels.weight[known])
            seconds = time.process_time() - start
            for name, (table, chance) in tables.items():
                measured = judge(model.decision_function(table), chance, np.random.default_rng(seed))
                served = {"n": n, "known": int(known.sum()), "on": name, "learner": learner, "seconds": seconds}
                yield served | {"applied": model.calibration_["applied"], "kept": model.learner_} | measured


def table_rows(results: pd.DataFrame) -> Iterator[str]:
    for (n, on, learner), group in results.groupby(["n", "on", "learner"], sort=False):
        mean = group.select_dtypes("number").mean()
        error = group["loss"].std() / np.sqrt(len(group))
        kept = ", ".join(f"{name} {count}x" for name, count in group["kept"].value_counts().items())
        cells = [
            f"{n:,} ({mean['known']:.0f} known)",
            on,
            learner + (f" ({kept})" if learner == "auto" else ""),
            f"{mean['loss']:.4f} [{error:.4f}]",
            f"{mean['gap']:.4f}",
            f"{mean['auc']:.3f}",
            f"{mean['bias']:+.3f}",
            f"{mean['error']:.3f}",
            f"{mean['slope']:.2f}",
            f"{group['applied'].mean():.0%}",
            f"{mean['seconds']:.1f}",
        ]
        yield "| " + " | ".join(cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1000, 3000])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    print("| customers | judged on | learner | log loss [se] | to oracle | AUC | bias | calibration error | slope "
          "| Platt applied | CPU s |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for n in options.sizes:
        for line in table_rows(pd.DataFrame(trials(n, options.seeds))):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
