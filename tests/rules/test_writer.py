"""What is written is read back as the same comparison, whatever the names and values are."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icp_ml.rules import Among, Compare, IsNull, Not, parse_rule
from icp_ml.rules.writer import rule_text

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)


@given(NAMES, st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_any_column_and_number_come_back(column, number, operator):
    assert parse_rule(rule_text(column, operator, number)).tree == Compare(column, operator, number)


@given(NAMES, NAMES.filter(lambda value: value not in ("true", "false")))
def test_any_text_comes_back_as_text(column, value):
    assert parse_rule(rule_text(column, "==", value)).tree == Compare(column, "==", value)


@given(NAMES, st.lists(NAMES.filter(lambda value: value not in ("true", "false")), min_size=1, max_size=4))
def test_any_list_comes_back(column, values):
    assert parse_rule(rule_text(column, "in", values)).tree == Among(column, tuple(values))
    assert parse_rule(rule_text(column, "not in", values)).tree == Not(Among(column, tuple(values)))


@pytest.mark.parametrize(
    ("column", "operator", "value", "text"),
    [
        ("employees", ">=", 50.0, "employees >= 50"),
        ("share", "<", 0.25, "share < 0.25"),
        ("founded on", ">=", dt.date(2020, 1, 1), '"founded on" >= 2020-01-01'),
        ("crm", "in", ["HubSpot", "Zoho One"], 'crm in [HubSpot, "Zoho One"]'),
        ("tier", "==", "5", 'tier == "5"'),
        ("tier", "==", "null", 'tier == "null"'),
        ("flag", "==", "true", "flag == true"),
        ("flag", "==", True, "flag == true"),
        ("in", "is null", None, '"in" is null'),
        ("2024", "is not null", None, '"2024" is not null'),
        ('say "hi"', "==", 'a\\b"', '"say \\"hi\\"" == "a\\\\b\\""'),
    ],
)
def test_common_cases_read_well(column, operator, value, text):
    assert rule_text(column, operator, value) == text
    assert parse_rule(text).columns == {column}


def test_a_missing_value_comes_back():
    assert parse_rule(rule_text("crm", "is null")).tree == IsNull("crm")


def test_text_that_looks_like_a_number_matches_that_text_only():
    frame = pd.DataFrame({"tier": pd.Series(["5", "5.0", "6"], dtype="str")})
    assert parse_rule(rule_text("tier", "==", "5")).matches(frame).tolist() == [True, False, False]


def test_text_has_no_order():
    with pytest.raises(ValueError, match="text has no order"):
        rule_text("crm", ">=", "HubSpot")
