"""A review as a document, and customers whose later ones judge what it suggested."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.progress import Progress
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.profile import profile_from_document
from icp_ml.study import Outcome

PROFILE = {
    "name": "mid-market",
    "version": 1,
    "situation": {
        "starts": "2026-01-01",
        "ends": "2026-03-31",
        "goal": {"measure": "revenue", "target": 100_000},
    },
    "criteria": ["employees >= 50"],
}


def suggestion(**changes):
    stated = {"id": "s1", "rule": "tools >= 6", "fit": "technical", "action": "add", "replaces": None, "n": 300}
    return stated | {"gain": 0.2, "low": 0.1, "high": 0.3, "confirmed": False} | changes


def review(run_id="r1", today="2026-02-01", chance=0.6, **changes):
    """A review document with the keys that the ledger reads."""
    profile = {"name": "mid-market", "version": 1, "digest": "d1", "starts": "2026-01-01", "ends": "2026-03-31"}
    profile |= {"goal": {"measure": "revenue", "target": 100_000}, "criteria": ["employees >= 50"]}
    document = {
        "profile": profile | {"baseline": {"value": 0.0, "on": "2026-01-01"}},
        "verdict": "keep",
        "today": today,
        "progress": {"goal": {"reached": 30_000}, "chance": {"value": chance, "low": 0.4, "high": 0.7}},
        "criteria": [{"rule": "employees >= 50", "state": "cannot tell"}],
        "suggestions": [suggestion()],
        "tried": 412,
        "run_id": run_id,
    }
    return document | changes


@pytest.fixture
def ledger_file(tmp_path):
    return tmp_path / "mid-market.ledger.jsonl"


def base_of(n=800, gain=0.4, today="2027-06-30", version=1, criteria=("employees >= 50",), wins=None, seed=5):
    """Customers signed over two years up to mid 2026; with many tools they succeed more often, by `gain`."""
    rng = np.random.default_rng(seed)
    signed = np.datetime64("2024-07-01", "D") + rng.integers(0, 730, n)
    tools = rng.integers(0, 12, n).astype(float)
    succeeds = rng.random(n) < np.where(tools >= 6, 0.5 + gain / 2, 0.5 - gain / 2)
    ended = np.where(succeeds, np.datetime64("NaT", "D"), signed + rng.integers(30, 360, n))
    last = dt.date.fromisoformat(today)
    ended[ended > np.datetime64(last, "D")] = np.datetime64("NaT", "D")
    outcome = Outcome(horizon_days=365, ended="ended", observed_until=last)
    labels = label_outcome(outcome, {"ended": ended}, signed, last)
    document = PROFILE | {"version": version, "criteria": list(criteria)}
    progress = None if wins is None else _progress(wins)
    customers = SimpleNamespace(as_of=signed, groups=None, __len__=lambda: n)
    return _Base(
        profile=profile_from_document(document, "."),
        customers=customers,
        labels=labels,
        model=None,
        split=None,
        today=last,
        rule_frame=pd.DataFrame({"tools": tools, "employees": np.full(n, 60.0)}),
        progress=progress,
    )


class _Base(CustomerBase):
    def __len__(self) -> int:
        return len(self.rule_frame)


def _progress(wins):
    days = np.array([day for day, _ in wins], dtype="datetime64[D]")
    return Progress(days, None, np.array([amount for _, amount in wins], dtype=float), {})
