"""The MLflow project as a user runs it: train, score by registered name, and MLflow's own loader with pickle off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from icp_ml import cli

pytestmark = pytest.mark.slow


def run_project(repository: Path, folder: Path, entry: str, **parameters: object) -> subprocess.CompletedProcess[str]:
    """Run an entry point in this environment, from another folder."""
    python = Path(sys.executable).parent
    words = [word for key, value in parameters.items() for word in ("-P", f"{key}={value}")]
    return subprocess.run(
        [str(python / "mlflow"), "run", str(repository), "-e", entry, "--env-manager", "local", *words],
        cwd=folder,
        env={**os.environ, "PATH": f"{python}{os.pathsep}{os.environ['PATH']}", "MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_parameter_is_never_run_by_the_shell(repository, tmp_path):
    (tmp_path / "study.yaml").write_text("name: x\n")
    mark = tmp_path / "pwned"
    evil = f"1; touch {mark}; $(touch {mark}) `touch {mark}`"
    done = run_project(repository, tmp_path, "train", study=tmp_path / "study.yaml", out=tmp_path / "m", seed=evil)
    assert done.returncode != 0
    assert not mark.exists()


def test_train_then_score_by_name_then_mlflow_s_own_loader(repository, tmp_path):
    company = tmp_path / "company"
    assert cli.main(["simulate", "--out", str(company), "--customers", "600", "--prospects", "200", "--quiet"]) == 0
    trained = run_project(repository, tmp_path, "train", study=company / "study.yaml", out=tmp_path / "model", seed="1")
    assert (tmp_path / "model" / "report.html").exists(), trained.stderr[-3000:]
    (name,) = {line.split()[1] for line in (company / "study.yaml").read_text().splitlines() if line[:5] == "name:"}
    uri = f"models:/{name}@challenger"
    prospects, out = company / "prospects.parquet", tmp_path / "scores.parquet"
    scored = run_project(repository, tmp_path, "score", prospects=prospects, model=uri, out=out)
    assert scored.returncode == 0, scored.stderr[-3000:]
    table = pd.read_parquet(out)
    assert len(table) == 200
    by_mlflow = mlflow_scores(uri, prospects, tmp_path)
    pd.testing.assert_frame_equal(by_mlflow.assign(run_id=table["run_id"]), table)  # it names the bytes of the file too


LOADER = """
import sys
import mlflow
import pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
model.predict(pd.read_parquet(sys.argv[2])).to_parquet(sys.argv[3])
"""


def mlflow_scores(uri: str, prospects: Path, folder: Path) -> pd.DataFrame:
    """Score with `mlflow.pyfunc` in a fresh process in which nothing may be unpickled."""
    environment = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    words = [sys.executable, "-c", LOADER, uri, str(prospects), str(folder / "by_mlflow.parquet")]
    subprocess.run(words, env=environment, check=True, timeout=300)
    return pd.read_parquet(folder / "by_mlflow.parquet")
