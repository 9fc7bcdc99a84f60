import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from icp_ml.errors import DataError, FileSystemError
from icp_ml.icp.ledger import Ledger, append, chain, ledger_path, review_entries
from icp_ml.icp.profile import load_profile, profile_from_document
from tests.icp.ledger.conftest import PROFILE, review


def written(path, *runs):
    for run in runs:
        append(path, review_entries(review(run_id=run)))
    return path.read_bytes().splitlines(keepends=True)


def test_no_file_is_an_empty_ledger(ledger_file):
    assert Ledger.read(ledger_file).entries == ()
    assert Ledger.read(ledger_file).head == ""


def test_what_was_appended_is_read_again(ledger_file):
    entries = review_entries(review())
    assert append(ledger_file, entries) == 3
    read = Ledger.read(ledger_file)
    assert [one["kind"] for one in read.entries] == ["review", "hypothesis", "suggestion"]
    assert all(read.entries[i].items() >= entries[i].items() for i in range(3))


def test_a_review_is_written_once(ledger_file):
    append(ledger_file, review_entries(review()))
    before = ledger_file.read_bytes()
    assert append(ledger_file, review_entries(review())) == 0
    assert ledger_file.read_bytes() == before
    assert append(ledger_file, review_entries(review(run_id="r2"))) == 3


def test_lines_that_were_there_never_change(ledger_file):
    first = b"".join(written(ledger_file, "r1"))
    assert b"".join(written(ledger_file, "r2")).startswith(first)


def test_the_same_entries_give_the_same_bytes(tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    assert written(one, "r1", "r2") == written(two, "r1", "r2")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_edited_line_is_named(ledger_file, number):
    lines = written(ledger_file, "r1")
    lines[number - 1] = lines[number - 1].replace(b"2026-02-01", b"2026-01-01")
    ledger_file.write_bytes(b"".join(lines))
    with pytest.raises(DataError, match=rf"line {number}: was changed after it was written; .* Restore the ledger"):
        Ledger.read(ledger_file)


def test_a_missing_line_is_named(ledger_file):
    lines = written(ledger_file, "r1")
    ledger_file.write_bytes(lines[0] + lines[2])
    with pytest.raises(DataError, match="line 2: does not follow the line before it: one is missing"):
        Ledger.read(ledger_file)


def test_a_missing_beginning_is_named(ledger_file):
    lines = written(ledger_file, "r1")
    ledger_file.write_bytes(b"".join(lines[1:]))
    with pytest.raises(DataError, match="line 1: is not the first line that was written"):
        Ledger.read(ledger_file)


def test_a_half_last_line_is_refused_and_mended_by_the_next_step(ledger_file):
    lines = written(ledger_file, "r1")
    ledger_file.write_bytes(b"".join(lines)[:-40])
    with pytest.raises(DataError, match=r"line 3: ends in the middle: .* Remove this last line, then run the review"):
        append(ledger_file, review_entries(review()))
    ledger_file.write_bytes(b"".join(lines[:2]))
    assert append(ledger_file, review_entries(review())) == 1
    assert ledger_file.read_bytes() == b"".join(lines)


def test_a_last_line_without_its_end_of_line_is_whole(ledger_file):
    lines = written(ledger_file, "r1")
    ledger_file.write_bytes(b"".join(lines).rstrip(b"\n"))
    append(ledger_file, review_entries(review(run_id="r2")))
    assert len(Ledger.read(ledger_file).entries) == 6


def test_line_ends_of_another_system_are_no_change(ledger_file):
    lines = written(ledger_file, "r1")
    ledger_file.write_bytes(b"".join(lines).replace(b"\n", b"\r\n"))
    assert len(Ledger.read(ledger_file).entries) == 3


@pytest.mark.parametrize(
    "line", [b"[]\n", b"{}\n", b"not json\n", b"\n", b'{"kind": "gossip"}\n', b"[" * 100_000 + b"\n"]
)
def test_a_line_of_another_kind_is_refused(ledger_file, line):
    ledger_file.write_bytes(line)
    with pytest.raises(DataError, match="line 1: is not an entry of a ledger"):
        Ledger.read(ledger_file)


def test_a_newer_format_is_refused(ledger_file):
    entry = json.loads(written(ledger_file, "r1")[0]) | {"format": 2}
    ledger_file.write_text(json.dumps(entry) + "\n")
    with pytest.raises(DataError, match="has format '2'; expected format 1"):
        Ledger.read(ledger_file)


def test_writers_at_the_same_time_wait_for_each_other(ledger_file, monkeypatch):
    """Between reading and writing there is time for another one, were it not for the lock."""
    read = chain._read_all
    monkeypatch.setattr(chain, "_read_all", lambda descriptor: [read(descriptor), time.sleep(0.005)][0])
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: append(ledger_file, review_entries(review(run_id=f"r{k}"))), range(24)))
    assert len(Ledger.read(ledger_file).entries) == 72


def test_a_full_disk_leaves_the_file_as_it_was(ledger_file, monkeypatch):
    before = b"".join(written(ledger_file, "r1"))

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileSystemError, match="No space left on device"):
        append(ledger_file, review_entries(review(run_id="r2")))
    assert ledger_file.read_bytes() == before


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileSystemError, match=r"no\.jsonl: the system refused"):
        append(tmp_path / "none" / "no.jsonl", review_entries(review()))


def test_the_last_review_up_to_a_day(ledger_file):
    for run, day in (("r1", "2026-02-01"), ("r2", "2026-03-01")):
        append(ledger_file, review_entries(review(run_id=run, today=day)))
    ledger = Ledger.read(ledger_file)
    assert ledger.last("mid-market")["run_id"] == "r2"
    assert ledger.last("mid-market", "2026-02-15")["run_id"] == "r1"
    assert ledger.last("mid-market", "2026-01-15") is None
    assert ledger.last("another") is None


def test_every_version_of_a_profile_has_one_ledger_beside_it(tmp_path):
    profile = profile_from_document(PROFILE, tmp_path, str(tmp_path / "v1.yaml"))
    assert ledger_path(profile) == tmp_path / "mid-market.ledger.jsonl"
    (tmp_path / "v2.yaml").write_text(json.dumps(PROFILE | {"version": 2}))
    assert ledger_path(load_profile(tmp_path / "v2.yaml")) == ledger_path(profile)
