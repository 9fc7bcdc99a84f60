"""Lines 32-42 of the fault list: training."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.faults.conftest import QUICK, files_of, placed

FINISHED = """outcome:
  column: outcome
  success: [renewed]
  failure: [churned]
"""


def finished(desk, words):
    """Make the study one with a finished label, given for every customer."""
    lifetime = desk.study[desk.study.index("outcome:") : desk.study.index("fits:")]
    desk.study = desk.study.replace(lifetime, FINISHED).replace("ignore: [", "ignore: [churned_on, ")
    desk.customers["outcome"] = words


def refused_training(desk, *options):
    """Train on the desk's customers, which must be refused with exit code 4 and leave nothing."""
    study = desk.study_of()
    before = files_of(desk.folder)
    error = desk.refused(4, "train", study, "--out", desk.folder / "model", *QUICK, *options)
    assert files_of(desk.folder) == before
    return error


def test_fault_32_labels_that_are_missing_or_unknown_words_are_not_known_yet(desk):
    words = np.where(desk.customers.churned_on.notna(), "churned", "renewed").astype(object)
    words[:50], words[50:100] = "", "negotiating"
    finished(desk, words)
    counts = desk.audited().document["counts"]
    assert counts["success"] + counts["churned"] == 300


@pytest.mark.parametrize(
    ("word", "match"),
    [
        ("renewed", "and 0 failures are known"),
        ("churned", "0 successes and"),
        ("asleep", "none of which is a success or a failure"),
    ],
)
def test_fault_33_a_single_class(desk, word, match):
    finished(desk, word)
    assert match in refused_training(desk)


@pytest.mark.parametrize("n_rows", [0, 1, 30])
def test_fault_34_35_too_few_customers(desk, n_rows):
    desk.customers = desk.customers.head(n_rows)
    assert refused_training(desk)


def test_fault_35_too_few_are_counted_and_a_profile_orders_by_hypothesis(desk):
    desk.customers = desk.customers.head(40)
    error = refused_training(desk)
    assert "successes and" in error
    assert "expected at least 30 and 30" in error
    profile = desk.folder / "profile.yaml"
    profile.write_text(
        "name: first\nversion: 1\ncriteria: ['team_size >= 10']\nsituation: {starts: 2026-07-01, ends: 2026-09-30,"
        " goal: {measure: customers, target: 10}}\n"
    )
    model = desk.folder / "model"
    outcome = desk.run("train", desk.study_of(), "--out", model, "--profile", profile)
    assert (outcome.exit_code, outcome.document["kind"]) == (0, "hypothesis")
    path = desk.table("prospects.csv", desk.prospects)
    assert desk.run("score", path, "--model", model, "--out", desk.out).exit_code == 0
    assert "probability" not in desk.scores().columns


def test_fault_36_a_column_that_knows_the_outcome_stops_the_training(desk):
    days = np.where(desk.customers.churned_on.isna(), 0, 1)
    desk.customers["exit_calls"] = days * 5 + np.arange(400) % 3
    finished(desk, np.where(days, "churned", "renewed"))
    desk.study = desk.study.replace("context: [", "context: [exit_calls, ")
    audit = desk.run("audit", desk.study_of())
    assert audit.exit_code == 3
    assert {f["column"] for f in audit.document["findings"] if f["severity"] == "blocker"} == {"exit_calls"}
    assert "exit_calls: alone it orders" in refused_training(desk)
    allowed = desk.run("audit", desk.study_of(), "--set", "audit.allow=[exit_calls]")
    assert allowed.exit_code == 0


def test_fault_36_a_date_after_as_of_stops_the_training(desk):
    desk.customers["kicked_off"] = placed(desk.customers.signed_on, list(range(1, 401)), "2026-06-29")
    desk.study = desk.study.replace("context: [", "context: [{column: kicked_off, kind: date}, ")
    assert desk.run("audit", desk.study_of()).exit_code == 3
    assert "dates come after as_of" in refused_training(desk)


def test_fault_37_outcomes_before_as_of_are_excluded_and_unfinished_windows_are_no_labels(desk):
    desk.customers["churned_on"] = placed(desk.customers.churned_on, [1, 2, 3], "2001-01-01")
    desk.customers["signed_on"] = placed(desk.customers.signed_on, [4, 5], "")
    desk.customers["signed_on"] = placed(desk.customers.signed_on, [6, 7], "2026-06-01")
    desk.customers["churned_on"] = placed(desk.customers.churned_on, [6, 7], "")
    document = desk.audited().document
    assert document["counts"]["excluded"] == 3
    assert document["left_out"]["ended before as_of"] == 3
    assert document["left_out"]["as_of is empty"] == 2
    states = ("success", "churned", "censored", "excluded")
    assert sum(document["counts"][state] for state in states) == document["counts"]["rows"] - 2


def test_fault_38_identical_rows_never_sit_on_both_sides(desk):
    desk.study = desk.study.replace("group: parent_id ", "group: {identical_rows: true} ")
    desk.study = desk.study.replace("ignore: [", "ignore: [parent_id, ")
    known = desk.customers.select_dtypes("number")
    desk.customers[known.columns] = known.loc[np.arange(400) // 2].to_numpy()
    outcome = desk.run("train", desk.study_of(), "--dry-run", *QUICK)
    assert outcome.exit_code == 0, outcome.told


def test_fault_39_40_odd_and_colliding_names_train_and_score(desk):
    names = {"analysts": 'a "b" {c}: [d], e', "integrations": "deal size", "offices": "deal_size"}
    quoted = {name: json.dumps(odd) for name, odd in names.items()}
    for name, odd in quoted.items():
        for text in (f"- {name}\n", f"column: {name},"):
            desk.study = desk.study.replace(text, text.replace(name, odd))
        desk.study = desk.study.replace(f"  {name}: ", f"  {odd}: ")
    desk.customers, desk.prospects = desk.customers.rename(columns=names), desk.prospects.rename(columns=names)
    model = desk.folder / "model"
    outcome = desk.run("train", desk.study_of(), "--out", model, "--set", "model.learner=logistic")
    assert outcome.exit_code in (0, 3), outcome.told
    path = desk.table("prospects.csv", desk.prospects)
    assert desk.run("score", path, "--model", model, "--out", desk.out).exit_code == 0


def test_fault_41_text_where_numbers_were_declared(desk):
    desk.study = desk.study.replace("- crm\n", "- {column: crm, kind: numeric}\n")
    assert "column 'crm' has" in refused_training(desk)
    desk.study = desk.study.replace("kind: numeric", "effect: increasing")
    assert "crm" in refused_training(desk)


def test_fault_42_another_order_of_rows_gives_the_same_labels_and_findings(desk):
    before = desk.audited().document
    desk.customers = desk.customers.sample(frac=1, random_state=0)
    after = desk.audited().document
    assert after["counts"] == before["counts"]
    assert [f["column"] for f in after["findings"]] == [f["column"] for f in before["findings"]]
