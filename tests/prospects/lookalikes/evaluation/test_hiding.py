"""Whoever is hidden is in no fit, no seed and no domain that it is judged by."""

from dataclasses import replace

import numpy as np
import pytest

from icp_ml.model.reference import JUDGED, TAUGHT
from icp_ml.prospects.lookalikes.evaluation.hiding import N_FOLDS, crossed, kinds_of, later, shortage


def with_membership(model, **changes):
    known = model.reference
    return replace(model, reference=replace(known, membership=replace(known.membership, **changes)))


@pytest.fixture(scope="module")
def hidings(trained):
    return list(crossed(trained, trained.classifier, trained.reference, seed=2))


def test_every_customer_is_hidden_once(trained, hidings):
    assert len(hidings) == N_FOLDS
    assert np.array_equal(np.sort(np.concatenate([one.hidden for one in hidings])), np.arange(len(trained.reference)))


def test_nobody_hidden_is_seen(trained, hidings):
    known = trained.reference
    for one in hidings:
        rest = np.setdiff1d(np.arange(len(known)), one.hidden)
        assert one.seen.frame.equals(known.frame.iloc[rest].reset_index(drop=True))
        assert np.array_equal(one.seen.outcome, known.outcome[rest])


def test_the_fit_of_a_fold_is_another_one_of_the_same_learner(trained, hidings):
    fitted = hidings[0].seen.classifier
    assert fitted.learner_ == trained.classifier.learner_
    assert len(fitted.oof_margin_) == len(hidings[0].seen.frame) < len(trained.reference)


def test_related_customers_are_hidden_together(trained):
    pairs = with_membership(trained, group=np.arange(len(trained.reference)) // 2)
    for one in crossed(pairs, pairs.classifier, pairs.reference, seed=2):
        assert len(np.unique(one.hidden // 2)) * 2 == len(one.hidden)


def test_later_customers_are_hidden_from_those_that_taught(trained):
    part = np.repeat([TAUGHT, 0, JUDGED], [200, 50, 150]).astype(np.int8)
    one = later(replace(with_membership(trained, part=part), evaluation_classifier=trained.classifier),
                with_membership(trained, part=part).reference, seed=0)  # fmt: skip
    assert np.array_equal(one.hidden, np.arange(250, 400))
    assert len(one.seen.frame) == 200
    assert one.seen.classifier is trained.classifier


def test_without_a_split_by_time_nobody_is_later(trained):
    assert later(trained, trained.reference, seed=0) is None


def test_few_later_customers_of_an_outcome_say_nothing(trained):
    lost = np.flatnonzero(trained.reference.outcome == 0)
    part = np.full(len(trained.reference), TAUGHT, dtype=np.int8)
    part[np.r_[np.flatnonzero(trained.reference.outcome == 1)[:60], lost[:19]]] = JUDGED
    model = replace(with_membership(trained, part=part), evaluation_classifier=trained.classifier)
    assert later(model, model.reference, seed=0) is None


def test_what_is_too_few_is_said(trained):
    lost = np.flatnonzero(trained.reference.outcome == 0)
    outcome = np.ones(len(trained.reference))
    outcome[lost[:29]] = 0.0
    assert shortage(replace(trained.reference, outcome=outcome)) == "29 churned customers"
    assert shortage(trained.reference) == ""


def test_one_group_of_customers_cannot_be_divided(trained):
    together = with_membership(trained, group=np.zeros(len(trained.reference), dtype=np.int64))
    assert shortage(together.reference) == "1 unrelated groups of customers"


def test_kinds_are_in_the_order_of_the_model(trained):
    assert list(kinds_of(trained)) == list(trained.classifier.features_.attributes)
