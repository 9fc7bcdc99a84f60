"""How often the domain flag is raised on accounts like the customers, and on planted strange ones; and what it costs.

Customers and prospects come from one world: 24 attributes indicated by six correlated latent fits, 14 numeric (normal,
log-normal, counts, flags) and 10 categorical (3 to 40 levels), 0 to 40 % missing. Bars: false alarms .05 +- .02, found
.90 for values four standard deviations out.

Run: python benchmarks/domain_flag.py [--seeds 20] [--speed]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from icp_ml.model.domain import Domain
from icp_ml.model.space import Space

N_NUMERIC, N_LEVELS = 14, (3, 3, 4, 5, 5, 8, 8, 12, 20, 40)
SIZES = (200, 300, 1_000, 3_000)
N_NEW = 4_000


def world(n: int, rng: np.random.Generator, n_numeric: int = N_NUMERIC, levels: tuple[int, ...] = N_LEVELS):
    """Return an attribute frame of n accounts."""
    fits = rng.multivariate_normal(np.zeros(6), 0.7 * np.eye(6) + 0.3, n)
    frame = {}
    for number in range(n_numeric):
        latent = 0.6 * fits[:, number % 6] + 0.8 * rng.normal(size=n)
        shaped = [latent, 50 + 9 * latent, np.exp(2 + latent), np.floor(np.exp(1 + 0.8 * latent)), (latent > 0.8) * 1.0]
        column = shaped[number % 5].astype(float)
        column[rng.random(n) < (0.0, 0.1, 0.0, 0.4)[number % 4]] = np.nan
        frame[f"number_{number}"] = column
    for number, count in enumerate(levels):
        utility = -np.arange(count) * (6 / count) * 0.5 + np.outer(fits[:, number % 6], np.linspace(-0.7, 0.7, count))
        chosen = (utility + rng.gumbel(size=(n, count))).argmax(1).astype(object)
        chosen = np.array([f"level {level}" for level in chosen], dtype=object)
        chosen[rng.random(n) < (0.0, 0.15)[number % 2]] = None
        frame[f"category_{number}"] = pd.Series(chosen).astype("category")
    return pd.DataFrame(frame)


def kinds_of(frame: pd.DataFrame) -> dict[str, str]:
    return {name: "categorical" if name.startswith("category") else "numeric" for name in frame}


def plants(frame: pd.DataFrame, like: pd.DataFrame) -> dict[str, tuple[pd.DataFrame, list[str]]]:
    """Return strange frames and the columns that make each strange."""
    normal = [f"number_{number}" for number in (0, 1, 5, 6)]
    found = {}
    for name, columns in {"one": normal[:1], "three": normal[:3]}.items():
        shifted, placed = frame.copy(), frame.copy()
        for column in columns:
            spread, middle = like[column].std(), like[column].mean()
            shifted[column] = frame[column].fillna(middle) + 4 * spread
            placed[column] = middle + 4 * spread
        found[f"{name} at mean + 4 sd"] = (placed, columns)
        found[f"{name} shifted by 4 sd"] = (shifted, columns)
    long_tail = frame.copy()
    long_tail["number_2"] = np.exp(np.log(like["number_2"]).mean() + 4.5 * np.log(like["number_2"]).std())
    found["log-normal at + 4.5 sd of its log"] = (long_tail, ["number_2"])
    absent = frame.copy()
    absent[["number_0", "category_0"]] = np.nan
    found["two never missing are missing"] = (absent, ["number_0", "category_0"])
    mixed = frame.copy()
    rng = np.random.default_rng(0)
    for column in frame.columns[::2]:
        mixed[column] = frame[column].to_numpy()[rng.permutation(len(frame))]
    found["half of the attributes shuffled (all in range)"] = (mixed, list(frame.columns[::2]))
    return found


def one_seed(n: int, seed: int) -> dict[str, tuple[float, float]]:
    """Return, per kind of account, the share flagged and the share of those where a planted column is named."""
    rng = np.random.default_rng([seed, n])
    customers, new = world(n, rng), world(N_NEW, rng)
    domain = Domain.learn(customers, kinds_of(customers), dict.fromkeys(customers, "context"), seed)
    found = {"like the customers": (1 - domain.assess(new)[0].mean(), float("nan"))}
    for name, (frame, columns) in plants(new.head(1_000), new).items():
        in_domain, unusual = domain.assess(frame)
        places = [list(customers.columns).index(column) for column in columns]
        named = unusual.named[:, places].any(1).mean() if len(unusual.rows) else float("nan")
        found[name] = (1 - in_domain.mean(), named)
    return found


def table(seeds: int) -> None:
    results = {n: [one_seed(n, seed) for seed in range(seeds)] for n in SIZES}
    print(f"share flagged, mean over {seeds} seeds (sd over seeds) / share of the flagged with a planted column named")
    print("| accounts | " + " | ".join(f"n={n}" for n in SIZES) + " |")
    print("|---" * (len(SIZES) + 1) + "|")
    for name in results[SIZES[0]][0]:
        cells = []
        for n in SIZES:
            flagged, named = np.array([result[name] for result in results[n]]).T
            cell = f"{flagged.mean():.3f} ({flagged.std():.3f})"
            cells.append(cell if np.isnan(named).all() else f"{cell} / {np.nanmean(named):.2f}")
        print(f"| {name} | " + " | ".join(cells) + " |")


def ceiling(n: int = 100_000) -> None:
    """Print what the largest surprise alone finds at 5 % false alarms when the world is known from 100,000 accounts."""
    rng = np.random.default_rng(0)
    customers, new = world(n, rng), world(n, rng)
    space = Space.learn(customers, kinds_of(customers))
    bar = np.quantile(space.place(new).surprise.max(1), 0.95)
    shifted = plants(new.head(20_000), new)["one shifted by 4 sd"][0]
    found = (space.place(shifted).surprise.max(1) >= bar).mean()
    print(f"one shifted by 4 sd, found by a test of single attributes that knows the world, at .05: {found:.3f}")


def speed(n: int = 1_000_000) -> None:
    rng = np.random.default_rng(1)
    levels = (3, 4, 5, 6, 8, 8, 10, 12, 20, 20, 40, 60, 100, 150, 200)
    customers = world(3_000, rng, 25, levels)
    begin = time.process_time(), time.perf_counter()
    domain = Domain.learn(customers, kinds_of(customers), dict.fromkeys(customers, "context"))
    spent = time.process_time() - begin[0], time.perf_counter() - begin[1]
    print(f"learn from 3,000 customers: {spent[0]:.1f} s CPU, {spent[1]:.1f} s")
    part = world(50_000, rng, 25, levels)
    for column in part.select_dtypes("category"):
        part[column] = part[column].cat.set_categories(customers[column].cat.categories)
    frame = pd.concat([part] * (n // len(part)), ignore_index=True)
    begin = time.process_time(), time.perf_counter()
    in_domain, unusual = domain.assess(frame)
    unusual.texts()
    spent = time.process_time() - begin[0], time.perf_counter() - begin[1]
    print(
        f"{n:,} rows x {frame.shape[1]} columns, {domain.space.width} coordinates, {1 - in_domain.mean():.3f} flagged:"
    )
    print(f"{spent[0]:.1f} s CPU, {spent[1]:.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--speed", action="store_true")
    given = parser.parse_args()
    if given.speed:
        speed()
    else:
        table(given.seeds)
        ceiling()
