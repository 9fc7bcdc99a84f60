"""The nearest are those of brute force in float64, bit by bit, and kernel sums keep their promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from icp_ml.model.kernel import COARSE_ERROR
from icp_ml.model.search import ExactSearch, NearestRows

KINDS = {
    "normal": lambda x: x,
    "in steps, many equally near": np.round,
    "few distinct": lambda x: x[np.arange(len(x)) % 7],
    "all the same": np.zeros_like,
    "far from zero": lambda x: x + 1e6,
    "a few far away": lambda x: x**7,
    "beyond float32": lambda x: x * 1e40,
    "below float32": lambda x: x * 1e-40,
    "very unequal scales": lambda x: x * np.geomspace(1e5, 1e-5, x.shape[1]),
}


def brute_force(points, queries, k):
    squared = np.stack([np.square(query - points).sum(axis=1) for query in queries])
    positions = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return positions, np.take_along_axis(squared, positions, axis=1)


def draw(kind, n, n_coordinates=6, seed=0):
    return KINDS[kind](np.random.default_rng(seed).normal(size=(n, n_coordinates)))


def stream(points, rows, k, batch_rows=130):
    nearest = NearestRows(points, k)
    for start in range(0, len(rows), batch_rows):
        nearest.offer(rows[start : start + batch_rows], start)
    return nearest.found()


def share(sums):
    return (sums[:, 0] + 1e-12) / (sums.sum(axis=1) + 2e-12)


def halves(n):
    first = np.arange(n) < n // 2
    return np.column_stack([first / first.sum(), ~first / (~first).sum()])


@pytest.mark.parametrize("k", [1, 10, 400, 900])
@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_points_are_those_of_brute_force(kind, k):
    points, queries = draw(kind, 500), draw(kind, 120, seed=1)
    found = ExactSearch(points).nearest(queries, k)
    positions, squared = brute_force(points, queries, k)
    np.testing.assert_array_equal(found.positions, positions)
    np.testing.assert_array_equal(found.squared, squared)


@pytest.mark.parametrize("k", [1, 10, 400, 900])
@pytest.mark.parametrize("kind", KINDS)
def test_the_nearest_rows_of_a_stream_are_those_of_brute_force(kind, k):
    points, rows = draw(kind, 60), draw(kind, 500, seed=1)
    found = stream(points, rows, k)
    positions, squared = brute_force(rows, points, k)
    np.testing.assert_array_equal(found.positions, positions)
    np.testing.assert_array_equal(found.squared, squared)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 5), st.integers(1, 12), st.floats(0.0, 12.0))
def test_any_points_are_found(seed, n_points, n_coordinates, k, spread):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.uniform(-spread, spread, n_coordinates)
    points = rng.normal(size=(n_points, n_coordinates)).round(1) * scale
    queries = np.concatenate([points, rng.normal(size=(9, n_coordinates)).round(1) * scale])
    positions, squared = brute_force(points, queries, k)
    found = ExactSearch(points).nearest(queries, k)
    np.testing.assert_array_equal(found.positions, positions)
    np.testing.assert_array_equal(found.squared, squared)


@pytest.mark.parametrize("k", [3, 45, 200])
def test_rows_far_from_all_points_are_found_and_find_their_nearest(k):
    points, far = draw("normal", 300), draw("normal", 250, seed=1)
    far *= 10.0 ** np.random.default_rng(2).uniform(7.0, 9.0, (250, 1))
    rows = np.concatenate([far, np.full((2, 6), 1e18), draw("normal", 40, seed=3)])
    np.testing.assert_array_equal(ExactSearch(points).nearest(rows, k).positions, brute_force(points, rows, k)[0])
    np.testing.assert_array_equal(stream(points, rows, k).positions, brute_force(rows, points, k)[0])


def test_of_rows_too_far_for_float32_the_nearer_one_is_kept():
    nearest = NearestRows(np.array([[1.0], [-1.0]]), 2)
    nearest.offer(np.full((2, 1), 3.6e7), 0)
    nearest.offer(np.full((1, 1), 3.3e7), 2)
    assert nearest.found().positions.tolist() == [[2, 0], [2, 0]]


def test_many_blocks_give_what_one_gives():
    points, queries = draw("normal", 3_000), draw("normal", 3_000, seed=1)
    whole = ExactSearch(points).nearest(queries, 5)
    parts = [ExactSearch(points).nearest(queries[start : start + 700], 5) for start in range(0, 3_000, 700)]
    np.testing.assert_array_equal(whole.positions, np.concatenate([part.positions for part in parts]))
    np.testing.assert_array_equal(whole.squared, np.concatenate([part.squared for part in parts]))


def test_a_long_stream_in_any_batches_gives_what_searching_it_whole_gives():
    points, rows = draw("normal", 200), draw("normal", 30_000, seed=1)
    expected = ExactSearch(rows).nearest(points, 20)
    for batch_rows in (999, 30_000):
        found = stream(points, rows, 20, batch_rows)
        np.testing.assert_array_equal(found.positions, expected.positions)
        np.testing.assert_array_equal(found.squared, expected.squared)


def test_a_stream_that_comes_ever_nearer_keeps_its_last_rows():
    points, rows = np.zeros((50, 2)), np.linspace(9.0, 1.0, 20_000)[:, None] * np.ones(2)
    assert (stream(points, rows, 3, 5_000).positions == [19_999, 19_998, 19_997]).all()


def test_row_numbers_are_those_of_the_stream_with_its_gaps():
    nearest = NearestRows(np.zeros((2, 1)), 2)
    nearest.offer(np.array([[5.0], [1.0]]), 10)
    nearest.offer(np.array([[1.0], [0.5]]), 100)
    assert nearest.found().positions.tolist() == [[101, 11], [101, 11]]


def test_nothing_offered_nothing_found():
    nearest = NearestRows(draw("normal", 4), 3)
    nearest.offer(np.empty((0, 6)), 0)
    assert nearest.found().positions.shape == (4, 0)
    search = ExactSearch(draw("normal", 4))
    assert search.nearest(np.empty((0, 6)), 3).squared.shape == (0, 3)
    assert search.kernel_sums(np.empty((0, 6)), np.ones((4, 2)), 1.0).shape == (0, 2)
    assert search.coarse_kernel_sums(np.empty((0, 6)), np.ones((4, 2)), 1.0).shape == (0, 2)


def test_rows_must_come_in_order():
    nearest = NearestRows(np.zeros((2, 1)), 2)
    nearest.offer(np.ones((3, 1)), 10)
    with pytest.raises(ValueError, match="first_row: 12 came after row 12; expected a later row"):
        nearest.offer(np.ones((1, 1)), 12)


def test_missing_coordinates_are_refused():
    with pytest.raises(ValueError, match="1 rows with missing values; expected numbers"):
        ExactSearch(np.zeros((3, 2))).nearest(np.array([[0.0, np.nan], [0.0, 0.0]]), 1)


def test_threads_change_nothing():
    points, queries, weights = draw("normal", 900), draw("normal", 2_000, seed=1), halves(900)
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            search = ExactSearch(points)
            coarse = search.coarse_kernel_sums(queries, weights, 1.0)
            found.append((search.nearest(queries, 4).positions, stream(points, queries, 4).positions, coarse))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", KINDS)
def test_kernel_sums_follow_their_formula(kind):
    points, queries, weights = draw(kind, 80), draw(kind, 30, seed=1), halves(80)
    squared = np.square(queries[:, None] - points).sum(axis=2)
    bandwidth = float(np.sqrt(np.median(squared))) or 1.0
    expected = np.exp(-squared / (2 * bandwidth**2)) @ weights
    found = ExactSearch(points).kernel_sums(queries, weights, bandwidth)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)


def test_kernel_sums_do_not_depend_on_the_rows_beside():
    search, queries, weights = ExactSearch(draw("normal", 700)), draw("normal", 900, seed=1), halves(700)
    whole = search.kernel_sums(queries, weights, 0.7)
    alone = np.concatenate([search.kernel_sums(queries[[row]], weights, 0.7) for row in range(0, 900, 50)])
    np.testing.assert_array_equal(whole[::50], alone)


@pytest.mark.parametrize("bandwidth", [10.0, 1.0, 0.1, 0.003])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"beyond float32", "below float32"}))
def test_a_share_of_coarse_sums_is_within_its_bound(kind, bandwidth):
    points, queries, weights = draw(kind, 5_000), draw(kind, 300, seed=1), halves(5_000)
    queries[:100] = points[:100] + 0.5 * bandwidth
    search = ExactSearch(points)
    exact, coarse = (sums(queries, weights, bandwidth) for sums in (search.kernel_sums, search.coarse_kernel_sums))
    assert np.abs(share(exact) - share(coarse)).max() <= COARSE_ERROR
