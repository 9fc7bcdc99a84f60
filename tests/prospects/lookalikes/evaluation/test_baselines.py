"""Baselines do what their names say, and none has seen the outcome of whom it scores."""

import numpy as np
import pandas as pd
import pytest

from icp_ml.prospects.lookalikes.evaluation import baselines
from icp_ml.prospects.lookalikes.evaluation.baselines import _bagged, _cells, _gower, centroid, gower, random
from icp_ml.prospects.lookalikes.evaluation.methods import METHODS, scores_of
from icp_ml.prospects.lookalikes.evaluation.seen import Pool


@pytest.fixture(scope="module")
def pool(prospects):
    return Pool(prospects, 0)


@pytest.fixture(scope="module")
def scores(seen, pool):
    return scores_of(seen, pool)


def test_huge_numbers_missing_columns_and_levels_read_as_categories_are_scored(seen, prospects):
    few = prospects.head(40).copy()
    few.loc[0, "integrations"], few.loc[1, "integrations"] = 1e308, -1e308
    few = few.assign(budget=np.nan, crm=pd.Categorical(few["crm"]))
    scores = scores_of(seen, Pool.of(seen.frame.head(10), few))
    assert all(np.isfinite(score).all() for score in scores.values())


def test_every_method_scores_every_account_with_a_number(scores, pool):
    assert list(scores) == list(METHODS)
    assert all(score.shape == (len(pool),) and np.isfinite(score).all() for score in scores.values())


def test_the_same_seed_gives_the_same_scores(seen, pool, scores):
    again = scores_of(seen, pool)
    assert all(np.array_equal(scores[key], again[key]) for key in METHODS)


def test_similarity_and_success_model_do_not_depend_on_who_stands_beside(seen, pool, scores):
    few = Pool(pool.frame.iloc[40:90].reset_index(drop=True), 0)
    for key in ("similarity", "model", "gower"):
        alone = METHODS[key][1](seen, few)
        if key != "gower":  # its ranges are those of the table it is given
            assert np.allclose(alone, scores[key][40:90], atol=1e-9)


def test_a_random_order_ties_everybody(seen, pool):
    assert len(np.unique(random(seen, pool))) == 1


def gower_by_hand(a, b, kinds, spans):
    apart = []
    for name, kind in kinds.items():
        if pd.isna(a[name]) or pd.isna(b[name]):
            continue
        apart.append(float(a[name] != b[name]) if kind == "categorical" else abs(a[name] - b[name]) / spans[name])
    return np.mean(apart) if apart else 1.0


def test_gower_is_the_mean_difference_over_what_both_show(seen, pool):
    frame = pool.frame.iloc[:12].reset_index(drop=True)
    frame.loc[0, ["budget", "values"]] = np.nan
    spans = {name: np.ptp(frame[name].dropna()) for name, kind in seen.kinds.items() if kind != "categorical"}
    cells = _cells(frame, seen.kinds)
    found = _gower(cells[:5], cells[5:], np.array([kind == "categorical" for kind in seen.kinds.values()]))
    rows = frame.to_dict("records")
    expected = [[gower_by_hand(a, b, seen.kinds, spans) for b in rows[5:]] for a in rows[:5]]
    assert found == pytest.approx(np.array(expected), abs=1e-5)


def test_accounts_that_share_no_attribute_are_as_far_as_can_be():
    cells = np.array([[np.nan, 1.0], [2.0, np.nan]], dtype=np.float32)
    assert _gower(cells[:1], cells[1:], np.array([False, False]))[0, 0] == 1.0


def test_the_seeds_themselves_are_nearest_to_seeds(seen, pool):
    both = Pool.of(seen.frame[seen.positive].head(20), pool.frame)
    found = gower(seen, both)
    assert found[:20].mean() > found[20:].mean()


def test_gower_looks_at_a_draw_of_many_seeds(seen, pool, monkeypatch):
    monkeypatch.setattr(baselines, "MAX_SEEDS_OF_GOWER", 40)
    assert np.isfinite(gower(seen, pool)).all()


def test_the_centroid_says_who_points_where_seeds_point(seen, pool):
    found = centroid(seen, Pool.of(seen.frame[seen.positive], pool.frame))
    n_seeds = int(seen.positive.sum())
    assert (np.abs(found) <= 1 + 1e-12).all()
    assert found[:n_seeds].mean() > found[n_seeds:].mean()


class Memory:
    """Says 1 of the accounts it was fitted on, and 0 of others."""

    def fit(self, rows, _label):
        self.known = {tuple(row) for row in rows}
        return self

    def predict_proba(self, rows):
        known = np.array([tuple(row) in self.known for row in rows], dtype=float)
        return np.column_stack([1 - known, known])


def test_no_account_is_scored_by_a_bag_that_held_it():
    pool = np.arange(50.0)[:, None]
    found = _bagged((np.full((20, 1), -1.0), pool), np.arange(20), lambda _: Memory(), n_bags=30, seed=0)
    assert (found == 0.0).all()


def test_a_pool_of_one_account_that_is_always_drawn_is_left_undecided():
    found = _bagged((np.zeros((5, 1)), np.zeros((1, 1))), np.arange(5), lambda _: Memory(), n_bags=3, seed=0)
    assert found == pytest.approx([0.5])


def test_propensity_tells_customers_from_prospects_that_are_unlike_them(seen, pool):
    moved = pool.frame.assign(values=pool.frame["values"] + 3)
    both = Pool.of(seen.frame.head(100), moved)
    found = METHODS["propensity"][1](seen, both)
    assert found[:100].mean() > found[100:].mean() + 0.2
