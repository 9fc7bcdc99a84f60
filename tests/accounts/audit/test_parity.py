"""Prospects against customers: what is lacking, new, out of range or in another unit is named; the rest is not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit import parity as chapter
from icp_ml.accounts.audit.parity import compare_with_prospects
from icp_ml.accounts.simulate import simulate
from icp_ml.accounts.tables import open_table, table_of
from icp_ml.errors import DataError

RNG = np.random.default_rng(3)
WON = np.where(RNG.random(400) < 0.6, "yes", "no")


def words(levels, n):
    return np.array(list(levels), dtype=object)[np.arange(n) % len(levels)]


def holes(values, share):
    """Return the values with that share of them missing."""
    out = pd.Series(values, dtype=object)
    out[np.arange(len(out)) % 100 >= 100 - round(100 * share)] = None
    return out.tolist()


def row_of(finished, here, there, **keys):
    customers, _ = finished(WON, {"x": here}, **keys)
    frame = pd.DataFrame({"other": np.arange(500), **({} if there is None else {"x": there})})
    found = compare_with_prospects(customers, table_of(frame, "p.parquet"))
    return found.rows[0], found


def test_filled_for_customers_and_empty_for_prospects_is_named_and_left_out(finished):
    row, found = row_of(finished, holes(RNG.normal(size=400), 0.1), np.full(500, np.nan))
    assert (row.verdict, found.left_out) == ("only customers", ("x",))
    assert row.note == "90% of the customers and 0% of the prospects have a value"
    (finding,) = found.findings()
    assert (finding.severity, finding.check, finding.column) == ("warning", "parity", "x")
    assert "Only customers have x" in found.sentence


def test_a_column_that_prospects_lack_is_left_out_however_rarely_it_is_filled(finished):
    row, found = row_of(finished, holes(RNG.normal(size=400), 0.7), None)
    assert (row.verdict, found.left_out) == ("only customers", ("x",))
    assert "the prospects' table has no such column" in row.note


def test_what_is_known_later_is_no_loss(finished):
    fits = {"fits": {"technical": [{"column": "x", "available": "discovery"}]}, "model": {"stage": "discovery"}}
    row, found = row_of(finished, RNG.normal(size=400), None, **fits)
    assert (row.verdict, found.left_out, list(found.findings())) == ("same", (), [])


@pytest.mark.parametrize(
    ("here", "there", "verdict"),
    [
        (RNG.normal(size=400), RNG.normal(0.5, 0.9, 500), "same"),
        (words("abc", 400), words("ab", 500), "same"),
        (RNG.lognormal(3, 1, 400), RNG.lognormal(3.7, 1, 500), "same"),
        (holes(words("ab", 400), 0.1), holes(words("ab", 500), 0.5), "less filled"),
        (holes(words("ab", 400), 0.5), holes(words("ab", 500), 0.1), "more filled"),
        (words("ab", 400), words("aB", 500), "shifted"),
        (RNG.random(400), 100 * RNG.random(500), "shifted"),
        (100 * RNG.random(400), RNG.random(500), "shifted"),
        (RNG.normal(50, 5, 400), RNG.normal(75, 5, 500), "shifted"),
        (words([True, False], 400), words(["True", "False"], 500), "same"),
    ],
)
def test_verdicts(finished, here, there, verdict):
    row, found = row_of(finished, here, there)
    assert row.verdict == verdict
    assert not found.left_out
    assert len(list(found.findings())) == (verdict != "same")


def test_another_unit_is_said_with_its_factor(finished):
    row, _ = row_of(finished, np.linspace(0, 1, 400), np.linspace(0, 100, 500))
    assert "prospects' values are about 100 times as large as customers': another unit?" in row.note
    assert row.outside_share > 0.9


def test_levels_no_customer_has_are_counted(finished):
    row, _ = row_of(finished, words("ab", 400), words("aaac", 500))
    assert row.unseen_share == pytest.approx(0.25)
    assert row.filled_prospects == 1.0
    assert row.note == "25% of the prospects' values are levels that no customer has"


def test_a_type_that_scoring_refuses_is_a_shift(finished):
    row, found = row_of(finished, RNG.normal(size=400), words(["1", "2"], 500))
    assert (row.verdict, found.left_out) == ("shifted", ())
    assert "its type among prospects is" in row.note


def test_only_the_first_rows_are_read(finished, monkeypatch):
    monkeypatch.setattr(chapter, "PROSPECT_ROWS", 120)
    row, found = row_of(finished, words("ab", 400), ["a"] * 120 + ["new"] * 380)
    assert (found.n_prospects, row.unseen_share) == (120, 0.0)
    assert "the first 120 rows of p.parquet" in found.sentence


def test_a_header_alone_is_refused_by_name(finished, tmp_path):
    (tmp_path / "p.csv").write_text("x\n")
    customers, _ = finished(WON, {"x": RNG.normal(size=400)})
    with pytest.raises(DataError, match=r"p\.csv: there is a header but no row; expected prospects"):
        compare_with_prospects(customers, open_table(tmp_path / "p.csv"))


def test_simulated_prospects_differ_in_nothing(finished):
    """The market is not the customers, and that alone is no finding."""
    company = simulate(500, 3000, seed=5, world="misaligned")
    here = company.customers[["crm", "team_size", "analysts", "region"]].head(400)
    customers, _ = finished(WON, {name: here[name].tolist() for name in here})
    found = compare_with_prospects(customers, table_of(company.prospects))
    assert {row.verdict for row in found.rows} == {"same"}
    assert "none differs in fill, levels or range" in found.sentence


def test_the_document_is_json(finished):
    _, found = row_of(finished, holes(RNG.normal(size=400), 0.1), np.full(500, np.nan))
    document = json.loads(json.dumps(found.as_document(), allow_nan=False))
    assert document["left_out"] == ["x"]
    assert (document["n_customers"], document["n_prospects"]) == (400, 500)
