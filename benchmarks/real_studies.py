"""Compare the served learner with two plain ones on the real studies: same rows, same attributes, same split.

    python benchmarks/real_studies.py [STUDY ...]

Reads ``../shared/data`` beside the project (see the comments in ``configs/`` for where to get the files), skips a study
whose file is absent, and prints a Markdown table. What is compared, and with which settings:

* ``auto``: ``SuccessClassifier(fits, effects=..., learner="auto")`` as served: learner, penalty, number of trees and
  calibration line chosen inside the training rows only.
* ``logistic``: scikit-learn's LogisticRegression(C=1), levels one-hot, numbers filled with the median and standardised.
* ``histgb``: HistGradientBoostingClassifier with default settings, native categoricals (the 254 most frequent levels).

Out of time, training uses only labels known on the day the test period starts. olist: the last 30 % of the shops by
day 30 after the first sale; a label is known on day 180. maven: the last 30 % of the closed deals; a label is known on
the closing date. sba: the last two fiscal years; its release does not say when a label was known. Without enough rows
or without time: five times five folds, stratified, groups kept together; AUC is the mean over the 25 test folds, log
loss the mean over all held-out rows. Differences are ours minus the better of the two others, each with a 90 % interval
from paired bootstrap draws of the test accounts (groups together; fits are not repeated).

The bars: AUC not below the better by more than .01, and log loss not above the better by more than .010. Where a bar is
missed but no learner's 90 % interval of the AUC lies above .5, the verdict is "no usable signal": the attributes say
nothing that any of the three can find, and AUC differences are noise around .5 (they are printed all the same).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import logit
from scipy.stats import rankdata
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from icp_ml.model import SuccessClassifier
from icp_ml.study import Study, load_study

ROOT = Path(__file__).resolve().parents[1]
AUC_BAR, LOSS_BAR = -0.01, 0.010
PROSPECT_COLUMNS = ("seller_state", "category_first30", "avg_price_first30")


@dataclass(frozen=True)
class Case:
    """One comparison: attributes, labels, and (train, test) row numbers, one pair per fold."""

    name: str
    study: Study
    frame: pd.DataFrame
    y: np.ndarray
    groups: np.ndarray
    pairs: list[tuple[np.ndarray, np.ndarray]]
    procedure: str


def read(study: Study) -> pd.DataFrame:
    return pd.read_csv(study.accounts, sep=study.read.delimiter or ",", keep_default_na=True)


def attributes(study: Study, table: pd.DataFrame, only: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Return the study's attributes: declared categories as text, the rest as pandas reads them."""
    chosen = [each for each in study.attributes if only is None or each.column in only]
    frame = table[[each.column for each in chosen]].copy()
    for each in chosen:
        if each.kind == "categorical" and pd.api.types.is_numeric_dtype(frame[each.column]):
            frame[each.column] = frame[each.column].astype("Int64").astype("string").astype(object).astype("str")
    return frame


def days(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values).dt.normalize()


