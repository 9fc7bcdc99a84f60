import csv
import io
import struct

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from icp_ml.errors import UsageError
from icp_ml.prospects.columns import LIST_COLUMNS, list_schema, score_schema
from icp_ml.prospects.output import (
    REFUSED_COLUMNS,
    Refusal,
    TableWriter,
    csv_line,
    is_csv_path,
    is_formula,
    is_our_list,
    is_our_refused,
    is_our_scores,
    is_our_summary,
    refused_lines,
    safe_text,
    summary_bytes,
)

EVIL = ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "a\x00b"]
CALM = ["acme", "a=b", "", " =1", "1-2", "'=x", None]


def written(table, path, **options):
    with TableWriter(path, table.schema, is_csv=path.suffix == ".csv", **options) as writer:
        writer.write(table)
    return path


@pytest.mark.parametrize("text", EVIL)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text):
    assert is_formula(pa.array([text])).to_pylist() == [True]
    assert safe_text(pa.array([text])).to_pylist() == ["'" + text]


@pytest.mark.parametrize("text", [*CALM, "-0.5", "-3", "-1e-5"])
def test_other_text_is_untouched(text):
    assert safe_text(pa.array([text], pa.string())).to_pylist() == [text]


def test_csv_escapes_text_but_neither_ids_nor_numbers(tmp_path):
    table = pa.table({"id": ["=7", "x,y"], "note": ["=1+1", 'say "a"\nb'], "value": [-0.5, None]})
    path = written(table, tmp_path / "a.csv", id_columns=("id",))
    assert path.read_bytes() == b'id,note,value\n"=7","\'=1+1",-0.5\n"x,y","say ""a""\nb",\n'


def test_csv_floats_come_back_with_the_same_bits(tmp_path):
    draw = np.random.default_rng(0)
    bits = draw.integers(0, 2**63, 5000, dtype=np.int64)
    values = np.array([struct.unpack("<d", struct.pack("<q", int(b)))[0] for b in bits])
    values = values[np.isfinite(values)]
    path = written(pa.table({"value": values}), tmp_path / "a.csv")
    read = [float(row[0]) for row in csv.reader(io.StringIO(path.read_text()[6:]))]
    assert read == values.tolist()


def test_a_header_that_looks_like_a_formula_is_escaped():
    assert csv_line(["=x", "a,b"]) == b'\'=x,"a,b"\n'


def test_parquet_has_page_checksums_and_metadata(tmp_path):
    table = pa.table({"id": ["a"] * 1000}).replace_schema_metadata({"run_id": "12"})
    path = written(table, tmp_path / "a.parquet")
    assert pq.read_schema(path).metadata[b"run_id"] == b"12"
    whole = bytearray(path.read_bytes())
    whole[60] ^= 255
    path.write_bytes(whole)
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(path, page_checksum_verification=True)


def test_refused_rows_are_one_safe_line_each():
    refusals = [Refusal(3, "=evil", "id", "looks like a formula"), Refusal(9, "", "id; x", "is missing; b, c")]
    assert refused_lines(refusals) == b'3,\'=evil,id,looks like a formula\n9,,id; x,"is missing; b, c"\n'
    assert refused_lines([]) == b""


@pytest.mark.parametrize("name", ["a.txt", "a", "a.csv.gz", "a.xlsx"])
def test_other_endings_are_refused(name, tmp_path):
    with pytest.raises(UsageError, match=r"expected \.csv or \.parquet"):
        is_csv_path(tmp_path / name)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
@pytest.mark.parametrize("kind", ["success", "hypothesis"])
def test_a_score_file_of_ours_is_recognised(tmp_path, name, kind):
    schema = score_schema("id", kind, {}, {})
    assert is_our_scores(written(schema.empty_table(), tmp_path / name))


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe", b"id,grade,rank\n"])
def test_other_files_are_not_taken_for_ours(tmp_path, content):
    for name in ("a.csv", "a.parquet"):
        path = tmp_path / name
        path.write_bytes(content)
        assert not any(check(path) for check in (is_our_scores, is_our_list, is_our_refused, is_our_summary))


def test_summary_and_refused_rows_of_ours_are_recognised(tmp_path):
    (tmp_path / "a.json").write_bytes(summary_bytes({"rows_in": 1}))
    (tmp_path / "a.csv").write_bytes(csv_line(REFUSED_COLUMNS))
    assert is_our_summary(tmp_path / "a.json")
    assert is_our_refused(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["list.csv", "list.parquet"])
def test_a_list_is_replaced_only_while_nobody_filled_it_in(tmp_path, name):
    row = {name: ["1"] for name in LIST_COLUMNS} | {"rank": [1], "disposition": [None]}
    table = pa.table(row).cast(list_schema("id"))
    path = written(table, tmp_path / name)
    assert is_our_list(path)
    filled = pd.DataFrame(row | {"disposition": ["called"]})
    filled.to_csv(path, index=False) if name.endswith("csv") else filled.to_parquet(path)
    with pytest.raises(UsageError, match=r"1 disposition\(s\) that people filled in"):
        is_our_list(path)
