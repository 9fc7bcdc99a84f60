"""A company small enough to enumerate: a blend of both learners, its reference customers and an account."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from icp_ml.model import SuccessClassifier
from icp_ml.model.domain import Domain
from icp_ml.model.explanation.case import Case
from icp_ml.model.explanation.words import Words
from icp_ml.model.reference import Reference
from icp_ml.prospects.reasons import value_text

FIT_OF = {
    "integrations": "technical",
    "crm": "technical",
    "budget": "resource",
    "skill": "competence",
    "noise": "context",
}
KINDS = dict.fromkeys(FIT_OF, "numeric") | {"crm": "categorical"}


def draw(n, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"integrations": random.poisson(4, n).astype(float)})
    frame["crm"] = pd.Series(random.choice(["hubspot", "other", "salesforce"], n), dtype="str")
    frame["budget"] = np.round(random.lognormal(4, 1, n), 1)
    frame["skill"] = np.round(random.normal(size=n), 2)
    frame["noise"] = np.round(random.normal(size=n), 2)
    frame.loc[random.random(n) < 0.15, "budget"] = np.nan
    margin = 0.5 * (frame["integrations"] - 4) + 1.5 * (frame["crm"] == "hubspot") + 1.0 * frame["skill"] - 0.5
    return frame, (random.random(n) < expit(margin)).astype(float).to_numpy()


@pytest.fixture(scope="session")
def known():
    """400 customers with a known outcome: attributes and outcomes."""
    return draw(400, 0)


@pytest.fixture(scope="session")
def classifier(known):
    frame, outcome = known
    return SuccessClassifier(FIT_OF, learner="blend", kinds=KINDS).fit(frame, outcome)


@pytest.fixture(scope="session")
def reference(known):
    frame, outcome = known
    return Reference.learn([f"c{i}" for i in range(400)], frame, outcome, weight=np.ones(400), seed=0)


@pytest.fixture(scope="session")
def domain(known):
    return Domain.learn(known[0], KINDS, FIT_OF)


@pytest.fixture
def case_of(classifier, reference, domain):
    """Return a case of the first prospect with some of its attributes changed."""

    def make(account="p", **changes):
        row = draw(1, 7)[0].assign(**{name: [value] for name, value in changes.items()})
        return Case(account, row.astype({"crm": "str"}), classifier, reference, domain)

    return make


@pytest.fixture
def words():
    return Words({"integrations": "integrations in use"}, KINDS, value_text)
