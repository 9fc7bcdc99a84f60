"""The rows that the SQL selects are those that the rules select, missing values and hostile names included."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icp_ml.errors import UsageError
from icp_ml.icp.export.conditions import conditions
from icp_ml.icp.export.query import Asked, SupplierQuery
from icp_ml.icp.export.sql import sql_text
from icp_ml.rules import AllOf, Among, AnyOf, Compare, IsNull, Not, Rule

KINDS = {"size": "number", 'a "b": select': "number", "crm": "text", "flag": "text", "founded": "date"}
NUMBERS = st.sampled_from([-2.0, 0.0, 0.5, 3.0, 5.0, 1e20])
TEXTS = st.sampled_from(["HubSpot", "it's", "Z'; DROP TABLE companies; --", "5", "", " ", "ü 1"])
FLAGS = st.sampled_from([True, False])
DAYS = st.dates(dt.date(2019, 12, 30), dt.date(2020, 1, 3))
VALUES = {"number": NUMBERS, "text": TEXTS, "date": DAYS}
NAMES = [name for name in KINDS if name != "flag"]
ORDER, EQUALITY = ["==", "!=", "<", "<=", ">", ">="], ["==", "!="]


def comparisons(name):
    values = VALUES[KINDS[name]]
    operators = st.sampled_from(EQUALITY if KINDS[name] == "text" else ORDER)
    lists = st.lists(values, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Compare, st.just(name), operators, values),
        st.builds(Among, st.just(name), lists),
        st.builds(IsNull, st.just(name)),
    )


LEAVES = st.one_of(*map(comparisons, NAMES), st.builds(Compare, st.just("flag"), st.sampled_from(EQUALITY), FLAGS))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def companies(n=150, seed=0):
    """Return a table of every kind of cell, with cells missing."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2019-12-30", "s") + rng.integers(0, 5 * 86_400, n).astype("timedelta64[s]")
    texts = ["HubSpot", "it's", "Z'; DROP TABLE companies; --", "5", "", " ", "ü 1", None]
    frame = pd.DataFrame({"size": rng.choice([-2, 0, 0.5, 3, 5, 1e20, np.nan], n), "crm": rng.choice(texts, n)})
    frame['a "b": select'] = rng.choice([0.5, 3, np.nan], n)
    frame["flag"] = rng.choice(["true", "false", "True", "0", "1", "maybe", None], n)
    frame["founded"] = np.where(rng.random(n) < 0.8, days, np.datetime64("NaT", "s"))
    return frame


FRAME = companies()


@pytest.fixture(scope="module")
def database():
    stored = FRAME.assign(founded=FRAME["founded"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    opened = sqlite3.connect(":memory:")
    stored.to_sql("companies", opened, index_label="row")
    yield opened
    opened.close()


def made(criteria: Sequence[object], excluding: Sequence[object] = ()) -> SupplierQuery:
    asked = [Asked("criterion", "rule", "", conditions(tree, KINDS)) for tree in criteria]
    asked += [Asked("exclusion", "rule", "", conditions(tree, KINDS)) for tree in excluding]
    return SupplierQuery(None, tuple(asked), (), {})


def selected(database, query, table="companies", header=("a query",)):
    return [row[0] for row in database.execute(sql_text(query, table, header))]


@settings(max_examples=300, deadline=None)
@given(tree=TREES)
def test_a_criterion_selects_what_the_rule_matches(database, tree):
    assert selected(database, made([tree])) == np.flatnonzero(Rule("rule", tree).matches(FRAME)).tolist()


@settings(max_examples=150, deadline=None)
@given(must=TREES, never=TREES)
def test_an_exclusion_counts_only_where_it_is_true(database, must, never):
    inside = Rule("rule", must).matches(FRAME) & ~Rule("rule", never).matches(FRAME)
    assert selected(database, made([must], [never])) == np.flatnonzero(inside).tolist()


def test_nobody_is_excluded_for_a_missing_value(database):
    found = selected(database, made([IsNull("size")], [Compare("size", ">=", 3.0)]))
    assert found == np.flatnonzero(FRAME["size"].isna()).tolist()


def test_comments_stay_comments(database):
    header = ["first\n; DROP TABLE companies; --", "\r\u2028 SELECT 1"]
    assert selected(database, made([IsNull("size")]), header=header)
    assert database.execute("SELECT count(*) FROM companies").fetchone() == (len(FRAME),)


def test_a_column_that_is_not_there_is_an_error_not_a_text(database):
    with pytest.raises(sqlite3.OperationalError, match=r"no such column: c\.sise"):
        selected(database, made([Compare("sise", "!=", 3.0)]))


def test_a_name_of_a_table_is_quoted_part_by_part(query_of):
    assert 'FROM "crm"."my ""big"" list" AS c' in sql_text(query_of(["size >= 3"]), 'crm.my "big" list', [])


@pytest.mark.parametrize("name", ["", ".x", "a\nb", "a..b"])
def test_a_table_without_a_name_is_refused(query_of, name):
    with pytest.raises(UsageError, match=r"--table: .* is no name of a table"):
        sql_text(query_of(["size >= 3"]), name, [])


def test_it_reads_as_a_person_would_write_it(query_of):
    query = query_of(["size >= 10", "crm in [HubSpot, Zoho]"], ["founded < 2020-01-01"], ["crm == Excel"])
    assert sql_text(query, "companies", ["acme version 3"]).splitlines() == [
        "-- acme version 3",
        "SELECT c.*",
        'FROM "companies" AS c',
        "WHERE",
        "  -- size >= 10",
        '  c."size" >= 10',
        "  -- crm in [HubSpot, Zoho]",
        "  AND c.\"crm\" IN ('HubSpot', 'Zoho')",
        "  -- needs gate 0, which is missing: founded < 2020-01-01",
        "  AND CASE WHEN c.\"founded\" < '2020-01-01' THEN 0 ELSE 1 END = 1",
        "  -- never on a list: crm == Excel",
        "  AND CASE WHEN c.\"crm\" = 'Excel' THEN 0 ELSE 1 END = 1;",
    ]
