"""A desk for every test of the fault list: one small company and model, and laws that hold after every command."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from icp_ml import cli
from icp_ml.accounts.simulate import simulate

PERSON = "sentinel.person"
"""Stands in a personal column of every table; no message or output may show it."""
COUNTS = ("scored", "rejected", "excluded", "already_customers")
QUICK = ("--set", "model.learner=logistic")


@dataclass(frozen=True)
class Company:
    """Tables and study of a small simulated company, and the model trained on it."""

    folder: Path
    customers: pd.DataFrame
    prospects: pd.DataFrame
    study: str
    store: str

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.folder / "model"


@dataclass(frozen=True)
class Outcome:
    """What one command gave back."""

    exit_code: int
    document: dict[str, Any]
    told: str

    @property
    def error(self) -> str:
        """The refusal."""
        return str(self.document["error"])


@pytest.fixture(scope="session")
def company(tmp_path_factory) -> Company:
    folder = tmp_path_factory.mktemp("faults")
    simulated = simulate(400, 120, seed=5)
    customers, prospects = (with_person(table) for table in (simulated.customers, simulated.prospects))
    study = simulated.study.replace("customers.parquet", "customers.csv")
    study = study.replace("prospects: prospects.parquet\n", "") + "ignore: [owner_email]\n"
    made = Company(folder, customers, prospects, study, f"sqlite:///{folder}/mlflow.db")
    customers.to_csv(folder / "customers.csv", index=False)
    prospects.to_csv(folder / "prospects.csv", index=False)
    (folder / "study.yaml").write_text(study)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", made.store)
        arguments = ["train", str(folder / "study.yaml"), "--out", str(made.model), "--quiet", *QUICK]
        assert cli.main(arguments) in (0, 3)
    scores = ["score", str(folder / "prospects.csv"), "--model", str(made.model), "--out", str(folder / "scores.csv")]
    assert cli.main([*scores, "--quiet"]) == 0
    return made


def with_person(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(owner_email=[f"{PERSON}{row}@secret.example" for row in range(len(table))])


def placed(values: pd.Series, rows: int | list[int], cell: object) -> pd.Series:
    """Return a column with some cells (rows from 1) replaced, whatever their type."""
    changed = values.astype(object).copy()
    changed.iloc[np.atleast_1d(rows) - 1] = cell
    return changed


class Desk:
    """Runs commands of the command line on damaged copies of the company."""

    def __init__(self, company: Company, folder: Path, read: Callable[[], Any]) -> None:
        self.company, self.folder, self._read = company, folder, read
        self.customers, self.prospects = company.customers.copy(), company.prospects.copy()
        self.study = company.study
        self.out = folder / "scores.csv"

    def run(self, *arguments: object) -> Outcome:
        """Run a command with --json and check what holds for every command, good or bad."""
        self._read()
        exit_code = cli.main([*map(str, arguments), "--json"])
        out, err = self._read()
        document = json.loads(out)
        assert "Traceback" not in err
        assert exit_code != 1, err
        assert PERSON not in out + err
        if "error" in document:
            assert document["exit_code"] == exit_code
            assert document["error"].strip() in err
        return Outcome(exit_code, document, err)

    def refused(self, exit_code: int, *arguments: object) -> str:
        """Run a command that must refuse; return the message, which says what was expected and what to do."""
        outcome = self.run(*arguments)
        assert outcome.exit_code == exit_code, outcome.told
        for line in outcome.error.splitlines():
            assert "; expected " in line or line.startswith("  "), line
            assert line.endswith((".", "?")), line
        return outcome.error

    def table(self, name: str, content: bytes | pd.DataFrame) -> Path:
        """Write a table, byte for byte or as CSV or Parquet by its name."""
        path = self.folder / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif name.endswith(".csv"):
            content.to_csv(path, index=False)
        else:
            content.to_parquet(path)
        return path

    def study_of(self, content: bytes | pd.DataFrame | None = None, name: str = "customers.csv") -> Path:
        """Write the study and its table of customers."""
        self.table(name, self.customers if content is None else content)
        path = self.folder / "study.yaml"
        path.write_text(self.study.replace("customers.csv", name))
        return path

    def audited(self, content: bytes | pd.DataFrame | None = None) -> Outcome:
        """Audit the customers; the result must not be a refusal."""
        outcome = self.run("audit", self.study_of(content))
        assert outcome.exit_code in (0, 3), outcome.told
        return outcome

    def score_command(self, content: bytes | pd.DataFrame | None, name: str = "prospects.csv") -> list[object]:
        """Return the command that scores a table over an earlier good score file."""
        path = self.table(name, self.prospects if content is None else content)
        if not self.out.exists() and self.out.suffix == ".csv":
            for earlier in self.company.folder.glob("scores.csv*"):
                shutil.copy(earlier, self.folder)
        return ["score", path, "--model", self.company.model, "--out", self.out]

    def scored(self, content: bytes | pd.DataFrame | None = None, *options: object) -> Outcome:
        """Score prospects and check that every row of the table is accounted for."""
        outcome = self.run(*self.score_command(content), *options)
        assert outcome.exit_code == 0, outcome.told
        summary = json.loads(Path(f"{self.out}.summary.json").read_text())
        assert sum(summary[name] for name in COUNTS) == summary["rows_in"]
        assert len(self.scores()) == summary["scored"]
        assert len(self.rejected()) == summary["rejected"]
        for written in self.folder.glob("scores.csv*"):
            assert PERSON not in written.read_text()
        return outcome

    def score_refused(self, exit_code: int, content: bytes | pd.DataFrame | None = None, *options: object) -> str:
        """Score prospects that must be refused; the earlier score file stays as it is."""
        command = self.score_command(content)
        before = files_of(self.folder)
        error = self.refused(exit_code, *command, *options)
        assert files_of(self.folder) == before
        return error

    def scores(self) -> pd.DataFrame:
        """Return the score file as text, byte for byte."""
        return pd.read_csv(self.out, dtype=str, keep_default_na=False)

    def rejected(self) -> pd.DataFrame:
        """Return the rows that were not scored."""
        return pd.read_csv(f"{self.out}.rejected.csv", dtype=str, keep_default_na=False)

    def csv(self, table: pd.DataFrame) -> bytes:
        """Return a table as the bytes of a CSV file."""
        text = io.StringIO()
        table.to_csv(text, index=False)
        return text.getvalue().encode()

    def refusals(self, damage: Callable[[bytes], bytes]) -> list[str]:
        """Damage both tables in the same way; return what audit, init, check and score say, each with exit code 4."""
        study = self.study_of(damage(self.csv(self.customers)))
        damaged = damage(self.csv(self.prospects))
        told = [
            self.refused(4, "audit", study),
            self.refused(4, "init", self.folder / "customers.csv", "--out", self.folder / "proposed.yaml"),
            self.score_refused(4, damaged),
            self.refused(4, "check", self.folder / "prospects.csv", "--model", self.company.model),
        ]
        assert not (self.folder / "proposed.yaml").exists()
        return told


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes, hidden and temporary ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def desk(company, tmp_path, capsys) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir()
    return Desk(company, folder, capsys.readouterr)
