"""Lines 59-65 of the fault list: kills, full disks and paths. Line 62, two trainers on one store, is in lifecycle."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import pytest

from icp_ml import cli, workflow
from tests.faults.conftest import QUICK, files_of

STOPPED = """
import os, signal, sys
from icp_ml import cli, {module} as module
original = module.{function}
def stop(*arguments, **options):
    os.kill(os.getpid(), signal.{signal})
    return original(*arguments, **options)
module.{function} = stop
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a shell ignores it
sys.exit(cli.main(sys.argv[1:]))
"""


def stopped(signal_name, module, function, *arguments):
    """Run a command in another process that gets a signal when a function is called."""
    code = STOPPED.format(module=module, function=function, signal=signal_name)
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize(("name", "exit_code"), [("SIGKILL", -signal.SIGKILL), ("SIGTERM", 130), ("SIGINT", 130)])
def test_fault_59_61_a_stopped_scoring_leaves_the_earlier_file_and_the_next_one_is_the_same(desk, name, exit_code):
    desk.scored()
    whole = files_of(desk.folder)
    command = desk.score_command(None)
    done = stopped(name, "outputs", "os.replace", *command)
    assert done.returncode == exit_code, done.stderr
    assert "Traceback" not in done.stderr
    visible = {path: content for path, content in files_of(desk.folder).items() if not path.startswith(".")}
    assert visible == whole
    assert (visible == files_of(desk.folder)) == (name != "SIGKILL")
    desk.scored()
    assert files_of(desk.folder) == whole


def test_fault_61_an_interrupted_training_leaves_no_model_and_no_version(desk, company, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", company.store)

    def interrupt(*_arguments, **_options):
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("icp_ml.workflow.training.log_training", interrupt)
    study, model = desk.study_of(), desk.folder / "model"
    outcome = desk.run("train", study, "--out", model, "--set", "seed=9", *QUICK)
    assert outcome.exit_code == 130
    assert not model.exists()
    assert not [path for path in desk.folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("command", ["score", "simulate", "init"])
def test_fault_60_a_full_disk_leaves_what_was_there(desk, monkeypatch, command):
    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("icp_ml.outputs._sync", full)
    desk.study_of()
    simulated = ["simulate", "--out", desk.folder / "company", "--customers", "20", "--prospects", "5"]
    command_line = {
        "score": desk.score_command(None),
        "simulate": simulated,
        "init": ["init", desk.folder / "customers.csv", "--out", desk.folder / "proposed.yaml"],
    }[command]
    before = files_of(desk.folder)
    assert "No space left on device" in desk.refused(6, *command_line)
    assert files_of(desk.folder) == before


def test_fault_60_a_disk_that_is_really_full(desk, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user cannot mount a small disk")
    try:
        path = desk.table("prospects.csv", desk.prospects)
        error = desk.refused(6, "score", path, "--model", desk.company.model, "--out", small / "scores.csv")
        assert "No space left on device" in error
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_fault_64_an_alias_that_moves_does_not_change_a_running_score(desk, company, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", company.store)
    looked_up = []
    resolve = workflow.scoring.resolve_model
    monkeypatch.setattr(workflow.scoring, "resolve_model", lambda model: looked_up.append(model) or resolve(model))
    path = desk.table("prospects.csv", desk.prospects)
    outcome = desk.run("score", path, "--model", "models:/simulated-revops@challenger", "--out", desk.out)
    assert outcome.exit_code == 0
    assert looked_up == ["models:/simulated-revops@challenger"]
    assert outcome.document["model"].startswith("simulated-revops/1 sha256:")


@pytest.mark.parametrize(
    ("exit_code", "arguments"),
    [
        (6, ["train", "{study}", "--out", "{folder}/no/such/model"]),
        (2, ["train", "{study}", "--out", "{study}"]),
        (2, ["train", "{study}", "--out", "{folder}"]),
        (2, ["train", "{study}", "--out", ""]),
        (2, ["train", "{study}"]),
        (6, ["train", "{folder}/none.yaml", "--out", "{folder}/model"]),
        (2, ["train", "{folder}", "--out", "{folder}/model"]),
        (6, ["train", "{study}", "--out", "{folder}/model", "--profile", "{folder}/none.yaml"]),
        (6, ["score", "{table}", "--model", "{model}", "--out", "{folder}/no/such.csv"]),
        (2, ["score", "{table}", "--model", "{model}", "--out", "{folder}"]),
        (2, ["score", "{table}", "--model", "{model}", "--out", "{table}"]),
        (2, ["score", "{table}", "--model", "{model}", "--out", "{study}"]),
        (2, ["score", "{table}", "--model", "{model}", "--out", ""]),
        (2, ["score", "{table}", "--model", "{model}", "--out", "{folder}/s.xlsx"]),
        (2, ["score", "{table}", "--model", "{model}", "--out", "{folder}/s.csv", "--list", "{folder}/s.csv"]),
        (6, ["score", "{table}", "--model", "{model}", "--out", "{folder}/s.csv", "--previous", "{folder}/none.csv"]),
        (6, ["score", "{table}", "--model", "{folder}/none", "--out", "{folder}/s.csv"]),
        (5, ["score", "{table}", "--model", "{folder}", "--out", "{folder}/s.csv"]),
        (2, ["score", "{table}", "--model", "models:/", "--out", "{folder}/s.csv"]),
        (2, ["score", "{table}", "--model", "s3://bucket/model", "--out", "{folder}/s.csv"]),
        (2, ["score", "{table}", "--model", "{model}", "--out", "{folder}/s.csv", "--as-of", "2026-02-30"]),
        (2, ["check", "{table}", "--model", "{model}", "--encoding", "klingon"]),
        (6, ["simulate", "--out", "{folder}/no/such"]),
        (2, ["simulate", "--out", "{study}"]),
        (2, ["simulate", "--out", "{folder}/new", "--customers", "0"]),
        (2, ["quickstart", "--out", "{folder}"]),
        (6, ["quickstart", "--out", "{folder}/no/such"]),
        (2, ["init", "{table}", "--out", "{study}"]),
        (6, ["init", "{table}", "--out", "{folder}/no/such.yaml"]),
    ],
)
def test_fault_65_paths_and_settings_that_cannot_be(desk, exit_code, arguments):
    table = desk.table("prospects.csv", desk.prospects)
    known = {"study": desk.study_of(), "table": table, "folder": desk.folder, "model": desk.company.model}
    before = files_of(desk.folder)
    desk.refused(exit_code, *(word.format(**known) for word in arguments))
    assert files_of(desk.folder) == before


@pytest.mark.parametrize(
    "arguments", [["score"], ["train", "--sed", "1"], ["score", "a", "--reasons", "\N{SUPERSCRIPT TWO}"], ["nope"], []]
)
def test_wrong_usage_is_one_json_document_too(capsys, arguments):
    assert cli.main([*arguments, "--json"]) == 2
    out, err = capsys.readouterr()
    assert '"exit_code": 2' in out
    assert "usage: icp-ml" in err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is closed to root")
def test_fault_65_a_folder_that_cannot_be_written(desk):
    desk.folder.chmod(0o500)
    try:
        path = desk.company.folder / "prospects.csv"
        desk.refused(6, "score", path, "--model", desk.company.model, "--out", desk.out)
    finally:
        desk.folder.chmod(0o700)
