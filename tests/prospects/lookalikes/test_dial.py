import numpy as np
import pytest

from icp_ml.prospects.lookalikes.dial import SHARES, dial
from icp_ml.prospects.lookalikes.passes import Candidates, Pool


def pool_of(n=200, seed=0, p_close=None):
    rng = np.random.default_rng(seed)
    similarity = np.round(rng.uniform(size=n), 2).astype(np.float32)
    return Pool(similarity, rng.uniform(size=n).astype(np.float32), p_close, np.ones(n, dtype=bool))


def first(pool, n):
    everyone = Candidates(np.arange(len(pool)), pool.similarity.astype(float), np.zeros((len(pool), 0)))
    return everyone.first(n)


def rows_of(pool, candidates, listed, **asked):
    return dial(pool, candidates, listed, **({"is_withdrawn": False, "reach": {}} | asked)).rows


def test_each_row_is_the_list_of_its_share():
    pool = pool_of()
    order = np.lexsort((np.arange(200), -pool.similarity))
    for row in rows_of(pool, first(pool, 30), first(pool, 30)):
        assert row.n == (30 if row.is_list else round(row.share * 200))
        assert row.probability == pytest.approx(pool.probability[order[: row.n]].mean(), abs=1e-6)
        assert row.similarity == pytest.approx(pool.similarity[order[row.n - 1]], abs=1e-4)


def test_rows_rise_in_length_and_fall_in_similarity():
    pool = pool_of()
    rows = rows_of(pool, first(pool, 30), first(pool, 30))
    assert len(rows) == len(SHARES) + 1
    assert [row.n for row in rows] == sorted(row.n for row in rows)
    assert (np.diff([row.similarity for row in rows]) <= 0).all()


def test_unknown_chances_of_closing_do_not_count():
    pool = pool_of(10, p_close=np.array([0.2, 0.4, *[np.nan] * 8], dtype=np.float32))
    assert rows_of(pool, first(pool, 10), first(pool, 10))[-1].p_close == pytest.approx(0.3)
    nothing = pool_of(10, p_close=np.full(10, np.nan, dtype=np.float32))
    assert rows_of(nothing, first(nothing, 1), first(nothing, 1))[-1].p_close is None


def test_a_withdrawn_chance_is_not_told():
    pool = pool_of()
    found = dial(pool, first(pool, 5), first(pool, 5), is_withdrawn=True, reach={})
    assert {row.probability for row in found.rows} == {None}
    assert "chance" not in found.sentence


def test_reach_is_told_of_the_plain_order_only():
    pool = pool_of()
    candidates = first(pool, 40)
    plain = rows_of(pool, candidates, candidates.rows(np.arange(20)), reach={0.1: 0.4})
    assert [row.reach for row in plain if row.share == 0.1] == [0.4, 0.4]
    diverse = rows_of(pool, candidates, candidates.rows(np.arange(0, 40, 2)), reach={0.1: 0.4})
    assert [row.reach for row in diverse if row.share == 0.1] == [0.4, None]


@pytest.mark.parametrize(("n", "told"), [(2_000, "0.05%"), (30, "3.3%")])
def test_a_small_share_is_not_told_as_nothing(n, told):
    pool = pool_of(n)
    found = dial(pool, first(pool, 1), first(pool, 1), is_withdrawn=False, reach={})
    assert f"The list holds 1 prospect, {told} of them" in found.sentence


def test_nobody_makes_no_rows():
    pool = pool_of(0)
    found = dial(pool, first(pool, 0), first(pool, 0), is_withdrawn=False, reach={})
    assert found.as_document() == {"sentence": "No prospect was left to list.", "rows": []}
