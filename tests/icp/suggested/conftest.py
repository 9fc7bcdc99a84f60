"""A small company whose every number can be worked out by hand, and rules found in it."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit.power import power_of
from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.deals import Deals
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.split import Split
from icp_ml.accounts.tables import table_of
from icp_ml.icp.base import CustomerBase, rule_frame
from icp_ml.icp.market import Market
from icp_ml.icp.profile import profile_from_document
from icp_ml.icp.refine.found import Found, FoundRule
from icp_ml.rules import parse_rule
from icp_ml.study import study_from_document

TODAY = dt.date(2026, 6, 30)
STUDY = {
    "name": "acme", "accounts": "customers.csv", "id": "id", "as_of": "signed",
    "outcome": {"horizon_days": 365, "ended": "ended", "observed_until": "2026-06-30"},
    "fits": {"technical": ["stack"], "resource": ["team"]},
    "context": ["region"], "segments": ["region"], "map_reviewed": {"by": "Ada", "on": "2026-06-01"},
}  # fmt: skip
SITUATION = {"starts": "2026-05-01", "ends": "2026-07-30", "goal": {"measure": "customers", "target": 20}}
PROFILE = {"name": "mid", "version": 1, "situation": SITUATION, "criteria": ["team >= 10"]}


def customers(n=200):
    """Half have a team of 20, half a stack of 8; of those with a stack of 8 nine in ten succeed, of the others five."""
    at = np.arange(n)
    stack, order = np.where(at % 2, 8, 2), at // 4 % 10
    failed = np.where(stack == 8, order < 1, order < 5)
    ended = np.where(failed, np.datetime64("2024-06-01"), np.datetime64("NaT", "D"))
    return pd.DataFrame(
        {
            "id": [f"C{number}" for number in at],
            "signed": np.full(n, np.datetime64("2024-01-01"), dtype="datetime64[s]"),
            "ended": ended.astype("datetime64[s]"),
            "stack": stack.astype(float),
            "team": np.where(at // 2 % 2, 20.0, 5.0),
            "region": np.where(at % 3 == 0, "north", "south"),
        }
    )


def base_of(frame=None, study=(), profile=(), situation=(), **more):
    frame = customers() if frame is None else frame
    known = study_from_document({**STUDY, **dict(study)}, ".")
    written = {**PROFILE, **dict(profile), "situation": {**SITUATION, **dict(situation)}}
    table = load_customers(known, table_of(frame))
    labels = label_outcome(known.outcome, table.outcome, table.as_of, table.observed_until)
    everyone = np.flatnonzero(labels.known)
    parts = {
        "profile": profile_from_document(written, "."),
        "model": SimpleNamespace(kind="success", ready=True, contract=SimpleNamespace(attributes=())),
        "split": Split("cross_validation", None, None, everyone, everyone, labels, labels),
        "today": TODAY,
        "rule_frame": rule_frame(table),
    }
    return CustomerBase(customers=table, labels=labels, **{**parts, **more})


def found_rule(base, rule="stack >= 6", **changes):
    mask = base.matches(rule)
    compared = base.contrast(mask)
    column = min(parse_rule(rule).columns)
    parts = {
        "rule": rule, "attribute": column, "fit": {"team": "resource"}.get(column, "technical"), "action": "add",
        "replaces": None, "mask": mask, "gain": compared.difference, "low": compared.low, "high": compared.high,
        "step_gain": None, "p_value": 0.001, "q_value": 0.01, "n": compared.inside.n,
        "n_outside": compared.outside.n, "confirmed": False, "stable_share": 0.9, "threshold": 6.0,
    }  # fmt: skip
    return FoundRule(**{**parts, **changes})


def found_of(base, *rules):
    return Found(rules=rules, tried=412, n_attributes=24, power=power_of(base.customers, base.labels))


def market_of(base, frame, rules, **more):
    """Prospects whose every column is a number or text."""
    answers = {text: parse_rule(text).evaluate(frame) for text in rules}
    ids = np.array([f"P{at}" for at in range(len(frame))], dtype=object)
    return Market(ids=ids, answers=answers, in_domain=np.ones(len(frame), dtype=bool), **more)


def deals_of(n, won_days, channel=None, value=None):
    """Deals opened 200 days before today; those with a number were won after so many days, the others lost after 10."""
    opened = np.full(n, np.datetime64(TODAY, "D") - np.timedelta64(200, "D"))
    won = np.array([1.0 if days else 0.0 for days in won_days])
    closed = opened + np.array([days or 10 for days in won_days]).astype("timedelta64[D]")
    account = np.array([f"C{at}" for at in range(n)], dtype=object)
    return Deals(account, opened, closed, won, value=value, channel=channel)


@pytest.fixture
def made():
    """The builders of this folder."""
    return SimpleNamespace(
        base=base_of, rule=found_rule, found=found_of, market=market_of, customers=customers, deals=deals_of
    )
