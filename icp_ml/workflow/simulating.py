"""Make a company whose truth is known, and run the whole job on it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icp_ml.accounts.simulate import World, write_company
from icp_ml.accounts.simulate import simulate as simulate_company
from icp_ml.outputs import ensure_can_write_folder, whole_folder
from icp_ml.workflow.prospecting import lookalikes
from icp_ml.workflow.results import TrainResult
from icp_ml.workflow.reviewing import ReviewResult, review
from icp_ml.workflow.scoring import score
from icp_ml.workflow.training import train

logger = logging.getLogger(__name__)

QUICKSTART_CUSTOMERS = 2500
QUICKSTART_PROSPECTS = 20_000
QUICKSTART_LOOKALIKES = 200
MARKER = "ICP_ML_FOLDER.txt"
MARKER_TEXT = "icp_ml wrote this folder and may replace it whole.\n"


@dataclass(frozen=True)
class SimulateResult:
    """A simulated company on disk."""

    out: Path
    n_customers: int
    n_prospects: int
    exit_code: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return where it is and how large."""
        return {"out": str(self.out), "customers": self.n_customers, "prospects": self.n_prospects}

    def to_text(self) -> str:
        """Return where it is and the next step."""
        size = f"{self.n_customers:,} simulated customers and {self.n_prospects:,} prospects"
        return f"{self.out}: {size}\nnext: icp-ml train {self.out / 'study.yaml'} --out model"


@dataclass(frozen=True)
class QuickstartResult:
    """The whole job on a simulated company."""

    out: Path
    training: TrainResult
    scoring: Any
    resembling: Any
    reviewing: ReviewResult
    exit_code: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return the results of its steps and where they are."""
        return {
            "out": str(self.out),
            "report": str(self.report),
            "train": self.training.to_document(),
            "score": self.scoring.to_document(),
            "lookalikes": self.resembling.to_document(),
            "review": self.reviewing.to_document(),
        }

    @property
    def report(self) -> Path:
        """The report to open."""
        return self.out / "model" / "report.html"

    def to_text(self) -> str:
        """Return the results of its steps and where to look first."""
        done = (self.training, self.scoring, self.resembling, self.reviewing)
        steps = [step.to_text() for step in done]
        files = [
            f"report: {self.report}",
            f"review: {self.out / 'review' / 'review.html'}",
            f"list:   {self.out / 'list.csv'}",
            f"lookalikes: {self.out / 'lookalikes.csv'}  (as a page: {self.out / 'lookalikes.csv.html'})",
            f"scores: {self.out / 'scores.csv'}",
            f"study:  {self.out / 'company' / 'study.yaml'}  (the company is simulated; its truth is in company/truth)",
        ]
        return "\n".join([*steps, "", *files])


def simulate(
    out: str | Path,
    *,
    customers: int = 2000,
    prospects: int = 20_000,
    seed: int = 0,
    world: World = "aligned",
    leaks: bool = False,
) -> SimulateResult:
    """Write a simulated company: customers, prospects, deals, a study, a profile, progress and the truth.

    Parameters
    ----------
    out : path
        The folder; one of ours is replaced.
    customers, prospects : int
        How many accounts of each.
    seed : int
        The same seed gives the same bytes.
    world : {"aligned", "misaligned", "null", "drift"}
        Whether those who sign are those who succeed; ``"null"``: nothing is associated with success.
    leaks : bool
        Plant five kinds of leak in the customers table.
    """
    ensure_can_write_folder(out, MARKER)
    company = simulate_company(customers, prospects, seed, world=world, leaks=leaks)
    with whole_folder(out, MARKER) as folder:
        (folder / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        write_company(company, folder)
    return SimulateResult(Path(out), customers, prospects)


def quickstart(out: str | Path = "icp-ml-quickstart", *, seed: int = 0) -> QuickstartResult:
    """Simulate a company, train, score its prospects, find lookalikes and review its profile, below one folder.

    Parameters
    ----------
    out : path
        The folder; one of ours is replaced.
    seed : int
        Seed of the company.
    """
    target = ensure_can_write_folder(out, MARKER)
    target.mkdir(exist_ok=True)
    (target / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
    logger.info("simulating a company of %s customers", f"{QUICKSTART_CUSTOMERS:,}")
    simulate(target / "company", customers=QUICKSTART_CUSTOMERS, prospects=QUICKSTART_PROSPECTS, seed=seed)
    training = train(target / "company" / "study.yaml", out=target / "model")
    company, model = target / "company", target / "model"
    prospects = company / "prospects.parquet"
    scoring = score(prospects, model, target / "scores.csv", list_path=target / "list.csv")
    logger.info("finding lookalikes of the successful customers")
    resembling = lookalikes(prospects, model, target / "lookalikes.csv", top=QUICKSTART_LOOKALIKES)
    reviewing = review(company / "profile.yaml", company / "study.yaml", model, out=target / "review")
    return QuickstartResult(target, training, scoring, resembling, reviewing)
