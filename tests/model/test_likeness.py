"""The likeness space: only what matters counts, fits multiply to the whole, and order and weight of rows do no harm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icp_ml.model import SuccessClassifier
from icp_ml.model.likeness import Likeness, like_share

FITS = {"crm": "technical", "size": "resource", "team": "resource", "noise": "cultural"}


def contributions(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(n, 4)) * [1.0, 0.25, 0.1, 0.0], columns=list(FITS))


@pytest.fixture
def likeness():
    return Likeness.learn(contributions(), np.ones(200), FITS)


def test_an_attribute_counts_in_proportion_to_how_much_it_moves_the_score(likeness):
    spread = contributions().std(ddof=0).to_numpy()
    one_spread_apart = likeness.place(np.diag(spread)) ** 2
    assert np.diag(one_spread_apart) == pytest.approx(spread)


def test_what_the_model_does_not_use_counts_nothing(likeness):
    values = contributions().to_numpy()
    assert likeness.place(values)[:, 3].tolist() == [0.0] * 200
    assert likeness.scale[3] == 1.0


def test_the_fits_multiply_to_the_geometric_mean_of_the_whole_closeness(likeness):
    rng = np.random.default_rng(1)
    here, there = rng.normal(size=(5, 4)), rng.normal(size=(5, 3, 4))
    matches = likeness.matches(here, there)
    whole = likeness.closeness(np.square(there - here[:, None]).sum(axis=2))
    assert set(matches) == {"technical", "resource", "cultural"}
    assert np.prod(list(matches.values()), axis=0) == pytest.approx(np.exp(np.log(whole).mean(axis=1)), rel=1e-12)


def test_the_same_account_matches_in_every_fit(likeness):
    here = likeness.place(contributions().to_numpy())
    assert all((match == 1.0).all() for match in likeness.matches(here, here[:, None, :]).values())


def test_half_of_the_customers_have_their_tenth_neighbour_within_the_bandwidth(likeness):
    placed = likeness.place(contributions().to_numpy())
    distance = np.sqrt(np.square(placed[:, None] - placed).sum(axis=2))
    tenth = np.sort(distance, axis=1)[:, 10]
    assert likeness.bandwidth == pytest.approx(np.median(tenth))


def test_the_order_of_the_customers_does_not_matter():
    mixed = np.random.default_rng(2).permutation(200)
    first = Likeness.learn(contributions(), np.ones(200), FITS)
    again = Likeness.learn(contributions().iloc[mixed], np.ones(200), FITS)
    assert again.scale == pytest.approx(first.scale)
    assert again.bandwidth == pytest.approx(first.bandwidth)


def test_customers_who_are_all_alike_have_a_space_too():
    alike = Likeness.learn(contributions() * 0.0, np.ones(200), FITS)
    assert alike.bandwidth == 1.0
    assert alike.closeness(np.zeros(2)).tolist() == [1.0, 1.0]


def test_no_likeness_to_either_is_no_better_than_chance():
    shares = like_share(np.array([0.0, 0.2, 0.0, 0.3]), np.array([0.0, 0.2, 0.3, 0.0]))
    assert shares == pytest.approx([0.5, 0.5, 0.0, 1.0], abs=1e-9)


def test_it_is_learned_from_a_classifier_and_the_map_of_its_attributes():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=120), "noise": rng.normal(size=120)})
    outcome = (frame["size"] + rng.normal(size=120) > 0).astype(float)
    fits = {"size": "resource", "noise": "context"}
    classifier = SuccessClassifier(fits, learner="logistic").fit(frame, outcome)
    likeness, placed = Likeness.of(classifier, frame, np.ones(120))
    assert likeness.measured == ("resource", "context")
    assert placed[:, 0].std() > placed[:, 1].std()
