"""Columns that nothing can be learned from, or that hold mistakes; honest ones are left alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit.findings import audit_customers
from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.tables import table_of
from icp_ml.study import study_from_document

N = 400
RNG = np.random.default_rng(7)
WON = RNG.random(N) < 0.6


def found(values, column="x", **attribute):
    frame = pd.DataFrame({"won": WON, "day": pd.Timestamp("2024-05-01"), column: values})
    document = {"name": "t", "accounts": "none", "id": {"row_number": True}, "as_of": "day"}
    document |= {"outcome": {"column": "won", "success": [True], "failure": [False]}}
    document |= {"fits": {"technical": [{"column": column, **attribute}]}}
    customers = load_customers(study_from_document(document, Path(".")), table_of(frame))
    labels = label_outcome(customers.study.outcome, customers.outcome, customers.as_of, customers.observed_until)
    return {f.check: f for f in audit_customers(customers, labels) if f.column}


def drawn(*levels, p=None):
    return RNG.choice(np.array(levels, dtype=object), N, p=p)


def test_a_column_filled_for_few_is_named_with_its_count():
    values = np.where(np.arange(N) < 12, RNG.normal(size=N), np.nan)
    assert found(values)["low_coverage"].evidence == "12 of 400 customers have a value (3.0%)"
    assert "low_coverage" not in found(np.where(np.arange(N) < 40, RNG.normal(size=N), np.nan))


def test_one_level_or_empty_is_not_constant():
    assert "constant" not in found(np.where(RNG.random(N) < 0.5, "yes", None))


def test_numbers_among_words_are_counted():
    values = [str(i) if i % 4 else "many" for i in range(N)]
    mixed = found(values, kind="categorical")["mixed_types"]
    assert (mixed.severity, mixed.count) == ("warning", 100)
    assert mixed.evidence == "of 400 values 300 are numbers and 100 are words"


@pytest.mark.parametrize("levels", [("1-10", "11-50", "51+"), ("2A", "2B", "Corse"), ("10", "20"), ("C", "C++", "C#")])
def test_ranges_and_codes_are_not_mixed(levels):
    assert not found(drawn(*levels), kind="categorical")


def test_few_numbers_among_levels_are_a_note():
    assert found(drawn("0", "1", "many"))["mixed_types"].severity == "note"


def test_a_placeholder_is_no_word():
    assert "mixed_types" not in found([str(i) if i % 4 else "n/a" for i in range(N)], kind="categorical")


def test_dates_in_several_notations_are_told():
    values = [f"2024-03-{i % 28 + 1:02d}" if i % 2 else f"{i % 28 + 1}.03.2024" for i in range(N)]
    dated = found(values, kind="categorical")["date_notations"]
    assert "200 like 2024-03-31, 200 like 31.03.2024" in dated.evidence
    assert "date_notations" not in found(drawn("1.2.3", "2.0.1", "v2024"), kind="categorical")


def test_one_level_in_several_spellings():
    spelled = found(drawn("HubSpot", "Hubspot ", "Self-service", "self service", "Zoho", p=[0.6, 0.1, 0.1, 0.1, 0.1]))
    assert spelled["spellings"].evidence.startswith("2 levels are spelled in several ways: 'HubSpot' (")
    assert "'Hubspot ' (" in spelled["spellings"].evidence
    assert "spellings" not in found(drawn("C", "C++", "C#", "c-sharp"))


def test_spellings_of_personal_columns_stay_hidden():
    emails = drawn("Ann@example.org", "ann@example.org", "bob@example.org")
    assert "@" not in found(emails, "contact")["spellings"].evidence
