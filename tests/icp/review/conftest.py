"""One simulated company with a model, and its customers confronted with its profile."""

from __future__ import annotations

import pytest

from icp_ml.accounts.simulate import simulate, write_company
from icp_ml.icp.profile import load_profile
from icp_ml.study import load_study
from icp_ml.workflow import train
from icp_ml.workflow.reviewing import read_base


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory):
    """Return the folder of a company of 700 customers and 300 prospects, and a model of it."""
    folder = tmp_path_factory.mktemp("reviewed")
    write_company(simulate(700, 300, seed=5), folder)
    return folder, train(folder / "study.yaml", overrides=["model.learner=logistic"]).model


@pytest.fixture(scope="session")
def base(reviewed):
    folder, model = reviewed
    return read_base(load_profile(folder / "profile.yaml"), load_study(folder / "study.yaml"), model)
