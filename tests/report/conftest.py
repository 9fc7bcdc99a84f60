"""One small training whose facts every report test draws, alone and with every chapter that can stand beside it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from icp_ml.accounts.simulate import simulate, write_company
from icp_ml.report.facts.key_findings import key_findings
from icp_ml.workflow import train


@pytest.fixture(scope="session")
def facts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    write_company(simulate(600, 10, seed=1), folder)
    return train(folder / "study.yaml", overrides=["model.learner=logistic"]).facts


def beside(name):
    spec = importlib.util.spec_from_file_location(f"report_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def documents():
    return beside("documents")


@pytest.fixture(scope="session")
def reviews():
    return beside("reviews")


@pytest.fixture(scope="session")
def lookalikes():
    return beside("lookalikes")


@pytest.fixture(scope="session")
def full_facts(facts, documents):
    audit = {name: chapter for name, chapter in documents.AUDIT.items() if name != "findings"}
    whole = {**facts, **documents.EVALUATION, **documents.EVIDENCE, "audit": audit}
    return whole | {"key_findings": key_findings(whole), "absent": dict.fromkeys(facts["absent"], "")}
