"""Every customer is in one population by profile, one by status, and one by every segment; what is not told is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.deals import Deals
from icp_ml.icp.market import Market
from icp_ml.icp.standing.populations import populations
from icp_ml.model import SuccessClassifier
from icp_ml.names import FIT_NAMES

SEGMENTS = {"segments": ["region"], "fits": {"technical": ["tools"], "resource": ["size"]}}
STATUS = {"status": {"column": "stage", "customer": ["live"], "churned": ["gone"], "at_risk": ["red"]}}
STATUS["status"] |= {"pipeline": ["open"], "trial_lost": ["lost"]}
CRITERION = "size >= 10"


def of_name(found, name):
    return next(row for row in found.rows if row.name == name)


def market_of(met, **changes):
    n = len(met)
    ids = np.array([f"P{at}" for at in range(n)], dtype=object)
    return Market(ids, {CRITERION: np.array(met, dtype=np.int8)}, np.ones(n, dtype=bool), **changes)


def with_status(base_of, frame, states):
    values = np.array(states, dtype=object)
    return base_of(frame, study=SEGMENTS | STATUS | {"unlisted": "ignore"}, status=values)


def test_sums_add_up(base_of, company):
    found = populations(base_of(company(500), study=SEGMENTS))
    profile, status, cohorts = (
        [row for row in found.rows if row.kind == kind] for kind in ("profile", "status", "cohort")
    )
    for rows in (profile, status, cohorts):
        assert sum(row.n for row in rows) == 500
        assert sum(row.known for row in rows) == profile[0].known + profile[1].known
        assert sum(row.share for row in rows) == pytest.approx(1)
        assert sum(row.matching.n_success for row in rows) == profile[0].n


def test_the_profile_against_the_rest_is_one_difference_seen_from_both_sides(base_of, company):
    inside, rest = populations(base_of(company(800, gain=0.4))).rows[:2]
    assert inside.success.low > 0
    assert inside.success.difference == pytest.approx(-rest.success.difference)
    assert (inside.success.low, inside.success.high) == pytest.approx((-rest.success.high, -rest.success.low))


def test_success_shares_are_weighted_for_censoring(base_of, company):
    base = base_of(company(600))
    row = populations(base).rows[0]
    inside = base.in_profile() & base.labels.known
    y, w = base.labels.label[inside], base.labels.weight[inside]
    assert row.success.inside.share == pytest.approx(y @ w / w.sum())
    assert abs(y.mean() - y @ w / w.sum()) > 0.005


def test_without_a_status_the_churned_are_the_known_failures_and_it_says_what_is_missing(base_of, company):
    base = base_of(company(300))
    found = populations(base)
    assert of_name(found, "churned").n == base.labels.n_churned
    assert "Customers at risk cannot be told: that takes `status` in the study" in found.sentence
    assert "Pipeline and lost trials cannot be told: that takes a table of prospects" in found.sentence


def test_success_is_not_compared_for_what_is_known_after_the_outcome(base_of, company):
    row = of_name(populations(base_of(company(300))), "churned")
    assert row.success is None
    assert row.matching_against.difference == pytest.approx(
        row.matching.share - of_name(populations(base_of(company(300))), "active").matching.share
    )


def test_populations_by_status(base_of, company):
    found = populations(
        with_status(base_of, company(100), ["customer"] * 60 + ["at_risk"] * 30 + ["churned"] * 8 + [None] * 2)
    )
    counts = {row.name: row.n for row in found.rows if row.kind == "status"}
    assert counts == {"active": 60, "at risk": 30, "churned": 8, "status not known": 2}
    assert of_name(found, "churned").small
    assert "at risk cannot" not in found.sentence


def test_pipeline_and_lost_trials_are_prospects(base_of, company):
    base = with_status(base_of, company(100), ["customer"] * 100)
    states = np.array(["pipeline", "pipeline", "trial_lost", None], dtype=object)
    chance = np.array([0.2, 0.4, 0.9, 0.9])
    found = populations(base, market_of([1, -1, 0, 1], status=states, probability=chance))
    pipeline, lost = of_name(found, "pipeline"), of_name(found, "lost trials")
    assert (pipeline.of, pipeline.n, pipeline.n_table, pipeline.matching.n_success) == ("prospects", 2, 4, 1)
    assert pipeline.probability == pytest.approx(0.3)
    assert (lost.n, lost.matching.share, lost.success, lost.small) == (1, 0.0, None, True)


def test_open_deals_are_the_pipeline_where_prospects_have_no_status(base_of, company):
    none, day = np.datetime64("NaT", "D"), np.datetime64("2026-06-01", "D")
    accounts = np.array(["P0", "P1", "P2", "X"], dtype=object)
    deals = Deals(accounts, np.full(4, day), np.array([none, day, day, none]), np.array([np.nan, 0.0, 1.0, np.nan]))
    found = populations(base_of(company(100), deals=deals), market_of([1, 1, 0, 0]))
    assert of_name(found, "pipeline").n == 1
    assert "Lost trials cannot be told" in found.sentence


def test_customer_success_mode_has_no_pipeline(base_of, company):
    base = base_of(company(100), situation={"mode": "customer_success"})
    found = populations(base, market_of([1], status=np.array(["pipeline"], dtype=object)))
    assert {row.of for row in found.rows} == {"customers"}
    assert "judged after signing" in found.sentence


def test_a_missing_capability_keeps_accounts_out_of_the_profile(base_of, company):
    gates = {"capabilities": [{"name": "tools", "have": False, "needs": "tools >= 6"}]}
    frame = company(200)
    found = populations(base_of(frame, situation=gates))
    n = int(((frame["size"] >= 10) & ~(frame["tools"] >= 6)).sum())
    assert [row.matching.n_success for row in found.rows[:2]] == [n, 0]
    assert sum(row.matching.n_success for row in found.rows if row.kind == "status") == found.rows[0].n == n


def test_small_cells_are_shown_with_their_interval(base_of, company):
    frame = company(300)
    frame.loc[:4, "region"] = "islands"
    row = of_name(populations(base_of(frame, study=SEGMENTS)), "region: islands")
    document = row.as_document()
    assert row.small
    assert document["low"] < document["difference"] < document["high"]
    assert document["high"] - document["low"] > 0.3


def test_fits_are_mean_contributions_and_empty_fits_are_not_measured(base_of, company):
    frame = company(600, gain=0.5)
    known = frame.dropna(subset=["ended"])
    y = np.r_[np.zeros(len(known)), np.ones(600 - len(known))]
    X = pd.concat([known, frame.drop(known.index)])[["tools", "size"]]
    model = SuccessClassifier({"tools": "technical", "size": "resource"}, learner="logistic").fit(X, y)
    base = base_of(frame, study=SEGMENTS, classifier=model)
    inside, rest = populations(base).rows[:2]
    contributions = model.fit_contributions(base.customers.frame[["tools", "size"]])
    assert inside.fits["resource"] == pytest.approx(contributions["resource"][base.in_profile()].mean())
    assert inside.fits["resource"] > 0 > rest.fits["resource"]
    assert [name for name in FIT_NAMES if inside.fits[name] is None] == [
        "functional",
        "competence",
        "experience",
        "cultural",
    ]


def test_columns_of_persons_make_no_cohorts(base_of, company):
    frame = company(60).assign(owner_email=[f"p{at}@acme.org" for at in range(60)])
    study = {"segments": ["owner_email"], "fits": {"technical": ["size"]}, "unlisted": "ignore"}
    found = populations(base_of(frame, study=study))
    assert not [row for row in found.rows if row.kind == "cohort"]
    assert "No cohorts are made of owner_email" in found.sentence
    assert "@" not in json.dumps(found.as_document())


def test_nobody_matches(base_of, company):
    found = populations(base_of(company(60), ["size >= 1000"]))
    document = found.rows[0].as_document()
    assert (document["n"], document["success"]["share"], document["difference"], document["fits"]) == (
        0,
        None,
        None,
        None,
    )


def test_the_document_is_json(base_of, company):
    base = with_status(base_of, company(60), ["customer"] * 60)
    found = populations(base, market_of([], status=np.empty(0, dtype=object), probability=np.empty(0)))
    document = found.as_document()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
