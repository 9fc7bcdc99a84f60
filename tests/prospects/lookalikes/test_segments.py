"""Segments are desired outcomes, else clusters, else one group; each is described in a sentence that adds up."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.intervals import wilson_interval
from icp_ml.model.explanation.words import Words
from icp_ml.model.likeness import Likeness
from icp_ml.model.reference import Membership, Reference
from icp_ml.prospects.lookalikes.segments import MOST_WORDS, find_segments
from icp_ml.prospects.reasons import value_text

N = 300


def segments_of(wanted=None, *, shift=0.0, order=None, words=None, weight=None):
    """Return the segments of customers, half of whom succeeded; the first third is apart by `shift` in two fits."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(N, 3)), columns=["tools", "budget", "size"])
    frame.loc[: N // 3 - 1, ["tools", "budget"]] += [shift, -shift]
    outcome = np.arange(N) % 2 * 1.0
    wanted = np.full(N, None, dtype=object) if wanted is None else np.array(wanted, dtype=object)
    order = np.arange(N) if order is None else order
    membership = Membership(np.arange(N), np.zeros(N, dtype=np.int8), wanted).rows(order)
    kept = frame.iloc[order].reset_index(drop=True)
    weight = np.ones(N) if weight is None else weight[order]
    reference = Reference.learn(
        [f"c{at}" for at in order], kept, outcome[order], weight=weight, seed=0, membership=membership
    )
    fits = {"tools": "technical", "budget": "resource", "size": "resource"}
    likeness = Likeness.learn(kept, weight, fits)
    words = words or Words({}, dict.fromkeys(fits, "numeric"), value_text)
    return find_segments(reference, likeness, likeness.place(kept.to_numpy()), words=words, desired="goal", seed=0)


def test_desired_outcomes_are_segments_and_small_ones_are_other():
    found = segments_of(["grow"] * 150 + ["save"] * 100 + ["rest"] * 20 + ["move"] * 20 + [None] * 10)
    assert found.kind == "desired outcome"
    assert [(row.name, row.n_known, row.n_success) for row in found.rows] == [
        ("grow", 150, 75),
        ("save", 100, 50),
        ("other", 40, 20),
    ]
    assert found.of.tolist() == ["grow"] * 150 + ["save"] * 100 + ["other"] * 40 + [None] * 10
    assert found.sentence.startswith("3 segments by goal. What goes with success was not found to differ")


def test_a_value_named_other_is_not_mixed_with_the_small_ones():
    found = segments_of(["other"] * 150 + ["save"] * 100 + ["rest"] * 50)
    assert found.names == ("other", "save", "other values")


def test_one_large_desired_outcome_makes_no_segments():
    found = segments_of(["grow"] * 290 + ["save"] * 10)
    assert found.kind == "one"
    assert found.rows == ()
    assert set(found.of) == {None}
    assert found.sentence.startswith("Only 1 desired outcome with 30 successful customers, two are needed")


def test_without_desired_outcomes_and_clusters_there_is_one_group():
    found = segments_of()
    assert (found.kind, found.several) == ("one", None)
    assert found.sentence.startswith("One group: ")


def test_planted_clusters_become_segments_called_clusters():
    found = segments_of(shift=8.0)
    assert found.kind == "clusters"
    assert found.names == ("cluster 1", "cluster 2")
    assert found.of.tolist() == ["cluster 2"] * 100 + ["cluster 1"] * 200
    assert [(row.n_known, row.n_success) for row in found.rows] == [(200, 100), (100, 50)]


def test_a_cluster_is_described_by_what_sets_it_apart():
    second = segments_of(shift=8.0).rows[1].sentence
    assert second.startswith("cluster 2: of 100 with a known outcome 50 succeeded (50%; 90 %: 42% to 58%); ")
    assert "median tools " in second
    assert "median budget -" in second
    assert "technical above, resource below the others" in second


def test_shares_are_weighted_with_the_interval_of_so_many_independent_customers():
    weight = np.where(np.arange(N) < 20, 3.0, 1.0)
    found = segments_of(["grow"] * 150 + ["save"] * 150, weight=weight)
    grow = found.rows[0]
    n = 190**2 / (20 * 9 + 130)
    assert grow.share == pytest.approx(0.5)
    assert (grow.low, grow.high) == pytest.approx(wilson_interval(0.5 * n, n))


def test_a_share_that_weights_have_moved_is_told_beside_the_count():
    weight = np.where((np.arange(N) % 2 == 1) & (np.arange(N) < 150), 4.0, 1.0)
    grow = segments_of(["grow"] * 150 + ["save"] * 150, weight=weight).rows[0]
    told = "grow: of 150 with a known outcome 75 succeeded; 80%, weighted for those still followed (90 %: "
    assert grow.sentence.startswith(told)


def test_the_order_of_the_customers_changes_nothing():
    turned = np.random.default_rng(1).permutation(N)
    one, other = segments_of(shift=8.0), segments_of(shift=8.0, order=turned)
    assert one.as_document() == other.as_document()
    assert one.of[turned].tolist() == other.of.tolist()


def test_a_sentence_has_at_most_forty_words_whatever_the_labels():
    labels = {name: f"what we call the {name} of a company in our own long words" for name in ("tools", "budget")}
    kinds = dict.fromkeys(("tools", "budget", "size"), "numeric")
    found = segments_of(shift=8.0, words=Words(labels, kinds, value_text))
    assert max(len(row.sentence.split()) for row in found.rows) <= MOST_WORDS


def test_a_segment_like_the_others_says_so():
    found = segments_of(["grow", "grow", "save", "save"] * 75)
    assert found.rows[0].sentence.endswith("; nothing sets its successful customers apart.")


def test_the_document_is_plain_json():
    document = segments_of(shift=8.0).as_document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert list(document) == ["kind", "sentence", "several", "rows"]
