"""Are both neighbour lists of lookalikes exact, and as fast as faiss and scikit-learn? Prints Markdown tables.

    python benchmarks/neighbours.py [--rows 1000000] [--points 2000] [--parts exact whole index] [--repeats 8]

Needs the extra ``ann`` (faiss). Two threads each.

* exact: list A (each prospect, its nearest 10, and 3, of the customers) and list B (each customer, its nearest 100 of
  the prospects) on slices of 125,000 prospects. The three take turns on each slice; ratios are medians over slices. Of
  each slice 100 answers of list A and 10 of list B are compared with brute force in float64.
* whole: each on all rows, in a process of its own, which tells its peak memory; ours takes the rows as a stream.
* index: what an index over 20,000 customers, the most a model keeps, saves, and the recall it has.

Data in 40 dimensions, float32. "normal": independent normal values, the worst case of an index. "contributions": steps
and products in few large and many small dimensions, as contributions of attributes are.

Exits with 1 when an answer is wrong or ours is slower than the faster of the two in the median.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2")

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import product

import faiss
import numpy as np
from sklearn.neighbors import NearestNeighbors

from icp_ml.model.approximate import ApproximateSearch
from icp_ml.model.search import ExactSearch, NearestRows

N_COORDINATES, SLICE, BATCH = 40, 125_000, 25_000
KINDS = ("normal", "contributions")
TASKS = {"A, nearest 10": 10, "A, nearest 3": 3, "B, nearest 100": 100}
METHODS = ("ours", "faiss", "scikit-learn")
N_CHECKED, N_KEPT, N_INDEXED = 100, 20_000, 50_000
Singles = np.ndarray


def draw(kind: str, n: int, seed: int) -> Singles:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, N_COORDINATES))
    if kind == "contributions":
        x[:, ::2] = np.floor(x[:, ::2] * 2) / 2
        x = (np.tanh(x) + 0.1 * x * x[:, :1]) * np.geomspace(1.0, 0.01, N_COORDINATES)
    return x.astype(np.float32)


def ours(task: str, points: Singles, rows: Iterator[Singles]) -> Iterator[np.ndarray]:
    if task.startswith("A"):
        search = ExactSearch(points.astype(np.float64))
        yield from (search.nearest(part.astype(np.float64), TASKS[task]).positions for part in rows)
        return
    nearest, n_seen = NearestRows(points.astype(np.float64), TASKS[task]), 0
    for part in rows:
        nearest.offer(part.astype(np.float64), n_seen)
        n_seen += len(part)
    yield nearest.found().positions


def by_faiss(task: str, points: Singles, rows: Iterator[Singles]) -> Iterator[np.ndarray]:
    index = faiss.IndexFlatL2(N_COORDINATES)
    if task.startswith("A"):
        index.add(points)
        yield from (index.search(part, TASKS[task])[1] for part in rows)
        return
    for part in rows:
        index.add(part)
    yield index.search(points, TASKS[task])[1]


def by_sklearn(task: str, points: Singles, rows: Iterator[Singles]) -> Iterator[np.ndarray]:
    brute = NearestNeighbors(n_neighbors=TASKS[task], algorithm="brute")
    if task.startswith("A"):
        brute.fit(points)
        yield from (brute.kneighbors(part, return_distance=False) for part in rows)
        return
    yield brute.fit(np.concatenate(list(rows))).kneighbors(points, return_distance=False)


RUN: dict[str, Callable[[str, Singles, Iterator[Singles]], Iterator[np.ndarray]]] = {
    "ours": ours,
    "faiss": by_faiss,
    "scikit-learn": by_sklearn,
}


def batches(rows: Singles) -> Iterator[Singles]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def timed(work: Callable[[], object]) -> tuple[float, float, object]:
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def product_only(points: Singles, rows: Singles) -> None:
    factor = np.ascontiguousarray(points.T)
    for start in range(0, len(rows), 512):
        rows[start : start + 512] @ factor


def is_exact(task: str, found: np.ndarray, points: Singles, rows: Singles) -> bool:
    here, there = (rows, points) if task.startswith("A") else (points, rows)
    for place in np.linspace(0, len(here) - 1, N_CHECKED if task.startswith("A") else 10).astype(int):
        squared = np.square(here[place].astype(np.float64) - there).sum(axis=1)
        if not np.array_equal(np.argsort(squared, kind="stable")[: TASKS[task]], found[place]):
            return False
    return True


def compare_exact(n_points: int, repeats: int) -> bool:
    print(f"\n{n_points:,} customers, {repeats} slices of {SLICE:,} prospects; medians of CPU seconds of a slice\n")
    print("| data | list | product alone | ours | faiss | scikit-learn | ours / faster, CPU | by the clock | exact |")
    print("|---|---|---|---|---|---|---|---|---|")
    passed = True
    for kind, task in product(KINDS, TASKS):
        points = draw(kind, n_points, 0)
        spent, right = zip(*(one_slice(kind, task, points, number) for number in range(repeats)), strict=True)
        wall, cpu = np.array(spent).transpose(2, 0, 1)
        clock, work = (x[:, 1] / x[:, 2:].min(axis=1) for x in (wall, cpu))
        cells = " | ".join(f"{x:.2f}" for x in np.median(cpu, axis=0))
        ratios = f"{np.median(work):.2f} | {np.median(clock):.2f} ({clock.min():.2f} to {clock.max():.2f})"
        print(f"| {kind} | {task} | {cells} | {ratios} | {'yes' if all(right) else 'NO'} |", flush=True)
        passed &= all(right) and np.median(clock) <= 1
    return passed


def one_slice(kind: str, task: str, points: Singles, number: int) -> tuple[list[tuple[float, float]], bool]:
    """Return seconds by the clock and of CPU of the bare product and each method, and whether ours is right."""
    rows = draw(kind, SLICE, number + 1)
    spent = {"product": timed(lambda: product_only(points, rows))[:2]}
    for method in np.roll(METHODS, number):
        wall, cpu, found = timed(lambda run=RUN[method]: np.concatenate(list(run(task, points, batches(rows)))))
        spent[method] = (wall, cpu)
        if method == "ours":
            right = is_exact(task, found, points, rows)
    return [spent[name] for name in ("product", *METHODS)], right


def run_one(method: str, task: str, n_points: int, n_rows: int) -> None:
    """Run one method on all rows and print seconds by the clock, of CPU, and megabytes at the peak."""
    points = draw("contributions", n_points, 0)
    drawing = np.zeros(2)

    def drawn() -> Iterator[Singles]:
        for start in range(0, n_rows, BATCH):
            wall, cpu, part = timed(lambda start=start: draw("contributions", min(BATCH, n_rows - start), start + 1))
            drawing[:] += wall, cpu
            yield part

    wall, cpu, _ = timed(lambda: [None for _ in RUN[method](task, points, drawn())])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(wall - drawing[0], cpu - drawing[1], peak)


def compare_whole(n_points: int, n_rows: int) -> None:
    print(f"\n{n_points:,} customers, {n_rows:,} prospects (contributions), a process each\n")
    print("| list | method | seconds by the clock | seconds of CPU | peak memory, MB |")
    print("|---|---|---|---|---|")
    for task, method in product(("A, nearest 10", "B, nearest 100"), METHODS):
        command = [sys.executable, __file__, "--one", method, task, "--points", str(n_points), "--rows", str(n_rows)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        wall, cpu, peak = map(float, done.stdout.split())
        print(f"| {task} | {method} | {wall:.1f} | {cpu:.1f} | {peak:,.0f} |", flush=True)


def compare_index() -> None:
    print("\nList A, nearest 10; microseconds of CPU per prospect, seconds of CPU to build\n")
    print("| data | customers | exact | index | recall | to build | prospects from which an index pays |")
    print("|---|---|---|---|---|---|---|")
    for kind, n_points in product(KINDS, (2_000, N_KEPT)):
        points, sample, rows = (
            draw(kind, n, seed).astype(float) for n, seed in ((n_points, 0), (500, 2), (N_INDEXED, 1))
        )
        _, build, index = timed(lambda points=points, sample=sample: ApproximateSearch(points, sample, 10))
        _, exact, _ = timed(lambda points=points, rows=rows: ExactSearch(points).nearest(rows, 10))
        _, fast, _ = timed(lambda index=index, rows=rows: index.nearest(rows))
        pays = f"{build / (exact - fast) * N_INDEXED:,.0f}" if exact > fast else "never"
        cells = f"{1e6 * exact / N_INDEXED:.0f} | {1e6 * fast / N_INDEXED:.0f} | {index.recall:.3f} | {build:.1f}"
        print(f"| {kind} | {n_points:,} | {cells} | {pays} |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--points", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=8)
    parser.add_argument("--parts", nargs="+", default=["exact", "whole", "index"])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    faiss.omp_set_num_threads(2)
    if asked.one:
        run_one(*asked.one, asked.points, asked.rows)
        return 0
    passed = compare_exact(asked.points, asked.repeats) if "exact" in asked.parts else True
    if "whole" in asked.parts:
        compare_whole(asked.points, asked.rows)
    if "index" in asked.parts:
        compare_index()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
