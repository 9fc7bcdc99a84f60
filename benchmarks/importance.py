"""Is a fit called important when it says nothing, and found when it matters? Prints a table.

Simulated studies of independent fits: each of the six is one latent trait, seen through two noisy numbers and one
level, and context is three columns of noise. The log-odds of success are a weighted sum of the traits (one of them
only above its median in every second study, so that trees have something of their own), and the cultural fit has
weight 0. The served procedure is fitted, refitted and judged as in a training.

Columns: share of studies in which the fit is called important, by weight of the fit. The last two say nothing.

Run with ``OMP_NUM_THREADS=1 python benchmarks/importance.py [STUDIES]``; 100 studies per row take about 15 minutes.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pandas as pd
from scipy.special import expit

from icp_ml.model.classifier import SuccessClassifier
from icp_ml.model.explanation.importance import Importance, importance
from icp_ml.model.refits import refits
from icp_ml.names import PLAYERS

WEIGHTS = dict(zip(PLAYERS, (1.0, 0.8, 0.6, 0.4, 0.2, 0.0, 0.0), strict=True))
NOISE = 0.7
"""Standard deviation of what a column adds to the trait (of standard deviation 1) behind it."""


def company(n: int, seed: int, *, null: bool) -> tuple[pd.DataFrame, np.ndarray, dict[str, str]]:
    """Return attributes, outcome and fit of each attribute."""
    rng = np.random.default_rng(seed)
    columns, fits, margin = {}, {}, np.zeros(n)
    for at, (player, weight) in enumerate(WEIGHTS.items()):
        trait = rng.normal(size=n)
        bent = np.where(trait > 0, 1.5 * trait, 0.0) if at == seed % 2 else trait
        margin += 0.0 if null else weight * (bent - bent.mean())
        seen = {f"{player}_{i}": trait + NOISE * rng.normal(size=n) for i in range(2)}
        level = np.digitize(trait + NOISE * rng.normal(size=n), [-0.7, 0.7])
        columns |= seen | {f"{player}_level": pd.Series(level).map({0: "low", 1: "middle", 2: "high"})}
        fits |= dict.fromkeys([*seen, f"{player}_level"], player)
    return pd.DataFrame(columns), (rng.random(n) < expit(margin + 0.4)).astype(int), fits


def judged(n: int, seed: int, learner: str, *, null: bool) -> tuple[Importance, str]:
    """Return the importance of the fits in one study, and the learner that was served."""
    frame, y, fits = company(n, seed, null=null)
    model = SuccessClassifier(fits, learner=learner, random_state=seed).fit(frame, y)
    return importance(refits(model, frame, y)), model.learner_


def line(n: int, learner: str, studies: int, *, null: bool) -> str:
    found: Counter[str] = Counter()
    served: Counter[str] = Counter()
    for seed in range(studies):
        result, name = judged(n, seed, learner, null=null)
        served[name] += 1
        found.update(row.fit for row in result.rows if row.is_important)
    shares = " | ".join(f"{found[player] / studies:.2f}" for player in PLAYERS)
    used = ", ".join(f"{name} {count}" for name, count in served.most_common())
    return f"| {n} | {'nothing matters' if null else 'weights as above'} | {used} | {shares} |"


def main() -> None:
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    heads = " | ".join(f"{player} ({weight:g})" for player, weight in WEIGHTS.items())
    print(f"| accounts | world | served ({studies} studies) | {heads} |")
    print("|---" * (3 + len(PLAYERS)) + "|")
    rows = ((400, "auto", False), (1000, "auto", False), (400, "lightgbm", False), (400, "lightgbm", True))
    for n, learner, null in (*rows, (400, "auto", True)):
        print(line(n, learner, studies, null=null), flush=True)


if __name__ == "__main__":
    main()
