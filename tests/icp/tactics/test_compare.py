"""Profile or tactics: the planted loss is named, nothing is named where nothing fell, and what is missing is said."""

import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.deals import Deals
from icp_ml.icp.tactics import compare_tactics
from icp_ml.icp.tactics.compare import shares_of_change

STAGES = ["reach", "conversion", "value", "success"]


def rows_of(document, tier):
    (found,) = (one["rows"] for one in document["tiers"] if one["tier"] == tier)
    return {row["stage"]: row for row in found}


@pytest.mark.parametrize(
    ("fell", "says", "stage"),
    [
        ({"reach": 0.5}, "tactics", "reach"),
        ({"conversion": 0.4}, "tactics", "conversion"),
        ({"leaving": 0.3}, "profile", "success"),
    ],
)
def test_the_planted_loss_is_named(steady, fell, says, stage):
    document = compare_tactics(*steady(**fell)).as_document()
    assert document["says"] == says
    largest = document["largest_loss"]
    assert largest["stage"] == stage
    assert largest["high"] < 1
    assert largest["sentence"] in document["sentence"]


def test_nothing_is_named_where_nothing_fell(steady):
    named = [compare_tactics(*steady(seed=seed)).largest for seed in range(12)]
    assert sum(one is not None for one in named) <= 2


def test_a_ratio_is_that_of_the_numbers_beside_it(steady):
    document = compare_tactics(*steady(reach=0.5)).as_document()
    assert [one["tier"] for one in document["tiers"]] == ["all criteria", "all but one"]
    for tier in document["tiers"]:
        assert [row["stage"] for row in tier["rows"]] == STAGES
        for row in tier["rows"]:
            assert row["ratio"] == pytest.approx(row["now"] / row["reference"])
            assert row["low"] <= row["ratio"] <= row["high"]
    assert rows_of(document, "all criteria")["reach"]["ratio"] == pytest.approx(0.5, abs=0.15)


def test_the_document_is_plain(steady):
    document = compare_tactics(*steady()).as_document()
    assert set(document) == {
        "sentence", "period", "reference", "tiers", "largest_loss", "says", "notes",
    }  # fmt: skip
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["period"] == {"from": "2026-05-01", "to": "2026-06-30"}
    assert document["reference"] == {"from": "2025-11-02", "to": "2026-04-30"}  # two situations, shorter than a year


def test_the_effects_add_up_to_the_change_of_the_goal(steady):
    rows = rows_of(compare_tactics(*steady(reach=0.5)).as_document(), "all criteria")
    made = [rows[stage] for stage in ("reach", "conversion", "value")]
    now, before = (np.prod([row[when] for row in made]) for when in ("now", "reference"))
    assert sum(row["effect"] for row in made) == pytest.approx(now - before)


def test_a_share_of_a_change_is_its_own_where_nothing_else_moved():
    assert shares_of_change([(3.0, 3.0), (0.0, 2.0)]) == [0.0, -6.0]
    assert sum(shares_of_change([(1.0, 2.0), (5.0, 3.0), (0.5, 0.4)])) == pytest.approx(2.5 - 2.4)


def test_the_same_seed_and_rows_in_another_order_say_the_same(steady):
    base, market = steady(conversion=0.4)
    turned = np.random.default_rng(1).permutation(len(base.deals))
    columns = ("account", "opened", "closed", "won", "value")
    deals = Deals(**{name: getattr(base.deals, name)[turned] for name in columns})
    first, second = (
        compare_tactics(type(base)(**{**vars(base), "deals": one}), market).as_document()
        for one in (Deals(**{name: getattr(base.deals, name) for name in columns}), deals)
    )
    assert first == second


def test_without_prospects_reach_and_conversion_are_told_of_every_account(steady):
    base, _ = steady(conversion=0.4)
    document = compare_tactics(base).as_document()
    assert list(rows_of(document, "every account")) == ["reach", "conversion", "value"]
    assert list(rows_of(document, "all criteria")) == ["success"]
    assert document["says"] == "tactics"
    assert any("Without prospects" in note for note in document["notes"])


def test_without_deals_signed_customers_tell_reach_and_conversion_together(steady):
    base, market = steady(conversion=0.2, seed=1)
    document = compare_tactics(type(base)(**{**vars(base), "deals": None}), market).as_document()
    assert list(rows_of(document, "all criteria")) == ["reach and conversion", "success"]
    assert document["says"] == "tactics"
    assert any("No deals table" in note for note in document["notes"])


def test_a_customer_success_profile_is_judged_after_signing(steady):
    document = compare_tactics(*steady(leaving=0.3, situation={"mode": "customer_success"})).as_document()
    assert {row["stage"] for tier in document["tiers"] for row in tier["rows"]} == {"success"}
    assert document["says"] == "profile"


def test_a_goal_in_customers_has_no_value_stage(steady):
    goal = {"goal": {"measure": "customers", "target": 50}}
    rows = rows_of(compare_tactics(*steady(situation=goal)).as_document(), "all criteria")
    assert list(rows) == ["reach", "conversion", "success"]
    assert rows["reach"]["effect"] is not None


def test_without_lost_deals_conversion_is_not_measured(steady):
    base, market = steady()
    won = base.deals.won == 1
    deals = Deals(base.deals.account[won], base.deals.opened[won], base.deals.closed[won], base.deals.won[won])
    document = compare_tactics(type(base)(**{**vars(base), "deals": deals}), market).as_document()
    assert "conversion" not in rows_of(document, "all criteria")
    assert any("No deal was lost" in note for note in document["notes"])


def test_a_situation_that_has_hardly_begun_cannot_be_told(steady):
    found = compare_tactics(*steady(situation={"starts": "2026-06-25"}))
    assert (found.says, found.rows) == ("cannot tell", ())
    assert "shorter than 14 days" in found.sentence


def test_few_customers_say_that_they_cannot_tell(base_of):
    frame = pd.DataFrame({"size": [5.0, 12.0, 15.0, 3.0] * 5, "result": ["yes", "no", "yes", "no"] * 5})
    document = compare_tactics(base_of(frame)).as_document()
    assert document["says"] == "cannot tell"
    assert document["tiers"] == []
    assert "nothing could be measured" in document["sentence"]


def test_a_leading_outcome_tells_success_where_there_is_one(base_of, company):
    frame = company()
    frame["onboarded"] = np.where(frame["signed"] < "2026-01-31", "yes", "no")
    keys = {"leading_outcome": {"column": "onboarded", "success": ["yes"], "horizon_days": 90}}
    keys["fits"] = {"technical": ["size", "tools", "region"]}
    document = compare_tactics(base_of(frame, study=keys)).as_document()
    success = rows_of(document, "all criteria")["success"]
    assert (success["now"], success["reference"], success["days"]) == (0, 1, 90)
    assert document["says"] == "profile"
    assert any("early signal 'onboarded'" in note for note in document["notes"])
