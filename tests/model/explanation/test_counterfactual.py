"""Changes that go with a better chance: values of customers, of what may change, inside the domain."""

import dataclasses

import numpy as np
import pytest

from icp_ml.model.explanation.counterfactual import MIN_GAIN, counterfactuals

LOW = {"crm": "other", "integrations": 2.0, "skill": -0.5, "budget": 50.0, "noise": 0.0}


def test_the_best_level_and_number_are_found_and_the_pair_gains_most(case_of):
    case = case_of(**LOW)
    found = counterfactuals(case, ["crm", "integrations"])
    columns = [tuple(change.column for change in row.changes) for row in found.rows]
    assert sorted(columns[:2]) == [("crm",), ("integrations",)]
    assert set(columns[2]) == {"crm", "integrations"}
    assert (
        case.probability + MIN_GAIN <= found.rows[1].probability < found.rows[0].probability < found.rows[2].probability
    )


def test_the_chance_is_that_of_the_changed_account(case_of):
    case = case_of(**LOW)
    (row,) = counterfactuals(case, ["crm"]).rows
    assert row.changes[0].value == "hubspot"
    assert row.probability == case.chances(case.row.assign(crm=["hubspot"]).astype({"crm": "str"}))[0]


def test_only_what_is_changeable_and_seen_is_proposed(case_of, reference):
    case = case_of(**LOW)
    for row in counterfactuals(case, ["integrations"]).rows:
        (change,) = row.changes
        assert change.value in set(reference.frame["integrations"])
        assert row.n_like == change.has.sum() >= 5


def test_a_level_of_four_customers_is_not_proposed(case_of, reference):
    rare = reference.frame["crm"].where(np.cumsum(reference.frame["crm"] == "hubspot") <= 4, "other")
    few = dataclasses.replace(reference, frame=reference.frame.assign(crm=rare.astype("str")))
    case = dataclasses.replace(case_of(**LOW), reference=few)
    assert counterfactuals(case, ["crm"]).rows == ()


def test_a_pair_that_no_five_customers_have_is_not_proposed(case_of, reference):
    case = case_of(**LOW)
    apart = reference.frame["integrations"].where(reference.frame["crm"] != "hubspot", 0.0)
    never_both = dataclasses.replace(reference, frame=reference.frame.assign(integrations=apart))
    rows = counterfactuals(dataclasses.replace(case, reference=never_both), ["crm", "integrations"]).rows
    assert [len(row.changes) for row in rows] == [1, 1]


@pytest.mark.parametrize(
    ("changes", "changeable", "why"),
    [
        ({}, [], "declares no attribute"),
        ({}, ["onboarding"], "declares no attribute"),
        ({"crm": np.nan}, ["crm"], "Nothing that this account could change is known"),
        ({"crm": "hubspot"}, ["crm"], "No value that customers have"),
        ({"integrations": 1e6}, ["crm"], "unlike every customer"),
    ],
)
def test_it_says_why_there_is_none(case_of, words, changes, changeable, why):
    case = case_of(**(LOW | changes))
    document = counterfactuals(case, changeable).as_document(case, words)
    assert document["rows"] == []
    assert why in document["sentence"]


def test_what_leaves_the_domain_is_not_proposed(case_of):
    class Narrow:
        def assess(self, frame):
            return (frame["crm"] != "hubspot").to_numpy(), None

    case = dataclasses.replace(case_of(**LOW), domain=Narrow())
    assert all(change.value != "hubspot" for row in counterfactuals(case, ["crm"]).rows for change in row.changes)


def test_it_is_worded_as_an_association(case_of, words):
    case = case_of(**LOW)
    document = counterfactuals(case, ["crm", "integrations"]).as_document(case, words)
    for row in document["rows"]:
        assert row["sentence"].startswith("Among customers, ")
        assert "associated with a chance of ." in row["sentence"]
        assert row["gain_points"] == pytest.approx(100 * (row["probability"] - case.probability))
    assert "not what would happen" in document["sentence"]


def test_a_withdrawn_probability_is_not_told(case_of, words):
    case = case_of(**LOW)
    (row,) = counterfactuals(case, ["crm"]).as_document(case, words, is_withdrawn=True)["rows"]
    assert (row["probability"], row["gain_points"]) == (None, None)
    assert "a better score" in row["sentence"]
