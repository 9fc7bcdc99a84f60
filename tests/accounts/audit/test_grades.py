"""Which attributes were known when it mattered, and what a table of them is graded."""

from pathlib import Path

import pytest

from icp_ml.accounts.audit.grades import grade_attributes, grade_findings
from icp_ml.accounts.simulate import simulate
from icp_ml.strict.yaml import parse_yaml
from icp_ml.study import study_from_document


def study(*attributes, **keys):
    document = {"name": "t", "accounts": "none", "id": "id", "as_of": "signed", **keys}
    document |= {"outcome": {"column": "won", "success": [True], "failure": [False]}}
    return study_from_document(document | {"fits": {"technical": list(attributes)}}, Path("."))


TODAY = {"column": "now", "point_in_time": False}


def test_each_attribute_gets_the_grade_that_the_study_tells():
    rated = {"column": "r", "entered_on": "day"}
    found = grade_attributes(study("x", rated, {"column": "p", "proxy": True}, TODAY))
    assert [(row.column, row.grade) for row in found.rows] == [
        ("x", "as_of"),
        ("r", "rated"),
        ("p", "proxy"),
        ("now", "today"),
    ]
    assert found.sentence == (
        "Point in time, grade B (A to D): of 4 attributes 1 of the as_of day, 1 a dated rating, 1 a proxy, "
        "1 today's value."
    )


@pytest.mark.parametrize(("n_honest", "grade"), [(0, "D"), (1, "C"), (2, "C"), (3, "B"), (9, "B")])
def test_the_table_is_graded_by_its_share_of_todays_values(n_honest, grade):
    assert grade_attributes(study(*(f"x{i}" for i in range(n_honest)), TODAY)).grade == grade


def test_a_table_without_todays_values_is_an_a():
    assert grade_attributes(study("x", {"column": "p", "proxy": True})).grade == "A"


def test_without_as_of_time_is_unknown_but_todays_value_stays_that():
    found = grade_attributes(study("x", TODAY, as_of=None))
    assert found.grade == "D"
    assert [row.grade for row in found.rows] == ["unknown time", "today"]


def test_findings_are_notes_and_never_block():
    assert [(f.severity, f.column) for f in grade_findings(study("x", TODAY))] == [("note", "now")]
    (table,) = grade_findings(study("x", "y", as_of=None))
    assert (table.severity, table.column, table.count) == ("note", None, 2)
    assert not list(grade_findings(study("x")))


def test_attributes_of_later_stages_are_not_graded():
    later = {"column": "late", "available": "customer"}
    assert [row.column for row in grade_attributes(study("x", later)).rows] == ["x"]


def test_the_document_has_every_row():
    found = grade_attributes(study_from_document(parse_yaml(simulate(50, 10).study, "s"), Path(".")))
    document = found.as_document()
    assert document["grade"] == "B"
    assert {row["column"] for row in document["rows"] if row["grade"] == "today"} == {"stack_age"}
    assert set(document) == {"grade", "sentence", "rows"}
