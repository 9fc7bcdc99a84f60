"""Cohorts are the values of a segment, bands of a number, years of a date, and the channel of the first won deal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from icp_ml.accounts.deals import Deals
from icp_ml.icp.standing.cohorts import MAX_LEVELS, channels, cohort_cells


def cells_of(base_of, company, **columns):
    frame = company(40).assign(**columns)
    study = {"segments": list(columns), "labels": {"plan": "price plan"}}
    return {cell.name: int(cell.rows.sum()) for cell in cohort_cells(base_of(frame, study=study))}


def test_values_most_customers_first_with_the_words_of_the_study(base_of, company):
    cells = cells_of(base_of, company, plan=["b"] * 25 + ["a"] * 10 + [None] * 5)
    assert list(cells.items()) == [("price plan: b", 25), ("price plan: a", 10), ("price plan: not known", 5)]


def test_many_values_are_counted_as_one(base_of, company):
    cells = cells_of(base_of, company, plan=[f"plan {at % 20}" for at in range(40)])
    assert len(cells) == MAX_LEVELS + 1
    assert cells["price plan: 8 further values"] == 16
    assert sum(cells.values()) == 40


def test_numbers_are_cut_at_their_quarters(base_of, company):
    cells = cells_of(base_of, company, plan=np.r_[np.arange(1, 37), [np.nan] * 4])
    names = ["up to 9", "above 9 to 18", "above 18 to 27", "above 27", "not known"]
    assert cells == {f"price plan: {name}": n for name, n in zip(names, (9, 9, 9, 9, 4), strict=True)}


def test_few_numbers_stay_values_in_order(base_of, company):
    cells = cells_of(base_of, company, plan=[10.0, 2.0] * 20)
    assert list(cells) == ["price plan: 2", "price plan: 10"]


def test_dates_are_cohorts_by_year(base_of, company):
    founded = pd.Series(pd.to_datetime(["2020-03-01", "2019-05-01"] * 19 + [None] * 2).astype("datetime64[s]"))
    cells = cells_of(base_of, company, founded=founded)
    assert list(cells.items()) == [("founded: 2019", 19), ("founded: 2020", 19), ("founded: not known", 2)]


def channel_cells(base_of, company, channel):
    frame = company(40).assign(source=["web", "event"] * 19 + [None] * 2)
    day = np.full(40, np.datetime64("2026-01-01", "D"))
    ids = np.array([f"A{at}" for at in range(40)], dtype=object)
    deals = Deals(ids, day, day, np.ones(40), channel=np.array(channel, dtype=object))
    base = base_of(frame, study={"segments": ["source"]}, deals=deals)
    return [cell.name for cell in cohort_cells(base) if cell.name.startswith("channel")]


def test_a_channel_that_a_segment_tells_already_is_not_counted_twice(base_of, company):
    assert channel_cells(base_of, company, ["web", "event"] * 19 + [None] * 2) == []
    other = [f"channel of the deal: {name}" for name in ("web", "not known")]
    assert channel_cells(base_of, company, ["web"] * 39 + [None]) == other


def test_the_channel_is_that_of_the_first_won_deal():
    day = np.array(["2026-03-01", "2026-01-01", "2026-02-01", "NaT"], dtype="datetime64[D]")
    deals = Deals(
        account=np.array(["a", "a", "a", "b"], dtype=object),
        opened=np.full(4, np.datetime64("2025-12-01", "D")),
        closed=day,
        won=np.array([1.0, 0.0, 1.0, np.nan]),
        channel=np.array(["late", "lost", "first", "open"], dtype=object),
    )
    assert channels(np.array(["a", "b", "c"], dtype=object), deals).tolist() == ["first", None, None]


def test_desired_outcomes_are_cohorts_beside_the_segments(base_of, company):
    frame = company(40).assign(plan=["a", "b"] * 20, wanted=["grow"] * 25 + ["save"] * 15)
    keys = {
        "segments": ["plan"],
        "desired_outcome": "wanted",
        "fits": {"technical": ["size"]},
    }
    base = base_of(frame, study=keys | {"ignore": ["tools", "region"]})
    sizes = {cell.name: int(cell.rows.sum()) for cell in cohort_cells(base)}
    assert list(sizes.items()) == [("plan: a", 20), ("plan: b", 20), ("wanted: grow", 25), ("wanted: save", 15)]


def test_a_desired_outcome_that_is_a_segment_too_is_counted_once(base_of, company):
    frame = company(40).assign(plan=["a", "b"] * 20)
    base = base_of(frame, study={"segments": ["plan"], "desired_outcome": "plan"})
    assert [cell.name for cell in cohort_cells(base)] == ["plan: a", "plan: b"]


def test_desired_outcomes_of_persons_make_no_cohorts(base_of, company):
    frame = company(40).assign(wanted=[f"person{at}@acme.org" for at in range(40)])
    keys = {"desired_outcome": "wanted", "fits": {"technical": ["size"]}, "ignore": ["tools", "region"]}
    assert list(cohort_cells(base_of(frame, study=keys))) == []
