"""The bottom of the list is measured, and is only called worse where that is shown."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from icp_ml.model.evaluation.bottom import Evidence, bottom
from icp_ml.model.evaluation.judged import judged_rows


def company(seed=0, n=500, signal=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(0.2, 1.2, n)
    return judged_rows(rng.random(n) < expit(signal * margin + shift), margin)


def evidence(rows, **changes):
    contributions = pd.DataFrame({"seats": rows.margin, "crm": 0.3 * rows.margin, "noise": np.zeros(len(rows))})
    known = {
        "places": np.arange(len(rows)),
        "missing_share": np.zeros(len(rows)),
        "in_domain": None,
        "labels": {"seats": "seats bought"},
    }
    return Evidence(**({"contributions": contributions} | known | changes))


def test_the_bottom_is_the_last_fifth():
    rows = company()
    found, last = bottom(rows, evidence(rows)), np.argsort(rows.margin)[:100]
    assert found.n == 100
    assert found.observed.value == pytest.approx(rows.outcome[last].mean())
    assert found.predicted == pytest.approx(rows.probability[last].mean())
    assert found.successes_lost == rows.outcome[last].sum()
    assert found.lost_share == pytest.approx(rows.outcome[last].sum() / rows.outcome.sum())


def test_an_order_that_holds_is_worse_at_the_bottom_and_says_what_is_lost():
    found = bottom(rows := company(), evidence(rows))
    assert found.below_middle.low > 0
    assert "points below the middle" in found.sentence
    assert f"leaves out {found.successes_lost} successes" in found.sentence


def test_an_order_of_noise_does_not_condemn_the_bottom():
    found = [bottom(rows, evidence(rows)) for rows in (company(seed, signal=0.0) for seed in range(40))]
    condemned = ["not shown to be worse" not in one.sentence for one in found]
    assert np.mean(condemned) <= 0.15


def test_a_bottom_that_is_better_than_it_was_said_to_be_is_named():
    found = bottom(rows := company(shift=1.0), evidence(rows))
    assert found.gap.low > 0
    assert "better than they were said to be" in found.sentence
    honest = company()
    assert "better than" not in bottom(honest, evidence(honest)).sentence


def test_the_attributes_that_put_accounts_there_come_strongest_first():
    found = bottom(rows := company(), evidence(rows))
    assert [column for column, _ in found.attributes] == ["seats", "crm"]
    assert found.attributes[0][1].startswith("seats bought: -")
    assert found.attributes[0][1].endswith(" elsewhere")


def test_missing_and_unusual_accounts_are_compared_with_the_others():
    rows = company()
    last = rows.margin <= np.sort(rows.margin)[99]
    found = bottom(rows, evidence(rows, missing_share=0.5 * last, in_domain=~last))
    assert (found.missing, found.unusual) == ((0.5, 0.0), (1.0, 0.0))
    assert np.isnan(bottom(rows, evidence(rows)).unusual).all()


def test_a_sample_of_the_list_says_nearly_the_same():
    rows = company(n=3000)
    some = np.arange(0, 3000, 3)
    sampled = evidence(rows, places=some, missing_share=np.zeros(1000))
    sampled = replace(sampled, contributions=sampled.contributions.iloc[some])
    whole, part = bottom(rows, evidence(rows)), bottom(rows, sampled)
    assert [column for column, _ in part.attributes] == [column for column, _ in whole.attributes]
    assert part.observed == whole.observed


def test_one_chance_for_everybody_has_no_bottom():
    rows = judged_rows([0, 1] * 50, [0.0] * 100)
    found = bottom(rows, evidence(rows))
    assert found.lost_share == pytest.approx(0.2)
    assert found.attributes == ()
    assert "not shown to be worse" in found.sentence


def test_the_document_is_json_with_the_keys_of_the_report():
    document = bottom(rows := company(), evidence(rows)).as_document()
    wanted = {"sentence", "n", "observed", "low", "high", "predicted", "successes_lost", "attributes"}
    assert wanted <= set(document)
    assert document["unusual"] == {"here": None, "elsewhere": None}
    assert set(document["attributes"][0]) == {"column", "note"}
    json.dumps(document, allow_nan=False)
