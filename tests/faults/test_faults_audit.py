"""The audit beside an earlier export, prospects and an early signal: odd tables, and no value of a person."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.faults.conftest import PERSON


def beside_earlier(desk, content, name="earlier.csv"):
    return ["audit", desk.study_of(), "--earlier", desk.table(name, content)]


def people(table):
    return table.assign(account_id=[f"{PERSON}{row}@secret.example" for row in range(len(table))])


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ("no id column", lambda t: t.rename(columns={"account_id": "id"})),
        ("none of its 400 ids", lambda t: t.assign(account_id="Z" + t["account_id"])),
        ("none of its 400 ids", people),
        ("stand in several rows", lambda t: pd.concat([t, t.head(2)])),
        ("none of its 0 ids", lambda t: t.head(0)),
        ("integrations", lambda t: t.assign(integrations="many")),
        ("stack_age", lambda t: t.assign(stack_age=float("inf"))),
    ],
)
def test_an_earlier_export_that_cannot_be_compared(desk, expected, change):
    assert expected in desk.refused(4, *beside_earlier(desk, change(desk.customers)))


@pytest.mark.parametrize("name", ["earlier.csv", "earlier.parquet"])
@pytest.mark.parametrize(
    "change",
    [
        lambda t: t,
        lambda t: t.tail(1),
        lambda t: t[["account_id"]],
        lambda t: t.assign(crm=t["owner_email"]),
        lambda t: t.assign(signed_on="yesterday", churned_on="2999-01-01"),
        lambda t: t.assign(account_id=t["account_id"].where(t.index > 5)),
    ],
)
def test_an_earlier_export_that_can(desk, change, name):
    assert desk.run(*beside_earlier(desk, change(desk.customers), name)).exit_code in (0, 3)


def test_ids_of_persons_match_and_are_not_shown(desk):
    desk.customers = people(desk.customers)
    assert desk.run(*beside_earlier(desk, desk.customers)).exit_code in (0, 3)
    twice = pd.concat([desk.customers, desk.customers.head(2)])
    desk.refused(4, *beside_earlier(desk, twice))


@pytest.mark.parametrize(("exit_code", "name"), [(6, "none.csv"), (4, "")])
def test_an_earlier_export_that_is_not_there(desk, exit_code, name):
    desk.refused(exit_code, "audit", desk.study_of(), "--earlier", desk.folder / name)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[["account_id"]],
        lambda t: t.drop(columns="account_id"),
        lambda t: t.assign(**dict.fromkeys(t.columns.drop("account_id"), None)),
        lambda t: t.assign(integrations="many", founded_on=3, stack_age="1,5"),
        lambda t: t.assign(crm=t["owner_email"], industry="<script>=1+1"),
        lambda t: t.assign(stack_age=float("inf"), site_visits=-1e308),
        lambda t: pd.concat([t, t]),
    ],
)
def test_prospects_that_are_unlike_customers_are_found_not_refused(desk, change):
    desk.study += "prospects: prospects.csv\n"
    desk.table("prospects.csv", change(desk.prospects))
    desk.audited()


def test_prospects_that_are_the_customers(desk):
    desk.study += "prospects: customers.csv\n"
    desk.audited()


@pytest.mark.parametrize(
    ("exit_code", "name", "content"),
    [(6, "none.csv", None), (4, "empty.csv", b""), (4, "cut.csv", b"account_id,crm\nA-1\n")],
)
def test_prospects_that_cannot_be_read(desk, exit_code, name, content):
    desk.study += f"prospects: {name}\n"
    if content is not None:
        desk.table(name, content)
    desk.refused(exit_code, "audit", desk.study_of())


def test_an_early_signal_without_its_column_is_told(desk):
    desk.study += "leading_outcome: {column: chanel, success: ['yes'], horizon_days: 90}\n"
    (finding,) = [one for one in desk.audited().document["findings"] if one["check"] == "table"]
    assert finding["evidence"].startswith("leading_outcome: there is no column 'chanel' (there is 'channel')")


@pytest.mark.parametrize("key", ["segments: [channel, region]", "sensitive"])
def test_levels_of_all_kinds_make_slices_without_persons(desk, key):
    n = range(len(desk.customers))
    odd = {"odd": "<script>", "unique": [f"u{i}" for i in n], "number": list(n), "only": "=1+1", "nothing": None}
    desk.customers = desk.customers.assign(**odd, person=desk.customers["owner_email"])
    named = f"{key.partition(':')[0]}: [{', '.join([*odd, 'person'])}]"
    desk.study = desk.study.replace(key, named) if key in desk.study else f"{desk.study}{named}\n"
    desk.audited()


@pytest.mark.parametrize("name", ["segments", "sensitive"])
def test_slices_by_a_column_that_is_not_there(desk, name):
    desk.study = desk.study.replace("segments: [channel, region]", f"{name}: [none]")
    assert "columns of the study are missing: 'none'" in desk.refused(4, "audit", desk.study_of())


def test_a_single_group_cannot_be_split(desk):
    desk.customers["parent_id"] = "G"
    model = desk.folder / "model"
    assert "smaller groups" in desk.refused(4, "train", desk.study_of(), "--out", model)
    assert not model.exists()
