import pytest

from icp_ml.errors import DataError
from icp_ml.prospects.check import check_file
from icp_ml.prospects.score import ScoreOptions, score_file


@pytest.fixture
def check(tmp_path, make_model):
    def run(frame, model=None, **options):
        frame.to_csv(tmp_path / "p.csv", index=False)
        return check_file(tmp_path / "p.csv", model or make_model(), ScoreOptions(**options))

    return run


def test_check_counts_what_scoring_would_count(tmp_path, check, prospects, make_model):
    frame = prospects(200).astype(object)
    frame.loc[1, "budget"] = "x"
    frame.loc[2, "account_id"] = "customer-1"
    model = make_model(exclude=("industry == retail",))
    checked = check(frame, model).document
    scored = score_file(tmp_path / "p.csv", model, tmp_path / "s.csv").document
    shared = ["rows_in", "scored", "rejected", "excluded_by_rule", "already_customers", "out_of_domain"]
    assert {name: checked[name] for name in shared} == {name: scored[name] for name in shared}
    assert checked["out_of_domain"] > 0
    assert checked["unusual"] == {"integrations": checked["out_of_domain"]}


def test_check_writes_nothing(tmp_path, check, prospects):
    check(prospects(5))
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_refusals_are_grouped_by_column_and_reason(check, prospects):
    frame = prospects(10).astype(object)
    frame.loc[[1, 2, 3], "budget"] = "x"
    frame.loc[[7, 8], "account_id"] = "p-000000"
    found = check(frame, on_duplicate="first").document["refusals"]
    assert [(entry["column"], entry["count"]) for entry in found] == [("budget", 3), ("account_id", 2)]


def test_an_attribute_that_is_empty_for_prospects_is_named(check, prospects):
    notes = check(prospects(50).assign(crm=None)).document["notes"]
    assert "'crm' is missing in 100% of the accounts (10% in training)." in notes


def test_a_table_that_scoring_refuses_is_refused(check, prospects):
    with pytest.raises(DataError, match="1 ids that came before"):
        check(prospects(5).assign(account_id=["a", "b", "c", "d", "a"]))


def test_the_result_is_told_in_words(check, prospects):
    text = check(prospects(5).assign(extra=1)).to_text()
    assert "5 of 5 rows would be scored" in text
    assert "columns not used: extra" in text
