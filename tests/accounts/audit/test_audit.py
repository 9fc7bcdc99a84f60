"""The audit as a whole: every part in one JSON-able value, findings worst first, honest tables left alone."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit.audit import run_audit
from icp_ml.accounts.audit.counts import count_customers
from icp_ml.accounts.audit.finding import SEVERITIES
from icp_ml.accounts.audit.maturity import maturity_of
from icp_ml.accounts.audit.power import power_of
from icp_ml.accounts.tables import table_of

N = 300
RNG = np.random.default_rng(11)
WON = np.where(RNG.random(N) < 0.6, "yes", "no")
PARTS = {"findings", "counts", "maturity", "power", "parity", "backfill", "grades", "probes"}


@pytest.fixture
def audited(finished):
    columns = {"x": RNG.normal(size=N), "exact": np.where(WON == "yes", "kept", "left"), "status": ["same"] * N}
    columns |= {"tier": np.where(RNG.random(N) < 0.2, "unknown", "gold")}
    customers, labels = finished(WON, columns)
    before = pd.DataFrame({"id": customers.ids, "x": np.full(N, np.nan), "exact": [None] * N})
    prospects = pd.DataFrame(
        {"x": RNG.normal(size=N), "exact": [None] * N, "status": ["same"] * N, "tier": columns["tier"]}
    )
    return run_audit(customers, labels, prospects=table_of(prospects), earlier=table_of(before))


def test_findings_of_every_part_come_the_worst_first(audited):
    checks = [finding.check for finding in audited.findings]
    assert {"single_attribute", "constant", "parity", "backfilled", "placeholder"} <= set(checks)
    ranks = [SEVERITIES.index(finding.severity) for finding in audited.findings]
    assert ranks == sorted(ranks)


def test_the_document_has_every_part_and_is_json(audited):
    document = json.loads(json.dumps(audited.as_document(), allow_nan=False))
    assert set(document) == PARTS
    assert document["parity"]["left_out"] == list(audited.left_out) == ["exact"]
    assert len(document["findings"]) == len(audited.findings)
    assert all(document[part]["sentence"] for part in ("maturity", "power", "parity", "backfill", "grades", "probes"))


def test_what_was_not_asked_for_is_null(finished):
    found = run_audit(*finished(WON, {"x": RNG.normal(size=N)}))
    document = found.as_document()
    assert (document["parity"], document["backfill"], found.left_out) == (None, None, ())
    assert len(found.sentences) == len(found.counts.sentences) + 4


def test_the_order_of_rows_changes_no_count_and_no_power(finished):
    columns = {"x": RNG.normal(size=N), "region": RNG.choice(["a", "b"], N)}
    turned = {name: values[::-1] for name, values in columns.items()}
    both = finished(WON, columns, segments=["region"]), finished(WON[::-1], turned, segments=["region"])
    here, there = ([count_customers(*one).segments, power_of(*one), maturity_of(one[1]).as_document()] for one in both)
    assert here == there
