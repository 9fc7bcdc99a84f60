"""The closed forms, by hand on small games."""

import numpy as np
import pytest

from icp_ml.fits.game import disjoint_pairs, interaction_weights, owen_weights


def weight_of(fails_x, fails_b, weights):
    pairs = disjoint_pairs(len(fails_x))
    here = (pairs.fails_x == fails_x).all(axis=1) & (pairs.fails_b == fails_b).all(axis=1)
    assert here.sum() == 1
    return weights[here][0].tolist()


@pytest.mark.parametrize("k", range(5))
def test_each_pair_of_disjoint_patterns_is_listed_once_and_sorted(k):
    pairs = disjoint_pairs(k)
    bits = 1 << np.arange(k)
    x, b = pairs.fails_x @ bits, pairs.fails_b @ bits
    assert len(set(zip(x.tolist(), b.tolist(), strict=True))) == len(x) == 3**k
    assert not (x & b).any()
    assert (b == pairs.b).all()
    assert (x[pairs.starts] == np.arange(2**k)).all()
    assert (np.diff(x) >= 0).all()


def test_one_gains_what_the_background_lacks_and_loses_what_the_account_lacks():
    weights = owen_weights((0, 1, 2))
    assert weight_of([0, 0, 0], [1, 0, 0], weights) == [1, 0, 0]
    assert weight_of([0, 0, 0], [1, 1, 0], weights) == [1 / 2, 1 / 2, 0]
    assert weight_of([0, 1, 0], [1, 0, 0], weights) == [1 / 2, -1 / 2, 0]
    assert weight_of([0, 0, 1], [1, 1, 0], weights) == pytest.approx([1 / 6, 1 / 6, -1 / 3])
    assert weight_of([0, 0, 0], [0, 0, 0], weights) == [0, 0, 0]


def test_a_second_union_that_is_mixed_blocks_everything_outside_it():
    weights = owen_weights((0, 0, 1))
    assert weight_of([0, 1, 0], [1, 0, 1], weights) == [1 / 4, -1 / 4, 0]
    assert weight_of([0, 0, 0], [1, 1, 1], weights) == [1 / 4, 1 / 4, 1 / 2]


def test_interactions_of_two_players():
    weights = interaction_weights(2)
    assert weight_of([0, 0], [1, 1], weights) == [1]
    assert weight_of([1, 1], [0, 0], weights) == [1]
    assert weight_of([1, 0], [0, 1], weights) == [-1]
    assert weight_of([1, 0], [0, 0], weights) == [0]
