"""Small tables of customers, labelled, with what a study says of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.tables import table_of
from icp_ml.study import study_from_document

FIRST_DAY = dt.date(2024, 1, 1)


def labelled(study, frame):
    customers = load_customers(study, table_of(frame))
    return customers, label_outcome(study.outcome, customers.outcome, customers.as_of, customers.observed_until)


@pytest.fixture
def finished():
    """Return customers with a finished label, as many as the outcomes given, signed a day after each other."""

    def make(won, columns, **keys):
        n = len(won)
        signed = [FIRST_DAY + dt.timedelta(days=i) for i in range(n)]
        frame = pd.DataFrame({"id": [f"a{i}" for i in range(n)], "won": won, "signed": signed, **columns})
        document = {"name": "t", "accounts": "none", "id": "id", "as_of": "signed", "unlisted": "ignore"}
        document |= {"outcome": {"column": "won", "success": ["yes"], "failure": ["no"]}}
        document |= {"fits": {"technical": list(columns)}, **keys}
        return labelled(study_from_document(document, Path(".")), frame)

    return make


@pytest.fixture
def lifetimes():
    """Return customers signed so many days before the last one, who left after so many days (NaN: still there)."""

    def make(signed_ago, lived, **keys):
        until = dt.date(2026, 6, 30)
        signed = [until - dt.timedelta(days=int(days)) for days in signed_ago]
        ended = [None if np.isnan(d) else day + dt.timedelta(days=int(d)) for day, d in zip(signed, lived, strict=True)]
        size = np.arange(len(signed), dtype=float)
        ids = [f"a{i}" for i in range(len(signed))]
        frame = pd.DataFrame(
            {"id": ids, "signed": signed, "ended": pd.Series(ended, dtype="date32[pyarrow]"), "size": size}
        )
        document = {"name": "t", "accounts": "none", "id": "id", "as_of": "signed", "fits": {"technical": ["size"]}}
        document |= {"outcome": {"horizon_days": 100, "ended": "ended", "observed_until": until.isoformat()}, **keys}
        return labelled(study_from_document(document, Path(".")), frame)

    return make
