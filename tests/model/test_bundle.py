"""Every kind of damage is refused before anything parses the bytes."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from icp_ml.errors import FileSystemError, ModelError, UsageError
from icp_ml.model.bundle import MANIFEST, manifest_of, parse_json, read_bundle, save_bundle, write_bundle

TREES = b"tree\nversion=v4\ntree_sizes=120 118\n\nTree=0\nleaf_value=0.157 -0.2\n\nend of trees\n"
PARTS = {"model.json": b'{"name": "acme"}', "trees.txt": TREES, "background.parquet": bytes(range(200)) * 3}


@pytest.fixture
def folder(tmp_path):
    save_bundle(tmp_path / "model", PARTS)
    return tmp_path / "model"


def refused(folder, match):
    with pytest.raises(ModelError, match=match) as caught:
        read_bundle(folder)
    assert caught.value.exit_code == 5


def change_manifest(folder, change):
    document = json.loads((folder / MANIFEST).read_text())
    change(document)
    (folder / MANIFEST).write_text(json.dumps(document))


def entry(content: bytes) -> dict:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_what_was_written_is_read_with_the_digest_of_its_manifest(folder):
    bundle = read_bundle(folder)
    assert bundle.parts == PARTS
    assert bundle.digest == hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def test_the_same_parts_give_the_same_bytes_in_any_order(tmp_path):
    backwards = dict(reversed(PARTS.items()))
    assert manifest_of(PARTS) == manifest_of(backwards)
    assert write_bundle(tmp_path, PARTS) == save_bundle(tmp_path / "b", backwards)


def test_reports_may_stand_beside(folder):
    digest = read_bundle(folder).digest
    (folder / "report.html").write_text("<html>")
    (folder / "registration.json").write_text("{}")
    assert read_bundle(folder).digest == digest


@pytest.mark.parametrize("name", [*PARTS, MANIFEST])
@pytest.mark.parametrize("keep", [0, 0.5, 0.99])
def test_a_truncated_file_is_refused(folder, name, keep):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * keep)])
    refused(folder, "bytes; expected|is not JSON")


@pytest.mark.parametrize("name", PARTS)
def test_one_changed_byte_is_refused(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    refused(folder, f"{name}: was changed")


def test_an_edited_leaf_value_of_the_same_length_is_refused(folder):
    (folder / "trees.txt").write_bytes(TREES.replace(b"0.157", b"0.951"))
    refused(folder, "was changed")


def test_nul_bytes_are_refused(folder):
    (folder / "trees.txt").write_bytes(TREES.replace(b"leaf", b"\0\0\0\0"))
    refused(folder, "was changed")
    (folder / MANIFEST).write_bytes((folder / MANIFEST).read_bytes().replace(b"files", b"\0\0\0\0\0"))
    refused(folder, "is not JSON")


def test_trees_without_tree_sizes_are_refused(folder):
    (folder / "trees.txt").write_bytes(TREES.replace(b"tree_sizes=120 118\n", b""))
    refused(folder, "bytes; expected")


def test_a_swapped_file_is_refused(folder, tmp_path):
    save_bundle(tmp_path / "other", PARTS | {"trees.txt": TREES.replace(b"0.157", b"0.158")})
    (tmp_path / "other" / "trees.txt").replace(folder / "trees.txt")
    refused(folder, "was changed")


def test_a_missing_file_is_refused(folder):
    (folder / "trees.txt").unlink()
    refused(folder, "trees.txt: is missing")


def test_a_symbolic_link_is_refused_even_to_the_same_bytes(folder, tmp_path):
    (folder / "trees.txt").replace(tmp_path / "trees.txt")
    (folder / "trees.txt").symlink_to(tmp_path / "trees.txt")
    refused(folder, "symbolic link")


def test_a_linked_manifest_is_refused(folder, tmp_path):
    (folder / MANIFEST).replace(tmp_path / MANIFEST)
    (folder / MANIFEST).symlink_to(tmp_path / MANIFEST)
    refused(folder, "symbolic link")


def test_a_pipe_neither_hangs_nor_loads(folder):
    (folder / "trees.txt").unlink()
    os.mkfifo(folder / "trees.txt")
    refused(folder, "not a regular file")


@pytest.mark.parametrize(
    "name", ["../secret.json", "/etc/passwd.txt", "a/b.json", "evil.pkl", "manifest.json", "", "A.json"]
)
def test_a_path_or_a_kind_that_is_not_ours_is_refused(folder, name):
    (folder.parent / "secret.json").write_bytes(b"{}")
    change_manifest(folder, lambda document: document["files"].update({name: entry(b"{}")}))
    refused(folder, "plain names")


def test_a_listed_file_that_does_not_exist_is_refused(folder):
    change_manifest(folder, lambda document: document["files"].update({"more.json": entry(b"{}")}))
    refused(folder, "more.json: is missing")


@pytest.mark.parametrize("size", [-1, 10**15, 10**400, True, "12", 1.0, None])
def test_absurd_sizes_are_refused(folder, size):
    change_manifest(folder, lambda document: document["files"]["trees.txt"].update(bytes=size))
    refused(folder, "size of")


def test_sizes_that_are_absurd_together_are_refused(folder):
    big = {f"p{i}.json": {"bytes": 1_900_000_000, "sha256": "0" * 64} for i in range(3)}
    change_manifest(folder, lambda document: document["files"].update(big))
    refused(folder, "at most 2000000000")


def test_too_many_files_and_a_huge_manifest_are_refused(folder):
    change_manifest(folder, lambda document: document.update(files={f"p{i}.json": entry(b"") for i in range(65)}))
    refused(folder, "lists 65 files")
    (folder / MANIFEST).write_bytes(b" " * 1_000_001)
    refused(folder, "at most 1000000")


@pytest.mark.parametrize("version", [0, 1, 3, "2", None, 2.0, True])
def test_another_format_version_is_refused(folder, version):
    change_manifest(folder, lambda document: document.update(format_version=version))
    refused(folder, "format_version")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda document: document.update(format="other"), "something else"),
        (lambda document: document.update(more=1), "other keys"),
        (lambda document: document.update(files=[]), "other keys"),
        (lambda document: document.update(files={}), "lists 0 files"),
        (lambda document: document["files"].update({"trees.txt": 3}), "damaged entry"),
        (lambda document: document["files"]["trees.txt"].update(sha256="g" * 64), "no SHA-256"),
    ],
)
def test_a_manifest_of_another_form_is_refused(folder, change, match):
    change_manifest(folder, change)
    refused(folder, match)


@pytest.mark.parametrize("text", ["[1]", "[" * 100_000, "{", "\ud800"])
def test_json_that_is_no_object_is_refused(text):
    with pytest.raises(ModelError, match="a JSON object"):
        parse_json(text.encode("utf-8", "surrogatepass"), "model.json")


def test_a_folder_without_manifest_is_no_model(tmp_path):
    refused(tmp_path, "manifest.json: is missing")


def test_a_path_that_does_not_exist_is_a_file_system_error(tmp_path):
    with pytest.raises(FileSystemError, match="does not exist"):
        read_bundle(tmp_path / "nothing")


def test_a_file_is_no_model(tmp_path):
    (tmp_path / "model").write_text("")
    refused(tmp_path / "model", "missing")


def test_a_model_is_replaced_and_a_stranger_is_not(folder, tmp_path):
    save_bundle(folder, {"model.json": b"{}"})
    assert sorted(os.listdir(folder)) == [MANIFEST, "model.json"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(UsageError, match="not written by icp-ml"):
        save_bundle(tmp_path / "mine", PARTS)


def test_parts_of_another_name_are_a_defect(tmp_path):
    with pytest.raises(ValueError, match="not a name"):
        write_bundle(tmp_path, {"model.pkl": b""})