def by_time(start: pd.Series, known: pd.Series, share: float = 0.3) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the latest share of rows as test, and the rows whose label was known on its first day as training."""
    first = start.sort_values(kind="stable").iloc[round((1 - share) * len(start))]
    test = np.flatnonzero(start >= first)
    return [(np.flatnonzero((start < first) & (known <= first)), test)]


def folds(y: np.ndarray, groups: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    makers = (StratifiedGroupKFold(5, shuffle=True, random_state=seed) for seed in range(5))
    return [pair for maker in makers for pair in maker.split(y, y, groups)]


def olist_sellers(only: tuple[str, ...] | None = None, name: str = "olist-sellers") -> Case:
    study = load_study(ROOT / "configs/olist-sellers.yaml")
    table = read(study).dropna(subset="y_still_selling_91_180").reset_index(drop=True)
    first_sale = days(table["first_sale_est"])
    pairs = by_time(first_sale + pd.Timedelta(days=30), first_sale + pd.Timedelta(days=180))
    y = table["y_still_selling_91_180"].astype(float).to_numpy()
    return Case(name, study, attributes(study, table, only), y, np.arange(len(y)), pairs, "out of time")


def olist_prospects() -> Case:
    return olist_sellers(PROSPECT_COLUMNS, "olist-sellers, what a prospect shows")


def olist_deals() -> Case:
    study = load_study(ROOT / "configs/olist-deals.yaml")
    table = read(study)
    y = table["y_2periods_90"].astype(float).to_numpy()
    groups = np.arange(len(y))
    return Case("olist-deals", study, attributes(study, table), y, groups, folds(y, groups), "5 x 5 folds")


def sba() -> Case:
    study = load_study(ROOT / "configs/sba.yaml")
    table = read(study)
    late = table["approval_fy"] > table["approval_fy"].max() - 2
    y = (table["mis_status"] == "PIF").astype(float).to_numpy()
    pairs = [(np.flatnonzero(~late), np.flatnonzero(late))]
    return Case("sba", study, attributes(study, table), y, np.arange(len(y)), pairs, "last two fiscal years")


def salvirt() -> Case:
    study = load_study(ROOT / "configs/salvirt.yaml")
    table = read(study)
    frame = attributes(study, table)
    y = (table["Status"] == "Won").astype(float).to_numpy()
    groups = frame.groupby(list(frame.columns), dropna=False, sort=False).ngroup().to_numpy()
    return Case("salvirt", study, frame, y, groups, folds(y, groups), "5 x 5 grouped folds")


def maven() -> Case:
    study = load_study(ROOT / "configs/maven-null.yaml")
    table = read(study)
    table = table[table["deal_stage"].isin(["Won", "Lost"])].reset_index(drop=True)
    y = (table["deal_stage"] == "Won").astype(float).to_numpy()
    pairs = by_time(days(table["engage_date"]), days(table["close_date"]))
    return Case("maven-null", study, attributes(study, table), y, np.arange(len(y)), pairs, "out of time")


CASES: dict[str, Callable[[], Case]] = {
    "olist-sellers": olist_sellers,
    "olist-prospects": olist_prospects,
    "olist-deals": olist_deals,
    "sba": sba,
    "salvirt": salvirt,
    "maven-null": maven,
}


def served(case: Case, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the margins of the served learner on the test rows, and which learner it was."""
    named = {each.column: each for each in case.study.attributes if each.column in case.frame}
    model = SuccessClassifier(
        {column: each.fit for column, each in named.items()},
        effects={column: each.effect for column, each in named.items() if each.effect},
        random_state=0,
    ).fit(case.frame.iloc[train], case.y[train], groups=case.groups[train])
    return model.decision_function(case.frame.iloc[test]), model.learner_


def plain_logistic(case: Case, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    numeric = case.frame.select_dtypes("number").columns
    levels = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder(handle_unknown="ignore")
    )
    encoder = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
        (levels, case.frame.columns.difference(numeric)),
    )
    frame = case.frame.astype(dict.fromkeys(case.frame.columns.difference(numeric), object))
    frame = frame.where(frame.notna(), np.nan)
    model = make_pipeline(encoder, LogisticRegression(max_iter=5000)).fit(frame.iloc[train], case.y[train])
    return np.asarray(model.decision_function(frame.iloc[test]))


