"""What a random split promises too much is shown, and nothing is shown where time changes nothing."""

from __future__ import annotations

import json

import numpy as np
from scipy.special import expit

from icp_ml.model.evaluation.gap import COMPARED, Scored, gap_of
from icp_ml.model.evaluation.metrics import scored_rows


def gap(later_signal, seed=0):
    rng = np.random.default_rng(seed)
    m = rng.normal(0.3, 1.0, 1000)
    y = (rng.random(1000) < expit(m)).astype(float)
    later = np.arange(700, 1000)
    seen = later_signal * m[later] + np.sqrt(1 - later_signal**2) * rng.normal(size=300)
    rows = scored_rows(y[later], expit(seen), margin=seen)
    everybody = scored_rows(y, expit(m), margin=m)
    sides = Scored(rows, later[rows.position]), Scored(everybody, everybody.position)
    return gap_of(*sides, n_train=500, n_train_random=800, n_boot=100)


def test_later_accounts_that_are_judged_worse_are_said_to_be():
    found = gap(later_signal=0.2)
    assert found.rows[0].difference.high < 0
    assert "lower than the" in found.sentence
    assert "more than chance gives" in found.sentence
    assert "500" in found.sentence


def test_where_time_changes_nothing_the_difference_can_be_chance():
    assert "can be chance" in gap(later_signal=1.0).sentence


def test_the_document_has_every_metric_and_is_json():
    document = gap(later_signal=1.0).as_document()
    assert [row["metric"] for row in document["rows"]] == list(COMPARED)
    assert set(document["rows"][0]) == {"metric", "later", "random", "difference", "low", "high"}
    json.dumps(document, allow_nan=False)
