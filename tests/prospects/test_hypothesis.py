import pandas as pd
import pyarrow.parquet as pq
import pytest

from icp_ml.prospects.columns import CRITERIA, LIST_COLUMNS, REASONS
from icp_ml.prospects.score import ScoreOptions, score_file

CRITERIA_TEXTS = ("budget >= 100", "crm in [hubspot, salesforce]", "industry == retail", "has_team == true")
FRAME = pd.DataFrame(
    {
        "account_id": ["all", "none", "unknown", "mixed"],
        "integrations": [1.0, 1.0, 1.0, 1.0],
        "crm": ["hubspot", "other", None, "other"],
        "budget": [150.0, 20.0, None, 500.0],
        "industry": ["retail", "bank", None, None],
    }
)


@pytest.fixture
def run(tmp_path, make_model):
    def score(out="s.parquet", frame=FRAME):
        frame.to_parquet(tmp_path / "p.parquet")
        changes = {"kind": "hypothesis", "criteria": CRITERIA_TEXTS, "classifier": None, "domain": None, "ready": False}
        options = ScoreOptions(list_path=tmp_path / "list.csv")
        return score_file(tmp_path / "p.parquet", make_model(**changes), tmp_path / out, options)

    return score


def test_accounts_are_ordered_by_criteria_met_minus_contradicted(run):
    scored = pd.read_parquet(run().out).set_index("account_id")
    assert scored["rank"].to_dict() == {"all": 1, "none": 4, "unknown": 2, "mixed": 3}
    assert scored[list(CRITERIA)].to_numpy().tolist() == [[3, 0, 1], [0, 3, 1], [0, 0, 4], [1, 1, 2]]


def test_there_is_no_probability_and_no_fit(run):
    columns = list(pd.read_parquet(run().out).columns)
    tail = ["unusual", "not_measured", "model", "run_id"]
    assert columns == ["account_id", "grade", "rank", "in_domain", *CRITERIA, *REASONS, *tail]


def test_reasons_are_criteria(run):
    scored = pd.read_parquet(run().out).set_index("account_id").fillna("")
    reasons = scored.loc["mixed", list(REASONS)].tolist()
    assert reasons == ["budget >= 100 (met)", "", "", "crm in [hubspot, salesforce] (not met)", "", ""]


def test_every_output_says_untested(tmp_path, run):
    summary = run("s.csv")
    assert pd.read_csv(tmp_path / "s.csv")["model"].str.endswith("untested").all()
    assert pd.read_csv(tmp_path / "list.csv")["chance"].str.contains("untested").all()
    assert any("Untested" in note for note in summary.document["notes"])
    assert "Untested" in summary.to_text()
    run("s.parquet")
    assert pq.read_schema(tmp_path / "s.parquet").metadata[b"kind"] == b"hypothesis"


def test_the_list_asks_for_the_first_unknown_criterion(tmp_path, run):
    run()
    listed = pd.read_csv(tmp_path / "list.csv", keep_default_na=False).set_index("account_id")
    assert list(listed.columns) == [name for name in LIST_COLUMNS if name != "id"]
    assert listed["ask"].to_dict() == {
        "all": "Find out whether has_team == true",
        "none": "Find out whether has_team == true",
        "unknown": "Find out whether budget >= 100",
        "mixed": "Find out whether industry == retail",
    }


def test_criteria_without_their_column_are_unknown_and_noted(run):
    notes = run().document["notes"]
    assert any(note.startswith("columns of the criteria that are not in the table") for note in notes)
    assert any("has_team" in note for note in notes)


def test_no_rows_give_no_rows(run):
    assert pd.read_parquet(run(frame=FRAME.iloc[:0]).out).empty
