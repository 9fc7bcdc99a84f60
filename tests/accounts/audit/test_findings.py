"""What an audit must find in planted tables, and what it must leave alone."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit.findings import audit_customers
from icp_ml.accounts.audit.single import attribute_alone, folds_of, mark_alone
from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.simulate import simulate
from icp_ml.accounts.simulate.leaks import LEAKS, LEAKS_IN_STUDY
from icp_ml.accounts.tables import table_of
from icp_ml.strict.yaml import parse_yaml
from icp_ml.study import load_study, study_from_document

N = 400
RNG = np.random.default_rng(7)
WON = RNG.random(N) < 0.6
SIGNED = [dt.date(2024, 1, 1) + dt.timedelta(days=int(day)) for day in RNG.integers(0, 365, N)]


def audit(values, column="x", attribute=None, **keys):
    frame = pd.DataFrame({"id": [f"a{i}" for i in range(N)], "won": WON, "signed": SIGNED, column: values})
    document = {"name": "t", "accounts": "none", "id": "id", "as_of": "signed"}
    document |= {"outcome": {"column": "won", "success": [True], "failure": [False]}}
    document |= {"fits": {"technical": [attribute or column]}, **keys}
    return findings_of(study_from_document(document, Path(".")), table_of(frame))


def findings_of(study, table=None):
    customers = load_customers(study, table)
    labels = label_outcome(study.outcome, customers.outcome, customers.as_of, customers.observed_until)
    return audit_customers(customers, labels)


def checks(values, *args, **keys):
    return {(finding.check, finding.severity) for finding in audit(values, *args, **keys) if finding.column}


def some(n_levels):
    return [f"level {i}" for i in RNG.integers(0, n_levels, N)]


@pytest.mark.parametrize("values", [RNG.normal(size=N), RNG.integers(0, 50, N), some(5), RNG.random(N) < 0.5])
def test_honest_attributes_are_left_alone(values):
    assert checks(values) == set()


def test_constant_and_all_missing_30():
    assert checks([3.0] * N) == {("constant", "warning")}
    assert checks([None] * N) == {("all_missing", "warning")}


def test_one_value_nearly_everywhere():
    assert checks(["a"] * (N - 4) + ["b"] * 4) == {("one_value", "warning")}
    assert checks(["a"] * (N - 40) + ["b"] * 40) == set()


def test_many_levels_and_identifiers():
    assert ("many_levels", "warning") in checks([f"v{i % 250}" for i in range(N)])
    assert ("identifier", "warning") in checks([f"v{i % 250}" for i in range(N)])
    assert checks(RNG.permutation(N) + 100_000) == {("identifier", "warning")}
    assert checks(np.round(RNG.lognormal(10, 1, N))) == set()


def test_placeholders():
    numbers = RNG.integers(1, 50, N).astype(float)
    numbers[:20] = 9999
    assert checks(numbers) == {("placeholder", "warning")}
    numbers[:20] = -1
    assert checks(numbers) == {("placeholder", "warning")}
    assert checks(RNG.integers(0, 100, N)) == set()
    assert checks(np.where(RNG.random(N) < 0.1, "TBD", "yes")) == {("placeholder", "note")}


def test_an_attribute_that_is_the_outcome_blocks_36():
    exact = np.where(WON, "kept", "left")
    assert checks(exact) == {("single_attribute", "blocker")}
    assert checks(exact, audit={"allow": ["x"]}) == {("single_attribute", "note")}
    assert checks(WON + 0.01 * RNG.normal(size=N)) == {("single_attribute", "blocker")}


def test_an_attribute_that_half_knows_warns_36():
    assert checks(RNG.normal(size=N) + 1.4 * WON) == {("single_attribute", "warning")}


def test_missingness_that_predicts_warns():
    values = np.where(WON & (RNG.random(N) < 0.5), np.nan, RNG.normal(size=N))
    assert ("missingness", "warning") in checks(values)
    assert checks(np.where(RNG.random(N) < 0.5, np.nan, RNG.normal(size=N))) == set()


def test_roundness_that_follows_the_outcome_warns():
    values = RNG.integers(1, 500, N)
    assert ("roundness", "warning") in checks(np.where(WON & (RNG.random(N) < 0.7), values * 12, values))


def test_dates_after_as_of_block_27_36():
    early = [day - dt.timedelta(days=int(n)) for day, n in zip(SIGNED, RNG.integers(0, 99, N), strict=True)]
    late = [*(day + dt.timedelta(days=1) for day in SIGNED[:3]), *early[3:]]
    assert checks(late) == {("after_as_of", "blocker")}
    assert checks(late, audit={"allow": ["x"]}) == {("after_as_of", "note")}
    assert checks(early) == set()


def test_names_of_late_knowledge_warn():
    assert checks(some(4), "cancel_reason") == {("late_name", "warning")}


def test_personal_data_block_and_stay_hidden():
    emails = [f"ann{i}@example.org" for i in range(N)]
    found = audit(emails, "contact")
    assert ("personal_data", "blocker") in {(f.check, f.severity) for f in found}
    assert not any("@" in f.evidence + f.next_step for f in found)
    assert ("personal_data", "note") in checks(emails, "contact", audit={"personal_data": ["contact"]})
    assert not any("@" in f.evidence for f in audit(["ann@example.org"] * N, "contact"))


def test_identical_rows_are_noted_unless_grouped_38():
    assert [f.check for f in audit(some(3)) if f.column is None] == ["identical_rows"]
    assert audit(some(3), group={"identical_rows": True}) == []


def test_the_worst_comes_first():
    found = audit(np.where(WON, "unknown", "test"), "cancel_email")
    assert [f.severity for f in found] == ["blocker", "blocker", "warning", "note", "note"]


def test_attributes_of_later_stages_are_not_audited():
    later = {"column": "x", "available": "customer"}
    keys = {"context": ["signed"]}
    with pytest.raises(Exception, match="stage"):
        audit(np.where(WON, "a", "b"), attribute=later, **keys)
    assert checks(np.where(WON, "a", "b"), attribute=later, model={"stage": "customer"}) == {
        ("single_attribute", "blocker")
    }


def test_planted_leaks_are_found_and_nothing_else():
    company = simulate(600, 10, seed=3, leaks=True)
    document = parse_yaml(company.study, "s") if isinstance(company.study, str) else company.study
    found = findings_of(study_from_document(document, Path(".")), table_of(company.customers))
    planted = {LEAKS_IN_STUDY[leak][1] for leak in LEAKS}
    suspected = {f.column for f in found if f.check in ("single_attribute", "missingness", "roundness")}
    assert suspected == planted


def test_real_leaks_are_found(shared_data, repository):
    leaks = "term, chg_off_date, chg_off_prin_gr, disbursement_date, balance_gross, name"
    overrides = [f"fits.cultural=[{leaks}]", "ignore=[]", "unlisted=ignore"]
    found = {
        (f.column, f.check, f.severity) for f in findings_of(load_study(repository / "configs/sba.yaml", overrides))
    }
    assert ("chg_off_date", "after_as_of", "blocker") in found
    assert ("disbursement_date", "after_as_of", "blocker") in found
    assert ("chg_off_prin_gr", "single_attribute", "blocker") in found
    assert ("term", "single_attribute", "warning") in found
    assert ("term", "roundness", "warning") in found
    assert ("balance_gross", "constant", "warning") in found
    assert ("name", "identifier", "warning") in found


@pytest.mark.parametrize("name", ["maven-null", "olist-deals", "olist-sellers", "salvirt", "sba"])
def test_real_studies_have_no_blocker(shared_data, repository, name):
    assert not [f for f in findings_of(load_study(repository / f"configs/{name}.yaml")) if f.severity == "blocker"]


def test_alone_is_near_chance_for_an_identifier():
    values = pd.Series([f"v{i}" for i in range(N)])
    assert attribute_alone(values, "categorical", WON.astype(float)).auc == 0.5


def test_alone_keeps_groups_in_one_fold():
    groups = np.arange(N) // 8
    label = (np.arange(N) // 8 % 2).astype(float)
    values = pd.Series(groups.astype(str))
    assert attribute_alone(values, "categorical", label).auc > 0.95
    assert attribute_alone(values, "categorical", label, folds_of(label, groups)).auc == 0.5


def test_alone_has_nothing_to_say_about_one_class():
    assert attribute_alone(pd.Series(np.arange(10.0)), "numeric", np.ones(10)) is None
    assert mark_alone(np.ones(10, dtype=bool), np.arange(10) % 2.0) is None


@pytest.mark.parametrize(("declared", "sign"), [("increasing", -1), ("decreasing", 1)])
def test_a_declared_effect_that_the_data_speak_against_is_named(declared, sign):
    values = sign * 0.6 * WON + np.random.default_rng(3).normal(size=N)
    against = audit(values, attribute={"column": "x", "effect": declared})
    assert [(finding.check, finding.severity) for finding in against] == [("effect", "warning")]
    assert f"declared {declared}, but among 400 customers" in against[0].evidence
    assert audit(-values, attribute={"column": "x", "effect": declared}) == []


def test_a_label_value_that_nobody_has_is_told():
    outcome = {"column": "won", "success": [True, "Won "], "failure": [False]}
    (found,) = [finding for finding in audit(some(3), outcome=outcome) if finding.check == "label_value"]
    assert found.severity == "warning"
    assert found.evidence.startswith("no customer has the value 'Won ' of the outcome; the column holds 'true' (")
