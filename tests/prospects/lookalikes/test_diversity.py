import numpy as np
import pytest

from icp_ml.model.likeness import Likeness
from icp_ml.prospects.lookalikes.diversity import Diversity, Mixture, choose_diverse, mean_apart, n_candidates

LIKENESS = Likeness(("a", "b"), ("technical", "cultural"), np.ones(2), 1.0)


def candidates(n=200, seed=0):
    rng = np.random.default_rng(seed)
    return np.sort(rng.uniform(0.3, 0.9, n))[::-1], rng.normal(0, 1, (n, 2))


def by_hand(similarity, points, n, value):
    chosen = []
    for _ in range(n):
        worth = []
        for at in range(len(similarity)):
            near = max([np.exp(-np.square(points[at] - points[c]).sum() / 2) for c in chosen], default=0.0)
            worth.append(-np.inf if at in chosen else (1 - value) * similarity[at] - value * near)
        chosen.append(int(np.argmax(worth)))
    return sorted(chosen)


@pytest.mark.parametrize("value", [0.1, 0.5, 0.9])
def test_choices_are_those_of_the_formula(value):
    similarity, points = candidates(60)
    assert choose_diverse(similarity, points, LIKENESS, n=12, value=value).tolist() == by_hand(
        similarity, points, 12, value
    )


def test_without_worth_the_most_similar_are_chosen():
    similarity, points = candidates()
    assert choose_diverse(similarity, points, LIKENESS, n=20, value=0.0).tolist() == list(range(20))


def test_more_worth_costs_similarity_and_brings_distance():
    similarity, points = candidates()
    lists = [choose_diverse(similarity, points, LIKENESS, n=20, value=value) for value in (0.0, 0.3, 0.8)]
    assert np.diff([similarity[chosen].mean() for chosen in lists]).max() < 0
    assert np.diff([mean_apart(points[chosen], LIKENESS) for chosen in lists]).min() > 0


def test_twins_are_not_listed_together_while_others_are_as_good():
    points = np.array([[0.0, 0], [0, 0], [5, 5]])
    assert choose_diverse(np.array([0.8, 0.8, 0.79]), points, LIKENESS, n=2, value=0.2).tolist() == [0, 2]


def test_the_price_is_the_share_of_similarity_given_up():
    found = Diversity(0.3, Mixture(0.6, 1.5, 3), Mixture(0.8, 0.5, 2))
    assert found.as_document()["price"] == pytest.approx(0.25)
    assert "takes 25.0% off the mean similarity (0.800 to 0.600)" in found.sentence


def test_nobody_costs_nothing():
    assert Diversity(0.3, Mixture(0.0, 0.0, 0), Mixture(0.0, 0.0, 0)).price == 0
    assert mean_apart(np.zeros((1, 2)), LIKENESS) == 0
    assert n_candidates(10) == 2_000 and n_candidates(1_000) == 5_000  # noqa: PT018
