"""Candidates are readable rules that select who they say, and know nothing of outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.refine.candidates import LEAST_SHARE, rules_for
from icp_ml.rules import parse_rule

RNG = np.random.default_rng(0)
N = 400
COLUMNS = {
    "head count": pd.Series(RNG.lognormal(4, 1, N)).mask(RNG.random(N) < 0.15),
    "roles": pd.Series(RNG.poisson(1.0, N).astype(float)),
    "since": pd.Series(np.datetime64("2015-01-01", "s") + RNG.integers(0, 3000, N).astype("timedelta64[D]")),
    "crm": pd.Series(RNG.choice(["Zoho One", "null", "5", "in", 'q"x', "rare"], N, p=[0.3, 0.2, 0.2, 0.15, 0.1, 0.05])),
    "flag": pd.Series(RNG.choice(["true", "false"], N)),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_text_of_a_rule_selects_exactly_its_mask(name):
    tried = rules_for(COLUMNS[name].rename(name))
    assert len(tried.candidates) >= 2
    for candidate, mask in zip(tried.candidates, tried.masks, strict=True):
        rule = parse_rule(candidate.rule)
        assert rule.columns == {name}
        assert (rule.matches(pd.DataFrame({name: COLUMNS[name]})) == mask).all()


@pytest.mark.parametrize("name", COLUMNS)
def test_both_sides_have_a_tenth_and_no_two_rules_select_the_same(name):
    masks = rules_for(COLUMNS[name].rename(name)).masks
    share = masks.mean(axis=1)
    assert (share >= LEAST_SHARE - 1e-9).all()
    assert (share <= 1 - LEAST_SHARE + 1e-9).all()
    assert len(np.unique(masks, axis=0)) == len(masks)


def test_numbers_have_cuts_bands_zero_and_missing():
    rules = {one.rule for one in rules_for(COLUMNS["roles"].rename("roles")).candidates}
    assert {"roles >= 1", "roles < 1", "roles >= 1 and roles < 2"} <= rules
    rules = {one.rule for one in rules_for(COLUMNS["head count"].rename("head count")).candidates}
    assert any(rule.endswith("is null") for rule in rules)


def test_levels_have_pairs_and_are_left_out_but_rare_ones_never_stand_alone():
    rules = {one.rule for one in rules_for(COLUMNS["crm"].rename("crm")).candidates}
    assert {'crm == "Zoho One"', 'crm != "Zoho One"', 'crm in ["5", "Zoho One"]'} <= rules
    assert not any(rule.startswith(("crm == rare", "crm in [rare")) for rule in rules)


@pytest.mark.parametrize(
    "values", [pd.Series([np.nan] * 50), pd.Series([1.0] * 50), pd.Series([None] * 50, dtype="str")]
)
def test_a_column_that_tells_nobody_apart_has_no_rule(values):
    assert rules_for(values.rename("x")).candidates == []


def test_a_row_less_or_more_of_missing_values_only_adds_unknowns():
    tried = rules_for(pd.Series([1.0, 2.0, 3.0, 4.0, np.nan] * 20, name="x"))
    at = [one.rule for one in tried.candidates].index("x >= 3")
    assert tried.masks[at].tolist() == [False, False, True, True, False] * 20
