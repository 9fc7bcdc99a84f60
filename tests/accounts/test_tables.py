"""Files as the world sends them; the numbers are lines of the list of known faults."""

import gzip
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from icp_ml.accounts.tables import open_table, table_of
from icp_ml.errors import ConfigError, DataError, FileSystemError


@pytest.fixture
def written(tmp_path):
    def write(data, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


def rows_of(path, **options):
    return open_table(path, **options).read().to_pylist()


def refusal(path, **options):
    with pytest.raises(DataError) as caught:
        rows_of(path, **options)
    assert "; expected " in str(caught.value)
    return str(caught.value)


def test_csv_is_text_and_nothing_is_missing(written):
    table = open_table(written("id,country\n007,NA\n1E5,\n"))
    assert table.columns == ("id", "country")
    assert table.is_text
    assert table.warnings == []
    assert table.read().to_pylist() == [{"id": "007", "country": "NA"}, {"id": "1E5", "country": ""}]


def test_no_final_newline_is_a_warning_1(written):
    assert "no newline at the end" in open_table(written("a,b\n1,2")).warnings[0]


def test_first_row_longer_than_header_2(written):
    assert "row 1 has 3 cells; expected 2 cells" in refusal(written("a,b\n1,2,secret\n3,4\n"))


def test_short_row_3(written):
    assert "row 2 has 1 cells" in refusal(written("a,b\n1,2\n3\n"))


def test_later_extra_field_names_the_row_and_not_its_cells_4(written):
    text = refusal(written("a,b\n" + "1,2\n" * 300_000 + '"x\ny",2,secret\n'))
    assert "row 300001 has 3 cells" in text
    assert "secret" not in text


def test_a_bad_row_is_found_when_other_columns_are_read(written):
    table = open_table(written("a,b\n1,2\n3\n"))
    with pytest.raises(DataError, match="row 2"):
        table.read(["a"])


def test_duplicate_header_5(written):
    assert "'a' (columns 1, 3)" in refusal(written("a,b,a\n1,2,3\n"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf16_6(written, encoding):
    path = written("id,town\n1,Zürich\n".encode(encoding))
    assert "--encoding" in refusal(path)
    assert rows_of(path, encoding=encoding) == [{"id": "1", "town": "Zürich"}]


def test_latin1_7(written):
    path = written("id,town\n1,Bern\n2,Zürich\n".encode("latin-1"))
    assert "row 2 has a byte (0xFC) that is not UTF-8" in refusal(path)
    assert "--encoding" in refusal(path)
    assert rows_of(path, encoding="latin-1")[1]["town"] == "Zürich"


def test_encoding_fails_in_the_last_byte(written):
    assert "row 2 has a byte (0xC3)" in refusal(written(b"id\n1\n2\xc3"))


def test_bom_8(written):
    assert open_table(written(b"\xef\xbb\xbfid,b\n1,2\n")).read().to_pylist() == [{"id": "1", "b": "2"}]
    assert open_table(written(b'\xef\xbb\xbf"id","b"\n1,2\n')).columns == ("id", "b")


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_nul_9(written, start):
    assert "row 2 contains a NUL byte" in refusal(written(start + b"a,b\n1,2\n3,\x00\n5,6\n"))


def test_quoted_newline_10(written):
    rows = rows_of(written('a,b\n1,"x\r\ny, ""z"""\n2,w\n'))
    assert rows == [{"a": "1", "b": 'x\r\ny, "z"'}, {"a": "2", "b": "w"}]


@pytest.mark.parametrize(
    ("text", "row"),
    [('a,b\n1,2\n1,"x\n3,4\n', "row 2 has a quote that is never closed"), ('"a,b\n1,2\n', "the header has a quote")],
)
def test_unclosed_quote_11(written, text, row):
    assert row in refusal(written(text))


def test_two_unclosed_quotes_do_not_swallow_a_row_11(written):
    assert "row 1 has text after a closing quote" in refusal(written('a,b\n1,"x\n2,"y\n3,z\n'))


def test_a_quote_inside_a_plain_cell_is_text(written):
    assert rows_of(written('a,b\n5" pipe,2\n')) == [{"a": '5" pipe', "b": "2"}]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_quotes_are_followed_across_chunks(written, monkeypatch, size):
    monkeypatch.setattr("icp_ml.accounts.csv_rows._CHUNK_BYTES", size)
    monkeypatch.setattr("icp_ml.accounts.csv_file._check_quotes", lambda source: pytest.fail("a closer look"))
    assert rows_of(written(b'"a","b"\n"x ""y""","z"\n""," "\n'))[0] == {"a": 'x "y"', "b": "z"}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9, 10, 11])
def test_broken_quotes_are_found_across_chunks(written, monkeypatch, size):
    monkeypatch.setattr("icp_ml.accounts.csv_rows._CHUNK_BYTES", size)
    assert "row 1 has text after a closing quote" in refusal(written('a,b\n1,"x\n2,"y\n3,z\n'))


def test_semicolons_12(written):
    path = written("id;crm\n1;x\n")
    assert "only one column was found" in refusal(path)
    assert rows_of(path, delimiter=";") == [{"id": "1", "crm": "x"}]


def test_one_column_is_a_table(written):
    assert rows_of(written("id\n7\n")) == [{"id": "7"}]


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_zero_bytes_13(written, name):
    assert "empty (0 bytes)" in refusal(written(b"", name))


@pytest.mark.parametrize("text", ["\n\n", " \n"[1:], "\r\n"])
def test_blank_lines_only_13(written, text):
    assert "no header" in refusal(written(text))


@pytest.mark.parametrize("text", ["a,b\n", "a,b", "a,b\r\n\r\n"])
def test_header_only_14(written, text):
    table = open_table(written(text))
    assert table.columns == ("a", "b")
    assert list(table.batches()) == []
    assert table.read().num_rows == 0


def test_truncated_gzip_15(written):
    whole = gzip.compress("".join(f"{i},{i * i}\n" for i in range(10_000)).encode())
    assert "gzip stream is truncated" in refusal(written(whole[:-20], "t.csv.gz"))
    assert "not a gzip file" in refusal(written("a,b\n1,2\n", "u.csv.gz"))


def test_gzip_of_several_parts(written):
    path = written(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"), "t.csv.gz")
    assert [row["a"] for row in rows_of(path)] == ["1", "3"]


def test_huge_cell_16(written):
    assert "row 2 is too long" in refusal(written(b"a,b\n1,2\n3," + b"x" * 20_000_000 + b"\n5,6\n"))
    assert "row 2 has a text of 2,000,000 bytes in column 'b'" in refusal(
        written(b"a,b\n1,2\n3," + b"x" * 2_000_000 + b"\n")
    )


def parquet(path, n=1000, **options):
    pq.write_table(pa.table({"id": np.arange(n), "crm": ["sap", "none"] * (n // 2)}), path, **options)
    return path


def test_zeroed_page_bytes_17(tmp_path):
    path = parquet(tmp_path / "t.parquet", write_page_checksum=True, compression="none", use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[1000:1004] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert "cannot be read as Parquet" in refusal(path)


def test_truncated_and_disguised_parquet_18(tmp_path, written):
    whole = parquet(tmp_path / "t.parquet").read_bytes()
    assert "cannot be read as Parquet" in refusal(written(whole[: len(whole) // 2], "cut.parquet"))
    assert "cannot be read as Parquet" in refusal(written("a,b\n1,2\n", "csv.parquet"))
    assert "is a Parquet file" in refusal(written(whole, "parquet.csv"))
    assert "spreadsheet" in refusal(written(b"PK\x03\x04rest", "sheet.csv"))


def test_parquet_keeps_types(tmp_path):
    table = open_table(parquet(tmp_path / "t.parquet"))
    assert not table.is_text
    assert table.types["id"] == pa.int64()
    assert table.read(["crm"]).num_rows == 1000


def test_folder_reads_parts_in_order_of_names(tmp_path):
    pq.write_table(pa.table({"id": [2.5], "b": ["y"]}), tmp_path / "part-2.parquet")
    pq.write_table(pa.table({"b": ["x"], "id": [1]}), tmp_path / "part-1.parquet")
    (tmp_path / "_SUCCESS").touch()
    table = open_table(tmp_path)
    assert table.read().to_pylist() == [{"b": "x", "id": 1.0}, {"b": "y", "id": 2.5}]


def test_folder_with_other_columns_or_types_is_refused(tmp_path):
    pq.write_table(pa.table({"id": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"ID": [1]}), tmp_path / "2.parquet")
    assert "'ID', 'id'" in refusal(tmp_path)
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "2.parquet")
    assert "has the types int64, string" in refusal(tmp_path)


@pytest.mark.parametrize(
    "cells",
    [[[1]], [{"a": 1}], [b"x"], pd.period_range("2026-01", periods=1, freq="M"), pd.interval_range(0, 1)],
    ids=["list", "struct", "bytes", "period", "interval"],
)
def test_a_cell_that_is_not_one_value_is_refused_when_it_is_read(tmp_path, cells):
    pd.DataFrame({"id": [1], "odd": cells}).to_parquet(tmp_path / "t.parquet")
    assert "column 'odd' has the type" in refusal(tmp_path / "t.parquet")
    assert open_table(tmp_path / "t.parquet").read(["id"]).num_rows == 1


def test_a_frame_that_arrow_cannot_hold_is_refused():
    frame = pd.DataFrame({"id": pd.arrays.SparseArray([1, 0])})
    with pytest.raises(DataError, match="one type per column"):
        table_of(frame)


@pytest.mark.parametrize("encoding", ["utf-16", "punycode"])
def test_an_encoding_that_does_not_say_where_it_fails_is_refused(written, encoding):
    assert f"is not {encoding.upper()}" in refusal(written("id,crm\n1,HubSpot\n"), encoding=encoding)


def test_the_encoding_that_python_keeps_for_errors_is_not_known(written):
    with pytest.raises(ConfigError, match="'undefined' is not known"):
        open_table(written("id\n1\n"), encoding="undefined")


def test_folder_without_parquet_is_refused(tmp_path):
    assert "holds no *.parquet file" in refusal(tmp_path)


def test_missing_path_is_a_matter_of_the_file_system(tmp_path):
    with pytest.raises(FileSystemError, match=r"No such file.*; expected CSV") as caught:
        open_table(tmp_path / "none.csv")
    assert caught.value.exit_code == 6


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_path_is_a_matter_of_the_file_system(written):
    path = written("a\n1\n")
    path.chmod(0)
    with pytest.raises(FileSystemError, match="Permission denied"):
        open_table(path)


@pytest.mark.parametrize("rows", [1, 3, 7, 1000])
def test_batch_size_does_not_matter(written, rows):
    table = open_table(written("a,b\n" + "".join(f"{i},x\n" for i in range(20))))
    batches = list(table.batches(["a"], rows=rows))
    assert [value for batch in batches for value in batch.column("a").to_pylist()] == [str(i) for i in range(20)]
    assert all(batch.num_rows == min(rows, 20) for batch in batches[:-1])


def test_columns_come_in_the_order_asked(written):
    assert open_table(written("a,b,c\n1,2,3\n")).read(["c", "a"]).column_names == ["c", "a"]


def test_a_column_that_is_not_there(written):
    with pytest.raises(DataError, match="there is no column 'z'"):
        open_table(written("a\n1\n")).read(["z"])


@pytest.mark.parametrize(("key", "value"), [("delimiter", ";;"), ("delimiter", '"'), ("encoding", "utf-99")])
def test_settings_that_cannot_be(written, key, value):
    with pytest.raises(ConfigError, match="; expected"):
        open_table(written("a\n1\n"), **{key: value})


def test_digest_is_of_bytes_and_names(written, tmp_path):
    one, same, other = written("a\n1\n", "1.csv"), written("a\n1\n", "2.csv"), written("a\n2\n", "3.csv")
    assert open_table(one).sha256 == open_table(same).sha256 != open_table(other).sha256
    folder = tmp_path / "parts"
    folder.mkdir()
    parquet(folder / "a.parquet")
    before = open_table(folder).sha256
    (folder / "a.parquet").rename(folder / "b.parquet")
    assert open_table(folder).sha256 != before


def test_a_frame_is_a_table():
    frame = pd.DataFrame({"id": ["a", None], "n": pd.array([1, None], "Int64"), "c": pd.Categorical(["x", "y"])})
    table = table_of(frame)
    assert table.columns == ("id", "n", "c")
    assert table.read(["n"]).to_pylist() == [{"n": 1}, {"n": None}]
    assert table.sha256 == table_of(frame.copy()).sha256 != table_of(frame.iloc[:1]).sha256


def test_a_frame_with_mixed_types_is_refused():
    with pytest.raises(DataError, match="mixes types"):
        table_of(pd.DataFrame({"a": [1, "x"]}))
