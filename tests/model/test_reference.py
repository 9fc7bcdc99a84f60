"""The customers kept beside a model: the same bytes every time, nothing but attributes, back with the same values."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from icp_ml.accounts.contract import AttributeContract
from icp_ml.model import reference as room
from icp_ml.model.reference import Membership, Reference

ATTRIBUTES = (
    AttributeContract("size", "resource", "numeric", (), -3.0, 3.0, 0.1),
    AttributeContract("crm", "technical", "categorical", ("a", "b"), None, None, 0.0),
)


def learned(n=50, seed=0, membership=None, **columns):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=n), "crm": pd.Series(rng.choice(["a", "é"], n), dtype="str")})
    frame = frame.mask(rng.random((n, 2)) < 0.1).assign(**columns)
    weight = np.where(np.arange(n) % 10 == 0, 0.0, 1.5)
    outcome = (rng.random(n) < 0.5) * 1.0
    ids = [f" {i}é" for i in range(n)]
    return Reference.learn(ids, frame, outcome, weight=weight, seed=seed, membership=membership)


def test_it_comes_back_with_the_same_cells_and_ids():
    kept = learned()
    again = Reference.from_parquet(kept.to_parquet(), ATTRIBUTES)
    pd.testing.assert_frame_equal(again.frame, kept.frame)
    assert (again.ids == kept.ids).all()
    assert again.ids[0] == " 1é"
    assert again.outcome.tolist() == kept.outcome.tolist()
    assert again.weight.tolist() == kept.weight.tolist()
    assert again == kept
    assert again.n_known == len(kept) == 45


def test_the_same_customers_give_the_same_bytes_and_other_draws_do_not(monkeypatch):
    monkeypatch.setattr(room, "MAX_CUSTOMERS", 20)
    assert learned().to_parquet() == learned().to_parquet() != learned(seed=1).to_parquet()
    assert "20 customers with a known outcome, drawn by seed from 45" in learned().sentence


def test_cells_of_persons_stay_out_even_where_the_study_allows_the_attribute():
    mails = pd.Series([f"person{i}@acme.org" for i in range(50)], dtype="str")
    kept = learned(crm=mails, phone=np.arange(50.0))
    assert kept.frame[["crm", "phone"]].isna().all(axis=None)
    assert b"@acme" not in kept.to_parquet()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda table: table.set_column(4, "part", pa.array(np.full(45, 3, np.int8))), "parts"),
        (lambda table: table.drop_columns(["a1"]), "other columns"),
        (lambda table: table.set_column(1, "outcome", pa.array(np.full(45, 2.0))), "not 0 or 1"),
        (lambda table: table.set_column(0, "id", pa.nulls(45, pa.string())), "without id"),
        (lambda table: table.replace_schema_metadata({"n_known": "3"}), "more than were kept"),
    ],
)
def test_what_is_not_a_reference_is_refused(change, told):
    table = pq.read_table(pa.BufferReader(learned().to_parquet()))
    sink = pa.BufferOutputStream()
    pq.write_table(change(table), sink)
    with pytest.raises(ValueError, match=told):
        Reference.from_parquet(sink.getvalue().to_pybytes(), ATTRIBUTES)


def test_a_reference_equals_only_the_same_customers():
    kept = learned()
    assert kept != dataclasses.replace(kept, n_known=99)
    assert kept != 3


def membership(n=50):
    wanted = np.array(["grow", None, "save cost", "é", "grow"] * (n // 5), dtype=object)
    return Membership(np.arange(n) // 2, (np.arange(n) % 3).astype(np.int8), wanted)


def test_groups_parts_and_desired_outcomes_come_back():
    kept = learned(membership=membership())
    again = Reference.from_parquet(kept.to_parquet(), ATTRIBUTES)
    assert again.group.tolist() == kept.group.tolist() == [n // 2 for n in range(50) if n % 10]
    assert again.part.tolist() == [n % 3 for n in range(50) if n % 10]
    assert again.wanted.tolist()[:4] == [None, "save cost", "é", "grow"]


def test_without_a_membership_customers_are_unrelated():
    kept = learned()
    assert len(set(kept.group.tolist())) == len(kept)
    assert set(kept.part.tolist()) == {0}
    assert set(kept.wanted.tolist()) == {None}


def test_a_desired_outcome_that_names_persons_stays_out():
    belongs = membership()
    mails = np.array([f"person{i}@acme.org" for i in range(50)], dtype=object)
    kept = learned(membership=Membership(belongs.group, belongs.part, mails))
    assert set(kept.wanted.tolist()) == {None}
    assert b"@acme" not in kept.to_parquet()
