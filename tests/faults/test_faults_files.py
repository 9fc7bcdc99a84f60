"""Lines 1-18 of the fault list: files, through the commands that read them. The reader's own tests go deeper."""

from __future__ import annotations

import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def on_row(number, change):
    """Return a damage to one row of a CSV (0: the header)."""

    def damage(content: bytes) -> bytes:
        lines = content.split(b"\n")
        lines[number] = change(lines[number])
        return b"\n".join(lines)

    return damage


@pytest.fixture(params=[1, 2], ids=["one_thread", "two_threads"])
def threads(request):
    before = pa.cpu_count()
    pa.set_cpu_count(request.param)
    yield
    pa.set_cpu_count(before)


def test_fault_01_a_file_cut_off_by_a_killed_writer(desk):
    for error in desk.refusals(lambda content: content[: len(content) // 2].rsplit(b",", 2)[0]):
        assert "the file was cut off" in error


def test_fault_01_no_final_newline_is_a_warning(desk):
    outcome = desk.scored(desk.csv(desk.prospects).rstrip(b"\n"))
    assert any("no newline at the end" in note for note in outcome.document["notes"])


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize(
    ("row", "change", "cells"),
    [
        pytest.param(1, lambda row: row + b",more", 1, id="02_first_row_longer_than_the_header"),
        pytest.param(2, lambda row: row.rsplit(b",", 3)[0], -3, id="03_short_row"),
        pytest.param(40, lambda row: row + b",more,more", 2, id="04_extra_cells_later"),
    ],
)
def test_fault_02_03_04_rows_of_another_length(desk, row, change, cells):
    errors = desk.refusals(on_row(row, change))
    widths = [desk.customers.shape[1]] * 2 + [desk.prospects.shape[1]] * 2
    for error, width in zip(errors, widths, strict=True):
        assert f"row {row} has {width + cells} cells; expected {width} cells" in error


def test_fault_05_a_header_with_a_name_twice(desk):
    for error in desk.refusals(on_row(0, lambda row: row.replace(b"team_size", b"crm"))):
        assert "'crm' (columns " in error


def test_fault_06_utf16(desk):
    for error in desk.refusals(lambda content: content.decode().encode("utf-16")):
        assert "UTF-16 byte order mark" in error


def test_fault_07_latin1_is_named_and_read_when_told(desk):
    desk.prospects["company"] = "Übung"
    for error in desk.refusals(on_row(3, lambda row: row + b"\xe9")):
        assert "row 3 has a byte (0xE9) that is not UTF-8" in error
        assert "--encoding" in error
    desk.scored(desk.csv(desk.prospects).decode().encode("latin-1"), "--encoding", "latin-1")
    assert set(desk.scores().company) == {"Übung"}


def test_fault_08_a_byte_order_mark_is_no_part_of_the_first_name(desk):
    desk.audited(b"\xef\xbb\xbf" + desk.csv(desk.customers))
    desk.scored(b"\xef\xbb\xbf" + desk.csv(desk.prospects))
    assert desk.scores().columns[0] == "account_id"


def test_fault_09_nul_bytes(desk):
    for error in desk.refusals(on_row(2, lambda row: row[:5] + b"\0" + row[5:])):
        assert "row 2 contains a NUL byte" in error


def test_fault_10_a_newline_inside_quotes_is_no_row(desk):
    desk.prospects["company"] = 'Two\nlines, "quoted"'
    outcome = desk.scored()
    assert outcome.document["rows_in"] == len(desk.prospects)
    assert set(desk.scores().company) == {'Two\nlines, "quoted"'}


def test_fault_11_a_quote_that_is_never_closed(desk):
    for error in desk.refusals(on_row(5, lambda row: b'"' + row)):
        assert "row 5 has a quote that is never closed" in error


def test_fault_12_semicolon(desk):
    study = desk.study_of(desk.csv(desk.customers).replace(b",", b";"))
    assert "only one column was found, and its name contains ';'" in desk.refused(4, "audit", study)
    damaged = desk.csv(desk.prospects).replace(b",", b";")
    assert "--delimiter ';'" in desk.score_refused(4, damaged)
    desk.scored(damaged, "--delimiter", ";")


def test_fault_13_zero_bytes(desk):
    for error in desk.refusals(lambda content: b""):
        assert "the file is empty (0 bytes)" in error
    empty = desk.table("previous.csv", b"")
    assert "the file is empty" in desk.score_refused(4, None, "--previous", empty)
    train = ["train", desk.study_of(b""), "--out", desk.folder / "model"]
    assert "the file is empty" in desk.refused(4, *train)
    assert not (desk.folder / "model").exists()


def test_fault_14_a_header_without_rows(desk):
    study = desk.study_of(desk.customers.head(0))
    assert "no row" in desk.refused(4, "train", study, "--out", desk.folder / "model")
    outcome = desk.scored(desk.prospects.head(0))
    assert outcome.document["rows_in"] == 0
    assert list(desk.scores().columns)[:2] == ["account_id", "probability"]


def test_fault_15_a_truncated_gzip(desk):
    packed = gzip.compress(desk.csv(desk.prospects))
    path = desk.table("prospects.csv.gz", packed[: len(packed) // 2])
    error = desk.refused(4, "score", path, "--model", desk.company.model, "--out", desk.out)
    assert "gzip stream is truncated" in error
    assert not desk.out.exists()


def test_fault_16_a_cell_of_20_megabytes(desk):
    desk.prospects.loc[1, "company"] = "x" * 20_000_000
    assert "row 2 is too long" in desk.score_refused(4)


def test_fault_17_zeroed_bytes_in_a_score_file_of_ours(desk):
    desk.out = desk.folder / "scores.parquet"
    assert desk.run(*desk.score_command(None)).exit_code == 0
    written = bytearray(desk.out.read_bytes())
    chunk = pq.ParquetFile(desk.out).metadata.row_group(0).column(0)
    page = (chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size // 2
    written[page : page + 4] = bytes(4)
    damaged = desk.table("previous.parquet", bytes(written))
    assert "cannot be read as Parquet" in desk.score_refused(4, None, "--previous", damaged)


@pytest.mark.parametrize("damage", ["truncated", "empty", "csv"])
def test_fault_18_what_only_claims_to_be_parquet(desk, damage):
    whole = desk.table("whole.parquet", desk.prospects).read_bytes()
    content = {"truncated": whole[: len(whole) // 2], "empty": b"", "csv": desk.csv(desk.prospects)}[damage]
    path = desk.table("prospects.parquet", content)
    error = desk.refused(4, "score", path, "--model", desk.company.model, "--out", desk.out)
    assert "Parquet" in error
    assert not desk.out.exists()


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "pipe"])
def test_what_has_no_end_or_is_read_once_is_refused_at_once(desk, path):
    if path == "pipe":
        os.mkfifo(desk.folder / path)
    error = desk.refused(2, "score", desk.folder / path, "--model", desk.company.model, "--out", desk.out)
    assert "is a device or a pipe" in error


def test_a_header_without_end_is_refused_in_bounded_memory(desk):
    path = desk.table("prospects.csv.gz", gzip.compress(b"a" * 80_000_000, compresslevel=1))
    error = desk.refused(4, "score", path, "--model", desk.company.model, "--out", desk.out)
    assert "a line of more than 64 MB" in error


def test_a_missing_table_is_the_systems_refusal(desk):
    study = desk.study_of()
    (desk.folder / "customers.csv").unlink()
    assert "No such file" in desk.refused(6, "audit", study)
    assert "No such file" in desk.refused(6, "init", desk.folder / "customers.csv")
    assert "No such file" in desk.refused(6, "check", desk.folder / "none.csv", "--model", desk.company.model)


def test_parquet_and_csv_give_the_same_scores(desk):
    desk.scored()
    of_csv = desk.out.read_bytes()
    run_of_csv = desk.scores().run_id[0]
    path = desk.table("prospects.parquet", desk.prospects)
    desk.run("score", path, "--model", desk.company.model, "--out", desk.out)
    assert desk.out.read_bytes() == of_csv.replace(run_of_csv.encode(), desk.scores().run_id[0].encode())
