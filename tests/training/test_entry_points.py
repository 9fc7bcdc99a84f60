"""An entry point says what the command would be told, no more; a parameter is data, never a command."""

from __future__ import annotations

import shlex

import pytest
import yaml

from icp_ml import cli
from training import lookalikes, review, score, train

ENTRIES = {"train": train.main, "score": score.main, "review": review.main, "lookalikes": lookalikes.main}
VALUES = {"top": "7"}
"""What a parameter is set to where its own name will not do."""


@pytest.fixture
def told(monkeypatch):
    """Record what the command line parsed instead of running it."""
    parsed: list[dict[str, object]] = []
    parser = cli.build_parser()

    def main(arguments):
        parsed.append(vars(parser.parse_args(arguments)))
        return 3

    monkeypatch.setattr(cli, "main", main)
    return parsed


def test_train_passes_everything_on_and_returns_the_exit_code(told):
    arguments = ["--study", "-s.yaml", "--out", "m d", "--profile", "p.yaml", "--seed", "7"]
    assert train.main([f"{a}={b}" for a, b in zip(arguments[::2], arguments[1::2], strict=True)]) == 3
    expected = {"study": "-s.yaml", "out": "m d", "profile": "p.yaml", "overrides": ["seed=7"]}
    assert {key: told[0][key] for key in expected} == expected


def test_score_passes_everything_on(told):
    score.main(["--prospects=p.csv", "--model=models:/a@champion", "--out=s.csv", "--list=l.csv", "--as-of=2026-01-31"])
    expected = {
        "prospects": "p.csv",
        "model": "models:/a@champion",
        "out": "s.csv",
        "list_path": "l.csv",
        "as_of": "2026-01-31",
    }
    assert {key: told[0][key] for key in expected} == expected


def test_review_passes_everything_on(told):
    review.main(["--profile=-p.yaml", "--study=s.yaml", "--model=m", "--out=r", "--prospects=x.csv"])
    expected = {"profile": "-p.yaml", "study": "s.yaml", "model": "m", "out": "r", "prospects": "x.csv"}
    assert {key: told[0][key] for key in expected} == expected


def test_lookalikes_passes_everything_on(told):
    lookalikes.main(["--prospects=-p.csv", "--model=m", "--out=l.csv", "--top=7", "--seeds=s.csv", "--segment=grow up"])
    expected = {"prospects": "-p.csv", "model": "m", "out": "l.csv", "top": 7, "seeds": "s.csv", "segment": "grow up"}
    assert {key: told[0][key] for key in expected} == expected


def test_an_empty_parameter_is_none(told):
    train.main(["--study", "s.yaml", "--out", "m", "--profile", "", "--seed", ""])
    score.main(["--prospects", "p.csv", "--model", "m", "--out", "s.csv", "--list", "", "--as-of", ""])
    assert (told[0]["profile"], told[0]["overrides"]) == (None, [])
    lookalikes.main(["--prospects", "p.csv", "--model", "m", "--out", "l.csv", "--top", "", "--seeds", ""])
    assert (told[1]["list_path"], told[1]["as_of"]) == (None, None)
    assert (told[2]["top"], told[2]["seeds"], told[2]["segment"]) == (None, None, None)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_project_file_names_flags_that_exist(told, repository, name):
    project = yaml.safe_load((repository / "MLproject").read_text())
    entry = project["entry_points"][name]
    values = {parameter: VALUES.get(parameter, parameter) for parameter in entry["parameters"]}
    command = entry["command"].format(**{parameter: shlex.quote(value) for parameter, value in values.items()})
    assert shlex.split(command)[:3] == ["python", "-m", f"training.{name}"]
    ENTRIES[name](shlex.split(command)[3:])
    told_words = {str(word) for value in told[0].values() for word in (value if isinstance(value, list) else [value])}
    assert {value if value != "seed" else "seed=seed" for value in values.values()} <= told_words
