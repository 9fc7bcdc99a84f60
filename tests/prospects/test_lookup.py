"""One account of a table: found by its id alone, read and refused as scoring would."""

import pandas as pd
import pytest

from icp_ml.accounts.contract import AttributeContract, TableContract
from icp_ml.accounts.tables import open_table, table_of
from icp_ml.errors import DataError, UsageError
from icp_ml.model.success_model import SuccessModel
from icp_ml.prospects.admission import customer_key
from icp_ml.prospects.lookup import find_account


def model_of(**changes):
    attributes = (
        AttributeContract("seats", "resource", "numeric", (), 0.0, 99.0, 0.0),
        AttributeContract("crm", "technical", "categorical", ("a", "b"), None, None, 0.0),
    )
    settings = {
        "name": "acme",
        "kind": "hypothesis",
        "study": {},
        "horizon_days": 365,
        "stage": "prospect",
        "contract": TableContract(changes.pop("id", "account"), "id" in changes, attributes),
        "classifier": None,
        "ready": False,
        "data_sha256": "0" * 64,
        "code_version": "0",
        "criteria": ("seats >= 10",),
    }
    return SuccessModel(**(settings | changes))


def table(**columns):
    frame = {"account": ["007", "Ab-1", "Ab-2", "Ab-2"], "seats": [7, 1, 2, 2], "crm": ["a", "b", "c", "c"]}
    return table_of(pd.DataFrame(frame | columns), "accounts.parquet")


def test_the_row_is_read_as_scoring_reads_it():
    found = find_account(table(), model_of(), "007")
    assert found.admitted.frame.to_dict("records") == [{"seats": 7.0, "crm": "a"}]
    assert (found.is_customer, found.excluded_by) == (False, ())


@pytest.mark.parametrize(
    ("asked", "near"), [("7", "'007'"), (" ab-1", "'Ab-1'"), ("Ab-11", "'Ab-1'"), ("else", "no row has the id 'else';")]
)
def test_an_absent_id_is_refused_with_ids_nearly_the_same(asked, near):
    with pytest.raises(UsageError, match=near):
        find_account(table(), model_of(), asked)


def test_an_id_of_two_rows_is_refused():
    with pytest.raises(DataError, match=r"'Ab-2' stands in 2 rows \(rows 3, 4\)"):
        find_account(table(), model_of(), "Ab-2")


def test_other_ids_may_come_twice():
    assert find_account(table(), model_of(), "Ab-1").id == "Ab-1"


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"seats": ["1", "many", "2", "2"]}, "row 2 .* cannot be scored: seats: not a number"),
        ({"account": ["007", "=Ab-1", "Ab-2", "Ab-2"]}, "cannot be scored: account: the id begins like a spreadsheet"),
    ],
)
def test_a_row_that_scoring_refuses_is_refused_for_the_same_reason(tmp_path, columns, why):
    whole = {"account": ["007", "Ab-1", "Ab-2", "Ab-2"], "seats": [7, 1, 2, 2], "crm": ["a", "b", "c", "c"]} | columns
    pd.DataFrame(whole).to_csv(tmp_path / "accounts.csv", index=False)
    with pytest.raises(DataError, match=why):
        find_account(open_table(tmp_path / "accounts.csv"), model_of(), whole["account"][1])


def test_a_table_without_the_columns_of_the_model_is_refused():
    with pytest.raises(DataError, match="1 columns of the model are missing: 'crm'"):
        find_account(table_of(pd.DataFrame({"account": ["1"], "seats": [1]})), model_of(), "1")


def test_customers_and_excluded_accounts_are_found_and_told():
    model = model_of(customer_keys=(customer_key("007"),), exclude=("crm in [a]", "seats > 50"))
    found = find_account(table(), model, "007")
    assert found.is_customer
    assert found.excluded_by == ("crm in [a]",)
    assert len(found.admitted.frame) == 1


def test_rows_are_named_by_number_where_there_is_no_id():
    found = find_account(table(), model_of(id=None), "2")
    assert found.admitted.frame["seats"].tolist() == [1.0]
    for wrong in ("0", "5", "Ab-1"):
        with pytest.raises(UsageError, match="expected the number of a row"):
            find_account(table(), model_of(id=None), wrong)


def test_a_row_far_down_the_file_is_found(tmp_path):
    n = 70_000
    many = pd.DataFrame({"account": [f"p{i}" for i in range(n)], "seats": range(n), "crm": "a"})
    many.to_parquet(tmp_path / "p.parquet")
    found = find_account(open_table(tmp_path / "p.parquet"), model_of(), "p69999")
    assert found.admitted.frame["seats"].tolist() == [69_999.0]


def test_an_id_that_may_be_of_a_person_is_not_repeated():
    mails = table_of(pd.DataFrame({"account": ["a@b.org"], "seats": [1], "crm": ["a"]}))
    with pytest.raises(UsageError, match="a value not shown") as caught:
        find_account(mails, model_of(), "A@b.org")
    assert "@" not in str(caught.value)
