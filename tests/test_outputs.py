"""Outputs appear whole or not at all, and nothing of a stranger is replaced."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from icp_ml.errors import FileSystemError, UsageError
from icp_ml.outputs import ensure_can_write_file, ensure_can_write_folder, temporary_folder, whole_file, whole_folder

MARKER = "manifest.json"


def fail_half_way(context, name: str) -> None:
    with context as temp:
        (temp / name if name else temp).write_text("half")
        raise ValueError("stop")


def write_ours(folder: Path, text: str = "one") -> None:
    (folder / MARKER).write_text('{"format": "icp_ml"}')
    (folder / "part.txt").write_text(text)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_appears_when_the_block_succeeds(tmp_path):
    with whole_file(tmp_path / "out.csv") as temp:
        temp.write_text("a")
        assert temp.name == "out.csv"
        assert not (tmp_path / "out.csv").exists()
    assert (tmp_path / "out.csv").read_text() == "a"
    assert names(tmp_path) == ["out.csv"]


def test_an_earlier_file_stays_when_the_block_raises(tmp_path):
    (tmp_path / "out.csv").write_text("earlier")
    with pytest.raises(ValueError, match="stop"):
        fail_half_way(whole_file(tmp_path / "out.csv"), "")
    assert (tmp_path / "out.csv").read_text() == "earlier"
    assert names(tmp_path) == ["out.csv"]


def test_a_full_disk_is_a_file_system_error(tmp_path):
    with pytest.raises(FileSystemError, match="No space left"), whole_file(tmp_path / "out.csv"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert names(tmp_path) == []


def test_a_folder_is_replaced_whole_when_it_is_ours(tmp_path):
    for text in ("one", "two"):
        with whole_folder(tmp_path / "model", MARKER) as temp:
            write_ours(temp, text)
            (temp / text).write_text("")
    assert names(tmp_path / "model") == [MARKER, "part.txt", "two"]
    assert names(tmp_path) == ["model"]


def test_an_earlier_folder_stays_when_the_block_raises(tmp_path):
    with whole_folder(tmp_path / "model", MARKER) as temp:
        write_ours(temp)
    with pytest.raises(ValueError, match="stop"):
        fail_half_way(whole_folder(tmp_path / "model", MARKER), "part.txt")
    assert (tmp_path / "model" / "part.txt").read_text() == "one"
    assert names(tmp_path) == ["model"]


def test_an_earlier_folder_comes_back_when_the_rename_fails(tmp_path, monkeypatch):
    with whole_folder(tmp_path / "model", MARKER) as temp:
        write_ours(temp)
    rename = os.rename
    broken = iter([False, True, False])
    monkeypatch.setattr(os, "rename", lambda a, b: rename(a, b) if not next(broken) else os.stat("/no/such/file"))
    with pytest.raises(FileSystemError, match="refused"), whole_folder(tmp_path / "model", MARKER) as temp:
        write_ours(temp, "two")
    assert (tmp_path / "model" / "part.txt").read_text() == "one"


def test_an_empty_folder_may_be_used(tmp_path):
    (tmp_path / "model").mkdir()
    with whole_folder(tmp_path / "model", MARKER) as temp:
        write_ours(temp)
    assert (tmp_path / "model" / MARKER).exists()


@pytest.mark.parametrize("content", [None, '{"name": "some web page"}'])
def test_a_folder_of_a_stranger_is_refused(tmp_path, content):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("")
    if content:
        (tmp_path / "photos" / MARKER).write_text(content)
    with pytest.raises(UsageError, match="not written by icp-ml"):
        ensure_can_write_folder(tmp_path / "photos", MARKER)


def test_a_file_of_a_stranger_is_refused(tmp_path):
    (tmp_path / "study.yaml").write_text("name: a")
    with pytest.raises(UsageError, match="not written by icp-ml"):
        ensure_can_write_file(tmp_path / "study.yaml", is_ours=lambda path: False)


def test_a_file_where_a_folder_is_due_and_the_reverse(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file; expected a folder"):
        ensure_can_write_folder(tmp_path / "file", MARKER)
    with pytest.raises(UsageError, match="is a folder; expected a file"):
        ensure_can_write_file(tmp_path)
    with pytest.raises(UsageError, match="is a file; expected a folder"):
        ensure_can_write_folder(tmp_path / "file" / "model", MARKER)


def test_a_missing_parent_is_a_file_system_error(tmp_path):
    with pytest.raises(FileSystemError, match="nowhere: does not exist"):
        ensure_can_write_folder(tmp_path / "nowhere" / "model", MARKER)
    with pytest.raises(FileSystemError, match="nowhere: does not exist"):
        ensure_can_write_file(tmp_path / "nowhere" / "out.csv")


def test_a_folder_that_cannot_be_written_is_a_file_system_error():
    with pytest.raises(FileSystemError, match="cannot be written"):
        ensure_can_write_folder("/proc/model", MARKER)


def test_a_device_is_refused():
    with pytest.raises(UsageError, match="device"):
        ensure_can_write_file("/dev/null")


def test_a_symbolic_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with whole_folder(tmp_path / "link", MARKER) as temp:
        write_ours(temp)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / MARKER).exists()


def test_a_caller_that_forgets_the_marker_is_told(tmp_path):
    with pytest.raises(ValueError, match="marker"), whole_folder(tmp_path / "model", MARKER):
        pass
    assert names(tmp_path) == []


def kill_inside(code: str, folder: Path) -> None:
    text = f"import os, signal\nfrom icp_ml.outputs import *\nfrom icp_ml import outputs\n{code}"
    subprocess.run([sys.executable, "-c", text], cwd=folder, check=False)


def test_what_a_killed_process_left_is_swept(tmp_path):
    kill_inside(
        "with whole_file('out[1].csv') as t:\n t.write_text('a')\n os.kill(os.getpid(), signal.SIGKILL)", tmp_path
    )
    assert len(names(tmp_path)) == 1
    with whole_file(tmp_path / "out[1].csv") as temp:
        temp.write_text("b")
    assert names(tmp_path) == ["out[1].csv"]


def test_a_folder_caught_between_two_renames_is_put_back(tmp_path):
    with whole_folder(tmp_path / "model", MARKER) as temp:
        write_ours(temp)
    killer = "rename = os.rename\nos.rename = lambda a, b: (rename(a, b), os.kill(os.getpid(), signal.SIGKILL))\n"
    block = "with whole_folder('model', 'manifest.json') as t:\n (t / 'manifest.json').write_text('icp_ml')"
    kill_inside(killer + block, tmp_path)
    assert not (tmp_path / "model").exists()
    with temporary_folder(tmp_path / "model"):
        assert (tmp_path / "model" / "part.txt").read_text() == "one"
    assert names(tmp_path) == ["model"]


def test_the_temporary_folder_of_a_living_process_stays(tmp_path):
    with temporary_folder(tmp_path / "model") as first, temporary_folder(tmp_path / "model") as second:
        assert first.is_dir()
        assert first != second
