"""Points of probability: a game of their own, played whole."""

from itertools import combinations
from math import factorial

import numpy as np
from scipy.special import expit

from icp_ml.model import SuccessClassifier
from icp_ml.model.explanation.points import probability_points
from icp_ml.names import PLAYERS


def worth(classifier, account, background, players, coalition):
    mixed = background.copy()
    mixed[:, np.isin(players, coalition)] = account[np.isin(players, coalition)]
    return expit(classifier._served.margin(mixed)).mean()


def test_they_are_the_shapley_values_of_the_probability(classifier, known):
    served, frame = classifier._served, known[0].head(2)
    players = served.fit_of_attribute[served.attribute_of_feature]
    found = probability_points(classifier, frame, n_background=10_000).values
    used = sorted(set(players.tolist()))
    for row, account in enumerate(classifier.features_.transform(frame)):
        for player in used:
            others = [other for other in used if other != player]
            total = 0.0
            for size in range(len(used)):
                share = factorial(size) * factorial(len(used) - size - 1) / factorial(len(used))
                for chosen in combinations(others, size):
                    gain = [
                        worth(classifier, account, served.background, players, s) for s in ((*chosen, player), chosen)
                    ]
                    total += share * (gain[0] - gain[1])
            assert abs(found[row, player] - total) < 1e-9


def test_rows_sum_to_the_probability_less_the_base(classifier, known):
    found = probability_points(classifier, known[0].head(20))
    chances = classifier.predict_proba(known[0].head(20))[:, 1]
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), chances, atol=1e-9)
    assert found.n_background == 200


def test_fits_without_attributes_have_no_points(classifier, known):
    found = probability_points(classifier, known[0].head(3)).values
    empty = [at for at, fit in enumerate(PLAYERS) if fit in {"functional", "experience", "cultural"}]
    assert (found[:, empty] == 0).all()
    assert (found[:, 0] != 0).any()


def test_they_are_not_a_transform_of_the_log_odds(known):
    frame, _ = known
    steep = SuccessClassifier({"skill": "technical", "noise": "resource"}, learner="logistic")
    steep.fit(frame[["skill", "noise"]], frame["skill"] + 0.3 * frame["noise"] > 0)
    points = probability_points(steep, frame[["skill", "noise"]]).values[:, 0]
    log_odds = steep.contributions_array(frame[["skill", "noise"]])[:, 0]
    at = np.argsort(log_odds)
    assert (np.diff(points[at]) < -0.02).any()


def test_an_account_has_the_same_points_alone_and_among_others(classifier, known):
    whole, alone = (probability_points(classifier, known[0].iloc[rows]).values for rows in (slice(0, 5), slice(3, 4)))
    assert whole[3].tobytes() == alone[0].tobytes()


def test_the_document_is_in_points(classifier, known):
    found = probability_points(classifier, known[0].head(5), n_background=50)
    document = found.as_document()
    assert document["rows"][0] == {"fit": "technical", "mean_points": 100 * np.abs(found.values[:, 0]).mean()}
    assert "(found with 50 of them)" in document["sentence"]


def test_the_base_is_the_mean_chance_of_every_reference_customer_whoever_was_drawn(classifier, known):
    served = classifier._served
    every = expit(served.margin(served.background)).mean()
    for n, seed in ((5, 0), (50, 1), (200, 2), (10_000, 3)):
        found = probability_points(classifier, known[0].head(4), seed=seed, n_background=n)
        assert found.base == every
        chances = classifier.predict_proba(known[0].head(4))[:, 1]
        np.testing.assert_allclose(found.base + found.values.sum(axis=1), chances, atol=1e-12)


def test_few_customers_drawn_say_what_all_of_them_say(classifier, known):
    every, few, others = (
        probability_points(classifier, known[0].head(10), seed=seed, n_background=n)
        for seed, n in ((0, 400), (0, 50), (1, 50))
    )
    assert few.values.tobytes() != others.values.tobytes()
    for drawn in (few, others):
        assert np.abs(drawn.values - every.values).max() < 0.01
        assert abs(drawn.base - every.base) < 0.01
