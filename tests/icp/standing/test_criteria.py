"""A criterion is supported or contradicted when the customers show it, and otherwise cannot be told."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit.finding import Finding
from icp_ml.icp.market import Market
from icp_ml.icp.standing.criteria import holm, judge_criteria


def counted(*cells):
    """Return customers as (size, successes, customers)."""
    rows = [(size, "yes" if at < wins else "no") for size, wins, n in cells for at in range(n)]
    return pd.DataFrame(rows, columns=["size", "result"])


def states(judged):
    return [row.state for row in judged.rows]


def test_known_answer_supported_and_its_numbers(base_of):
    (row,) = judge_criteria(base_of(counted((20.0, 70, 100), (5.0, 40, 100)))).rows
    assert row.state == "supported"
    assert (row.n_yes, row.n_no, row.n_unknown, row.coverage, row.fit) == (100, 100, 0, 0.5, "technical")
    assert (row.contrast.difference, row.contrast.inside.n_success) == (pytest.approx(0.3), 70)
    assert row.contrast.low < 0.3 < row.contrast.high
    assert "70 of 100 succeeded (70 %) among those who meet it" in row.sentence
    assert "+30 points (90 %: +19 to +40)" in row.sentence


def test_known_answer_contradicted(base_of):
    judged = judge_criteria(base_of(counted((20.0, 40, 100), (5.0, 70, 100))))
    assert states(judged) == ["contradicted"]
    assert judged.sentence == "Of 1 criterion: 0 supported, 1 contradicted, 0 that these customers cannot tell."


def test_too_few_customers_cannot_tell_and_say_how_many_would(base_of):
    (row,) = judge_criteria(base_of(counted((20.0, 12, 20), (5.0, 11, 20)))).rows
    assert row.state == "cannot tell"
    assert row.needed.accounts > 500
    assert row.needed.more == row.needed.accounts - 40
    assert row.needed.visible > 0.3
    assert f"takes {row.needed.accounts:,} customers of known outcome: {row.needed.more:,} more" in row.sentence


def test_the_same_difference_may_not_do_beside_other_criteria(base_of):
    frame = counted((20.0, 62, 100), (5.0, 47, 100))
    alone = judge_criteria(base_of(frame))
    beside = judge_criteria(base_of(frame, [f"size >= {cut}" for cut in (10, 11, 12, 13, 14)]))
    assert states(alone) == ["supported"]
    assert states(beside) == ["cannot tell"] * 5


def test_a_handful_on_one_side_cannot_tell_however_clear_it_looks(base_of):
    (row,) = judge_criteria(base_of(counted((20.0, 9, 9), (5.0, 10, 60)))).rows
    assert row.contrast.low > 0.3
    assert (row.state, row.as_document()["p_value"]) == ("cannot tell", None)


def test_nobody_on_one_side(base_of):
    (row,) = judge_criteria(base_of(counted((20.0, 30, 50)))).rows
    document = row.as_document()
    assert row.state == "cannot tell"
    assert "no customer of known outcome fails it" in row.sentence
    assert (document["difference"], document["low"], document["p_value"], document["needed"]) == (None,) * 4


def test_a_criterion_on_values_that_are_all_missing(base_of):
    frame = counted((20.0, 30, 50), (5.0, 20, 50)).assign(tools=np.nan)
    (row,) = judge_criteria(base_of(frame, ["tools >= 3"])).rows
    assert (row.state, row.n_unknown) == ("cannot tell", 100)
    assert any("100 customers without a value" in caveat for caveat in row.caveats)


def test_customers_without_a_value_are_on_neither_side(base_of):
    frame = pd.concat([counted((20.0, 70, 100), (5.0, 40, 100)), counted((np.nan, 0, 50))], ignore_index=True)
    (row,) = judge_criteria(base_of(frame)).rows
    assert (row.n_unknown, row.contrast.outside.n) == (50, 100)
    assert "50 customers without a value are on neither side (20 %): 0 of 50 succeeded (0 %)." in row.caveats


def test_a_column_that_knows_the_outcome_is_no_evidence(base_of):
    found = Finding("blocker", "single_attribute", "size", 200, "it alone orders success with an AUC of .99", "Drop it")
    base = base_of(counted((20.0, 99, 100), (5.0, 1, 100)), findings={"size": [found]})
    (row,) = judge_criteria(base).rows
    assert row.state == "cannot tell"
    assert "AUC of .99" in row.caveats[0]


def test_caveats_of_where_a_column_comes_from(base_of):
    keys = {"column": "size", "proxy": True, "point_in_time": False, "available": "discovery"}
    study = {"fits": {"resource": [keys]}, "model": {"stage": "discovery"}}
    frame = counted((20.0, 70, 100), (5.0, 40, 100))
    base = base_of(frame, study=study)
    (row,) = judge_criteria(base).rows
    assert [words for words in ("discovery", "today's value", "stands in for the resource fit")
            if not any(words in caveat for caveat in row.caveats)] == []  # fmt: skip
    (after_signing,) = judge_criteria(base_of(frame, study=study, situation={"mode": "customer_success"})).rows
    assert not any("list" in caveat for caveat in after_signing.caveats)


def test_a_difference_that_goes_with_the_time_of_signing_cannot_be_told(base_of):
    rng = np.random.default_rng(3)
    day = np.arange(1200)
    late = day >= 600
    size = np.where(rng.random(1200) < np.where(late, 0.9, 0.1), 20.0, 5.0)
    result = np.where(rng.random(1200) < np.where(late, 0.4, 0.75), "yes", "no")
    signed = (np.datetime64("2021-01-01", "D") + day).astype("datetime64[s]")
    base = base_of(pd.DataFrame({"size": size, "result": result, "signed": signed}))
    (row,) = judge_criteria(base).rows
    assert row.contrast.high < -0.1
    assert row.state == "cannot tell"
    assert row.caveats[0].startswith("It goes with the time of signing")


def test_the_market_is_asked(base_of):
    answers = {"size >= 10": np.array([1, 1, 0, -1], dtype=np.int8)}
    market = Market(np.arange(4).astype(str).astype(object), answers, np.ones(4, dtype=bool))
    frame = counted((20.0, 70, 100), (5.0, 40, 100))
    (row,) = judge_criteria(base_of(frame), market).rows
    (after_signing,) = judge_criteria(base_of(frame, situation={"mode": "customer_success"}), market).rows
    assert (row.market_share, after_signing.market_share) == (0.5, None)


def test_order_of_rows_does_not_matter(base_of, company):
    frame = company(300)
    frame = frame.assign(id=[f"A{at}" for at in range(300)])
    first, second = (judge_criteria(base_of(one)).rows for one in (frame, frame.iloc[::-1]))
    assert first[0].contrast.difference == pytest.approx(second[0].contrast.difference, abs=1e-12)
    assert first[0].p_value == pytest.approx(second[0].p_value)


def test_the_document_is_json(base_of, company):
    document = judge_criteria(base_of(company(300), ["size >= 10", "tools >= 3"])).as_document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert set(document["criteria"][0]) >= {"rule", "fit", "state", "inside", "outside", "needed", "market_share"}


def test_holm_is_monotone_and_never_below_the_p_value():
    p = np.random.default_rng(0).random(20)
    corrected = np.array(holm(list(p)))
    assert (corrected >= p).all()
    assert (np.diff(corrected[np.argsort(p)]) >= 0).all()
    assert holm([0.02]) == [0.02]


def test_nothing_is_judged_where_nothing_matters(base_of):
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(60):
        frame = pd.DataFrame(rng.integers(0, 20, (150, 3)), columns=["a", "b", "c"]).astype(float)
        frame["result"] = np.where(rng.random(150) < 0.6, "yes", "no")
        wrong += states(judge_criteria(base_of(frame, ["a >= 10", "b >= 5", "c <= 8"]))) != ["cannot tell"] * 3
    assert wrong <= 7  # 3 are expected at the 5 % level; 8 or more of 60 come in 1 of 100 runs
