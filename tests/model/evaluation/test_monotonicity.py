"""A falling list is told from a flat and from a reversed one."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit, ndtr

from icp_ml.model.evaluation.curves import ten_bands
from icp_ml.model.evaluation.metrics import equal_count_bins, scored_rows
from icp_ml.model.evaluation.monotonicity import monotonicity


def rows_of(slope, n=600, seed=0, clusters=None):
    rng = np.random.default_rng(seed)
    margin = rng.normal(0.3, 1.0, n)
    outcome = (rng.random(n) < expit(slope * margin)).astype(float)
    return scored_rows(outcome, expit(margin), margin=margin, clusters=clusters)


def test_the_trend_is_that_of_cochran_and_armitage():
    rows = rows_of(0.2)
    bands = equal_count_bins(-rows.margin, 10)
    p, centred = rows.outcome.mean(), bands - bands.mean()
    z = (rows.outcome @ centred) / np.sqrt(p * (1 - p) * (centred**2).sum())
    assert monotonicity(rows).trend_p == pytest.approx(ndtr(z), rel=0.1)


def test_a_good_order_falls_and_steps_against_it_are_noise():
    found = monotonicity(rows_of(1.0))
    assert found.trend_p < 0.001
    assert found.sentence.startswith("Success falls along the list (trend test, p < 0.001)")
    assert found.ordered or "what chance gives" in found.sentence


def test_no_order_does_not_clearly_fall():
    p_values = np.array([monotonicity(rows_of(0.0, n=200, seed=s)).trend_p for s in range(200)])
    assert 0.015 <= (p_values <= 0.05).mean() <= 0.10


def test_a_list_upside_down_rises_more_than_chance_gives():
    found = monotonicity(rows_of(-3.0, n=3000))
    assert (found.n_against, found.n_steps) == (9, 9)
    assert found.trend_p > 0.99
    assert "more than chance gives" in found.sentence


def test_copies_of_one_account_do_not_make_the_trend_surer():
    one = rows_of(0.15, n=200)
    copies = [np.repeat(each, 5) for each in (one.outcome, one.probability, one.margin)]
    related = scored_rows(*copies[:2], margin=copies[2], clusters=np.repeat(np.arange(200), 5))
    assert monotonicity(related).trend_p == pytest.approx(monotonicity(one).trend_p, rel=0.05)


def test_one_score_for_everybody_cannot_be_tested_and_the_document_is_json():
    flat = scored_rows([0.0, 1.0, 1.0], [0.5, 0.5, 0.5])
    document = monotonicity(flat).as_document()
    assert document["trend_p"] is None
    json.dumps(document, allow_nan=False)


def test_ten_bands_hold_everybody_once_first_of_the_list_first():
    bands = ten_bands(rows_of(1.0))
    assert [band["n"] for band in bands] == [60.0] * 10
    assert [band["band"] for band in bands] == list(range(1, 11))
    assert all(above["predicted"] > below["predicted"] for above, below in pairwise(bands))
    assert all(band["low"] <= band["observed"] <= band["high"] for band in bands)
