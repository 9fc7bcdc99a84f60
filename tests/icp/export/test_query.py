"""What a supplier cannot be asked is left out, and named with the reason."""

from __future__ import annotations

import pytest

from icp_ml.errors import UsageError

DISCOVERY = {"budget": "is known only after a first talk"}


def test_every_rule_is_asked_or_left_out_with_its_reason(query_of):
    query = query_of(["size >= 3", "budget >= 5"], ["budget < 2"], ["crm == Excel"], absent=DISCOVERY)
    assert [one.rule for one in query.asked] == ["size >= 3", "crm == Excel"]
    assert [(one.role, one.rule) for one in query.left_out] == [
        ("criterion", "budget >= 5"),
        ("capability", "budget < 2"),
    ]
    assert query.left_out[0].sentence == (
        "Not asked, so the query is wider: criterion `budget >= 5`, because 'budget' is known only after a first talk."
    )
    assert "asks for 1 of 2 criteria and 1 exclusion; 2 rules are left out" in query.sentence


def test_a_rule_of_several_columns_needs_all_of_them(query_of):
    query = query_of(["size >= 3", "size >= 3 and budget >= 5"], absent=DISCOVERY)
    assert [one.rule for one in query.left_out] == ["size >= 3 and budget >= 5"]


def test_a_query_about_every_company_is_refused(query_of):
    with pytest.raises(UsageError, match=r"none of its 1 criteria can be asked of a supplier .*Say with --columns"):
        query_of(["budget >= 5"], exclude=["crm == Excel"], absent=DISCOVERY)


@pytest.mark.parametrize(("rule", "reason"), [
    (r"crm == 'a\\b'", "it holds a backslash or a control character"),
    ("crm == 'a\nb'", "it holds a backslash or a control character"),
    ("crm >= 5", "'crm' is read as text, which has no order"),
    ("crm == 2020-01-01", "'crm', a column of texts, with a day"),
    ("size >= 2020-01-01", "'size', a column of numbers, with something else"),
    ("size == many", "'size', a column of numbers, with something else"),
    ("founded == soon", "'founded', a column of dates, with something else"),
    ("founded <= 9999-12-31", "a day after the last day of the calendar"),
])  # fmt: skip
def test_what_databases_read_differently_is_left_out(query_of, rule, reason):
    (left,) = query_of(["size >= 3", rule]).left_out
    assert reason in left.reason


def test_a_column_without_a_kind_is_read_as_its_values_are_written(query_of):
    query = query_of(["a >= 3 and b == x and c < 2020-01-01 and d == true and e is null"], kinds={})
    assert query.columns == {"a": "number", "b": "text", "c": "date", "d": "text", "e": "text"}


def test_an_exclusion_of_study_and_model_is_asked_once(query_of):
    assert len(query_of(["size >= 3"], exclude=["crm == Excel", "crm == Excel"]).excluding) == 1
