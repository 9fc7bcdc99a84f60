"""Are suggested rules true, large enough to be worth it, and as sure as they say? Prints tables.

    python benchmarks/refinements.py [--seeds 60] [--first 0] [--results refinements.jsonl] [--sizes 400 1000 2500]

With ``--results`` every finished company is a line of that file, and a run that was cut goes on where it stopped. Two
processes of one thread; 60 companies of every world and size take about half an hour.

* dense: 26 attributes of ``icp_ml.accounts.simulate``, of which 10 say nothing. sparse: 46, of which 30 say nothing;
  14 say a little, and two were planted: ``req_stack >= 12`` (a difference of .13) and 50 to 500 employees (.13 too).
  null: the 46 attributes, and success is a coin.
* n customers of known outcome, signed evenly over four years; failures leave at some day of their first year. The split
  is the one that training makes: the latest 30 % confirm.
* as found: difference of the best rule in the customers that chose it, minus its true difference. later: intervals
  of the rules that earlier customers chose, on later ones.
* Truth: the rule on 100,000 further accounts of the world, whose true chances are known.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy.special import expit

from icp_ml.accounts.outcome import label_outcome, relabel_at
from icp_ml.accounts.simulate import RULES, simulate
from icp_ml.accounts.simulate.columns import INDICATORS, draw_attributes, draw_context
from icp_ml.accounts.split import choose_split
from icp_ml.icp.contrast import contrast
from icp_ml.icp.refine.grid import grid_of
from icp_ml.icp.refine.offer import reported
from icp_ml.icp.refine.search import Evidence, Judged, Searched, search
from icp_ml.rules import parse_rule
from icp_ml.strict.yaml import parse_yaml
from icp_ml.study import study_from_document

Row = dict[str, Any]
WORLDS, SIZES = ("dense", "sparse", "null"), (400, 1000, 2500)
N_TRUTH, TRUTH_SEED, DAYS = 100_000, 10**6, 4 * 365
UNTIL = np.datetime64("2026-06-30", "D")
CONTEXT_FIT, LEAST_SHOWN = "context", 10
PLANTED = ("req_stack", "employees")
REQ_STACK, BAND = 12, (50, 500)
CRITERIA = ("req_stack >= 12", "req_stack >= 9", "req_stack >= 14", "req_stack < 12", "count_0 >= 2")
"""Of a profile: right, too loose, too strict, the wrong way round, and about nothing."""
REAL = {column.name for column in INDICATORS} | {"industry", "channel"} | set(PLANTED)
"""Attributes that go together with success; decision style and sponsor only through the fits they correlate with."""


def market(n: int, seed: int, world: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the attributes of n accounts and their true chance of success."""
    rng = np.random.default_rng([seed, WORLDS.index(world)])
    latent = np.sqrt(0.25) * rng.normal(size=(n, 1)) + np.sqrt(0.75) * rng.normal(size=(n, 6))
    context, effect = draw_context(n, rng)
    frame = pd.concat([context, draw_attributes(latent, np.ones(n), rng)], axis=1)
    frame["founded"] = 2020 - np.rint(9 * np.exp(0.7 * rng.normal(size=n)))
    margin = 0.3 + latent @ np.array(RULES["aligned"].effects) + effect
    if world != "dense":
        frame = frame.drop(columns=["industry", "channel"])
        planted, planted_margin = _planted(n, rng)
        frame = pd.concat([frame, planted, _noise(n, rng)], axis=1)
        margin = 0.3 * (latent @ np.array(RULES["aligned"].effects)) + planted_margin
    return _plain(frame), expit(margin) if world != "null" else np.full(n, 0.6)


