"""One small training whose facts every report test draws."""

from __future__ import annotations

import pytest

from icp_ml.accounts.simulate import simulate, write_company
from icp_ml.workflow import train


@pytest.fixture(scope="session")
def facts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    write_company(simulate(600, 10, seed=1), folder)
    return train(folder / "study.yaml", overrides=["model.learner=logistic"]).facts
