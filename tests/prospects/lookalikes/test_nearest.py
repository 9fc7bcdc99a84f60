import numpy as np
import pandas as pd
import pytest

from icp_ml.model.reference import Reference
from icp_ml.prospects.lookalikes.nearest import NearestCustomers, segments_of


class Space:
    def place(self, frame):
        class Placed:
            coordinates = frame[["x"]].to_numpy(np.float32)

        return Placed()


class Domain:
    space = Space()


def by_hand(ids, there, raw, here, x):
    apart = np.round(np.sqrt(np.square(there - here).sum(axis=1)), 9)
    return np.lexsort((ids.astype(str), np.square(raw - x), apart))[:3]


@pytest.mark.parametrize("n_levels", [2, 5])
@pytest.mark.parametrize("n", [40, 300])
def test_ties_go_to_the_nearer_in_raw_attributes_then_to_the_first_id(n, n_levels):
    rng = np.random.default_rng(n)
    ids = rng.permutation([f"c-{at}" for at in range(n)]).astype(object)
    there, raw = rng.integers(0, n_levels, (n, 2)).astype(float), rng.integers(0, 50, n).astype(float)
    reference = Reference.learn(ids, pd.DataFrame({"x": raw}), np.ones(n), weight=np.ones(n), seed=0)
    customers = NearestCustomers(reference, there, np.ones(n, dtype=bool), Domain())
    here, x = rng.integers(0, n_levels, (25, 2)).astype(float), rng.integers(0, 50, 25).astype(float)
    found = customers.nearest(here, pd.DataFrame({"x": x}))
    wanted = [by_hand(ids, there, raw, *row) for row in zip(here, x, strict=True)]
    assert found.tolist() == np.array(wanted).tolist()


def test_only_the_chosen_are_looked_at_and_fewer_than_three_are_all():
    ids = np.array(["a", "b", "c", "d"], dtype=object)
    reference = Reference.learn(ids, pd.DataFrame({"x": np.zeros(4)}), np.ones(4), weight=np.ones(4), seed=0)
    there, chosen = np.arange(4.0)[:, None], np.array([False, True, False, True])
    customers = NearestCustomers(reference, there, chosen, None)
    assert customers.nearest(np.array([[2.9]]), pd.DataFrame({"x": [0.0]})).tolist() == [[3, 1]]


def test_the_segment_is_that_of_most_and_else_of_the_nearest():
    segment = np.array(["a", "b", "c", None], dtype=object)
    nearest = np.array([[0, 1, 1], [0, 1, 2], [1, 0, 1], [3, 1, 2], [3, 3, 0], [3, 3, 3], [0, 3, 3]])
    assert segments_of(nearest, segment).tolist() == ["b", "a", "b", "b", "a", None, "a"]
