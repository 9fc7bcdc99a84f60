"""A small run of the gauntlet of `benchmarks/`: plain leaks are found, honest companies let through."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

import gauntlet
import gauntlet_columns

pytestmark = pytest.mark.slow

PLAIN = (
    "tickets_closed", "lost_reason", "ledger_no", "revenue_estimate", "export_size", "file_no", "address_checked_on",
    "budget_estimate", "remark",
)  # fmt: skip
"""Planted leaks that any sound audit of 800 customers finds."""


@pytest.fixture(scope="module")
def done():
    small = ("planted/800", "clean", "null")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gauntlet, "SIZES", (800,))
        yield gauntlet.run(task for task in gauntlet.tasks(1, 1) if task[0].startswith(small))


@pytest.fixture(scope="module")
def audited(done):
    return done["planted/800/0"]


@pytest.mark.parametrize("column", PLAIN)
def test_a_plain_leak_is_found_by_its_cells(audited, column):
    assert gauntlet.raised(audited["found"], column)


def test_a_company_with_leaks_is_blocked_and_one_without_is_not(done):
    assert done["planted/800/0"]["blocked"]
    assert not done["clean/800/0"]["blocked"]


def test_the_simulators_own_attributes_are_no_leaks_to_any_check(done):
    rows = gauntlet.rows_of(done, "planted", "clean")
    own = [column for column in rows[0]["honest"] if column not in gauntlet_columns.HONEST]
    assert len(own) > 20
    assert [column for row in rows for column in own if gauntlet.raised(row["found"], column)] == []


def test_a_company_in_which_nothing_matters_is_not_ready(done):
    trained = done["null/800/0"]
    assert not trained["ready"]
    assert not trained["passed"]["roc_auc_low"]


def test_findings_about_names_do_not_count_as_found():
    found = [["warning", "late_name", "lost_reason"], ["note", "missingness", "lost_reason"]]
    assert gauntlet.raised(found, "lost_reason") == set()


def test_planted_columns_follow_the_outcome_and_honest_ones_do_not():
    rng, n = np.random.default_rng(0), 4_000
    signed = np.datetime64("2024-01-01") + rng.integers(0, 300, n)
    churned = np.where(rng.uniform(size=n) < 0.5, signed + np.timedelta64(100, "D"), np.datetime64("NaT", "D"))
    lives = gauntlet_columns.Lives(signed, churned, np.zeros(n), np.full(n, "Inbound"))
    seats = gauntlet_columns.LEAKS["seats of today"][1](lives, rng)
    assert seats[lives.gone].median() < 0.5 * seats[~lives.gone].median()
    trap = gauntlet_columns.TRAPS["turnover"](lives, rng) % 1_000 == 0
    assert trap[lives.gone].mean() == pytest.approx(trap[~lives.gone].mean(), abs=0.05)


def test_the_tables_print_without_holes(done, monkeypatch, capsys):
    monkeypatch.setattr(gauntlet, "SIZES", (800,))
    for title, show in gauntlet.TABLES.items():
        if title != "Real studies":
            show(done)
    printed = capsys.readouterr().out
    assert "`tickets_closed`" in printed
    assert "nan" not in printed
