"""What a review costs: customers, prospects, wall clock, CPU and peak memory of the whole command.

    python benchmarks/review_cost.py [--customers 2000] [--prospects 100000]

A simulated company is made and a model trained first; the command that is timed is `icp-ml review` as a user runs it,
in a process of its own, with everything: 2,000 permutations, milestones, one pass over the prospects, the page.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Print one line: size, seconds, CPU seconds and megabytes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--prospects", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        store = {"MLFLOW_TRACKING_URI": f"sqlite:///{work / 'mlflow.db'}"}
        size = ["--customers", str(options.customers), "--prospects", str(options.prospects)]
        run(work, store, "simulate", "--out", "company", *size)
        run(work, store, "train", "company/study.yaml", "--out", "model")
        asked = ["company/profile.yaml", "--study", "company/study.yaml", "--model", "model", "--out", "review"]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        run(work, store, "review", *asked)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        page = (work / "review" / "review.html").stat().st_size
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{options.customers:,} customers x {options.prospects:,} prospects: ", end="")
    print(f"{wall:.1f} s wall, {cpu:.1f} s CPU, page {page / 1000:.0f} kB; ", end="")
    print(f"peak of the largest step, training included, {after.ru_maxrss / 1024:.0f} MB")


def run(work: Path, store: dict[str, str], *arguments: str) -> None:
    """Run one command of the package quietly; its failure ends the benchmark."""
    command = [sys.executable, "-m", "icp_ml.cli", *arguments, "--quiet"]
    subprocess.run(command, cwd=work, env={**os.environ, **store}, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
