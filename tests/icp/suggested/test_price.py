"""What a suggestion costs: successes, prospects, and the goal."""

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.suggested.price import price
from icp_ml.icp.suggested.suggestions import rules_to_ask, suggestions

NOTHING = {"goal": {"reached": None}}


def prospects(n=400):
    at = np.arange(n)
    return pd.DataFrame(
        {"team": np.where(at % 2, 20.0, 5.0), "stack": np.where(at // 2 % 4, 2.0, 8.0), "region": np.full(n, "north")}
    )


def prices(made, *rules, frame=None, base=None, milestones=NOTHING):
    base = made.base() if base is None else base
    made_rules = [made.rule(base, **rule) for rule in rules or ({},)]
    found = suggestions(base, made.found(base, *made_rules))
    market = made.market(base, prospects() if frame is None else frame, rules_to_ask(found, base))
    return price(found, base, market, milestones)


def test_a_rule_added_costs_successes_and_prospects(made):
    one = prices(made).suggestions[0]
    assert one.successes_lost_share == pytest.approx(25 / 70)  # 45 of 50 large stacks and 25 of 50 others succeed
    assert (one.market_share, one.market_n, one.market_of_all) == (0.25, 50, 0.125)
    assert (one.successes_gained_share, one.market_gained_share) == (0, 0)
    assert "gives up 25 of the 70 known successes" in one.sentence
    assert "50 prospects would meet the profile, 200 do now" in one.sentence


@pytest.mark.parametrize(("action", "rule"), [("loosen", "team >= 2"), ("drop", "team >= 10")])
def test_what_lets_accounts_in_loses_nothing_and_says_what_it_gains(made, action, rule):
    one = prices(made, {"rule": rule, "action": action, "replaces": "team >= 10", "gain": -0.1}).suggestions[0]
    assert (one.successes_lost_share, one.market_share) == (0, 1)
    assert one.successes_gained_share == pytest.approx(1)
    assert one.market_gained_share == 1
    assert "takes in 70 more" in one.sentence


def test_shares_lie_between_none_and_all(made):
    for one in prices(made, {}, {"rule": "region == south"}, {"rule": "stack < 6", "gain": -0.4}).suggestions:
        assert 0 <= one.successes_lost_share <= 1
        assert 0 <= one.market_share <= 1


def test_without_prospects_the_market_is_not_told(made):
    base = made.base()
    found = suggestions(base, made.found(base, made.rule(base)))
    document = price(found, base, None, NOTHING).as_document()["suggestions"][0]
    assert document["market_share"] is document["market_after"] is document["goal"]["reachable"] is None
    assert "No table of prospects" in document["goal"]["sentence"]
    assert document["successes_lost_share"] == pytest.approx(25 / 70)


def test_a_rule_that_no_prospect_can_answer_takes_no_market_away(made):
    one = prices(made, frame=prospects().assign(stack=np.nan)).suggestions[0]
    assert one.market_share is one.market_n is None
    assert one.offered
    assert "Of no prospect is it known whether stack >= 6" in one.sentence


def test_prospects_that_cannot_answer_are_counted(made):
    frame = prospects()
    frame.loc[:99, "stack"] = np.nan
    assert "(of 100 prospects the answer is not known)" in prices(made, frame=frame).suggestions[0].sentence


def goal(target):
    return {"goal": {"measure": "customers", "target": target}}


def test_precision_without_volume_is_marked_and_comes_last(made):
    base = made.base(situation=goal(10), deals=made.deals(160, [20, None] * 80), study={"capacity": 10_000})
    few = {"rule": "stack >= 6", "confirmed": True}
    found = prices(made, few, {"rule": "region == north"}, base=base, frame=prospects(80))
    assert found.as_written.reachable is True
    assert [one.suggestion.rule for one in found.suggestions] == ["region == north", "stack >= 6"]
    assert [one.offered for one in found.suggestions] == [True, False]
    assert "Precision without volume" in found.suggestions[1].as_document()["caveats"][0]


def test_a_rule_that_leaves_no_prospect_is_never_offered(made):
    frame = prospects().assign(stack=2.0)
    assert not prices(made, frame=frame).suggestions[0].offered


def test_that_holds_also_where_the_goal_says_nothing(made):
    base = made.base(situation={"goal": {"measure": "advocates", "target": 5}})
    assert not prices(made, base=base, frame=prospects().assign(stack=2.0)).suggestions[0].offered


def test_a_limit_of_the_team_is_not_held_against_a_rule(made):
    base = made.base(situation=goal(50), deals=made.deals(160, [20, None] * 80), study={"capacity": 30})
    one = prices(made, base=base, frame=prospects(4000)).suggestions[0]
    assert (one.goal.reachable, one.offered) == (False, True)


def test_confirmed_suggestions_come_first_and_the_order_is_kept_else(made):
    rules = [
        {"rule": "stack >= 6"},
        {"rule": "region == north"},
        {"rule": "stack < 6", "confirmed": True, "gain": -0.4},
    ]
    shown = [one.suggestion.rule for one in prices(made, *rules).suggestions]
    assert shown == ["stack < 6", "stack >= 6", "region == north"]


def test_accounts_that_need_what_is_missing_are_outside(made):
    missing = {"capabilities": [{"name": "sso", "have": False, "needs": "region == north"}]}
    base = made.base(situation=missing)
    one = prices(made, base=base).suggestions[0]
    assert one.market_n == 0  # every prospect is in the north
    assert one.market_share is None
    assert one.success_after.n == int((base.matches("stack >= 6") & base.in_profile()).sum())


def test_a_profile_without_a_success_has_none_to_lose(made):
    frame = made.customers()
    frame.loc[frame["team"] == 20, "ended"] = np.datetime64("2024-06-01")
    one = prices(made, base=made.base(frame)).suggestions[0]
    assert one.successes_lost_share is None
    assert "none is lost" in one.sentence


def test_where_no_prospect_matched_before_no_rule_is_to_blame(made):
    frame = prospects().assign(team=5.0)
    base = made.base(deals=made.deals(160, [20, None] * 80))
    one = prices(made, base=base, frame=frame).suggestions[0]
    assert (one.market_n, one.market_share, one.offered) == (0, None, True)
    assert "none does now" in one.sentence


def test_a_table_without_prospects_is_no_trouble(made):
    one = prices(made, frame=prospects(0)).suggestions[0]
    assert (one.market_n, one.market_of_all, one.offered) == (0, None, True)
