"""Without a table of progress, deals that were won count, or customers by their day of signing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from icp_ml.icp.profile import Goal
from icp_ml.icp.wins import wins_of


def goal(profile, measure):
    situation = profile.situation.model_copy(update={"goal": Goal(measure=measure, target=10)})
    return replace(profile, situation=situation)


def test_won_deals_inside_the_timeframe_count_by_value(base):
    found = wins_of(base.profile, base.customers, base.deals)
    situation, deals = base.profile.situation, base.deals
    inside = (deals.closed >= np.datetime64(situation.starts, "D")) & (
        deals.closed <= np.datetime64(situation.ends, "D")
    )
    assert found.amount.sum() == np.nansum(deals.value[(deals.won == 1) & inside])
    assert (np.diff(found.day) >= np.timedelta64(0, "D")).all()
    assert "profile names no `progress`" in found.warnings[0]


def test_customers_count_by_signature_where_there_are_no_deals(base):
    found = wins_of(goal(base.profile, "customers"), base.customers, None)
    assert len(found) == (base.customers.as_of >= np.datetime64(base.profile.situation.starts, "D")).sum()


def test_revenue_without_deals_is_not_told(base):
    assert wins_of(base.profile, base.customers, None) is None


def test_advocates_need_a_table(base):
    assert wins_of(goal(base.profile, "advocates"), base.customers, base.deals) is None
