"""A small company with a model that was really trained: five attributes, customers of both outcomes, prospects."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from icp_ml import __version__
from icp_ml.accounts.contract import AttributeContract, TableContract
from icp_ml.model.classifier import SuccessClassifier
from icp_ml.model.domain import Domain
from icp_ml.model.reference import Membership, Reference
from icp_ml.model.success_model import SuccessModel, identified
from icp_ml.prospects.admission import customer_key

FIT_OF = {
    "integrations": "technical",
    "crm": "technical",
    "budget": "resource",
    "values": "cultural",
    "industry": "context",
}
LEVELS = {"crm": ("hubspot", "other", "salesforce"), "industry": ("bank", "retail")}
KINDS = {name: "categorical" if name in LEVELS else "numeric" for name in FIT_OF}


def draw_accounts(n, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "integrations": random.poisson(4, n).astype(float),
            "budget": random.lognormal(4, 1, n),
            "values": random.normal(0, 1, n),
        }
    )
    for name, levels in LEVELS.items():
        frame[name] = pd.Categorical(random.choice(levels, n), categories=levels)
    frame.loc[random.random(n) < 0.1, "budget"] = np.nan
    return frame[list(FIT_OF)]


def margin_of(frame):
    return (0.5 * (frame["integrations"] - 4) + (frame["crm"] == "hubspot") + frame["values"] - 0.3).to_numpy()


def train(n=400, seed=0, learner="blend", **changes):
    frame = draw_accounts(n, seed)
    y = (np.random.default_rng(seed + 1).random(n) < expit(margin_of(frame))).astype(float)
    ids = np.array([f"c-{at:04d}" for at in range(n)], dtype=object)
    attributes = [
        AttributeContract(name, fit, KINDS[name], LEVELS.get(name, ()), None, None, 0.0) for name, fit in FIT_OF.items()
    ]
    wanted = np.where(frame["integrations"] > 4, "sell more", "save time").astype(object)
    belongs = replace(Membership.alone(n), wanted=wanted)
    model = {
        "name": "acme",
        "kind": "success",
        "study": {"seed": 3},
        "horizon_days": 365,
        "stage": "prospect",
        "contract": TableContract("account_id", False, tuple(attributes)),
        "classifier": SuccessClassifier(FIT_OF, learner=learner, kinds=KINDS).fit(frame, y),
        "domain": Domain.learn(frame, KINDS, FIT_OF),
        "reference": Reference.learn(ids, frame, y, weight=np.ones(n), seed=0, membership=belongs),
        "customer_keys": tuple(sorted(map(customer_key, ids))),
        "ready": True,
        "data_sha256": "0" * 64,
        "code_version": __version__,
        "labels": {"crm": "CRM in use"},
        "pass_through": ("company",),
        "map_reviewed": {"by": "someone", "on": "2026-06-01"},
    }
    return identified(SuccessModel(**(model | changes)))


@pytest.fixture(scope="session")
def trained():
    return train()


@pytest.fixture(scope="session")
def changed(trained):
    """The trained model with other settings."""
    return lambda **changes: identified(replace(trained, **changes))


@pytest.fixture(scope="session")
def trainer():
    return train


@pytest.fixture(scope="session")
def draw():
    def prospects(n, seed=7):
        frame = draw_accounts(n, seed).astype(dict.fromkeys(LEVELS, object))
        frame.insert(0, "account_id", [f"p-{at:05d}" for at in range(n)])
        frame["company"] = [f"Company {at}" for at in range(n)]
        frame["intent"] = np.random.default_rng(seed).random(n).round(3)
        frame.loc[:: max(1, n // 7), "intent"] = np.nan
        frame.loc[3 :: max(1, n // 20), "integrations"] = 200.0
        return frame

    return prospects
