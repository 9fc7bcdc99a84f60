"""Rules are answered for customers as they were written down, dates included."""

from __future__ import annotations

import numpy as np
import pandas as pd

from icp_ml.rules import parse_rule


def test_a_date_attribute_is_a_date_again(base, reviewed):
    raw = pd.read_parquet(reviewed[0] / "customers.parquet")
    assert (pd.to_datetime(raw["founded_on"]) == base.rule_frame["founded_on"]).all()
    later = base.matches("founded_on >= 2015-01-01")
    assert later.sum() == (pd.to_datetime(raw["founded_on"]) >= "2015-01-01").sum() > 0


def test_unknown_does_not_match(base):
    answers = base.answers("integrations >= 4")
    assert (answers == -1).any()
    assert not base.matches("integrations >= 4")[answers == -1].any()


def test_a_missing_capability_keeps_accounts_outside(base):
    needs = base.matches("support_tier_needed == 'Around the clock'")
    meets = base.matches_all(base.profile.criteria)
    assert (meets & needs).any()
    assert (base.in_profile() == (meets & ~needs)).all()


def test_later_customers_are_those_that_judge(base):
    later, as_of = base.later(), base.customers.as_of
    assert later.any()
    assert as_of[later].min() >= np.datetime64(base.split.starts, "D")
    assert not later[base.split.train].any()


def test_a_blocked_column_is_never_suggested(base):
    assert set(base.fit_of) == {known.column for known in base.model.contract.attributes}


def test_a_contrast_among_some_rows_counts_only_them(base):
    rows = base.later()
    found = base.contrast(base.matches(parse_rule("jobs_covered >= 4")), rows)
    assert found.inside.n + found.outside.n == (rows & base.labels.known & (base.labels.weight > 0)).sum()
