"""Ratings written down after the day they speak of are found, counted, and compared with early ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit.ratings import late_ratings
from icp_ml.accounts.customers import Rating
from icp_ml.accounts.simulate import simulate, write_company
from icp_ml.study import load_study
from icp_ml.workflow.preparing import prepare


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    write_company(simulate(600, 10, seed=2), folder)
    return prepare(load_study(folder / "study.yaml"))


def found(prepared, values, is_late):
    ratings = {"sponsor_rating": Rating(pd.Series(values), np.asarray(is_late))}
    return list(late_ratings(replace(prepared.customers, ratings=ratings), prepared.labels))


def test_late_ratings_of_a_table_are_one_warning(prepared):
    (finding,) = [f for f in prepared.findings if f.check == "late_rating"]
    assert finding.column == "sponsor_rating"
    assert finding.count == int(prepared.customers.ratings["sponsor_rating"].is_late.sum())
    assert "they count as missing" in finding.evidence


def test_early_ratings_are_no_finding(prepared):
    n = len(prepared.customers)
    assert found(prepared, np.ones(n), np.zeros(n, dtype=bool)) == []


def test_a_late_cell_without_a_rating_is_no_late_rating(prepared):
    n = len(prepared.customers)
    assert found(prepared, np.full(n, np.nan), np.ones(n, dtype=bool)) == []


def test_hindsight_is_told_in_numbers(prepared):
    label, n = prepared.labels.label, len(prepared.customers)
    is_late = np.arange(n) % 2 == 0
    noise = np.random.default_rng(0).normal(size=n)
    values = np.where(is_late, np.nan_to_num(label) * 10, 0) + noise
    (finding,) = found(prepared, values, is_late)
    assert "Late ratings order" in finding.evidence
    assert "ROC AUC of 1.00" in finding.evidence


def test_too_few_late_ratings_have_no_order(prepared):
    n = len(prepared.customers)
    (finding,) = found(prepared, np.arange(n, dtype=float), np.arange(n) < 5)
    assert "ROC AUC" not in finding.evidence
