"""Send studies with and without leaks, simulated and real, through ``icp_ml.audit`` and ``icp_ml.train``.

    python benchmarks/gauntlet.py [--seeds 20] [--null-seeds 20] [--results gauntlet.jsonl]

Prints Markdown tables. Columns that are planted, and honest ones that look like trouble: ``gauntlet_columns.py``.

* Companies: the four worlds of ``icp_ml.accounts.simulate`` in turn, ``--seeds`` companies of 400, 800 and 2,000
  customers with the simulator's five leaks and the eleven of ``LEAKS``, and as many of 800 without any leak. All hold
  the simulator's own attributes and those of ``HONEST``. About half of the customers have an outcome.
* Leaks are written as a CRM would write them: they follow whether and when an account left before the export, not the
  label of the study. An account that left after its horizon is a success to the study and gone to the CRM.
* Found: a warning or a blocker about the column from a check that looks at cells. What the name alone gives away
  (``late_name``) does not count.
* AUC alone: out of fold, among 20,000 customers; what a single reading of the column can at best show.
* False positive: a warning or a blocker of a leak check about an honest attribute.
* Trainings: the null world, where nothing matters, and the aligned one, all gates as served, the logistic learner.
* Real studies: those of ``configs/`` with the columns listed that are known to leak, and as they are. Data are read
  from ``../shared/data``; a study whose file is absent is skipped.

With ``--results`` every finished company is a line of that file, and a run that was cut goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import get_args

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from gauntlet_columns import GROUPS, HONEST, LEAKS, Lives
from scipy.special import logit

import icp_ml
from icp_ml.accounts.audit.single import attribute_alone
from icp_ml.accounts.simulate import World, simulate
from icp_ml.accounts.simulate.leaks import LEAKS as SIMULATED
from icp_ml.accounts.simulate.study_text import LEAKS_IN_STUDY
from icp_ml.errors import FileSystemError
from icp_ml.study import Study, load_study

ROOT = Path(__file__).resolve().parents[1]
WORLDS, SIZES, TRAINED = get_args(World), (400, 800, 2000), 800
LEAK_CHECKS = frozenset(
    {"single_attribute", "missingness", "roundness", "precision", "counted_after", "after_as_of", "identifier",
     "late_rating", "null_lift", "predictive_value"}
)  # fmt: skip
"""Checks that say "this column may know the outcome"; the others are about hygiene, people or declarations."""
BAR_FOUND, BAR_FALSE = 0.95, 0.02
Row = dict[str, object]


# Companies


def company(n: int, seed: int, world: str, leaks: bool) -> tuple[str, pd.DataFrame]:
    """Return a study as text and its customers, with honest attributes of ours and, if asked, all leaks."""
    made = simulate(n, 1, seed, world=world, leaks=leaks)
    days = {name: made.customers[name].to_numpy().astype("datetime64[D]") for name in ("signed_on", "churned_on")}
    chance = logit(made.truth_customers["p_success"].to_numpy())
    lives = Lives(days["signed_on"], days["churned_on"], chance, made.customers["channel"].to_numpy())
    honest, planted = np.random.default_rng([seed, 7]).spawn(2)
    columns = {name: maker(lives, honest) for name, maker in HONEST.items()}
    lines = [("  competence:", name) for name in HONEST]
    if leaks:
        columns |= {name: maker(lives, planted) for name, maker in LEAKS.values()}
        lines += [("  functional:", name) for name, _ in LEAKS.values()]
    return listed(made.study, lines), made.customers.assign(**columns)


def listed(text: str, columns: list[tuple[str, str]]) -> str:
    """Return the study with further columns, each under the line that is named."""
    for line, column in columns:
        head, found, rest = text.partition(line)
        end_of_line, _, below = rest.partition("\n")
        text = f"{head}{found}{end_of_line}\n    - {column}\n{below}"
    return text


def study_of(text: str, *overrides: str) -> Study:
    """Return a study without its table of prospects, which would betray every planted leak by not having it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.yaml"
        path.write_text(text.replace("prospects: prospects.parquet\n", ""), encoding="utf-8")
        return load_study(path, overrides)


