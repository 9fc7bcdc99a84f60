"""What concerns people is found by name, by value, or by what stands in for it; companies are left alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit.findings import audit_customers
from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.personal import protected_kind
from icp_ml.accounts.tables import table_of
from icp_ml.study import study_from_document

N = 400
RNG = np.random.default_rng(11)
WON = RNG.random(N) < 0.6
OWNER = np.where(RNG.random(N) < 0.4, "female", "male")


def found(values, column="x", fit="technical", who=OWNER, **keys):
    frame = pd.DataFrame({"won": WON, "day": pd.Timestamp("2024-05-01"), "who": who, column: values})
    document = {"name": "t", "accounts": "none", "id": {"row_number": True}, "as_of": "day", "ignore": ["who"]}
    document |= {"outcome": {"column": "won", "success": [True], "failure": [False]}}
    document |= {"fits": {fit: [column]}, **keys}
    customers = load_customers(study_from_document(document, Path(".")), table_of(frame))
    labels = label_outcome(customers.study.outcome, customers.outcome, customers.as_of, customers.observed_until)
    return {f.check: f for f in audit_customers(customers, labels)}


SENSITIVE = {"sensitive": ["who"], "ignore": []}


@pytest.mark.parametrize(
    "column",
    ["owner_gender", "Sex", "founderEthnicity", "race", "religion", "owner_disability", "nationality", "age_of_owner",
     "CEO age", "marital_status", "veteran_owned", "minority-owned", "women_owned", "pregnancy", "sexual_orientation",
     "orientation", "union_membership", "share_female", "country_of_birth"],
)  # fmt: skip
def test_names_of_protected_classes(column):
    assert protected_kind(column)


@pytest.mark.parametrize(
    "column",
    ["page_age", "stage", "average", "stack_age", "company_age", "minority_stake", "customer_orientation", "essex",
     "race_condition", "european_union", "contact_age_days", "trace", "email", "owner", "male_connector"],
)  # fmt: skip
def test_names_of_companies_are_left_alone(column):
    assert protected_kind(column) is None


def test_levels_tell_a_protected_class_under_any_name():
    assert protected_kind("c17", ["Female", "male", "n/a"]) == "sex or gender"
    assert protected_kind("c17", ["male", "plug"]) is None


def test_a_protected_class_blocks_unless_allowed_by_name():
    levels = RNG.choice(["a", "b"], N)
    assert found(levels, "owner_gender")["protected_class"].severity == "blocker"
    assert found(levels, "owner_gender", audit={"allow": ["owner_gender"]})["protected_class"].severity == "note"
    assert found([None] * N, "owner_gender")["protected_class"].severity == "blocker"


@pytest.mark.parametrize(
    "values", [np.where(OWNER == "male", "north", "south"), (OWNER == "male") + RNG.normal(size=N) / 3]
)
def test_what_tells_a_sensitive_column_apart_is_named(values):
    proxy = found(values, **SENSITIVE)["sensitive_proxy"]
    assert (proxy.severity, proxy.column) == ("warning", "x")
    assert "of 'who' from the rest" in proxy.evidence
    assert "male" not in proxy.evidence
    assert found(values, **SENSITIVE, audit={"allow": ["x"]})["sensitive_proxy"].severity == "note"


def test_what_says_nothing_about_a_sensitive_column_is_left_alone():
    assert "sensitive_proxy" not in found(RNG.normal(size=N) + 0.5 * (OWNER == "male"), **SENSITIVE)
    assert "sensitive_proxy" not in found(np.where(OWNER == "male", "north", "south"))


def test_numbers_under_sensitive_are_halved():
    age = RNG.integers(20, 70, N)
    proxy = found(age + RNG.normal(size=N), who=age.astype(str), **SENSITIVE)["sensitive_proxy"]
    assert "the upper half of 'who'" in proxy.evidence


def test_cultural_attributes_get_one_note():
    care = found(RNG.choice(["a", "b"], N), fit="cultural")["cultural_care"]
    assert (care.severity, care.column, care.count) == ("note", None, 1)
    assert "cultural_care" not in found(RNG.choice(["a", "b"], N))
