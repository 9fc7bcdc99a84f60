import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from icp_ml.accounts.tables import table_of
from icp_ml.prospects import admission
from icp_ml.prospects.admission import Admission, Tally


def test_rows_that_do_not_add_up_are_a_defect():
    with pytest.raises(AssertionError, match="5 rows came in and 4 are accounted for"):
        Tally(rows_in=5, admitted=4).check()


@pytest.mark.parametrize("sizes", [[10], [3, 3, 4], [0, 1, 9, 0], [1] * 10, [4, 6], []])
def test_blocks_are_equal_whatever_the_batches(monkeypatch, sizes):
    monkeypatch.setattr(admission, "BLOCK_ROWS", 4)
    ends = np.cumsum([0, *sizes])
    values = pa.array(range(10)), pa.array(list("abcabcabca")).dictionary_encode()
    whole = pa.RecordBatch.from_arrays(list(values), ["x", "c"])
    batches = iter([whole.slice(start, size) for start, size in zip(ends, sizes, strict=False)])
    found = [block.column("x").to_pylist() for block in admission._fixed_blocks(batches)]
    assert found == ([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] if sizes else [])


def test_all_problems_of_a_row_are_in_one_refusal(make_model, prospects, tmp_path):
    from icp_ml.accounts.tables import open_table

    frame = prospects(3).astype(object)
    frame.loc[1, ["account_id", "budget", "integrations"]] = ["=1", "x", "y"]
    frame.to_csv(tmp_path / "p.csv", index=False)
    (block,) = Admission(open_table(tmp_path / "p.csv"), make_model()).blocks()
    (refusal,) = block.refused
    assert refusal.row == 2
    assert set(refusal.column.split("; ")) == {"integrations", "budget", "account_id"}
    assert len(block.ids) == len(block.frame) == block.batch.num_rows == 2


def test_row_numbers_serve_as_ids(make_model, prospects):
    from dataclasses import replace

    model = make_model()
    model.contract = replace(model.contract, id=None, row_number=True)
    table = table_of(pd.DataFrame(prospects(3)))
    admitted = Admission(table, model)
    assert admitted.id_column == "row"
    assert next(admitted.blocks()).ids.tolist() == ["1", "2", "3"]
