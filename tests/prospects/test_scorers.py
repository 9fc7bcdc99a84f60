"""Reasons of a model that learned which of them are stable."""

import pandas as pd
import pyarrow as pa
import pytest

from icp_ml.model.explanation.stability import SignTable, Stability
from icp_ml.names import PLAYERS
from icp_ml.prospects.scorers import SuccessScorer

ALWAYS, NEVER = (1.0, 1.0), (0.0, 0.0)


@pytest.fixture
def stability():
    """Resource lowers in every refit and raises in none; crm is stable at hubspot only."""
    levels = (1.0, 0.0, 0.0)
    attributes = {"crm": SignTable((), ("hubspot",), levels, levels), "budget": SignTable((), None, ALWAYS, ALWAYS)}
    return Stability(attributes, {"resource": SignTable((), None, NEVER, ALWAYS)}, n_refits=20, dropped_share=0.1)


@pytest.fixture
def frame():
    columns = {"integrations": [8.0, 8.0], "crm": ["hubspot", "salesforce"], "budget": [150.0, 150.0]}
    return pd.DataFrame(columns | {"industry": ["bank", "bank"]})


def part_of(resource):
    fits = dict.fromkeys(PLAYERS, 0.0) | {"technical": 0.4, "resource": resource}
    return pa.table({name: [value] for name, value in fits.items()} | {"unknown": pa.array([0], pa.uint8())})


def test_an_attribute_that_is_not_stable_here_is_no_reason(make_model, stability, frame):
    reasons = SuccessScorer(make_model(stability=stability)).detailed_reasons(frame)
    assert reasons[0, :3].tolist() == ["budget = 150 (+0.76)", "integrations = 8 (+0.50)", "crm = hubspot (+0.20)"]
    assert reasons[1, :3].tolist() == ["budget = 150 (+0.76)", "integrations = 8 (+0.50)", None]


def test_a_fit_is_a_reason_in_the_direction_that_is_stable(make_model, stability):
    scorer = SuccessScorer(make_model(stability=stability))
    assert scorer.reasons(part_of(0.9))[0, :2].tolist() == ["technical fit (+0.40)", None]
    assert scorer.reasons(part_of(-0.9))[0, 3] == "resource fit (-0.90)"


def test_a_model_without_the_table_tells_every_reason(make_model, frame):
    scorer = SuccessScorer(make_model())
    assert scorer.reasons(part_of(0.9))[0, :2].tolist() == ["resource fit (+0.90)", "technical fit (+0.40)"]
    assert "crm = salesforce (+0.60)" in scorer.detailed_reasons(frame)[1]
