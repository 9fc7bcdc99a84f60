import datetime as dt
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from icp_ml.accounts.contract import TableContract, learn_contract
from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.tables import open_table, table_of
from icp_ml.errors import DataError, ModelError
from icp_ml.study import study_from_document

CUSTOMERS = {
    "id": ["a", "b", "c", "d"],
    "won": ["y", "n", "y", "n"],
    "signed": ["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"],
    "seats": ["1", "10", "NA", "5"],
    "country": ["NA", "DE", "DE", ""],
    "founded": ["2024-12-22", "2025-01-22", "", "2020-01-01"],
    "sso": ["True", "False", "True", "True"],
}
PROSPECTS = {
    "id": ["p", "q"],
    "seats": ["3", "4"],
    "country": ["DE", "NA"],
    "founded": ["2025-03-22", ""],
    "sso": ["True"] * 2,
}


@pytest.fixture
def contract(tmp_path):
    document = {"name": "t", "accounts": "none", "id": "id", "as_of": "signed"}
    document |= {"outcome": {"column": "won", "success": ["y"]}}
    document |= {"fits": {"technical": ["seats", "sso"]}, "context": ["country", "founded"]}
    study = study_from_document(document, tmp_path)
    customers = load_customers(study, csv(tmp_path, CUSTOMERS))
    return learn_contract(customers, study.attributes)


def csv(folder, frame):
    pd.DataFrame(frame).to_csv(folder / "t.csv", index=False)
    return open_table(folder / "t.csv")


def converted(contract, frame, first_row=1, as_of=None, is_text=True):
    batch = pa.RecordBatch.from_pydict({name: list(cells) for name, cells in frame.items()})
    return contract.convert(batch, first_row, is_text, as_of)


def reasons(contract, **cells):
    found = converted(contract, {**PROSPECTS, **cells})
    assert found.keep.tolist() == [row not in {r.row for r in found.rejections} for row in (1, 2)]
    return [(r.row, r.column, r.reason) for r in found.rejections]


def test_learns_kinds_levels_and_ranges(contract):
    seats, sso, country, founded = contract.attributes
    assert (seats.kind, seats.minimum, seats.maximum, seats.missing_share) == ("numeric", 1.0, 10.0, 0.25)
    assert (sso.levels, sso.missing_share) == (("False", "True"), 0.0)
    assert (country.levels, country.fit) == (("DE", "NA"), "context")
    assert (founded.kind, founded.minimum) == ("date", 10.0)
    assert contract.as_of_default == dt.date(2025, 4, 1)


def test_document_is_json_and_comes_back(contract):
    assert TableContract.from_document(json.loads(json.dumps(contract.to_document()))) == contract


@pytest.mark.parametrize("change", [{"attributes": [{}]}, {"as_of_default": "soon"}, {"attributes": None}])
def test_a_foreign_document_is_refused(contract, change):
    with pytest.raises(ModelError, match="not readable; expected"):
        TableContract.from_document(contract.to_document() | change)
    with pytest.raises(ModelError, match="not readable"):
        TableContract.from_document({})


def test_converts_a_batch(contract):
    found = converted(contract, PROSPECTS)
    assert found.ids.tolist() == ["p", "q"]
    assert found.keep.all()
    assert found.frame["seats"].tolist() == [3.0, 4.0]
    assert found.frame["country"].tolist() == ["DE", "NA"]
    assert found.frame["country"].cat.categories.tolist() == ["DE", "NA"]
    assert found.frame["founded"].tolist()[0] == 10.0
    assert (found.unseen, found.outside, found.rejections) == ({}, {}, [])


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("id", " ", "the id is missing or blank"),
        ("seats", "many", "not a number"),
        ("seats", "1,5", "not a number"),
        ("seats", "1e400", "an infinite number"),
        ("founded", "03/04/2024", "not an ISO date (YYYY-MM-DD)"),
        ("founded", "2999-01-01", "a date after 2035-03-30"),
    ],
)
def test_rows_that_cannot_be_scored_22_23_24_26_27(contract, column, cell, reason):
    cells = {column: [PROSPECTS[column][0], cell]}
    assert reasons(contract, **cells) == [(2, column, reason)]
    if column != "id":
        assert np.isnan(converted(contract, PROSPECTS | cells).frame[column][1])


def test_every_reason_of_a_row_is_told_in_order_of_rows(contract):
    found = converted(contract, PROSPECTS | {"seats": ["x", "y"], "id": ["", "q"]}, first_row=11)
    assert [(r.row, r.id, r.column) for r in found.rejections] == [
        (11, None, "id"),
        (11, None, "seats"),
        (12, "q", "seats"),
    ]
    assert len(found.frame) == 2


