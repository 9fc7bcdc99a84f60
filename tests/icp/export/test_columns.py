"""A supplier has what is known of a prospect, unless somebody says what it has."""

from __future__ import annotations

import pytest

from icp_ml.errors import UsageError
from icp_ml.icp.export.columns import rule_columns, supplier_columns
from icp_ml.icp.profile import profile_from_document
from icp_ml.study import study_from_document

FITS = {
    "technical": ["crm", {"column": "budget", "available": "discovery"}],
    "cultural": [{"column": "rating", "entered_on": "rated_on"}, {"column": "plan", "available": "customer"}],
}


@pytest.fixture
def study():
    keys = {"name": "acme", "accounts": "a.csv", "id": "id", "as_of": "signed", "fits": FITS, "sensitive": ["origin"]}
    outcome = {"column": "result", "success": ["yes"], "failure": ["no"]}
    return study_from_document(keys | {"outcome": outcome, "status": {"column": "stage", "customer": ["x"]}}, ".")


def test_what_is_known_later_or_only_of_you_is_no_column_of_a_supplier(study):
    named = ["crm", "budget", "rating", "plan", "origin", "id", "stage", "result", "signed", "size"]
    found = supplier_columns(study, named, [*named])
    assert found.have == {"crm", "size"}
    assert found.why_not["budget"] == "is known only after a first talk"
    assert found.why_not["plan"] == "is known only of customers"
    assert found.why_not["rating"] == "is a rating that your own people write down"
    assert found.why_not["origin"] == "is sensitive"
    assert {found.why_not[name] for name in ("id", "stage", "result", "signed")} == {
        "is a record of yours, not of a supplier"
    }


@pytest.mark.parametrize(("table", "why"), [
    (None, "is no attribute of the study, and no table of prospects was given that may have it"),
    (["crm"], "is not in the table of prospects"),
])  # fmt: skip
def test_a_column_that_is_no_attribute_must_be_in_the_table(study, table, why):
    assert supplier_columns(study, ["crm", "size"], table).why_not == {"size": why}


def test_columns_say_exactly_what_the_supplier_has(study):
    found = supplier_columns(study, ["crm", "budget", "size"], None, ["budget", "size"])
    assert found.have == {"budget", "size"}
    assert found.why_not == {"crm": "is not among --columns"}


def test_a_column_from_nowhere_is_refused(study):
    with pytest.raises(
        UsageError, match=r"--columns: 1 of 2 columns are known from nowhere: 'crm_nam' \(there is 'crm_name'\)"
    ):
        supplier_columns(study, ["crm_name"], None, ["crm", "crm_nam"])


def test_needs_of_capabilities_that_are_there_are_not_asked():
    gates = [{"name": "a", "have": False, "needs": "x == 1"}, {"name": "b", "have": True, "needs": "y == 1"}]
    situation = {"starts": "2026-05-01", "ends": "2026-07-29", "goal": {"measure": "revenue", "target": 1}}
    document = {"name": "p", "version": 1, "situation": situation | {"capabilities": gates}, "criteria": ["z == 1"]}
    assert rule_columns(profile_from_document(document, "."), ["w == 1"]) == {"w", "x", "z"}
