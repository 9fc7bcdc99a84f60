import datetime as dt

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.tables import table_of
from icp_ml.errors import ConfigError, DataError
from icp_ml.study import study_from_document

OUTCOME = {"column": "status", "success": ["renewed"], "failure": ["churned"]}
LIFETIME = {"ended": "ended_on", "horizon_days": 365, "observed_until": "2026-06-30"}
FRAME = {
    "id": ["a", "b", "c", "d", "e"],
    "status": ["renewed", "churned", "renewed", None, "churned"],
    "seats": ["1", "2", "NA", "4", "5"],
    "country": ["NA", "DE", "", "DE", "NA"],
}


@pytest.fixture
def load(tmp_path):
    """Write columns as CSV and load them with a small study."""

    def run(frame=FRAME, *, attributes=("seats", "country"), delimiter=",", **keys):
        path = tmp_path / "customers.csv"
        pd.DataFrame(frame).to_csv(path, index=False, sep=delimiter)
        document = {"name": "t", "accounts": str(path), "id": "id", "outcome": OUTCOME}
        document |= {"fits": {"technical": list(attributes)}, **keys}
        return load_customers(study_from_document(document, tmp_path, "study.yaml"))

    return run


def refusal(load, *args, error=DataError, **keys):
    with pytest.raises(error) as caught:
        load(*args, **keys)
    assert "; expected " in str(caught.value)
    return str(caught.value)


def test_loads_ids_attributes_and_outcome(load):
    customers = load()
    assert customers.ids.tolist() == list("abcde")
    assert customers.kinds == {"seats": "numeric", "country": "categorical"}
    assert customers.frame["seats"].tolist()[:2] == [1.0, 2.0]
    assert customers.frame["country"].isna().tolist() == [False, False, True, False, False]
    assert customers.frame["country"][0] == "NA"
    assert customers.outcome["column"].tolist() == FRAME["status"]
    assert customers.raw_types["seats"] == "text"
    assert len(customers) == customers.n_rows_read == 5


def test_unlisted_columns_are_all_named(load):
    text = refusal(load, FRAME | {"x": 1, "y": 2}, error=ConfigError)
    assert "'x', 'y'" in text
    assert load(FRAME | {"x": 1}, unlisted="ignore").frame.shape == (5, 2)
    assert load(FRAME | {"x": 1}, ignore=["x"]).frame.shape == (5, 2)


def test_a_column_that_is_asked_for_is_read_whatever_else_names_it(load):
    named = {"labels": {"wanted": "what they want", "x": "never asked for"}, "audit": {"allow": ["wanted"]}}
    read = load(FRAME | {"wanted": list("uvwxy"), "x": 1}, desired_outcome="wanted", **named)
    assert read.others["wanted"].tolist() == list("uvwxy")
    assert "x" not in read.others


def test_missing_columns_are_all_named_44(load):
    text = refusal(load, attributes=["Seats ", "country", "plan"], unlisted="ignore")
    assert "2 columns of the study are missing: 'Seats ' (there is 'seats'), 'plan'" in text


def test_duplicate_ids_21(load):
    assert "stand in several rows (2 rows 1, 3)" in refusal(load, FRAME | {"id": ["a", "b", "a", "d", "e"]})


def test_blank_ids_22(load):
    assert "blank in 2 rows (rows 2, 4)" in refusal(load, FRAME | {"id": ["a", " ", "c", None, "e"]})


def test_row_numbers_are_ids(load):
    assert load(id={"row_number": True}, ignore=["id"]).ids.tolist() == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("value", ["inf", "-inf", "1e400"])
def test_infinite_numbers_23(load, value):
    assert "'seats' has 1 infinite values (row 3" in refusal(load, FRAME | {"seats": ["1", "2", value, "4", "5"]})


def test_decimal_comma_24(load):
    text = refusal(load, FRAME | {"seats": ["1,5", "2,25", "3", "4", "5"]}, delimiter=";", read={"delimiter": ";"})
    assert "'seats' has 2 numbers with a comma (rows 1, 2; the first is '1,5')" in text


def test_mixed_types_name_the_first_bad_row_25(load):
    text = refusal(load, FRAME | {"seats": ["1", "2", "3", "4", "many"]})
    assert "'seats' has 1 values that are not numbers (row 5; the first is 'many')" in text
    assert load(FRAME | {"seats": ["1", "2", "x", "y", "z"]}).kinds["seats"] == "categorical"


