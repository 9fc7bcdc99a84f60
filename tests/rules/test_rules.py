import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icp_ml.errors import ConfigError, DataError
from icp_ml.rules import AllOf, Among, AnyOf, Compare, IsNull, Not, parse_rule

FRAME = pd.DataFrame(
    {
        "employees": [60.0, 10.0, np.nan],
        "crm": pd.Series(["salesforce", "other one", None], dtype="str"),
        "region": pd.Categorical(["eu", None, "us"]),
        "size": pd.Series(["12", "007", "many"], dtype="str"),
        "live": pd.Series(["true", "False", " "], dtype="str"),
        "flag": [True, False, True],
        "count": [1, 0, 2],
        "signed": pd.to_datetime(["2026-01-01", "2025-12-31", None]),
        "ended": pd.Series(["2026-01-01", "2025-12-31 10:00", "soon"], dtype="str"),
        "mixed": pd.Series([True, 1, dt.date(2026, 1, 2)], dtype=object),
        "Company size": [1.0, 2.0, 3.0],
    }
)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("employees >= 50", [1, 0, -1]),
        ("employees != 60", [0, 1, -1]),
        ("employees == abc", [0, 0, -1]),
        ("employees == '60'", [1, 0, -1]),
        ("crm == salesforce", [1, 0, -1]),
        ('crm in [salesforce, "other one"]', [1, 1, -1]),
        ("crm not in [salesforce]", [0, 1, -1]),
        ("region == eu", [1, -1, 0]),
        ("region is null", [0, 1, 0]),
        ("region is not null", [1, 0, 1]),
        ("size == 7", [0, 1, 0]),
        ("size == '7'", [0, 0, 0]),
        ("size > 10", [1, 0, -1]),
        ("size != 7", [1, 0, 1]),
        ("live == true", [1, 0, -1]),
        ("live != true", [0, 1, -1]),
        ("live is null", [0, 0, 1]),
        ("flag == true", [1, 0, 1]),
        ("flag == false", [0, 1, 0]),
        ("count == true", [1, 0, 0]),
        ("signed >= 2026-01-01", [1, 0, -1]),
        ("signed == '2025-12-31'", [0, 1, -1]),
        ("ended < 2026-01-01", [0, 1, -1]),
        ("ended == 2026-01-01", [1, 0, 0]),
        ("mixed == true", [1, 1, 0]),
        ("mixed == 2026-01-02", [0, 0, 1]),
        ("'Company size' > 1", [0, 1, 1]),
        ("employees > 50 and crm == x", [0, 0, -1]),
        ("employees > 50 or crm == salesforce", [1, 0, -1]),
        ("employees > 50 and region == eu", [1, 0, 0]),
        ("employees > 5 or region == eu", [1, 1, -1]),
        ("not (employees > 50)", [0, 1, -1]),
        ("not employees > 50 or flag == true", [1, 1, 1]),
    ],
)
def test_three_valued_truth(text, truth):
    found = parse_rule(text).evaluate(FRAME)
    assert found.dtype == np.int8
    assert found.tolist() == truth


def test_unknown_does_not_match():
    assert parse_rule("not employees == 60").matches(FRAME).tolist() == [False, True, False]


def test_and_binds_closer_than_or():
    a, b, c = (Compare(name, "==", 1.0) for name in "abc")
    assert parse_rule("a == 1 or b == 1 and not c == 1").tree == AnyOf((a, AllOf((b, Not(c)))))
    assert parse_rule("(a == 1 or b == 1) and c is null").tree == AllOf((AnyOf((a, b)), IsNull("c")))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5.0),
        ("-1e-3", -0.001),
        ("2026-06-30", dt.date(2026, 6, 30)),
        ("true", True),
        ("True", "True"),
        ("OR", "OR"),
        ("R&D", "R&D"),
        ("mid-market", "mid-market"),
        ("12:30", "12:30"),
        ('"a b"', "a b"),
        (r"'it\'s'", "it's"),
        ("'5'", "5"),
        ("München", "München"),
        ("NO", "NO"),
        ("nan", "nan"),
        ("inf", "inf"),
    ],
)
def test_values(text, value):
    found = parse_rule(f"x=={text}").tree.value
    assert found == value
    assert type(found) is type(value)


