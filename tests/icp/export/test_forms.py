"""Filters and tables of conditions mean what the rules mean."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.errors import UsageError
from icp_ml.icp.export.forms import ANY, CSV_COLUMNS, NOT_ALL, csv_text, filters_of, filters_text
from icp_ml.rules import parse_rule
from icp_ml.rules.writer import rule_text

RULES = [
    "size >= 10 and (crm == HubSpot or tools < 3)",
    "not (crm in [HubSpot, Zoho] and tools >= 3)",
    "not (size < 5 or not (founded >= 2020-01-01)) or crm is null",
    "(size >= 3 and tools >= 3) or (size < 3 and crm != Zoho)",
    "founded in [2020-01-01, 2020-01-02] or not (crm is null)",
]


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    numbers = {name: rng.choice([1.0, 3, 5, 10, np.nan], 200) for name in ("size", "tools")}
    days = rng.choice(np.array(["2019-12-31", "2020-01-01", "2020-01-02", "NaT"], dtype="datetime64[s]"), 200)
    return pd.DataFrame({**numbers, "crm": rng.choice(["HubSpot", "Zoho", "Excel", None], 200), "founded": days})


def lines_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def holds(line, frame):
    """Return where one line of the table holds."""
    operator = {"is": "==", "is not": "!="}.get(line["operator"], line["operator"])
    value = line["value"]
    if line["column"] == "founded" or line["column"] == "crm":
        listed = json.loads(value) if operator in ("in", "not in") else None
        names = ", ".join(listed) if listed else value
        text = f"{line['column']} {operator} {f'[{names}]' if listed else names}"
    else:
        text = rule_text(line["column"], operator, float(value))
    return (parse_rule(text) if operator != "not in" else parse_rule(f"not ({text.replace('not in', 'in')})")).matches(
        frame
    )


def selected_by_table(text, frame):
    inside = np.ones(len(frame), dtype=bool)
    lines = pd.DataFrame(lines_of(text))
    for _, group in lines.groupby("group"):
        found = np.array([holds(line, frame) for line in group.to_dict("records")])
        inside &= found.any(axis=0) if group["of_the_group"].iloc[0] == ANY else ~found.all(axis=0)
    return inside


def selected_by_filters(told, frame):
    for key, join in (("all", np.logical_and), ("any", np.logical_or)):
        if key in told:
            return join.reduce([selected_by_filters(one, frame) for one in told[key]])
    if "not" in told:
        return ~selected_by_filters(told["not"], frame)
    value = told.get("value")
    as_line = {"column": told["column"], "operator": told["op"]}
    return holds(as_line | {"value": json.dumps(value) if isinstance(value, list) else str(value or "")}, frame)


@pytest.mark.parametrize("must", RULES)
@pytest.mark.parametrize("never", RULES)
def test_both_select_what_the_rules_select(query_of, frame, must, never):
    query = query_of([must], exclude=[never])
    expected = parse_rule(must).matches(frame) & ~parse_rule(never).matches(frame)
    assert (selected_by_table(csv_text(query), frame) == expected).all()
    assert (selected_by_filters(filters_of(query), frame) == expected).all()


def test_the_table_reads_as_a_person_would_write_it(query_of):
    query = query_of(["size >= 10"], ["founded < 2020-01-01 and tools > 2"], ["crm in [Excel, 'Zoho One']"])
    assert [list(line.values()) for line in lines_of(csv_text(query))] == [
        ["1", ANY, "size", ">=", "10", "people is 10 or more"],
        ["2", NOT_ALL, "founded", "<", "2020-01-01", "founded is before 2020-01-01"],
        ["2", NOT_ALL, "tools", ">", "2", "tools is above 2"],
        ["3", NOT_ALL, "crm", "in", '["Excel", "Zoho One"]', "crm is one of Excel, Zoho One"],
    ]


def test_no_cell_runs_in_a_spreadsheet(query_of):
    text = csv_text(query_of(["crm == '=1+1'", "'@size' > 2", "crm != '-x'"]))
    assert not [cell for line in lines_of(text) for cell in line.values() if cell[:1] in ("=", "+", "-", "@")]
    assert text.splitlines()[0] == ",".join(CSV_COLUMNS)


def test_a_rule_of_too_many_lines_is_refused_as_a_table_only(query_of):
    wide = " or ".join(f"(size == {at} and tools == {at})" for at in range(8))
    query = query_of([wide])
    with pytest.raises(UsageError, match="--as csv: a rule that is 256 groups of conditions; expected at most 200"):
        csv_text(query)
    assert len(filters_of(query)["all"][0]["any"]) == 8


def test_filters_are_typed_json(query_of):
    query = query_of(
        ["size >= 10", "crm is null or founded == 2020-01-01", "tools in [0.5, 1e20]"], exclude=["crm == 5"]
    )
    assert filters_of(query) == {
        "all": [
            {"column": "size", "kind": "number", "op": ">=", "value": 10},
            {
                "any": [
                    {"column": "crm", "kind": "text", "op": "is null"},
                    {"column": "founded", "kind": "date", "op": "==", "value": "2020-01-01"},
                ]
            },
            {"column": "tools", "kind": "number", "op": "in", "value": [0.5, 1e20]},
            {"not": {"column": "crm", "kind": "text", "op": "==", "value": 5}},
        ]
    }
    document = json.loads(filters_text(query, {"kind": "profile_export"}))
    assert document["written_by"] == "icp_ml"
    assert document["columns"] == {"crm": "text", "founded": "date", "size": "number", "tools": "number"}
