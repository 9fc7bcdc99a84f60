"""Compare lists of lookalikes where every prospect's true chance of success is known.

    OMP_NUM_THREADS=1 python benchmarks/lookalikes.py [--seeds 12] [--results lookalikes.jsonl]
    OMP_NUM_THREADS=1 python benchmarks/lookalikes.py --choices [--seeds 12]

Prints Markdown tables and exits with 1 when a bar is missed. With ``--results`` every finished company is a line of
that file, and a run that was cut goes on where it stopped. One core, about 20 minutes.

* Companies of ``icp_ml.accounts.simulate`` read through their own studies, attributes known of prospects, with their
  censored customers (about half; n counts all customers of the table). In the misaligned world companies that sign
  easily churn; in the null world nothing is associated with success.
* Each method learns from the customers whose outcome is known and orders 4,000 prospects. *Success*: mean true chance
  of success of its first tenth. *Value*: mean chance of signing times chance of success of its first tenth, over that
  of all prospects.
* *Hidden AUC* and *reach*: what ``--evaluate`` measures with the same company's customers, not knowing the truth.
* Beside the methods of the package: the ten nearest seeds in plain contributions; forest proximity (mean share of 100
  trees in which an account shares a leaf with the seeds, over that with seeds and churned); and the centroid in
  coordinates centred on the customers, which knows of the churned ones in that way.
* In brackets: standard error over companies; differences are paired by company.

``--choices`` compares ways to measure similarity instead, by the same true success: contributions divided by their
spread to the power of 0, .5 and 1; fits in place of attributes; other bandwidths; without applicability.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import expit
from simulation import Company, Training, as_exported, classifier, company, mean_error, print_table
from sklearn.ensemble import RandomForestClassifier

from icp_ml.accounts.contract import learn_contract
from icp_ml.model.domain import Domain
from icp_ml.model.features import FeatureMap
from icp_ml.model.likeness import N_TYPICAL, Likeness, like_share
from icp_ml.model.reference import Membership, Reference
from icp_ml.model.success_model import SuccessModel
from icp_ml.prospects.lookalikes.evaluation.hiding import crossed, kinds_of
from icp_ml.prospects.lookalikes.evaluation.methods import METHODS, OURS, scores_of
from icp_ml.prospects.lookalikes.evaluation.panel import SHARE, Fold, at_top, measure
from icp_ml.prospects.lookalikes.evaluation.seen import Pool, Seen
from icp_ml.prospects.lookalikes.similarity import Similarity

CELLS = (("misaligned", 800), ("aligned", 1200), ("aligned", 400), ("null", 800), ("aligned", 800))
MORE_CELLS = (("misaligned", 1200),)
N_PROSPECTS = 4_000
N_TREES, N_NEAREST = 100, 10
LABELS = {
    OURS: "similarity",
    "model": "success model alone",
    "forest": "forest proximity",
    "contribution_knn": "nearest seeds, contributions",
    "centroid": "centroid (centred on prospects)",
    "customer_centroid": "centroid, centred on customers",
    "pu": "PU bagging",
    "propensity": "propensity",
    "gower": "nearest seeds, Gower",
    "random": "random",
}
ABOVE_OTHERS, NEAR_BEST, LEAST_AUC, NULL_AUC = 0.08, 0.03, 0.70, 0.03
Row = dict[str, object]


# Methods that only this comparison has


def forest_proximity(seen: Seen, pool: Pool) -> np.ndarray:
    kinds = {name: "categorical" if kind == "categorical" else "numeric" for name, kind in seen.kinds.items()}
    features = FeatureMap.learn(seen.frame, kinds)
    customers, accounts = features.transform(seen.frame), features.transform(pool.frame[list(seen.frame.columns)])
    forest = RandomForestClassifier(N_TREES, min_samples_leaf=5, random_state=seen.seed)
    forest.fit(customers, seen.outcome, seen.weight)
    leaves = np.concatenate([forest.apply(customers), forest.apply(accounts)])
    starts = np.cumsum([0, *(tree.tree_.node_count for tree in forest.estimators_)])
    at = (leaves + starts[:-1]).ravel()
    shape = (len(leaves), starts[-1])
    nodes = sparse.csr_matrix((np.ones(at.size), at, np.arange(0, at.size + 1, leaves.shape[1])), shape=shape)
    sides = np.stack([seen.weight * seen.positive, seen.weight * seen.negative], axis=1)
    like = nodes[len(customers) :] @ (nodes[: len(customers)].T @ (sides / sides.sum(axis=0)))
    return like[:, 0] / np.maximum(like.sum(axis=1), 1e-12)


def contribution_knn(seen: Seen, pool: Pool) -> np.ndarray:
    seeds = seen.classifier.attribute_contributions(seen.frame[seen.positive]).to_numpy()
    here = seen.classifier.attribute_contributions(pool.frame[list(seen.frame.columns)]).to_numpy()
    squared = np.square(here).sum(1)[:, None] + np.square(seeds).sum(1) - 2 * here @ seeds.T
    nearest = np.partition(np.maximum(squared, 0), N_NEAREST - 1, axis=1)[:, :N_NEAREST]
    return -np.sqrt(nearest).mean(axis=1)


def customer_centroid(seen: Seen, pool: Pool) -> np.ndarray:
    space = seen.domain.space
    here, seeds = (space.place(frame).coordinates.astype(float) for frame in (pool.frame, seen.frame[seen.positive]))
    mean = np.average(seeds, axis=0, weights=seen.weight[seen.positive])
    return here @ mean / np.maximum(np.linalg.norm(here, axis=1), 1e-12)


OTHERS = {
    "forest": forest_proximity,
    "contribution_knn": contribution_knn,
    "customer_centroid": customer_centroid,
}


def all_scores(seen: Seen, pool: Pool) -> dict[str, np.ndarray]:
    return scores_of(seen, pool) | {key: score(seen, pool).round(12) for key, score in OTHERS.items()}


# What is measured


def model_of(where: Company, training: Training) -> SuccessModel:
    """Return the model of some customers of a company, as a training makes it but not judged."""
    frame, groups = where.frame.iloc[training.rows], where.customers.groups
    related = None if groups is None else groups[training.rows]
    model = classifier(where, "auto").fit(frame, training.y, training.weight, groups=related)
    group = np.arange(len(frame)) if related is None else related
    fit_of = {each.column: each.fit for each in where.attributes}
    kinds = {name: where.customers.kinds[name] for name in frame}
    none = np.full(len(frame), None, dtype=object)
    return SuccessModel(
        name=where.study.name,
        kind="success",
        study={},
        horizon_days=None,
        stage="prospect",
        contract=learn_contract(where.customers, where.attributes),
        classifier=model,
        ready=False,
        data_sha256="",
        code_version="",
        domain=Domain.learn(frame, kinds, fit_of, groups=group),
        reference=Reference.learn(
            where.customers.ids[training.rows],
            frame,
            training.y,
            weight=training.weight,
            seed=0,
            membership=Membership(group.astype(np.int64), np.zeros(len(frame), dtype=np.int8), none),
        ),
    )


def everybody(model: SuccessModel) -> Seen:
    known = model.reference
    kinds = kinds_of(model)
    return Seen(known.frame, known.outcome, known.weight, model.classifier, model.domain, kinds, 0)


def hidden_folds(model: SuccessModel, prospects: pd.DataFrame, seed: int) -> list[Fold]:
    known = model.reference
    folds = []
    for hiding in crossed(model, model.classifier, known, seed=seed):
        hidden = hiding.hidden
        scores = scores_of(hiding.seen, Pool.of(known.frame.iloc[hidden], prospects))
        folds.append(Fold(known.outcome[hidden], known.weight[hidden], known.group[hidden], scores))
    return folds


def fold_auc(fold: Fold, key: str) -> float:
    """Return the weighted chance that a hidden success stands above a hidden churned customer."""
    score, won = fold.scores[key][: len(fold)], fold.outcome == 1
    above = np.sign(score[won][:, None] - score[~won]) / 2 + 0.5
    return float(fold.weight[won] @ above @ fold.weight[~won] / (fold.weight[won].sum() * fold.weight[~won].sum()))


def fold_reach(fold: Fold, key: str) -> float:
    return float(np.average(fold.listed(key, SHARE), weights=fold.weight * fold.outcome))


def measure_company(world: str, n: int, seed: int) -> Row:
    where = company(n, N_PROSPECTS, seed, world)
    model = model_of(where, as_exported(where))
    truth = where.prospect_truth
    success, value = truth["p_success"].to_numpy(), (truth["p_convert"] * truth["p_success"]).to_numpy()
    found = all_scores(everybody(model), Pool(where.prospects, 0))
    folds = hidden_folds(model, where.prospects, seed)
    ours = measure(folds, None, shares=(SHARE,), seed=seed).row(OURS).auc
    row: Row = {"n_known": len(model.reference), "learner": model.classifier.learner_, "base": float(success.mean())}
    row["interval"] = [ours.value, ours.low, ours.high]
    row["methods"] = {
        key: {
            "success": float(np.average(success, weights=at_top(score, SHARE))),
            "value": float(np.average(value, weights=at_top(score, SHARE)) / value.mean()),
        }
        for key, score in found.items()
    }
    for key in METHODS:
        row["methods"][key]["auc"] = float(np.mean([fold_auc(fold, key) for fold in folds]))
        row["methods"][key]["reach"] = float(np.mean([fold_reach(fold, key) for fold in folds]))
    return row


# Ways to measure similarity

SERVED = "attributes, exponent .5"


def likeness(here: np.ndarray, there: np.ndarray, seen: Seen, exponent: float, width: float = 1.0) -> np.ndarray:
    """Return likeness with contributions divided by their spread to a power, and a multiple of the bandwidth."""
    spread = np.sqrt(np.average((there - np.average(there, axis=0, weights=seen.weight)) ** 2, 0, seen.weight))
    scale = np.where(spread > 1e-12, spread**exponent, 1.0)
    a, b = here / scale, there / scale
    squared = np.maximum(np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T, 0)
    among = np.maximum(np.square(b).sum(1)[:, None] + np.square(b).sum(1) - 2 * b @ b.T, 0)
    bandwidth = width * np.sqrt(np.median(np.partition(among, N_TYPICAL, axis=1)[:, N_TYPICAL]))
    sides = np.stack([seen.weight * seen.positive, seen.weight * seen.negative], axis=1)
    like = np.exp(-squared / (2 * bandwidth**2)) @ (sides / sides.sum(axis=0))
    return like_share(like[:, 0], like[:, 1])


def ways(seen: Seen, prospects: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the scores of every way."""
    model = seen.classifier
    by_attribute = [model.attribute_contributions(frame).to_numpy() for frame in (prospects, seen.frame)]
    by_fit = [model.contributions_array(frame) for frame in (prospects, seen.frame)]
    space, coordinates = Likeness.of(model, seen.frame, seen.weight)
    measure_of = Similarity(model, seen.domain, space, coordinates=coordinates, weight=seen.weight, seeds=seen)
    located = measure_of.locate(prospects)
    applicable = located.applicability
    found = {
        f"attributes, exponent {p}": likeness(*by_attribute, seen, q) for p, q in (("0", 0), (".5", 0.5), ("1", 1))
    }
    found |= {f"fits, exponent {p}": likeness(*by_fit, seen, q) for p, q in (("0", 0), (".5", 0.5), ("1", 1))}
    found |= {f"{SERVED}, bandwidth x {width:g}": likeness(*by_attribute, seen, 0.5, width) for width in (0.5, 2.0)}
    found = {name: score * applicable for name, score in found.items()}
    return found | {
        f"{SERVED}, without applicability": likeness(*by_attribute, seen, 0.5),
        f"{SERVED}, accounts outside the domain last": found[SERVED] + located.in_domain,
        "success model alone": model.decision_function(prospects),
        "success model times applicability": expit(model.decision_function(prospects)) * applicable,
    }