def test_mixed_types_may_be_declared(load):
    attributes = [{"column": "seats", "kind": "categorical"}, "country"]
    assert load(FRAME | {"seats": ["1", "2", "3", "4", "many"]}, attributes=attributes).frame["seats"][4] == "many"


def test_declared_numbers_must_be_numbers(load):
    attributes = ["seats", {"column": "country", "kind": "numeric"}]
    assert "'country' has 2 values that are not numbers (rows 2, 4; the first is 'DE')" in refusal(
        load, attributes=attributes
    )


def test_an_effect_asks_for_numbers(load):
    assert "not numbers" in refusal(load, attributes=["seats", {"column": "country", "effect": "increasing"}])


def test_values_of_persons_are_not_shown(load):
    frame = {**FRAME, "seats": ["1", "2", "3", "4", "ann@example.org"]}
    assert "ann@" not in refusal(load, frame)
    frame = {**{k: v for k, v in FRAME.items() if k != "seats"}, "phone": ["1", "2", "3", "4", "ask Ann"]}
    assert "Ann" not in refusal(load, frame, attributes=["phone", "country"])


def test_all_problems_come_in_one_message(load):
    frame = FRAME | {"id": ["a", "a", "c", "d", "e"], "seats": ["1", "2", "3", "inf", "5"]}
    text = refusal(load, frame)
    assert "several rows" in text
    assert "infinite" in text


DATED = FRAME | {"signed": ["2025-01-31", "2025-03-01", None, "2026-01-01", "2026-06-30"]}


def test_rows_without_as_of_are_excluded_and_counted_37(load):
    customers = load(DATED, as_of="signed")
    assert customers.ids.tolist() == list("abde")
    assert customers.rows.tolist() == [1, 2, 4, 5]
    assert customers.excluded == {"as_of is empty": 1}
    assert customers.observed_until == dt.date(2026, 6, 30)


def test_as_of_may_come_later_than_its_column(load):
    outcome = OUTCOME | {"observed_until": "2026-06-30"}
    customers = load(DATED, as_of={"column": "signed", "plus_days": 30}, outcome=outcome)
    assert customers.as_of.astype(str).tolist() == ["2025-03-02", "2025-03-31", "2026-01-31"]
    assert customers.excluded == {"as_of is empty": 1, "as_of day comes after observed_until": 1}


@pytest.mark.parametrize("value", ["03/04/2026", "31.12.2025", "2026-02-30"])
def test_dates_must_be_iso_26(load, value):
    frame = DATED | {"signed": ["2025-01-31", "2025-03-01", None, "2026-01-01", value]}
    assert "'signed' has 1 values that are not ISO dates (row 5" in refusal(load, frame, as_of="signed")


def test_ambiguous_dates_of_an_attribute_26(load):
    frame = FRAME | {"seats": ["03/04/2026", "04/04/2026", "05/04/2026", "06/04/2026", None]}
    assert "'seats' has 4 dates that are not ISO" in refusal(load, frame)


@pytest.mark.parametrize("column", ["signed", "ended_on"])
def test_dates_in_the_future_27(load, column):
    frame = DATED | {"ended_on": ["2025-04-01", None, None, None, None]}
    frame[column] = [*frame[column][:4], "2999-01-01"]
    text = refusal(load, frame, as_of="signed", outcome=LIFETIME, ignore=["status"])
    assert f"'{column}' has 1 dates after 2026-06-30 (row 5; the first is '2999-01-01')" in text


def test_a_far_future_shows_without_observed_until_27(load):
    frame = DATED | {"signed": ["2025-01-31", "2025-03-01", None, "2026-01-01", "2999-01-01"]}
    assert "(row 5; the first is '2999-01-01')" in refusal(load, frame, as_of="signed")


def test_a_lifetime_gives_days(load):
    frame = DATED | {"ended_on": ["2025-04-01", None, None, None, None]}
    customers = load(frame, as_of="signed", outcome=LIFETIME, ignore=["status"])
    assert customers.outcome["ended"].dtype == np.dtype("datetime64[D]")
    assert np.isnat(customers.outcome["ended"]).tolist() == [False, True, True, True]


def test_a_date_attribute_becomes_days_before_as_of(load):
    frame = DATED | {"seats": ["2025-01-01", "2025-03-11", None, None, None]}
    customers = load(frame, as_of="signed")
    assert customers.kinds["seats"] == "date"
    assert customers.frame["seats"].tolist()[:2] == [30.0, -10.0]


