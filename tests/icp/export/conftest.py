"""Profiles made of rules alone, tables that a supplier may have, and a small study."""

from __future__ import annotations

import pytest

from icp_ml.icp.export.columns import SupplierColumns
from icp_ml.icp.export.query import supplier_query
from icp_ml.icp.profile import profile_from_document

SITUATION = {"starts": "2026-05-01", "ends": "2026-07-29", "goal": {"measure": "revenue", "target": 1000}}
KINDS = {"size": "number", "tools": "number", "crm": "text", "founded": "date"}


def profile_of(criteria, needs=()):
    gates = [{"name": f"gate {at}", "have": False, "needs": text} for at, text in enumerate(needs)]
    document = {"name": "acme", "version": 3, "situation": SITUATION | {"capabilities": gates}}
    return profile_from_document(document | {"criteria": list(criteria)}, ".")


@pytest.fixture
def query_of():
    """Return a maker of queries of criteria, needs of missing capabilities and exclusions."""

    def make(criteria, needs=(), exclude=(), *, absent=None, kinds=KINDS):
        columns = SupplierColumns(frozenset(), absent or {})
        profile = profile_of(criteria, needs)
        return supplier_query(profile, exclude, columns, kinds=kinds, labels={"size": "people"})

    return make