Found = list[list[str]]


def findings(result: object) -> Found:
    """Return severity, check and column of every finding about a column, through the documented JSON."""
    keys = ("severity", "check", "column")
    return [[each[key] for key in keys] for each in result.to_document()["findings"] if each["column"]]


def audit_company(n: int, seed: int, leaks: bool) -> Row:
    text, customers = company(n, seed, world_of(seed), leaks)
    result = icp_ml.audit(study_of(text), customers)
    seen = result.prepared
    honest = [each.column for each in seen.study.attributes_at() if not is_planted(each.column)]
    row: Row = {"found": findings(result), "honest": honest, "blocked": result.exit_code == 3}
    return row | {"world": world_of(seed), "n_known": int(seen.labels.known.sum())}


def world_of(seed: int) -> str:
    return WORLDS[seed % len(WORLDS)]


def measure_strength(n: int = 20_000) -> Row:
    """Return the out-of-fold ROC AUC of every planted and honest column alone, for the outcome that the study knows."""
    text, customers = company(n, 0, "aligned", leaks=True)
    prepared = icp_ml.audit(study_of(text), customers).prepared
    known, row = prepared.labels.known, {}
    for column in (*columns_of_leaks().values(), *HONEST):
        values = prepared.customers.frame[column][known].reset_index(drop=True)
        found = attribute_alone(values, prepared.customers.kinds[column], prepared.labels.label[known])
        row[column] = None if found is None else found.auc
    return row


def is_planted(column: str) -> bool:
    return column in columns_of_leaks().values()


def columns_of_leaks() -> dict[str, str]:
    """Return every kind of leak with its column."""
    simulated = {f"simulator: {kind}": LEAKS_IN_STUDY[kind][1] for kind in SIMULATED}
    return simulated | {kind: column for kind, (column, _) in LEAKS.items()}


def train_company(n: int, seed: int, world: str) -> Row:
    """Return whether a company without leaks, as the simulator makes it, ends ready."""
    made = simulate(n, 1, seed, world=world)
    result = icp_ml.train(study_of(made.study, "model.learner=logistic"), made.customers)
    judged = result.evaluation
    return {
        "ready": result.exit_code == 0,
        "auc": judged.metrics["roc_auc"].value,
        "passed": {gate.name: bool(gate.passed) for gate in judged.gates},
    }


# Real studies

REAL = {
    "sba": ("term", "chg_off_date", "chg_off_prin_gr", "disbursement_date", "balance_gross", "disbursement_gross"),
    "olist-deals": ("seller_state", "seller_city", "seller_zip_code_prefix"),
    "olist-sellers": ("n_orders", "gmv_total", "n_products_sold"),
    "maven-null": ("close_value", "close_date"),
    "salvirt": (),
}
"""Columns that know the outcome, are written later, or say nothing, as the publishers' descriptions tell. Not
`last_sale_est` of Olist's shops: nine of its dates lie after the extract, so a study that lists it is refused."""


def audit_real(name: str) -> Row:
    """Audit a study as it is, and with its known leaks listed among the functional attributes."""
    path = ROOT / "configs" / f"{name}.yaml"
    row: Row = {"clean": findings(icp_ml.audit(path)), "leaks": list(REAL[name])}
    if REAL[name]:
        study = load_study(path)
        fits = study.as_document()["fits"]["functional"]
        ignore = [column for column in study.ignore if column not in REAL[name]]
        listing = [f"ignore={json.dumps(ignore)}", f"fits.functional={json.dumps([*fits, *REAL[name]])}"]
        row["planted"] = findings(icp_ml.audit(path, overrides=listing))
    return row


# Running, with what is done kept