def _planted(n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    stack, employees = rng.poisson(11.0, n).astype(float), np.rint(150 * np.exp(1.3 * rng.normal(size=n)))
    in_band = (employees >= BAND[0]) & (employees < BAND[1])
    return pd.DataFrame({"req_stack": stack, "employees": employees}), 0.58 * (
        stack >= REQ_STACK
    ) + 0.58 * in_band - 0.2


def _noise(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return 20 further columns that say nothing: amounts, counts and levels."""
    amounts = {f"amount_{i}": np.round(1000 * np.exp(rng.normal(size=n)), -1) for i in range(8)}
    counts = {f"count_{i}": rng.poisson(2.0, n).astype(float) for i in range(6)}
    levels = {f"level_{i}": np.array(list("abcdef"))[rng.integers(0, 3 + i % 4, n)] for i in range(6)}
    return pd.DataFrame(amounts | counts | levels)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return numbers as float64 and the rest as categories, as a rule frame has them."""
    return pd.DataFrame(
        {
            name: values.astype(np.float64)
            if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
            else values.map({True: "true", False: "false"}).astype("category")
            if pd.api.types.is_bool_dtype(values.dtype)
            else values.astype("category")
            for name, values in frame.items()
        }
    )


@cache
def study():
    return study_from_document(parse_yaml(simulate(50, 1, 0).study, "study"), ".")


@cache
def truth(world: str) -> tuple[pd.DataFrame, np.ndarray]:
    return market(N_TRUTH, TRUTH_SEED, world)


def true_gain(rule: str, world: str) -> float:
    frame, p = truth(world)
    mask = parse_rule(rule).matches(frame)
    return float(p[mask].mean() - p[~mask].mean()) if 0 < mask.sum() < len(p) else float("nan")


def evidence_of(p: np.ndarray, seed: int) -> Evidence:
    rng = np.random.default_rng([seed, 9])
    return replace(ended_by(p, signed_on(len(p), rng), rng), seed=seed)


def signed_on(n: int, rng: np.random.Generator) -> np.ndarray:
    return UNTIL - 365 - rng.integers(0, DAYS, n).astype("timedelta64[D]")


def ended_by(p: np.ndarray, as_of: np.ndarray, rng: np.random.Generator) -> Evidence:
    """Return customers signed on some days, of whom the failures left on some day of their first year."""
    n, outcome = len(p), study().outcome
    left = as_of + rng.integers(1, 366, n).astype("timedelta64[D]")
    columns = {"ended": np.where(rng.random(n) < p, np.datetime64("NaT", "D"), left)}
    labels = label_outcome(outcome, columns, as_of, UNTIL.item())
    split = choose_split(labels, as_of, None, study().floor, lambda day: relabel_at(outcome, columns, as_of, day))
    return Evidence(labels=labels, split=split, as_of=as_of)


def drifting(job: tuple[int, int]) -> list[list[bool]]:
    """Return which of two attributes of newer customers look like success, and which of them are offered.

    The share of success falls by 30 points over four years. ``fashion`` says nothing more; ``skill``, which falls too,
    is worth 20 points.
    """
    n, seed = job
    rng = np.random.default_rng([seed, n])
    as_of = signed_on(n, rng)
    age = (UNTIL - 365 - as_of).astype(float) / DAYS
    fashion, skill = (np.rint(middle + 2 * rng.normal(size=n)) for middle in (10 - 5 * age, 5 + 5 * age))
    p = 0.4 + 0.3 * age + 0.2 * ((skill >= 8) - 0.5)
    frame = pd.DataFrame({"fashion": fashion, "skill": skill}).join(market(n, seed, "null")[0].iloc[:, :20])
    found = search([grid_of(frame[name], CONTEXT_FIT) for name in frame], ended_by(p, as_of, rng)).judged[:2]
    return [[one.is_found or one.goes_with_signing, one.is_found] for one in found]


def measured(job: tuple[str, int, int]) -> Row:
    """Return what the search says of every attribute of one company, with the truth beside it."""
    world, n, seed = job
    frame, p = market(n, seed, world)
    started = time.process_time()
    grids = [grid for name in frame if (grid := grid_of(frame[name], CONTEXT_FIT)) is not None]
    evidence = evidence_of(p, seed)
    found = search(grids, evidence)
    spent = time.process_time() - started
    rows = [row_of(one, found, evidence, world) for one in found.judged]
    return {"world": world, "n": n, "seed": seed, "kind": evidence.split.kind, "seconds": spent, "rows": rows}


def row_of(one: Judged, found: Searched, evidence: Evidence, world: str) -> Row:
    """Return what is said of one attribute; the truth only of rules that are found or asked of later customers."""
    row: Row = {"attribute": one.grid.attribute, "p": one.p_value, "found": one.is_found}
    if one.is_found:
        said = reported(one, found)
        candidate = one.grid.candidates[said.which]
        taken = contrast(one.grid.mask(one.best.which), evidence.labels.label, evidence.labels.weight)
        row |= {"rule": candidate.rule, "threshold": candidate.threshold, "true": true_gain(candidate.rule, world)}
        row |= {"gain": said.gain, "low": said.low, "high": said.high, "crossed": one.effect.gain}
        row |= {"naive": taken.difference, "best_true": true_gain(one.grid.candidates[one.best.which].rule, world)}
    if one.later is not None:
        chosen = one.grid.candidates[one.later.which].rule
        row["later"] = vars(one.later) | {"rule": chosen, "true": true_gain(chosen, world)}
    return row


def moved(job: tuple[str, int]) -> tuple[str, float, bool]:
    """Return what is suggested for a criterion in a sparse company of 1,000: action, error, and whether it holds.

    It holds when its interval has the true difference.
    """
    criterion, seed = job
    column = criterion.split()[0]
    frame, p = market(1000, seed, "sparse")
    names = [column, *frame.columns.drop(column)[:15]]
    rules = [parse_rule(criterion) if name == column else None for name in names]
    grids = [grid_of(frame[name], CONTEXT_FIT, rule) for name, rule in zip(names, rules, strict=True)]
    found = search([grid for grid in grids if grid is not None], evidence_of(p, seed))
    one = found.judged[0]
    if not one.is_found:
        return "left alone", float("nan"), True
    said = reported(one, found)
    action = one.grid.actions[said.which]
    true = true_gain(one.grid.candidates[said.which].rule, "sparse") * (-1 if action == "drop" else 1)
    return action, said.gain - true, said.low <= true <= said.high


# What is printed


def is_null(attribute: str, world: str) -> bool:
    return world == "null" or attribute not in REAL


def discoveries(world: str, n: int, companies: list[Row]) -> str:
    """Return the line of one world and size in the table of discoveries."""
    false, some, confirmed_false, power, confirmed = [], [], [], [], []
    for company in companies:
        names = {row["attribute"]: row for row in company["rows"] if row["found"]}
        kept = {name for name, row in names.items() if row.get("later", {}).get("confirmed")}
        false.append(sum(is_null(name, world) for name in names) / max(1, len(names)))
        confirmed_false.append(sum(is_null(name, world) for name in kept) / max(1, len(kept)))
        some.append(len(names))
        power.append([name in names for name in PLANTED])
        confirmed.append([name in kept for name in PLANTED])
    shown = [f"{share:.2f}" if world == "sparse" else "" for share in (*np.mean(power, 0), *np.mean(confirmed, 0))]
    error = np.std(false) / np.sqrt(len(false))
    return (
        f"|{world}|{n}|{len(companies)}|{np.mean(some):.1f}|{np.mean(np.array(some) > 0):.2f}|{np.mean(false):.3f} "
        f"({error:.3f})|{np.mean(confirmed_false):.3f}|{'|'.join(shown)}|"
    )


def effects(world: str, n: int, companies: list[Row]) -> str:
    """Return the line of one world and size in the table of effects."""
    rows = [row for company in companies for row in company["rows"]]
    found = [row for row in rows if row["found"]]
    later = [row["later"] for row in rows if "later" in row]
    real = [row for row in found if not is_null(row["attribute"], world)]
    cuts = [row["threshold"] for row in found if row["attribute"] == "req_stack"]
    cells = (
        mean([row["naive"] - row["best_true"] for row in found], "+.3f"),
        mean([row["crossed"] - row["best_true"] for row in found], "+.3f"),
        mean([row["gain"] - row["true"] for row in found], "+.3f"),
        mean([row["true"] < 0 for row in real], ".3f"),
        mean([holds(row) for row in found], ".2f"),
        mean([holds(row) for row in later], ".2f"),
        mean([holds(row) for row in later if row["confirmed"]], ".2f"),
        mean([cut is not None and abs(cut - REQ_STACK) <= 1 for cut in cuts], ".2f") if world == "sparse" else "",
        mean([company["seconds"] for company in companies], ".1f"),
    )
    return f"|{world}|{n}|{len(found)}|{'|'.join(cells)}|"


def mean(values: list[float], shape: str) -> str:
    return format(float(np.mean(values)), shape) if len(values) >= LEAST_SHOWN else ""


def holds(row: Row) -> bool:
    return row["low"] <= row["true"] <= row["high"]


TABLES = (
    (
        "Discoveries",
        discoveries,
        "|world|n|companies|found|any|false share (se)|false among confirmed|power: cut|power: band|"
        "confirmed: cut|confirmed: band|",
    ),
    (
        "Effects",
        effects,
        "|world|n|rules|bias as found|cross-fitted|reported|wrong sign|interval covers|later, all asked|"
        "later, confirmed|cut 11 to 13|CPU s|",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--first", type=int, default=0, help="seed of the first company")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--worlds", nargs="+", default=WORLDS)
    parser.add_argument("--results", type=Path)
    chosen = parser.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    jobs = [(world, n, seed) for seed in seeds for world in chosen.worlds for n in chosen.sizes]
    found = list(finished(jobs, chosen.results))
    for title, line, head in TABLES:
        print(f"\n### {title}\n\n{head}\n{'|---' * (head.count('|') - 1)}|")
        for world in chosen.worlds:
            for n in chosen.sizes:
                companies = [row for row in found if (row["world"], row["n"]) == (world, n)]
                print(line(world, n, companies))
    print(
        "\n### Time of signing\n\n|n|companies|fashion: looks like success|offered|skill: looks like success|offered|"
    )
    print("|---" * 6 + "|")
    with ProcessPoolExecutor(2) as pool:
        for n in chosen.sizes:
            shares = np.mean(list(pool.map(drifting, [(n, seed) for seed in seeds])), axis=0).ravel()
            print(f"|{n}|{len(seeds)}|{'|'.join(f'{share:.2f}' for share in shares)}|")
    print_moved(seeds)


def print_moved(seeds: range) -> None:
    print("\n### Criteria of a profile\n\n|criterion|companies|left alone|tighten|loosen|drop|bias|interval covers|")
    print("|---" * 8 + "|")
    with ProcessPoolExecutor(2) as pool:
        for criterion in CRITERIA:
            told = list(pool.map(moved, [(criterion, seed) for seed in seeds]))
            changed = [(error, holds) for action, error, holds in told if action != "left alone"]
            actions = [action for action, _, _ in told]
            counts = "|".join(str(actions.count(name)) for name in ("left alone", "tighten", "loosen", "drop"))
            error, covers = (mean([each[at] for each in changed], shape) for at, shape in ((0, "+.3f"), (1, ".2f")))
            print(f"|`{criterion}`|{len(seeds)}|{counts}|{error}|{covers}|")


def finished(jobs: list[tuple[str, int, int]], results: Path | None) -> Iterator[Row]:
    """Yield every company, those of the results file first."""
    done = [json.loads(line) for line in results.read_text().splitlines()] if results and results.exists() else []
    yield from done
    have = {(row["world"], row["n"], row["seed"]) for row in done}
    with ProcessPoolExecutor(2) as pool:
        for row in pool.map(measured, [job for job in jobs if job not in have]):
            if results:
                with results.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            yield row


if __name__ == "__main__":
    main()