def test_a_date_attribute_needs_a_day_to_count_from(load):
    frame = FRAME | {"seats": ["2025-01-01"] * 5}
    assert "no day is known to count from" in refusal(load, frame)
    outcome = OUTCOME | {"observed_until": "2025-01-11"}
    assert load(frame, outcome=outcome).frame["seats"].tolist() == [10.0] * 5


def test_ratings_entered_after_as_of_count_as_missing(load):
    frame = DATED | {"rated": ["2025-01-31", "2025-03-02", None, None, None]}
    customers = load(frame, as_of="signed", attributes=[{"column": "seats", "entered_on": "rated"}, "country"])
    assert customers.frame["seats"].isna().tolist() == [False, True, False, False]
    rating = customers.ratings["seats"]
    assert rating.is_late.tolist() == [False, True, False, False]
    assert rating.values.notna().tolist() == [True, True, True, True]
    assert customers.warnings == []


def test_groups_by_column_and_by_identical_rows(load):
    frame = FRAME | {"parent": ["p", None, "p", None, "q"]}
    groups = load(frame, group="parent").groups
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 4
    assert load(FRAME | {"seats": ["1"] * 5}, group={"identical_rows": True}).groups.tolist() == [0, 1, 2, 1, 0]


def test_other_columns_are_text(load):
    keys = {"segments": ["channel"], "rule": "seats >= 2", "exclude": ["country in [XX]", "embargo == true"]}
    customers = load(FRAME | {"channel": [1, 2, 3, 4, 5]}, **keys)
    assert customers.others.columns.tolist() == ["channel", "seats", "country"]
    assert customers.others["channel"].tolist() == ["1", "2", "3", "4", "5"]


def test_no_rows_14(load):
    assert "there is a header but no row" in refusal(load, {name: [] for name in FRAME})


def test_all_missing_attribute_is_numeric_30(load):
    customers = load(FRAME | {"seats": [None] * 5})
    assert customers.kinds["seats"] == "numeric"
    assert customers.frame["seats"].isna().all()


def test_codes_with_leading_zeros_are_categories(load):
    assert load(FRAME | {"seats": ["0123", "2345", "1", "2", "3"]}).kinds["seats"] == "categorical"


@pytest.mark.parametrize("names", [["a b", "a_b"], ['x{"}', "y[0]"], ["ä,b", 'q"uote']])
def test_odd_column_names_do_no_harm_39_40(load, names):
    frame = FRAME | {names[0]: [1, 2, 3, 4, 5], names[1]: list("vwxyz")}
    assert load(frame, attributes=[*names, "seats", "country"]).frame.columns.tolist()[:2] == names


def test_a_frame_instead_of_a_file(load, tmp_path):
    frame = pd.DataFrame(FRAME | {"seats": [1, 2, None, 4, 5]})
    document = {"name": "t", "accounts": "none", "id": "id", "outcome": OUTCOME, "fits": {"technical": ["seats"]}}
    customers = load_customers(study_from_document(document | {"context": ["country"]}, tmp_path), table_of(frame))
    pd.testing.assert_frame_equal(customers.frame, load().frame)


def test_types_that_are_no_cells_are_refused(tmp_path):
    frame = pd.DataFrame({"id": ["a"], "status": ["renewed"], "seats": [[1, 2]]})
    document = {"name": "t", "accounts": "none", "id": "id", "outcome": OUTCOME, "fits": {"technical": ["seats"]}}
    with pytest.raises(DataError, match="column 'seats' has the type list"):
        load_customers(study_from_document(document, tmp_path), table_of(frame))


def test_digits_stored_as_text_are_called_text(tmp_path):
    table = pd.DataFrame(FRAME | {"seats": ["1", "2", "3", "4", "5"]})
    table.to_parquet(tmp_path / "customers.parquet")
    fits = {"technical": [{"column": "seats", "kind": "numeric"}], "functional": ["country"]}
    document = {"name": "t", "accounts": "customers.parquet", "id": "id", "outcome": OUTCOME, "fits": fits}
    with pytest.raises(DataError, match=r"'seats' holds text, not numbers .*Write the column as numbers"):
        load_customers(study_from_document(document, tmp_path, "study.yaml"))


def test_booleans_in_several_spellings_are_one_pair_of_levels(load):
    mixed = load(FRAME | {"seats": ["True", "TRUE", "false", "", "true"]}).frame["seats"]
    assert mixed.dropna().tolist() == ["true", "true", "false", "true"]
    plain = load(FRAME | {"seats": ["True", "True", "False", "", "True"]}).frame["seats"]
    assert plain.dropna().tolist() == ["True", "True", "False", "True"]