def print_choices(seeds: int) -> None:
    """Print the true success of the first tenth by every way, and its difference to the one that is served."""
    cells = (("misaligned", 800), ("aligned", 1200), ("aligned", 400))
    success: dict[str, list[list[float]]] = {}
    for at, (world, n) in enumerate(cells):
        for seed in range(seeds):
            where = company(n, N_PROSPECTS, seed, world)
            truth = where.prospect_truth["p_success"].to_numpy()
            for name, score in ways(everybody(model_of(where, as_exported(where))), where.prospects).items():
                found = success.setdefault(name, [[] for _ in cells])
                found[at].append(float(np.average(truth, weights=at_top(score.round(12), SHARE))))
    lines = []
    for name, found in success.items():
        gaps = [np.subtract(ours, base) for ours, base in zip(found, success[SERVED], strict=True)]
        texts = [f"{np.mean(ours):.3f}, {mean_error(gap)}" for ours, gap in zip(found, gaps, strict=True)]
        lines.append([name, *texts])
    print_table("similarity|" + "|".join(f"{world}, n = {n}" for world, n in cells), lines)


# Running, with what is done kept


def tasks(seeds: int) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Yield every company to measure: those that most bars are about first, half as many of the others."""
    for cells, n_seeds in ((CELLS, seeds), (MORE_CELLS, -(-seeds // 2))):
        for seed in range(n_seeds):
            for world, n in cells:
                yield f"{world}/{n}/{seed}", partial(measure_company, world, n, seed)


def run(seeds: int, results: Path | None) -> dict[str, Row]:
    done: dict[str, Row] = {}
    if results is not None and results.exists():
        done = {line["task"]: line["row"] for line in map(json.loads, results.read_text().splitlines())}
    for name, task in tasks(seeds):
        if name in done:
            continue
        done[name] = task()
        if results is not None:
            with results.open("a") as file:
                file.write(json.dumps({"task": name, "row": done[name]}) + "\n")
    return {name: done[name] for name, _ in tasks(seeds)}


# Tables and bars


def values(done: dict[str, Row], world: str, n: int, key: str, name: str) -> np.ndarray:
    rows = [row for task, row in done.items() if task.startswith(f"{world}/{n}/")]
    return np.array([row["methods"][key][name] for row in rows])


def print_cell(done: dict[str, Row], world: str, n: int) -> None:
    rows = [row for task, row in done.items() if task.startswith(f"{world}/{n}/")]
    base, known = (np.mean([row[name] for row in rows]) for name in ("base", "n_known"))
    print(f"**{world}, n = {n}** ({known:.0f} with an outcome; true base rate {base:.3f}; {len(rows)} companies)\n")
    lines = []
    for key, label in LABELS.items():
        names = ("success", "value", "auc", "reach") if key in METHODS else ("success", "value")
        numbers = [mean_error(values(done, world, n, key, name)) for name in names] + [""] * (4 - len(names))
        gap = values(done, world, n, key, "success") - values(done, world, n, OURS, "success")
        gap = gap.round(6) + 0.0  # no negative zero
        lines.append([label, *numbers, "" if key == OURS else mean_error(gap)])
    print_table("method|success, first tenth|value, first tenth|hidden AUC|reach|success minus similarity's", lines)


def means(done: dict[str, Row], world: str, n: int, name: str) -> dict[str, float]:
    return {key: float(values(done, world, n, key, name).mean()) for key in (LABELS if name == "success" else METHODS)}


def bars(done: dict[str, Row]) -> Iterator[tuple[str, str, bool]]:
    """Yield what was asked for, what was found, and whether it was reached."""
    easy = means(done, "misaligned", 800, "success")
    for key in ("pu", "gower", "contribution_knn"):
        gap = easy[OURS] - easy[key]
        yield f"misaligned, n = 800: success above {LABELS[key]} by {ABOVE_OTHERS}", f"{gap:+.3f}", gap >= ABOVE_OTHERS
    for n in (400, 800, 1200):
        found = means(done, "aligned", n, "success")
        best = max((key for key in METHODS if key != OURS), key=found.__getitem__)
        gap = found[OURS] - found[best]
        yield f"aligned, n = {n}: within {NEAR_BEST} of the best ({LABELS[best]})", f"{gap:+.3f}", gap >= -NEAR_BEST
    for world, n in sorted((*CELLS, *MORE_CELLS)):
        found = means(done, world, n, "success")
        gap = found[OURS] - found["random"]
        yield f"{world}, n = {n}: never below random", f"{gap:+.3f}", gap >= -1e-9
    for world in ("aligned", "misaligned"):
        auc = means(done, world, 1200, "auc")[OURS]
        yield f"{world}, n = 1200: hidden AUC at least {LEAST_AUC:.2f}", f"{auc:.3f}", auc >= LEAST_AUC
    auc = means(done, "null", 800, "auc")[OURS]
    yield "null, n = 800: hidden AUC about .5", f"{auc:.3f}", abs(auc - 0.5) <= NULL_AUC


def print_bars(done: dict[str, Row]) -> bool:
    found = list(bars(done))
    print_table("bar|found|", [[asked, value, "met" if met else "**missed**"] for asked, value, met in found])
    return all(met for *_, met in found)


def print_said(done: dict[str, Row]) -> None:
    """Print how often the evaluation says that its list is better than a random order."""
    lines = []
    for world, n in sorted((*CELLS, *MORE_CELLS)):
        ends = np.array([row["interval"] for task, row in done.items() if task.startswith(f"{world}/{n}/")])
        better, worse = float((ends[:, 1] > 0.5).mean()), float((ends[:, 2] < 0.5).mean())
        lines.append([world, f"{n}", f"{len(ends)}", f"{better:.2f}", f"{1 - better - worse:.2f}", f"{worse:.2f}"])
    print_table("world|n|companies|“above”|“not told from a random order”|“worse”", lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--results", type=Path, help="JSON lines; kept, and read again by the next run")
    parser.add_argument("--choices", action="store_true", help="compare ways to measure similarity")
    chosen = parser.parse_args()
    logging.getLogger("icp_ml").setLevel(logging.ERROR)
    if chosen.choices:
        print_choices(chosen.seeds)
        return 0
    done = run(chosen.seeds, chosen.results)
    print("### Methods\n")
    for world, n in sorted((*CELLS, *MORE_CELLS)):
        print_cell(done, world, n)
    print("### What the evaluation says\n")
    print_said(done)
    print("### Bars\n")
    return 0 if print_bars(done) else 1


if __name__ == "__main__":
    sys.exit(main())
