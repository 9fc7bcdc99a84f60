"""A small company with a made-up model, so that every number of a score file can be worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.contract import AttributeContract, TableContract
from icp_ml.model.domain import Unusual
from icp_ml.names import PLAYERS
from icp_ml.prospects.admission import customer_key

CRM_VALUE = {"hubspot": 0.2, "salesforce": 0.6, "other": -0.3}
FIT_OF = {"integrations": "technical", "crm": "technical", "budget": "resource", "industry": "context"}


class Classifier:
    """Contributions by hand: integrations and crm are technical, budget is resource, industry is context."""

    base_value_ = -0.25

    def attribute_contributions(self, frame):
        industry = frame["industry"].astype(object).map({"retail": 0.15}).astype(float).fillna(-0.05)
        return pd.DataFrame(
            {
                "integrations": (frame["integrations"].fillna(0.0) - 3) * 0.1,
                "crm": frame["crm"].astype(object).map(CRM_VALUE).astype(float).fillna(0.0),
                "budget": np.tanh((frame["budget"].fillna(0.0) - 50) / 100),
                "industry": industry,
            }
        )

    def contributions_array(self, frame):
        by_attribute = self.attribute_contributions(frame)
        parts = [[name for name, fit in FIT_OF.items() if fit == player] for player in PLAYERS]
        return np.column_stack([by_attribute[names].to_numpy().sum(axis=1) for names in parts])

    def probability_range(self, margin):
        return 1 / (1 + np.exp(0.3 - margin)), 1 / (1 + np.exp(-0.3 - margin))


class Domain:
    """Unlike every customer: more than 100 integrations."""

    def assess(self, frame):
        outside = (frame["integrations"] > 100).to_numpy()
        rows = np.flatnonzero(outside)
        named = np.zeros((rows.size, 1), dtype=bool) | True
        return ~outside, Unusual(len(frame), rows, named, ("integrations",), ("technical",))


def contract_of(**changes):
    attributes = (
        AttributeContract("integrations", "technical", "numeric", (), 0.0, 50.0, 0.1),
        AttributeContract("crm", "technical", "categorical", ("hubspot", "other", "salesforce"), None, None, 0.1),
        AttributeContract("budget", "resource", "numeric", (), 0.0, 500.0, 0.1),
        AttributeContract("industry", "context", "categorical", ("bank", "retail"), None, None, 0.1),
    )
    known = {
        "id": "account_id",
        "row_number": False,
        "attributes": attributes,
        "as_of": None,
        "plus_days": 0,
        "as_of_default": None,
        "n_rows": 500,
    }
    return TableContract(**(known | changes))


def model_of(**changes):
    model = {
        "name": "acme",
        "kind": "success",
        "study": {},
        "horizon_days": 365,
        "contract": contract_of(),
        "classifier": Classifier(),
        "evaluation_classifier": Classifier(),
        "domain": Domain(),
        "ready": True,
        "capacity": None,
        "customer_keys": (customer_key("customer-1"), customer_key("customer-2")),
        "exclude": (),
        "labels": {},
        "map_reviewed": {"by": "someone", "on": "2026-06-01"},
        "pass_through": (),
        "criteria": (),
        "digest": "ab" * 32,
        "label": "acme/3 sha256:abababababab",
        "probability_withdrawn": False,
        "question_value": {"api_skill": 0.1, "crm": 0.4, "budget": 0.2},
        "stability": None,
    }
    return SimpleNamespace(**(model | changes))


@pytest.fixture
def make_model():
    return model_of


def draw_prospects(n, seed=0):
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "account_id": [f"p-{at:06d}" for at in range(n)],
            "integrations": draw.integers(0, 50, n).astype(float),
            "crm": draw.choice(["hubspot", "salesforce", "other"], n),
            "budget": draw.uniform(0, 500, n),
            "industry": draw.choice(["bank", "retail"], n),
        }
    )
    for name in frame.columns[1:]:
        frame.loc[draw.random(n) < 0.1, name] = None
    frame.loc[draw.random(n) < 0.02, "integrations"] = 500.0
    return frame


@pytest.fixture
def prospects():
    return draw_prospects
