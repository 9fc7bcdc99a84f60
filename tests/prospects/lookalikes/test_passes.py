import numpy as np
import pytest

from icp_ml.prospects.lookalikes.passes import Candidates, Sieve
from icp_ml.prospects.lookalikes.similarity import MARGIN


def streamed(seen, limit, rng):
    """Offer in blocks of random sizes and return what was kept of the stream."""
    sieve, kept, start = Sieve(limit), [], 0
    while start < len(seen):
        end = start + int(rng.integers(1, 200))
        kept += (start + sieve.offer(seen[start:end])).tolist()
        start = end
    return sieve, kept


@pytest.mark.parametrize("seed", range(10))
def test_no_row_of_the_first_ranks_is_lost_within_the_error(seed):
    rng = np.random.default_rng(seed)
    exact = np.round(rng.beta(2, 2, 1000), int(rng.integers(1, 6)))
    seen = (exact + rng.uniform(-1, 1, 1000) * (MARGIN - 1e-6)).astype(np.float32)
    limit = int(rng.integers(1, 60))
    first = np.lexsort((np.arange(1000), -exact))[:limit]
    sieve, kept = streamed(seen, limit, rng)
    assert set(first) <= set(kept)
    assert set(first) <= set(np.flatnonzero(sieve.last(seen, limit))) <= set(kept)


def test_few_rows_are_kept_of_many():
    rng = np.random.default_rng(0)
    _, kept = streamed(rng.uniform(size=50_000).astype(np.float32), 50, rng)
    assert len(kept) < 2_500


def test_without_a_limit_every_row_is_kept():
    sieve = Sieve(None)
    assert sieve.offer(np.zeros(5)).tolist() == [0, 1, 2, 3, 4]
    assert sieve.last(np.array([0.1, 0.9], dtype=np.float32), 1).tolist() == [False, True]


def test_the_first_are_the_most_similar_and_then_the_earliest():
    found = Candidates(np.array([4, 1, 9, 2]), np.array([0.5, 0.5, 0.7, 0.1]), np.zeros((4, 0)))
    assert found.first(3).places.tolist() == [9, 1, 4]
