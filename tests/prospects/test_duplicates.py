import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.tables import table_of
from icp_ml.prospects import duplicates
from icp_ml.prospects.duplicates import repeated_rows


def rows_of(ids):
    rows, firsts = repeated_rows(table_of(pd.DataFrame({"id": pd.Series(ids, dtype=object)})), "id")
    return rows.tolist(), firsts.tolist()


def test_every_repetition_names_the_first_row():
    assert rows_of(["a", "b", "a", "a", "b"]) == ([3, 4, 5], [1, 1, 2])


def test_ids_that_only_look_alike_differ():
    assert rows_of(["007", "7", " 7", "7 ", "NA", "na"]) == ([], [])


def test_missing_ids_do_not_repeat_each_other():
    assert rows_of([None, "", None, "a", " "]) == ([], [])


def test_an_empty_table_repeats_nothing():
    assert rows_of([]) == ([], [])


def test_equal_hashes_of_different_texts_are_told_apart(monkeypatch):
    monkeypatch.setattr(duplicates, "id_hashes", lambda ids: np.zeros(len(ids), dtype=np.uint64))
    assert rows_of(["a", "b", "c", "b"]) == ([4], [2])


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_pandas_over_many_batches(seed):
    ids = pd.Series(np.random.default_rng(seed).integers(0, 100_000, 150_000).astype(str))
    rows, _ = repeated_rows(table_of(pd.DataFrame({"id": ids})), "id")
    assert (rows - 1).tolist() == np.flatnonzero(ids.duplicated()).tolist()
