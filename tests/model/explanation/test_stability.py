"""Which reasons stay: what was planted does, noise does less, and nothing is invented where nobody was seen."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from icp_ml.model import SuccessClassifier
from icp_ml.model.explanation.stability import MAX_ROWS, TELLING, SignTable, Stability, _shares_by_bin, _Votes
from icp_ml.model.refits import refits
from icp_ml.names import PLAYERS
from icp_ml.prospects.reasons import SMALLEST

FITS = {"seats": "technical", "crm": "functional", "gap": "resource", "noise": "context"}


def company(n=300, seed=0):
    rng = np.random.default_rng(seed)
    crm = pd.Series(rng.choice(["a", "b", "c", "rare"], n, p=[0.4, 0.3, 0.295, 0.005]), dtype="str")
    frame = pd.DataFrame({"seats": rng.normal(size=n), "crm": crm})
    frame["gap"] = np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n))
    frame["noise"] = rng.normal(size=n)
    margin = 1.5 * frame["seats"] + 1.5 * (crm == "a") - 2.0 * frame["gap"].isna()
    return frame, (rng.random(n) < expit(margin.to_numpy())).astype(int)


@pytest.fixture(scope="module")
def fitted():
    frame, y = company()
    return SuccessClassifier(FITS, learner="blend", n_folds=2).fit(frame, y)


@pytest.fixture(scope="module")
def learned(fitted):
    frame, y = company()
    return Stability.learn(fitted, frame, refits(fitted, frame, y))


def kept(stability, column, value, contribution):
    return bool(stability.keeps(column, pd.Series([value]), np.array([contribution]))[0])


def test_what_was_planted_is_stable_in_its_direction_only(learned):
    assert kept(learned, "seats", 2.0, 1.0)
    assert not kept(learned, "seats", 2.0, -1.0)
    assert kept(learned, "crm", "a", 0.5)
    assert kept(learned, "gap", np.nan, -0.5)
    assert not kept(learned, "gap", np.nan, 0.5)


def test_noise_is_less_stable_than_what_was_planted(fitted, learned):
    frame, _ = company(400, seed=1)
    shares = fitted.attribute_contributions(frame)
    agree = {name: learned.keeps(name, frame[name], shares[name].to_numpy()).mean() for name in ("seats", "noise")}
    assert agree["seats"] > 0.75 > agree["noise"]


def test_nothing_is_told_of_a_value_that_no_customer_had(learned):
    assert not kept(learned, "seats", np.nan, 0.5)
    assert not kept(learned, "crm", None, 0.5)


def test_the_share_of_a_bin_is_of_the_accounts_it_is_told_to_or_of_all_when_they_are_few():
    bins = np.array([0] * 8 + [1] * 4 + [2])
    shares = np.array([1.0] * 5 + [0.2] * 3 + [1.0, 1.0, 0.0, 0.0, 0.5])
    told = np.array([True] * 5 + [False] * 3 + [True, True, False, False, False])
    assert _shares_by_bin(bins, 4, shares, told) == (1.0, 0.5, 0.5, 0.0)


def test_levels_that_share_a_feature_share_a_bin():
    table = SignTable((), ("a", "b"), (1.0, 0.0, 0.9, 0.1), (0.0, 1.0, 0.1, 0.9))
    bins = table.bins(pd.Series(["b", "a", "other", None, "never seen"], dtype="str"))
    assert bins.tolist() == [1, 0, 2, 3, 2]


def test_accounts_vote_where_the_served_fit_leans_the_same_way():
    votes = _Votes(np.array([[0.5]] * 5 + [[-0.5]] * 5 + [[0.001]] * 5))
    for sign in (1.0, 1.0, 1.0, -1.0):
        votes.count(sign * np.array([[1.0]] * 5 + [[-1.0]] * 5 + [[1.0]] * 5) * [[2.0]])
    empty = SignTable((), None, (0.0, 0.0), (0.0, 0.0))
    table = votes.table(0, empty, pd.Series(np.zeros(15)))
    assert (table.up, table.down) == ((0.75, 0.0), (0.75, 0.0))


def test_bins_of_numbers_begin_at_their_edges():
    table = SignTable((0.0, 1.0), None, (0.0,) * 4, (0.0,) * 4)
    assert table.bins(pd.Series([-1.0, 0.0, 0.5, 1.0, 9.0, np.nan])).tolist() == [0, 1, 1, 2, 2, 3]


def test_numbers_that_are_levels_are_read_as_the_model_reads_them():
    table = SignTable((), ("1", "2"), (0.0,) * 4, (0.0,) * 4)
    assert table.bins(pd.Series([2.0, 1.0, 7.0, np.nan])).tolist() == [1, 0, 2, 3]


def test_strong_fits_stay_and_unstable_ones_become_nothing(fitted, learned):
    contributions = fitted.contributions_array(company(400, seed=1)[0])
    stable = learned.stable_fits(contributions)
    changed = stable != contributions
    assert not stable[changed].any()
    strong = np.abs(contributions[:, 0]) > 0.5
    assert not changed[strong, 0].any()
    assert changed[:, PLAYERS.index("context")].mean() > changed[:, 0].mean()


def test_attributes_that_are_not_stable_become_nothing(fitted, learned):
    frame, _ = company(50, seed=2)
    contributions = fitted.attribute_contributions(frame)
    stable = learned.stable_attributes(frame, contributions)
    for name in FITS:
        expected = learned.keeps(name, frame[name], contributions[name].to_numpy())
        assert np.array_equal(stable[name].to_numpy(), np.where(expected, contributions[name], 0.0))


def test_the_share_left_out_is_of_what_would_have_been_told(fitted, learned):
    frame, _ = company()
    contributions = fitted.attribute_contributions(frame)
    told = np.abs(contributions.to_numpy()) >= SMALLEST
    gone = told & (learned.stable_attributes(frame, contributions).to_numpy() == 0.0)
    assert learned.dropped_share == pytest.approx(gone.sum() / told.sum(), abs=1e-4)
    assert f"leaves out {learned.dropped_share:.0%}" in learned.sentence
    assert SMALLEST == TELLING


def test_with_few_refits_nothing_is_claimed(fitted):
    frame, y = company()
    assert Stability.learn(fitted, frame, refits(fitted, frame, y, n_refits=9)) is None


def test_of_many_customers_some_are_looked_at():
    frame, y = company(MAX_ROWS + 500)
    model = SuccessClassifier(FITS, learner="logistic").fit(frame, y)
    learned = Stability.learn(model, frame, refits(model, frame, y, n_refits=10))
    assert kept(learned, "seats", 2.0, 1.0)


def test_a_column_without_a_table_keeps_its_reasons(learned):
    assert kept(learned, "unheard of", 1.0, 0.5)


def test_the_document_brings_the_same_table_back(learned):
    document = json.loads(json.dumps(learned.to_document(), allow_nan=False))
    assert Stability.from_document(document) == learned
    assert learned.as_document()["n_refits"] == 20


def changed(document, path, value):
    made = copy.deepcopy(document)
    *way, last = path
    target = made
    for step in way:
        target = target[step]
    target[last] = value
    return made


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["format"], 2, "another format than 1"),
        (["extra"], 1, "other keys"),
        (["bar"], 1.5, "a share that is not between 0 and 1"),
        (["n_refits"], True, "a number of refits below 1"),
        (["attributes"], [], "other tables"),
        (["fits", "unheard of"], {}, "other tables"),
        (["fits", "technical"], {}, "a table of other keys"),
        (["attributes", "seats", "edges"], 1.0, "not a list"),
        (["attributes", "seats", "edges"], ["a"], "an edge that is not a number"),
        (["attributes", "seats", "edges"], [1.0, 0.0], "edges that do not rise"),
        (["attributes", "seats", "edges"], [float("inf")], "an edge that is not a number"),
        (["attributes", "seats", "up"], [0.5], "another number of bins"),
        (["attributes", "crm", "levels"], [1], "levels that are not text"),
        (["attributes", "crm", "levels"], ["a", "a", "b"], "levels that stand twice"),
        (["attributes", "crm", "down"], ["a"] * 5, "a share that is not"),
    ],
)
def test_a_damaged_document_is_refused(learned, path, value, words):
    with pytest.raises(ValueError, match=words):
        Stability.from_document(changed(learned.to_document(), path, value))


def test_levels_of_a_fit_are_refused(learned):
    document = learned.to_document()
    swapped = changed(document, ["fits", "technical"], document["attributes"]["crm"])
    with pytest.raises(ValueError, match="levels of a fit"):
        Stability.from_document(swapped)