def hist_boosting(case: Case, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    frame = case.frame.copy()
    for column in frame.columns.difference(frame.select_dtypes("number").columns):
        frequent = frame[column].iloc[train].value_counts().index[:254]
        known = frame[column].where(frame[column].isin(frequent))
        frame[column] = pd.Categorical(known, categories=sorted(frequent))
    model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
    probability = model.fit(frame.iloc[train], case.y[train]).predict_proba(frame.iloc[test])[:, 1]
    return logit(np.clip(probability, 1e-12, 1 - 1e-12))


@dataclass(frozen=True)
class Held:
    """Held-out margins of one learner: row, fold and margin of every prediction."""

    rows: np.ndarray
    fold: np.ndarray
    margin: np.ndarray


def run(case: Case) -> tuple[dict[str, Held], dict[str, int]]:
    margins: dict[str, list[np.ndarray]] = {name: [] for name in ("auto", "logistic", "histgb")}
    learners: dict[str, int] = {}
    for train, test in case.pairs:
        ours, learner = served(case, train, test)
        learners[learner] = learners.get(learner, 0) + 1
        margins["auto"].append(ours)
        margins["logistic"].append(plain_logistic(case, train, test))
        margins["histgb"].append(hist_boosting(case, train, test))
    rows = np.concatenate([test for _, test in case.pairs])
    fold = np.repeat(np.arange(len(case.pairs)), [len(test) for _, test in case.pairs])
    return {name: Held(rows, fold, np.concatenate(each)) for name, each in margins.items()}, learners


def auc(y: np.ndarray, margin: np.ndarray, weight: np.ndarray) -> float:
    """Return the weighted AUC (ties count half); nan without both classes."""
    order = np.argsort(margin, kind="stable")
    tie = rankdata(margin[order], method="dense").astype(int) - 1
    lost = np.bincount(tie, weights=(weight * (1 - y))[order])
    won = np.bincount(tie, weights=(weight * y)[order])
    pairs = lost.sum() * won.sum()
    return float(won @ (np.cumsum(lost) - lost / 2) / pairs) if pairs else np.nan


def measures(case: Case, held: Held, weight: np.ndarray) -> tuple[float, float]:
    """Return AUC (mean over folds) and log loss (mean over rows) with weights per account."""
    y, w = case.y[held.rows], weight[held.rows]
    losses = np.logaddexp(0.0, held.margin) - y * held.margin
    each = [auc(y[held.fold == k], held.margin[held.fold == k], w[held.fold == k]) for k in range(len(case.pairs))]
    return float(np.nanmean(each)), float(np.average(losses, weights=w))


def bootstrap_weights(groups: np.ndarray, n_draws: int) -> Iterator[np.ndarray]:
    _, codes = np.unique(groups, return_inverse=True)
    n = codes.max() + 1
    rng = np.random.default_rng(0)
    for _ in range(n_draws):
        yield np.bincount(rng.integers(n, size=n), minlength=n)[codes].astype(float)


def verdict(gap: np.ndarray, signal: bool) -> str:
    if gap[0] >= AUC_BAR and gap[1] <= LOSS_BAR:
        return "yes"
    return "no" if signal or gap[1] > LOSS_BAR else "log loss yes; AUC: no usable signal"


def row(case: Case) -> str:
    held, learners = run(case)
    point = {name: np.array(measures(case, each, np.ones(len(case.y)))) for name, each in held.items()}
    better = np.array([max(point["logistic"][0], point["histgb"][0]), min(point["logistic"][1], point["histgb"][1])])
    rivals = [
        max(("logistic", "histgb"), key=lambda k: point[k][0]),
        min(("logistic", "histgb"), key=lambda k: point[k][1]),
    ]
    draws, areas = [], []
    for weight in bootstrap_weights(case.groups, 1000 if len(case.pairs) == 1 else 200):
        now = {name: measures(case, each, weight) for name, each in held.items()}
        areas.append([each[0] for each in now.values()])
        draws.append([now["auto"][i] - now[rivals[i]][i] for i in (0, 1)])
    low, high = np.quantile(draws, [0.05, 0.95], axis=0)
    gap = point["auto"] - better
    train, test = case.pairs[0]
    constant = np.mean([np.mean(np.logaddexp(0, m := logit(case.y[a].mean())) - case.y[b] * m) for a, b in case.pairs])
    signal = bool((np.quantile(areas, 0.05, axis=0) > 0.5).any())
    used = ", ".join(f"{name}" if len(case.pairs) == 1 else f"{name} {count}x" for name, count in learners.items())
    cells = [
        f"{case.name} ({case.procedure})",
        f"{len(train):,} / {len(test):,}",
        used,
        *(f"{point[name][0]:.3f} / {point[name][1]:.3f}" for name in ("auto", "logistic", "histgb")),
        f"{constant:.3f}",
        f"{gap[0]:+.3f} [{low[0]:+.3f}, {high[0]:+.3f}]",
        f"{gap[1]:+.3f} [{low[1]:+.3f}, {high[1]:+.3f}]",
        verdict(gap, signal),
    ]
    return "| " + " | ".join(cells) + " |"


def main(wanted: list[str]) -> int:
    print(
        "| study | train / test rows | served | auto: AUC / log loss | logistic | histgb | constant: log loss "
        "| AUC, auto - better | log loss, auto - better | both bars |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in wanted or list(CASES):
        try:
            case = CASES[name]()
        except FileNotFoundError as error:
            print(f"| {name} | skipped: no {Path(error.filename).name}; see configs/ for where to get it |" + " |" * 8)
            continue
        print(row(case), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
