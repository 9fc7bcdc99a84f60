"""What can be had: success against prospects kept."""

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.suggested.front import front
from icp_ml.icp.suggested.matching import Matching
from icp_ml.icp.suggested.suggestions import rules_to_ask, suggestions


def laid_out(made, *rules, with_market=True):
    base = made.base()
    found = suggestions(base, made.found(base, *[made.rule(base, **rule) for rule in rules]))
    at = np.arange(400)
    frame = pd.DataFrame(
        {
            "team": np.where(at % 2, 20.0, 5.0),
            "stack": np.where(at // 2 % 4, 2.0, 8.0),
            "region": np.where(at % 3, "south", "north"),
        }
    )
    market = made.market(base, frame, rules_to_ask(found, base)) if with_market else None
    return front(Matching(base, market), found)


STACK, NORTH, WORSE = {"rule": "stack >= 6"}, {"rule": "region == north"}, {"rule": "stack < 6", "gain": -0.4}

NO_GAIN = {"gain": 0.0}
NO_INTERVAL = {"low": 0.0, "high": 0.1}


def test_the_profile_as_written_is_the_first_point_and_keeps_all_prospects(made):
    first = laid_out(made, STACK)[0]
    assert (first.name, first.market_share, first.n) == ("as written", 1, 100)
    assert first.success == pytest.approx(0.7)


def test_a_point_has_the_success_and_the_prospects_of_its_profile(made):
    point = laid_out(made, STACK)[1]
    assert (point.name, point.profile) == ("+ stack >= 6", ("team >= 10", "stack >= 6"))
    assert point.success == pytest.approx(0.9)
    assert (point.market_n, point.market_share, point.n) == (50, 0.25, 50)


def test_no_point_of_the_front_is_beaten_and_every_other_one_is(made):
    points = laid_out(made, STACK, NORTH, WORSE)
    for point in points:
        beaten = any(
            other.success >= point.success
            and other.market_n >= point.market_n
            and (other.success, other.market_n) != (point.success, point.market_n)
            for other in points
        )
        assert point.on_front is not beaten


def test_a_rule_that_only_takes_away_is_not_on_the_front(made):
    assert not laid_out(made, WORSE)[1].on_front


def test_the_share_is_corrected_for_the_choice_of_the_rule(made):
    point = laid_out(made, {**STACK, "gain": 0.2})[1]  # half of the plain difference of .4
    assert point.success == pytest.approx(0.7 + (0.9 - 0.7) / 2)
    assert point.low < point.success < point.high


def test_the_rules_of_the_largest_gains_are_combined(made):
    rules = [{"rule": "region == south", "gain": 0.1}, STACK, {"rule": "team < 30", "gain": 0.05, **NO_INTERVAL}]
    names = [point.name for point in laid_out(made, *rules)]
    assert names[:4] == ["as written", "+ region == south", "+ stack >= 6", "+ team < 30"]
    assert names[4:] == ["+ stack >= 6 + region == south", "+ stack >= 6 + region == south + team < 30"]


def test_what_leaves_too_few_customers_is_not_combined(made):
    points = laid_out(made, STACK, {"rule": "stack < 6", "gain": 0.1}, with_market=False)
    names = [point.name for point in points]
    assert names == ["as written", "+ stack >= 6", "+ stack < 6"]


def test_what_lets_accounts_in_is_not_combined(made):
    drop = {"action": "drop", "rule": "team >= 10", "replaces": "team >= 10", "gain": -0.1}
    assert len(laid_out(made, STACK, drop)) == 3


def test_without_prospects_customers_are_counted(made):
    points = laid_out(made, STACK, with_market=False)
    assert points[1].market_n is points[1].market_share is None
    assert [point.on_front for point in points] == [True, True]


def test_what_a_change_takes_out_and_puts_in_is_named(made):
    changes = {"action": "tighten", "rule": "team >= 15", "replaces": "team >= 10"}
    assert laid_out(made, changes)[1].name == "- team >= 10 + team >= 15"
    drop = {"action": "drop", "rule": "team >= 10", "replaces": "team >= 10", "gain": -0.1}
    assert laid_out(made, drop)[1].name == "- team >= 10"


def test_the_same_success_with_more_prospects_is_better(made):
    assert [point.on_front for point in laid_out(made, {"rule": "stack >= 6 or region is null", **NO_GAIN})] == [
        True,
        False,
    ]