def tasks(seeds: int, null_seeds: int) -> Iterator[tuple[str, Callable[[], Row]]]:
    yield "strength", measure_strength
    for name in REAL:
        yield f"real/{name}", lambda name=name: audit_real(name)
    for n in SIZES:
        for seed in range(seeds):
            yield f"planted/{n}/{seed}", lambda s=seed, n=n: audit_company(n, s, True)
    for seed in range(seeds):
        yield f"clean/{TRAINED}/{seed}", lambda s=seed: audit_company(TRAINED, s, False)
    for seed in range(null_seeds):
        yield f"null/{TRAINED}/{seed}", lambda s=seed: train_company(TRAINED, s, "null")
    for seed in range(null_seeds // 4):
        yield f"aligned/{TRAINED}/{seed}", lambda s=seed: train_company(TRAINED, s, "aligned")


def run(wanted: Iterable[tuple[str, Callable[[], Row]]], results: Path | None = None) -> dict[str, Row]:
    done: dict[str, Row] = {}
    if results is not None and results.exists():
        done = {line["task"]: line["row"] for line in map(json.loads, results.read_text().splitlines())}
    names = []
    for name, task in wanted:
        names.append(name)
        if name in done:
            continue
        try:
            done[name] = task()
        except FileSystemError as error:
            done[name] = {"skipped": str(error)}
        if results is not None:
            with results.open("a") as file:
                file.write(json.dumps({"task": name, "row": done[name]}) + "\n")
    return {name: done[name] for name in names}


# Tables


def rows_of(done: dict[str, Row], *kinds: str, n: int | None = None) -> list[Row]:
    parts = ((name.split("/"), row) for name, row in done.items())
    return [row for got, row in parts if got[0] in kinds and n in (None, int(got[1]))]


def raised(found: Found, column: str) -> set[str]:
    """Return the leak checks that warn or block because of the cells of a column."""
    return {check for severity, check, of in found if of == column and severity != "note" and check in LEAK_CHECKS}


def blocks(found: Found, column: str) -> bool:
    return any(severity == "blocker" and of == column for severity, _, of in found)


def share(flags: list[bool], digits: int = 2) -> str:
    return f"{np.mean(flags):.{digits}f}" if flags else "-"


def print_table(head: str, lines: list[list[str]]) -> None:
    print(f"|{head}|\n|" + "---|" * len(head.split("|")))
    for line in lines:
        print("|" + "|".join(line) + "|")
    print()


def print_found(done: dict[str, Row]) -> None:
    lines = []
    for kind, column in columns_of_leaks().items():
        by_size = [share([bool(raised(r["found"], column)) for r in rows_of(done, "planted", n=n)]) for n in SIZES]
        rows = rows_of(done, "planted", n=800)
        checks = Counter(check for row in rows for check in raised(row["found"], column))
        by = ", ".join(f"`{check}` {n / len(rows):.2f}" for check, n in checks.most_common())
        blocked = share([blocks(row["found"], column) for row in rows])
        met = "met" if float(by_size[SIZES.index(800)]) >= BAR_FOUND else "**missed**"
        alone = done["strength"][column] if "strength" in done else None
        strength = "-" if alone is None else f"{alone:.2f}"
        lines.append([kind, f"`{column}`", strength, *by_size, met, blocked, by])
    head = "leak|column|AUC alone|" + "|".join(f"found, n={n}" for n in SIZES) + "|bar .95 (800)|blocks (800)|by (800)"
    print_table(head, lines)


def print_false(done: dict[str, Row]) -> None:
    rows, lines = rows_of(done, "planted", "clean"), []
    groups = {"the simulator's own": tuple(c for c in rows[0]["honest"] if c not in HONEST)} | GROUPS
    for group, columns in groups.items():
        cells = []
        for n in SIZES:
            some = rows_of(done, "planted", "clean", n=n)
            cells.append(share([bool(raised(row["found"], column)) for row in some for column in columns], 4))
        rate = {column: np.mean([bool(raised(row["found"], column)) for row in rows]) for column in columns}
        met = "met" if np.mean(list(rate.values())) <= BAR_FALSE else "**missed**"
        blocked = np.mean([blocks(row["found"], column) for row in rows for column in columns])
        named = ", ".join(f"`{c}` {r:.2f}" for c, r in sorted(rate.items(), key=lambda item: -item[1])[:3] if r)
        lines.append([f"{group} ({len(columns)})", *cells, met, f"{blocked:.4f}", named or "none"])
    sizes = "|".join(f"n={n}" for n in SIZES)
    print_table(f"honest attributes|{sizes}|bar .02|blocked, all n|most often", lines)


def print_checks(done: dict[str, Row]) -> None:
    """Print which checks spoke about honest attributes, hygiene included."""
    rows = rows_of(done, "planted", "clean")
    n_honest = sum(len(row["honest"]) for row in rows)
    about: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        for severity, check, column in row["found"]:
            if column in row["honest"]:
                about.setdefault((check, severity), Counter())[column] += 1
    lines = []
    order = sorted(about.items(), key=lambda item: (item[0][0] not in LEAK_CHECKS, -item[1].total()))
    for (check, severity), counts in order:
        top = ", ".join(f"`{column}` {k / len(rows):.2f}" for column, k in counts.most_common(3))
        kind = "leak" if check in LEAK_CHECKS else "other"
        lines.append([f"`{check}`", severity, kind, f"{counts.total() / n_honest:.4f}", top])
    print_table("check|severity|kind|per honest attribute|most often (share of companies)", lines)


def print_studies(done: dict[str, Row]) -> None:
    lines = []
    for kind, words in (("planted", "with leaks"), ("clean", "without")):
        for n in SIZES:
            if rows := rows_of(done, kind, n=n):
                false = [sum(bool(raised(row["found"], column)) for column in row["honest"]) for row in rows]
                known = np.mean([row["n_known"] for row in rows])
                blocked = share([row["blocked"] for row in rows])
                lines.append([words, f"{n}", f"{len(rows)}", f"{known:.0f}", blocked, f"{np.mean(false):.2f}"])
    print_table("study|n|companies|with outcome|blocked|honest attributes warned of, per study", lines)


def print_trained(done: dict[str, Row]) -> None:
    lines = []
    for world in ("null", "aligned"):
        if not (rows := rows_of(done, world)):
            continue
        passed = "; ".join(f"`{gate}` {share([row['passed'][gate] for row in rows])}" for gate in rows[0]["passed"])
        auc = np.mean([row["auc"] for row in rows])
        lines.append([world, f"{TRAINED}", f"{len(rows)}", f"{auc:.3f}", share([row["ready"] for row in rows]), passed])
    print_table("world|n|companies|mean AUC|ready|gates passed", lines)


def print_real(done: dict[str, Row]) -> None:
    lines = []
    for name in REAL:
        row = done[f"real/{name}"]
        if "skipped" in row:
            lines.append([name, "skipped: no file; see configs/ for where to get it", "", "", ""])
            continue
        honest = [f for f in row["clean"] if f[0] == "blocker" or (f[0] == "warning" and f[1] in LEAK_CHECKS)]
        clean = "; ".join(f"{severity} {check} `{column}`" for severity, check, column in honest) or "nothing"
        for column in row["leaks"] or [""]:
            found = [f"{severity} `{check}`" for severity, check, of in row.get("planted", []) if of == column]
            lines.append([name, f"`{column}`" if column else "none known", ", ".join(found) or "nothing", clean])
            clean = ""
    print_table("study|listed|found|blocked or warned of a leak in the study as it is", lines)


TABLES: dict[str, Callable[[dict[str, Row]], None]] = {
    "Planted leaks": print_found,
    "Honest attributes": print_false,
    "What each check says of honest attributes": print_checks,
    "Whole studies": print_studies,
    "Trainings without leaks": print_trained,
    "Real studies": print_real,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--null-seeds", type=int, default=20)
    parser.add_argument("--results", type=Path, help="JSON lines; kept, and read again by the next run")
    chosen = parser.parse_args()
    logging.getLogger("icp_ml").setLevel(logging.ERROR)
    done = run(tasks(chosen.seeds, chosen.null_seeds), chosen.results)
    for title, show in TABLES.items():
        print(f"#### {title}\n")
        show(done)


if __name__ == "__main__":
    main()
