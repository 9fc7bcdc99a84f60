"""The profile as a whole stands where it should among random sets, single rules and the model's first accounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.standing.against_rules import against_rules
from icp_ml.icp.standing.single_rules import single_rules
from icp_ml.model import SuccessClassifier


def fitted(frame, columns, y, **keys):
    return SuccessClassifier(dict.fromkeys(columns, "technical"), learner="logistic", **keys).fit(frame[columns], y)


def finished(n=500, gain=0.4, seed=0):
    """Return customers with a finished label: success goes with size, not with the noise beside it."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.integers(0, 20, (n, 3)), columns=["size", "a", "b"]).astype(float)
    wins = rng.random(n) < 0.5 + gain * ((frame["size"] >= 10) - 0.5)
    return frame.assign(crm=rng.choice(["x", "y", "z"], n), result=np.where(wins, "yes", "no"))


def test_a_good_profile_is_above_nearly_all(base_of):
    found = against_rules(base_of(finished()))
    assert found.random_below > 0.999
    assert found.n_single_below >= sum("size" not in one.rule for one in found.single) >= 4
    assert "Of the customers that match the profile" in found.sentence


def test_a_profile_on_noise_is_in_the_middle_of_random_sets(base_of):
    places = [against_rules(base_of(finished(200, seed=seed), ["a >= 10"]), 200).random_below for seed in range(40)]
    assert np.mean(places) == pytest.approx(0.5, abs=0.15)
    assert np.std(places) == pytest.approx(0.29, abs=0.1)


def test_random_sets_take_related_customers_together(base_of):
    frame = pd.concat([finished(60)] * 8, ignore_index=True).assign(group=np.tile(np.arange(60), 8))
    fits = {"fits": {"technical": ["size", "a"]}, "unlisted": "ignore"}
    related = against_rules(base_of(frame, study={"group": "group", **fits})).random_below
    alone = against_rules(base_of(frame, study=fits)).random_below
    assert related < alone


def test_single_rules_do_not_look_at_success(base_of):
    frame = finished(300)
    turned = frame.assign(result=frame["result"].map({"yes": "no", "no": "yes"}))
    first, second = (single_rules(base_of(one), 0.3) for one in (frame, turned))
    assert {one.rule for one in first} == {one.rule for one in second}
    assert all(0.3 * 0.75 <= one.coverage <= 0.3 * 1.25 for one in first)
    assert any(one.rule.startswith("crm == ") for one in first)
    assert [one.success.share for one in first] == sorted((one.success.share for one in first), reverse=True)


@pytest.mark.parametrize(("criterion", "who"), [("size >= 0", "every customer"), ("size >= 99", "no customer")])
def test_nothing_to_compare_with(base_of, criterion, who):
    found = against_rules(base_of(finished(80), [criterion]))
    assert found.sentence == f"The profile cannot be compared: {who} of known outcome matches it."
    assert found.as_document()["random"] is None


def test_later_customers_judge_the_model_and_the_profile(base_of, company):
    frame = company(1200, gain=0.5)
    bare = base_of(frame)
    known = bare.split.train
    classifier = fitted(bare.customers.frame.iloc[known], ["size", "tools", "region"], bare.labels.label[known])
    base = base_of(frame, classifier=classifier, model={"evaluation_classifier": classifier})
    found = against_rules(base).against_model
    assert found.judged_on == "later customers"
    assert found.n == len(base.split.test)
    assert found.n_in_profile == int(base.in_profile()[base.split.test].sum())
    assert found.difference.value == pytest.approx(found.profile.value - found.model.value)
    rows = base.split.test[base.in_profile()[base.split.test]]
    later = base.split.test_labels
    assert found.profile.value == pytest.approx(np.average(later.label[rows], weights=later.weight[rows]))
    assert found.difference.low < 0.05
    assert found.difference.high > -0.05


def test_without_dates_the_margins_of_its_cross_validation_judge(base_of):
    frame = finished(300)
    classifier = fitted(frame, ["size", "a", "b"], (frame["result"] == "yes").astype(int))
    found = against_rules(base_of(frame.drop(columns="crm"), classifier=classifier)).against_model
    assert (found.judged_on, found.n) == ("customers, each judged by fits without it", 300)
    assert abs(found.difference.value) < 0.1


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ({"data_sha256": "other"}, "trained on another table"),
        ({}, "no fit of it was kept"),
        (None, "it is a hypothesis"),
    ],
)
def test_a_model_that_has_seen_the_customers_is_not_compared(base_of, company, model, why):
    frame = company(900)
    classifier = None
    if model is not None:
        ended = frame["ended"].isna().astype(int)
        classifier = fitted(frame, ["size", "tools"], ended)
    found = against_rules(base_of(frame, classifier=classifier, model=model), 100)
    assert found.against_model is None
    assert why in found.sentence


def test_the_same_seed_gives_the_same_place(base_of):
    base = base_of(finished(200))
    assert against_rules(base, 300).as_document() == against_rules(base, 300).as_document()


def test_the_order_of_rows_does_not_matter(base_of):
    frame = finished(120, gain=0.1).assign(id=[f"A{at}" for at in range(120)], group=np.arange(120) // 2)
    study = {"group": "group", "fits": {"technical": ["size", "a"]}, "unlisted": "ignore"}
    first, second = (
        against_rules(base_of(one, study=study), 300) for one in (frame, frame.sample(frac=1, random_state=1))
    )
    assert 0.05 < first.random_below < 1
    assert first.random_below == second.random_below