def test_columns():
    rule = parse_rule("a in [x, 5] or not (b is null and c < 2026-01-01)", "rule")
    assert rule.columns == {"a", "b", "c"}
    assert Among("a", ("x", 5.0)) in rule.tree.parts


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "the end at character 1 of ''; expected a column name"),
        ("   ", "the end at character 1"),
        ("a = 3", "'= ' at character 3"),
        ("a <> 3", "'<>' at character 3"),
        ("50 <= a", "'50' at character 1 .* expected a column name"),
        ("a == ", "the end at character 5"),
        ("a == null", "'null' at character 6 .*Use 'is null'"),
        ("a < b", "'b' at character 5 .* expected a number or a date"),
        ("a < 'b'", "expected a number or a date"),
        ("a < true", "expected a number or a date"),
        ("a == 2026-02-30", "expected a day of the calendar"),
        ("a == 1e999", "at character 6"),
        ("a == new york", "'york' at character 10 .*quotes"),
        ("a == 1 AND b == 2", "'AND' at character 8 .*lower case"),
        ("a == 1 && b == 2", "'&&' at character 8"),
        ("(a == 1", r"the end at character 8 .* expected '\)'"),
        ("a == 1)", r"'\)' at character 7"),
        ("a in x", r"'x' at character 6 .* expected '\['"),
        ("a in []", r"'\]' at character 7"),
        ("a in [x y]", "'y' at character 9"),
        ("a is 5", "'5' at character 6 .* expected 'null'"),
        ("a == 'open", "at character 6 .* a closed quote"),
        ("1 < a < 3", "'1' at character 1"),
        ("__import__('os')", r"'\(' at character 11"),
        ("and == 1", "'and' at character 1"),
        ("(" * 100 + "a == 1" + ")" * 100, "at most 40 levels"),
        ("not " * 100 + "a == 1", "at most 40 levels"),
        ("a == 1 or " * 2000 + "a == 1", "more than 10,000 characters"),
    ],
)
def test_refused_with_the_position(text, match):
    with pytest.raises(ConfigError, match=match):
        parse_rule(text, "exclude[0]")


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="no column 'a', 'b'"):
        parse_rule("b == 1 or a == 2").evaluate(FRAME)


@pytest.mark.parametrize("text", ["employees > 2026-01-01", "signed > 5"])
def test_dates_and_numbers_do_not_compare(text):
    with pytest.raises(DataError, match="the rule a"):
        parse_rule(text).evaluate(FRAME)


def test_an_empty_column_has_no_kind():
    empty = pd.DataFrame({"a": [np.nan, np.nan]})
    assert parse_rule("a > 2026-01-01").evaluate(empty).tolist() == [-1, -1]


def test_no_rows():
    assert parse_rule("employees > 5 and crm in [x]").evaluate(FRAME.iloc[:0]).tolist() == []


@given(
    st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=1), st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=1)
)
def test_de_morgan(a, b):
    n = min(len(a), len(b))
    frame = pd.DataFrame({"a": a[:n], "b": b[:n]})
    left = parse_rule("not (a == 1 and b == 1)").evaluate(frame)
    right = parse_rule("not a == 1 or not b == 1").evaluate(frame)
    assert (left == right).all()


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text):
    try:
        rule = parse_rule(text)
    except ConfigError as error:
        told = str(error)
    else:
        told = " ".join(rule.columns) and "at character"
    assert "at character" in told


@given(st.lists(st.one_of(st.none(), st.sampled_from(["5", "x", "", "true"])), max_size=20))
def test_text_and_category_agree(values):
    text = pd.DataFrame({"a": pd.Series(values, dtype="str")})
    category = pd.DataFrame({"a": pd.Series(values, dtype="str").astype("category")})
    for rule in ("a == 5", "a != x", "a in [x, true]", "a is null", "a < 6"):
        assert parse_rule(rule).evaluate(text).tolist() == parse_rule(rule).evaluate(category).tolist()
