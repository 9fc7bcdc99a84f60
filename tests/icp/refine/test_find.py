"""What was planted is found, nothing is found where nothing is, and changes are told relative to the profile."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.refine import find_rules
from icp_ml.rules import parse_rule


@pytest.fixture
def found_in(base_of, company):
    def search(criteria=("region in [north, south, west]",), *, keys=None, n_permutations=500, **world):
        base = base_of(company(**world), criteria, study=keys)
        return base, find_rules(base, n_permutations=n_permutations)

    return search


def test_a_planted_threshold_is_found_with_an_interval_that_holds_its_gain(found_in):
    base, found = found_in(n=800, gain=0.3)
    best = found.rules[0]
    assert (best.attribute, best.action, best.rule) == ("size", "add", f"size >= {best.threshold:g}")
    assert best.threshold in (9.0, 10.0, 11.0)
    assert best.low <= 0.3 <= best.high
    assert best.low <= best.gain <= best.high
    assert best.q_value <= 0.1
    assert (best.mask == base.matches(best.rule)).all()
    assert best.n + best.n_outside == base.labels.known.sum()


def test_a_strong_rule_is_confirmed_and_stable(found_in):
    best = found_in(n=1500, gain=0.35)[1].rules[0]
    assert best.confirmed
    assert best.stable_share > 0.8


def test_everything_is_json_and_counts_what_was_tried(found_in):
    _, found = found_in(n=800)
    document = found.as_document()
    assert json.loads(json.dumps(document)) == document
    assert document["tried"] > 50
    assert document["n_attributes"] == 3
    assert f"{document['tried']:,} rules over 3 attributes were tried" in found.sentence


def test_a_criterion_that_is_too_loose_is_tightened_and_the_step_is_told(found_in):
    best = found_in(("size >= 5",), n=1500, gain=0.35)[1].rules[0]
    assert (best.action, best.replaces) == ("tighten", "size >= 5")
    assert parse_rule(best.rule).columns == {"size"}
    assert best.threshold in (9.0, 10.0, 11.0)
    assert best.step_gain > 0.2


def test_a_criterion_that_is_too_strict_is_loosened(found_in):
    best = found_in(("size >= 15",), n=1500, gain=0.35)[1].rules[0]
    assert (best.action, best.replaces) == ("loosen", "size >= 15")
    assert best.threshold in (9.0, 10.0, 11.0)


def test_a_criterion_that_is_the_wrong_way_round_is_dropped_with_a_negative_gain(found_in):
    best = found_in(("size < 10",), n=1500, gain=0.35)[1].rules[0]
    assert (best.action, best.rule, best.replaces) == ("drop", "size < 10", "size < 10")
    assert best.low <= best.gain <= best.high < 0


def test_a_right_criterion_is_left_alone(found_in):
    assert not [one for one in found_in(("size >= 10",), n=1500, gain=0.35)[1].rules if one.attribute == "size"]


def test_a_compound_criterion_is_said_not_to_be_moved(found_in):
    _, found = found_in(("size >= 5 or tools >= 3",), n=400)
    assert any("'tools' stands in several criteria or in a compound one" in note for note in found.notes)


def test_too_few_failures_are_no_ground_for_a_search(found_in):
    _, found = found_in(n=300, gain=0.0, base=0.999, keys={"floor": {"successes": 1, "failures": 1}})
    assert found.rules == ()
    assert "no rule is searched for below 10 of each" in found.notes[0]
    assert found.tried == 0


def test_related_rows_in_another_order_change_no_count(base_of, company):
    frame = company(n=600)
    one, other = (
        find_rules(base_of(each, ("tools >= 1",)), n_permutations=200)
        for each in (frame, frame[::-1].reset_index(drop=True))
    )
    assert [rule.rule for rule in one.rules] == [rule.rule for rule in other.rules]
    assert one.tried == other.tried


def test_what_goes_with_the_time_of_signing_is_not_offered(base_of, company):
    frame = company(n=1500, gain=0.0, seed=3)
    rng = np.random.default_rng(3)
    age = (frame["signed"].max() - frame["signed"]).dt.days.to_numpy() / 1460  # 1: the oldest
    stays = rng.random(len(frame)) < 0.25 + 0.6 * age
    ended = np.where(stays, np.datetime64("NaT", "D"), frame["signed"] + np.timedelta64(100, "D"))
    frame["ended"] = np.where(ended > np.datetime64("2026-06-30"), np.datetime64("NaT", "D"), ended).astype(
        "datetime64[s]"
    )
    frame["tools"] = np.rint(4 * age + rng.normal(size=len(frame)))  # fewer tools nowadays
    found = find_rules(base_of(frame, ("region in [north, south]",)), n_permutations=500)
    assert "tools" not in [rule.attribute for rule in found.rules]
    assert any(
        note.startswith("'tools' goes together with success, but not among customers signed in the same")
        for note in found.notes
    )


@pytest.mark.parametrize(("later", "n_caveats"), [(0.0, 1), (0.4, 0)])
def test_a_rule_that_later_customers_do_not_show_says_so(base_of, company, later, n_caveats):
    old, new = company(n=1500, gain=0.4), company(n=1500, gain=later)
    frame = pd.concat([old[old["signed"] < "2024-07-01"], new[new["signed"] >= "2024-07-01"]], ignore_index=True)
    found = find_rules(base_of(frame, ("tools >= 1",)), n_permutations=200)
    best = next(rule for rule in found.rules if rule.attribute == "size")
    assert best.confirmed is (later > 0)
    assert sum("later customers the difference is" in one for one in best.caveats) == n_caveats


def finished(frame):
    """Return customers whose outcome has no day: no split by time."""
    return frame.assign(result=np.where(frame["ended"].isna(), "yes", "no")).drop(columns=["signed", "ended"])


def test_without_a_day_of_signing_nothing_is_confirmed_and_it_is_said(base_of, company):
    found = find_rules(base_of(finished(company(n=800)), ("tools >= 1",)), n_permutations=200)
    assert found.rules
    assert not any(rule.confirmed for rule in found.rules)
    assert any("no later customers that chose nothing" in note for note in found.notes)


class Model:
    """Stands in for a model that sees size with the given sign."""

    def __init__(self, sign):
        self.sign, self.features_ = sign, SimpleNamespace(attributes=["size", "tools", "region"])

    def attribute_contributions(self, frame):
        size = self.sign * (frame["size"].to_numpy() - 9.5)
        return pd.DataFrame({"size": size, "tools": 0.0 * size, "region": 0.0 * size})


@pytest.mark.parametrize(("sign", "caveats"), [(1, 0), (-1, 1)])
def test_a_model_that_sees_it_the_other_way_round_is_a_caveat(base_of, company, sign, caveats):
    base = base_of(finished(company(n=600)), ("tools >= 1",), classifier=Model(sign))
    best = find_rules(base, n_permutations=200).rules[0]
    assert len([one for one in best.caveats if "the other way round" in one]) == caveats


def test_the_model_picks_among_rules_that_outcomes_do_not_tell_apart(base_of, company):
    agreement = []
    for seed in range(3):
        frame = finished(company(n=300, seed=seed))
        for classifier in (None, Model(1)):
            best = find_rules(base_of(frame, ("tools >= 1",), classifier=classifier), n_permutations=99).rules[0]
            agreement.append((best.mask == (frame["size"] > 9.5)).mean())
    alone, helped = np.array(agreement).reshape(3, 2).T
    assert (helped >= alone).all()
    assert helped.mean() > alone.mean()


def test_a_difference_that_comes_from_missing_values_is_told(base_of, company):
    frame = finished(company(n=600, gain=0.0))
    missing = np.random.default_rng(1).random(600) < np.where(frame["result"] == "no", 0.5, 0.1)
    rules = find_rules(
        base_of(frame.assign(tools=frame["tools"].mask(missing)), ("size >= 1",)), n_permutations=200
    ).rules
    best = next(rule for rule in rules if rule.attribute == "tools")
    assert any("is not recorded" in one or "is recorded, not what it is" in one for one in best.caveats)


def test_a_rule_that_repeats_a_better_one_says_so(base_of, company):
    frame = finished(company(n=600, gain=0.4))
    base = base_of(frame.assign(seats=3 * frame["size"]), ("tools >= 1",))
    one, other = find_rules(base, n_permutations=200).rules[:2]
    assert {one.attribute, other.attribute} == {"size", "seats"}
    assert other.caveats[-1] == f"It selects mostly the same customers as '{one.rule}'."
