"""AUC, reach and front on orders whose numbers can be worked out by hand."""

import numpy as np
import pytest

from icp_ml.prospects.lookalikes.evaluation.methods import METHODS
from icp_ml.prospects.lookalikes.evaluation.panel import Fold, _front, at_top, measure

RNG = np.random.default_rng(0)
OUTCOME = np.repeat([1.0, 0.0], [30, 50])


def fold_of(weight=None, group=None, n_prospects=120, **scores):
    n = len(OUTCOME) + n_prospects
    given = {key: np.zeros(n) for key in METHODS} | {"similarity": np.random.default_rng(1).random(n)} | scores
    weights = np.ones(len(OUTCOME)) if weight is None else weight
    return Fold(OUTCOME, weights, np.arange(len(OUTCOME)) if group is None else group, given)


def measured(*folds, probability=None, shares=(0.1,)):
    return measure(folds, probability, shares=shares, seed=0)


def brute_auc(score, weight):
    won, lost = OUTCOME == 1, OUTCOME == 0
    above = (np.sign(score[won][:, None] - score[lost]) + 1) / 2
    return weight[won] @ above @ weight[lost] / (weight[won].sum() * weight[lost].sum())


def test_the_right_order_has_auc_1_the_reverse_0_and_no_order_a_half():
    right = np.concatenate([OUTCOME, np.full(120, 0.5)])
    panel = measured(fold_of(model=right, gower=-right))
    assert [panel.row(key).auc.value for key in ("model", "gower", "random")] == [1.0, 0.0, 0.5]


@pytest.mark.parametrize("seed", range(5))
def test_auc_is_the_weighted_share_of_pairs_ties_by_half(seed):
    rng = np.random.default_rng(seed)
    weight, score = rng.uniform(0.5, 3.0, len(OUTCOME)), rng.integers(0, 6, len(OUTCOME) + 120).astype(float)
    found = measured(fold_of(weight=weight, model=score)).row("model").auc.value
    assert found == pytest.approx(brute_auc(score[: len(OUTCOME)], weight))


def test_auc_is_taken_within_folds_since_scores_of_other_fits_cannot_be_compared():
    right = np.concatenate([OUTCOME, np.zeros(120)])
    assert measured(fold_of(model=right), fold_of(model=right + 100)).row("model").auc.value == 1.0


def test_prospects_move_no_auc():
    score = RNG.random(len(OUTCOME) + 120)
    other = np.concatenate([score[: len(OUTCOME)], RNG.random(120) * 9])
    first, second = (measured(fold_of(model=each)).row("model").auc for each in (score, other))
    assert first == second


def test_reach_is_the_share_of_hidden_successes_in_the_first_tenth():
    score = np.concatenate([np.r_[np.full(6, 3.0), np.zeros(24)], np.zeros(50), np.r_[np.full(14, 2.0), np.ones(106)]])
    assert measured(fold_of(model=score)).row("model").reach.value == pytest.approx(6 / 30)


def test_a_tie_at_the_end_of_the_list_counts_in_part():
    assert at_top(np.array([2.0, 1.0, 1.0, 1.0, 0.0]), 0.4) == pytest.approx([1.0, 1 / 3, 1 / 3, 1 / 3, 0.0])


@pytest.mark.parametrize("share", [0.01, 0.1, 0.37, 1.0])
def test_the_top_holds_its_share_whatever_the_ties(share):
    score = RNG.integers(0, 7, 200).astype(float)
    assert at_top(score, share).sum() == pytest.approx(share * 200)


def test_no_order_reaches_as_much_as_it_lists():
    panel = measured(fold_of(similarity=np.zeros(200)), shares=(0.01, 0.3))
    assert panel.row("random").reach.value == pytest.approx(0.1)
    assert panel.reach_of == pytest.approx({0.01: 0.01, 0.3: 0.3})


def test_a_longer_list_reaches_no_less_and_the_whole_list_all():
    reach = list(measured(fold_of(), shares=(0.01, 0.1, 0.5, 1.0)).reach_of.values())
    assert reach == sorted(reach)
    assert reach[-1] == 1.0


def test_related_customers_are_drawn_together_so_that_intervals_widen():
    score = RNG.random(len(OUTCOME) + 120)
    alone = measured(fold_of(model=score)).row("model").auc
    together = measured(fold_of(model=score, group=np.arange(len(OUTCOME)) % 8)).row("model").auc
    assert together.value == alone.value
    assert together.high - together.low != alone.high - alone.low


def test_a_method_with_the_same_order_differs_by_exactly_nothing():
    fold = fold_of()
    row = measured(fold_of(model=fold.scores["similarity"])).row("model")
    assert (row.difference.low, row.difference.value, row.difference.high) == (0.0, 0.0, 0.0)


def test_mean_chance_is_that_of_the_first_tenth_of_the_prospects():
    score = np.concatenate([np.full(80, 9.0), np.arange(120.0)])
    panel = measured(fold_of(model=score), probability=np.arange(120) / 120)
    assert panel.row("model").probability == pytest.approx(np.mean(np.arange(108, 120)) / 120)
    assert panel.row("random").probability == pytest.approx(np.mean(np.arange(120)) / 120)


def test_a_withdrawn_chance_is_told_nowhere():
    assert all(row["probability"] is None for row in measured(fold_of()).as_document()["rows"])


def test_the_front_holds_whom_nobody_beats():
    points = {"a": (0.7, 0.1), "b": (0.6, 0.3), "c": (0.6, 0.2), "d": (0.7, 0.1), "e": (0.5, 0.1)}
    assert _front(points) == {"a", "b", "d"}


def test_hidden_customers_are_counted_over_folds():
    panel = measured(fold_of(), fold_of())
    assert (panel.n_hidden, panel.n_success, panel.n_churned) == (160, 60, 100)
