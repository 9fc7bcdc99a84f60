"""Refits redraw customers and keep everything else of the served procedure."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from icp_ml.errors import UsageError
from icp_ml.model import SuccessClassifier
from icp_ml.model.refits import N_REFITS, refits

FITS = {"seats": "technical", "crm": "functional"}


def company(n=150, seed=0):
    rng = np.random.default_rng(seed)
    crm = pd.Series(rng.choice(["a", "b"], n), dtype="str")
    frame = pd.DataFrame({"seats": rng.normal(size=n), "crm": crm})
    return frame, (rng.random(n) < expit(frame["seats"].to_numpy())).astype(int)


@pytest.fixture(scope="module")
def fitted():
    frame, y = company()
    return SuccessClassifier(FITS, learner="blend").fit(frame, y)


def test_a_refit_sees_two_thirds_and_is_judged_on_the_rest(fitted):
    found = refits(fitted, *company())
    assert len(found) == N_REFITS
    shares = [len(refit.out_of_bag) / 150 for refit in found.refits]
    assert np.mean(shares) == pytest.approx(0.368, abs=0.02)


def test_margins_differ_and_offset_shares_and_features_stay(fitted):
    frame, y = company()
    found = refits(fitted, frame, y, n_refits=3)
    margins = [refit.served.margin(found.matrix) for refit in found.refits]
    assert np.abs(margins[0] - margins[1]).max() > 0.01
    for refit in found.refits:
        kept = (refit.served.offset, refit.served.linear_share, refit.served.tree_share)
        assert kept == (fitted._served.offset, fitted._served.linear_share, fitted._served.tree_share)
    assert np.corrcoef(np.mean(margins, axis=0), fitted.decision_function(frame))[0, 1] > 0.95


def test_the_same_seed_gives_the_same_bits(fitted):
    once, again = (refits(fitted, *company(), n_refits=2) for _ in range(2))
    for one, other in zip(once.refits, again.refits, strict=True):
        assert np.array_equal(one.out_of_bag, other.out_of_bag)
        assert np.array_equal(one.served.margin(once.matrix), other.served.margin(once.matrix))


def test_the_trees_of_each_refit_draw_rows_and_columns_anew(fitted):
    found = refits(fitted, *company(), n_refits=3).refits
    texts = [refit.served.trees.booster.model_to_string() for refit in found]
    assert len({re.findall(r"\[seed: (\d+)\]", text)[0] for text in texts}) == 3


def test_related_accounts_are_drawn_together(fitted):
    groups = np.arange(150) // 3
    for refit in refits(fitted, *company(), groups=groups, n_refits=5).refits:
        assert set(np.bincount(groups[refit.out_of_bag], minlength=50).tolist()) == {0, 3}


def test_accounts_of_weight_zero_take_no_part(fitted):
    frame, y = company()
    weight = np.where(np.arange(150) < 100, 2.0, 0.0)
    found = refits(fitted, frame, y, weight, n_refits=2)
    assert found.matrix.shape[0] == 100
    assert found.weight.tolist() == [1.0] * 100


def test_one_group_or_hardly_any_failure_leaves_no_refit_or_fewer(fitted):
    frame, y = company()
    assert len(refits(fitted, frame, y, groups=np.zeros(150), n_refits=3)) == 0
    rare = (np.arange(150) > 0).astype(int)
    found = refits(fitted, frame, rare, n_refits=10)
    assert len(found) == 10
    assert all(0 not in refit.out_of_bag for refit in found.refits)


def test_many_accounts_are_averaged_over_fewer_reference_customers():
    frame, y = company(700)
    model = SuccessClassifier(FITS, learner="logistic").fit(frame, y)
    assert len(refits(model, frame, y, n_refits=1).refits[0].served.background) == 500


@pytest.mark.parametrize(
    ("arguments", "words"), [({"n_refits": 0}, "n_refits: 0; expected 1 or more"), ({"y": [1, 0]}, r"y: an array of")]
)
def test_what_cannot_be_refitted_is_refused(fitted, arguments, words):
    frame, y = company()
    with pytest.raises(UsageError, match=words):
        refits(fitted, frame, **({"y": y} | arguments))
