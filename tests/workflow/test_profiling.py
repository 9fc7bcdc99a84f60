"""The commands of `icp-ml profile`, from files to files."""

import json

import pytest

from icp_ml.accounts.simulate import simulate, write_company
from icp_ml.cli import main
from icp_ml.errors import DataError, UsageError
from icp_ml.icp.ledger import Ledger, append, ledger_path, review_entries
from icp_ml.icp.profile import load_profile
from icp_ml.workflow import profiling


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A company large enough for rules to be found."""
    folder = tmp_path_factory.mktemp("grown")
    write_company(simulate(1500, 50, seed=1), folder)
    return folder


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "profile.yaml"
    path.write_text(
        "name: mid-market\nversion: 1\n"
        "situation: {starts: 2026-05-01, ends: 2026-07-29, goal: {measure: revenue, target: 1000}}\n"
        "criteria: ['integrations >= 4']\n"
    )
    return path


def reviewed(path, gain=0.2):
    """Write a review with one suggestion into the ledger of a profile."""
    written = load_profile(path)
    told = {"name": written.name, "version": written.version, "digest": "d", "criteria": ["integrations >= 4"]}
    told |= {"starts": "2026-05-01", "ends": "2026-07-29", "goal": {"measure": "revenue", "target": 1000.0}}
    suggestion = {"id": "3f9a12345678", "rule": "team_size >= 10", "action": "add", "gain": gain}
    document = {
        "profile": told | {"baseline": {"value": 0.0, "on": "2026-05-01"}},
        "verdict": "keep", "today": "2026-06-30", "progress": {}, "criteria": [], "tried": 9, "run_id": "r",
        "suggestions": [suggestion],
    }  # fmt: skip
    append(ledger_path(written), review_entries(document))


def test_a_proposal_is_a_profile_that_finds_what_is_there(grown, tmp_path):
    result = profiling.propose(grown / "study.yaml", out=tmp_path / "profile.yaml")
    written = load_profile(tmp_path / "profile.yaml")
    assert tuple(rule.text for rule in written.criteria) == result.proposal.criteria
    assert 1 <= len(written.criteria) <= 4
    assert "rules over" in result.text
    assert (str(written.situation.starts), str(written.situation.ends)) == ("2026-07-01", "2026-09-30")


def test_a_proposal_is_the_same_each_time_and_replaces_itself_only(company, tmp_path, capsys):
    out = tmp_path / "profile.yaml"
    options = [
        "profile",
        "propose",
        str(company / "study.yaml"),
        "--out",
        str(out),
        "--starts",
        "2026-08-15",
        "--quiet",
    ]
    assert main(options) == 0
    first = out.read_bytes()
    assert main(options) == 0
    assert out.read_bytes() == first
    assert load_profile(out).situation.ends.isoformat() == "2026-11-14"
    out.write_bytes(first.replace(b"version: 1", b"version: 2"))
    assert main(options) == 2
    assert "was changed since icp-ml wrote it" in capsys.readouterr().err


def test_a_file_of_somebody_else_is_never_replaced(tmp_path):
    (tmp_path / "profile.yaml").write_text("name: mine\n")
    with pytest.raises(UsageError, match=r"profile\.yaml: exists and was not written by icp-ml"):
        profiling.propose("study.yaml", out=tmp_path / "profile.yaml")


@pytest.mark.parametrize("day", ["soon", "2026-02-30", "20260801", "2026-W31-1"])
def test_a_day_that_is_none_is_refused(tmp_path, day):
    with pytest.raises(UsageError, match=f"--starts: '{day}' is no day"):
        profiling.propose("study.yaml", out=tmp_path / "p.yaml", starts=day)


def test_the_difference_counts_the_customers(company, profile, tmp_path, capsys):
    newer = tmp_path / "newer.yaml"
    newer.write_text(profile.read_text().replace("version: 1", "version: 2").replace(">= 4", ">= 6"))
    options = ["profile", "diff", str(profile), str(newer), "--study", str(company / "study.yaml"), "--json"]
    assert main(options) == 0
    found = json.loads(capsys.readouterr().out)
    customers = found["customers"]
    assert [one["kind"] for one in found["differences"]] == ["tightened"]
    assert customers["new"]["n"] == customers["old"]["n"] - customers["leaving"]["n"] > 0
    assert customers["entering"] == {"n": 0, "success": customers["entering"]["success"], "ids": []}
    assert set(customers["leaving"]["ids"]) < set(customers["old"]["ids"])


def test_the_difference_in_words(profile, capsys):
    assert main(["profile", "diff", str(profile), str(profile)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "note: Both say the same."


def test_a_rule_about_a_column_that_is_not_there(company, profile, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(profile.read_text().replace("integrations", "integratons"))
    with pytest.raises(DataError, match="rule 'integratons >= 4': the table has no column 'integratons'"):
        profiling.diff(profile, other, study=company / "study.yaml")


def test_a_decision_is_noted_once(profile, capsys):
    reviewed(profile)
    options = ["profile", "decide", str(profile), "--suggestion", "3f9a", "--accept", "--by", "Ada", "--why", "seen"]
    assert main(options) == 0
    assert "add team_size >= 10: accepted by Ada on 2026-06-30; noted in" in capsys.readouterr().out
    assert main(options) == 0
    assert "stood already in" in capsys.readouterr().out
    (entry,) = Ledger.read(ledger_path(load_profile(profile))).of_kind("decision")
    assert (entry["suggestion"], entry["accepted"], entry["why"]) == ("3f9a12345678", True, "seen")


def test_a_decision_has_a_day(profile):
    reviewed(profile)
    decided = profiling.decide(profile, "3f9a", accepted=False, by="Ada", on="2026-07-03")
    assert decided.to_document()["stated_on"] == "2026-07-03"
    with pytest.raises(UsageError, match="--on: '3 July' is no day"):
        profiling.decide(profile, "3f9a", accepted=False, by="Ada", on="3 July")


def test_nothing_can_be_decided_before_a_review(profile, capsys):
    options = ["profile", "decide", str(profile), "--suggestion", "3f9a", "--reject", "--by", "Ada"]
    assert main(options) == 2
    said = capsys.readouterr().err
    assert said.startswith("icp-ml profile decide: ")
    assert "The ledger has none: run a review first." in said


@pytest.mark.parametrize("rest", [[], ["--accept", "--reject"]])
def test_a_decision_is_one_of_two(profile, rest, capsys):
    assert main(["profile", "decide", str(profile), "--suggestion", "x", "--by", "Ada", *rest]) == 2
    assert "--accept" in capsys.readouterr().err