def test_unseen_levels_count_and_become_missing_28(contract):
    found = converted(contract, PROSPECTS | {"country": ["FR", ""]})
    assert found.unseen == {"country": 1}
    assert found.frame["country"].isna().all()
    assert found.keep.all()


def test_values_outside_the_range_count_and_stay_29(contract):
    found = converted(contract, PROSPECTS | {"seats": ["0.5", "11"], "founded": ["1990-01-01", "2025-03-22"]})
    assert found.outside == {"seats": 2, "founded": 1}
    assert found.frame["seats"].tolist() == [0.5, 11.0]
    assert found.keep.all()


def test_as_of_of_the_row_then_of_the_call_then_of_training(contract):
    rows = PROSPECTS | {"founded": ["2025-01-01"] * 2}
    assert converted(contract, rows).frame["founded"].tolist() == [90.0] * 2
    assert converted(contract, rows, as_of=dt.date(2025, 1, 11)).frame["founded"].tolist() == [10.0] * 2
    with_column = converted(contract, rows | {"signed": ["2025-01-03", ""]}, as_of=dt.date(2025, 1, 11))
    assert with_column.frame["founded"].tolist() == [2.0, 10.0]


def test_dates_after_the_day_asked_for_are_refused(contract):
    found = converted(contract, PROSPECTS | {"founded": ["2025-01-12", "2025-01-11"]}, as_of=dt.date(2025, 1, 11))
    assert [(r.row, r.reason) for r in found.rejections] == [(1, "a date after 2025-01-11")]


def test_types_do_not_matter_46(contract, tmp_path):
    typed = {
        "id": ["p", "q"],
        "seats": [3, 4],
        "country": pd.Categorical(["DE", "NA"]),
        "founded": [dt.date(2025, 3, 22), None],
        "sso": [True, True],
    }
    table = table_of(pd.DataFrame(typed).astype({"seats": "Int64"}))
    contract.check_columns(table)
    found = contract.convert(next(table.batches()), 1, table.is_text)
    pd.testing.assert_frame_equal(found.frame, converted(contract, PROSPECTS).frame)


def test_numbers_stored_as_text_are_refused_46(contract):
    with pytest.raises(DataError, match=r"'seats' has the type .*string; expected numbers, as in training"):
        contract.check_columns(table_of(pd.DataFrame(PROSPECTS)))


def test_missing_columns_are_all_named_44(contract, tmp_path):
    table = csv(tmp_path, {"id": ["p"], "Seats": ["1"], "x": ["1"], "signed": [""]})
    with pytest.raises(DataError, match=r"4 columns of the model are missing: 'seats' \(there is 'Seats'\), 'sso'"):
        contract.check_columns(table)


def test_order_of_columns_does_not_matter_43(contract):
    turned = dict(reversed(PROSPECTS.items()))
    pd.testing.assert_frame_equal(converted(contract, turned).frame, converted(contract, PROSPECTS).frame)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_batch_size_does_not_matter(contract, size):
    rng = np.random.default_rng(0)
    rows = {name: rng.choice([*cells, cells[0]], 11).tolist() for name, cells in CUSTOMERS.items()}
    rows["id"] = [*map(str, range(10)), ""]
    batch = pa.RecordBatch.from_pydict(rows)
    whole = contract.convert(batch, 1, True)
    parts = [contract.convert(batch.slice(at, size), at + 1, True) for at in range(0, 11, size)]
    pd.testing.assert_frame_equal(pd.concat([part.frame for part in parts], ignore_index=True), whole.frame)
    assert [r for part in parts for r in part.rejections] == whole.rejections


def test_row_numbers_as_ids(contract):
    numbered = TableContract(None, True, contract.attributes)
    assert converted(numbered, PROSPECTS, first_row=7).ids.tolist() == ["7", "8"]


def test_an_attribute_without_any_value_in_training(contract, tmp_path):
    document = {"name": "t", "accounts": "none", "id": "id", "outcome": {"column": "won", "success": ["y"]}}
    study = study_from_document(document | {"fits": {"technical": ["seats"]}, "unlisted": "ignore"}, tmp_path)
    empty = learn_contract(load_customers(study, csv(tmp_path, CUSTOMERS | {"seats": [""] * 4})), study.attributes)
    assert (empty.attributes[0].minimum, empty.attributes[0].missing_share) == (None, 1.0)
    assert converted(empty, PROSPECTS).outside == {"seats": 2}
