"""Customers of a made-up company under a profile, small enough to work every number out by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.contract import learn_contract
from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import label_outcome, relabel_at
from icp_ml.accounts.split import choose_split
from icp_ml.accounts.tables import table_of
from icp_ml.icp.base import CustomerBase, rule_frame
from icp_ml.icp.profile import profile_from_document
from icp_ml.model.success_model import SuccessModel
from icp_ml.study import study_from_document

TODAY = dt.date(2026, 6, 30)
SITUATION = {"starts": "2026-05-01", "ends": "2026-07-29", "goal": {"measure": "revenue", "target": 100_000}}


def _study(frame, keys):
    fits = keys.pop("fits", {"technical": [name for name in frame if name not in ("id", "signed", "ended", "result")]})
    outcome = {"horizon_days": 365, "ended": "ended", "observed_until": TODAY.isoformat()}
    if "ended" not in frame:
        outcome = {"column": "result", "success": ["yes"], "failure": ["no"]}
    as_of = {"as_of": "signed"} if "signed" in frame else {}
    named = {"name": "acme", "accounts": "customers.csv", "id": "id", "outcome": outcome, "fits": fits}
    return study_from_document(named | as_of | keys, ".")


def _model(customers, classifier, changes):
    study = customers.study
    known = {
        "name": "acme",
        "kind": "hypothesis" if classifier is None else "success",
        "study": {},
        "horizon_days": study.outcome.horizon_days,
        "stage": study.model.stage,
        "contract": learn_contract(customers, study.attributes_at()),
        "classifier": classifier,
        "ready": True,
        "data_sha256": customers.sha256,
        "code_version": "0",
    }
    return SuccessModel(**(known | changes))


def _split(study, labels, customers):
    days = customers.as_of
    return choose_split(
        labels, days, customers.groups, study.floor, lambda day: relabel_at(study.outcome, customers.outcome, days, day)
    )


@pytest.fixture
def base_of():
    """Return a maker of customer bases.

    ``result`` (yes, no, empty) or ``signed`` and ``ended`` of a frame are the outcome; every other column is an
    attribute under the technical fit, unless the keys of the study say otherwise.
    """

    def make(frame, criteria=("size >= 10",), *, study=None, classifier=None, model=None, situation=None, **changes):
        frame = frame if "id" in frame else frame.assign(id=[f"A{at}" for at in range(len(frame))])
        loaded = _study(frame, dict(study or {}))
        customers = load_customers(loaded, table_of(frame))
        labels = label_outcome(loaded.outcome, customers.outcome, customers.as_of, customers.observed_until)
        document = {"name": "acme", "version": 1, "situation": SITUATION | (situation or {})}
        known = {
            "profile": profile_from_document(document | {"criteria": list(criteria)}, "."),
            "customers": customers,
            "labels": labels,
            "model": _model(customers, classifier, model or {}),
            "split": _split(loaded, labels, customers),
            "today": TODAY,
            "rule_frame": rule_frame(customers),
        }
        return CustomerBase(**(known | changes))

    return make


@pytest.fixture
def company():
    """Return a maker of customers signed over four years; those with a size of 10 succeed more often, by `gain`."""

    def make(n=800, gain=0.3, seed=0, base=0.5):
        rng = np.random.default_rng(seed)
        size, tools = rng.integers(1, 20, n).astype(float), rng.integers(0, 12, n).astype(float)
        signed = np.datetime64(TODAY, "D") - rng.integers(1, 1460, n)
        stays = rng.random(n) < base + gain * ((size >= 10) - 0.5)
        ended = np.where(stays, np.datetime64("NaT", "D"), signed + rng.integers(20, 365, n))
        ended[ended > np.datetime64(TODAY, "D")] = np.datetime64("NaT", "D")
        region = rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2])
        dates = {"signed": signed.astype("datetime64[s]"), "ended": ended.astype("datetime64[s]")}
        return pd.DataFrame({"size": size, "tools": tools, "region": region, **dates})

    return make
