"""Lines 47-58 of the fault list: damaged and hostile models, configurations and cells."""

from __future__ import annotations

import csv
import json
import pickle
import random
import shutil
import sys
import types
from pathlib import Path

import pytest

from icp_ml.model.bundle import MANIFEST, manifest_of
from tests.faults.conftest import files_of, placed


@pytest.fixture
def model(desk, company):
    """Return a copy of the model to damage."""
    folder = desk.folder / "model"
    shutil.copytree(company.model, folder)
    return folder


def refused_model(desk, model, exit_code=5):
    """Check and score with a damaged model, which must be refused; nothing is written."""
    path = desk.table("prospects.csv", desk.prospects)
    before = files_of(desk.folder)
    error = desk.refused(exit_code, "score", path, "--model", model, "--out", desk.out)
    assert desk.refused(exit_code, "check", path, "--model", model) == error
    assert files_of(desk.folder) == before
    return error


def signed_again(model):
    """Give the manifest the digests of the parts as they are now, as an attacker would."""
    names = json.loads((model / MANIFEST).read_text())["files"]
    (model / MANIFEST).write_bytes(manifest_of({name: (model / name).read_bytes() for name in names}))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[: len(content) // 2], id="47_truncated"),
        pytest.param(lambda content: bytes(len(content)), id="47_nul"),
        pytest.param(lambda content: b"", id="47_empty"),
        pytest.param(lambda content: content[:99] + bytes([content[99] ^ 1]) + content[100:], id="48_one_bit"),
        pytest.param(lambda content: content + b" ", id="48_one_byte_more"),
    ],
)
def test_fault_47_48_damaged_parts(desk, model, damage):
    for name in (*json.loads((model / MANIFEST).read_text())["files"], MANIFEST):
        whole = (model / name).read_bytes()
        (model / name).write_bytes(damage(whole))
        if name != MANIFEST or not damage(whole).endswith(b" "):
            error = refused_model(desk, model)
            assert name == MANIFEST or f"{name}: " in error
        (model / name).write_bytes(whole)


def test_fault_47_a_missing_part(desk, model):
    (model / "classifier.json").unlink()
    assert "classifier.json: is missing" in refused_model(desk, model)


@pytest.mark.parametrize("seed", [*range(20), 39])
def test_fault_47_parts_that_were_edited_and_signed_again_never_end_the_process(desk, model, seed):
    generator = random.Random(seed)
    name = generator.choice(["model.json", "contract.json", "classifier.json", "domain.json"])
    document = json.loads((model / name).read_text())
    holder = document
    while True:
        key = generator.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        if not (holder[key] and isinstance(holder[key], (dict, list)) and generator.random() < 0.8):
            break
        holder = holder[key]
    holder[key] = generator.choice([None, -1, 1e308, "x", [], {}, [[]]])
    (model / name).write_text(json.dumps(document))
    signed_again(model)
    path = desk.table("prospects.csv", desk.prospects.head(3))
    outcome = desk.run("score", path, "--model", model, "--out", desk.out)
    assert outcome.exit_code in (0, 5)


def test_fault_50_51_pickles_and_code_beside_a_model_are_never_run(desk, model, monkeypatch):
    ran = []
    payload = types.ModuleType("payload")
    payload.run = ran.append
    monkeypatch.setitem(sys.modules, "payload", payload)
    evil = pickle.dumps(Evil())
    for name in ("model.pkl", "model.joblib", "python_model.pkl"):
        (model / name).write_bytes(evil)
    (model / "MLmodel").write_text("flavors: {python_function: {loader_module: payload, code: code, data: model.pkl}}")
    (model / "registration.json").write_bytes(evil)
    path = desk.table("prospects.csv", desk.prospects)
    assert desk.run("score", path, "--model", model, "--out", desk.out).exit_code == 0
    assert not ran
    assert "manifest.json: is missing" in refused_model(desk, desk.table("lone.pkl", evil).parent)


class Evil:
    """Runs `payload.run` when it is unpickled."""

    def __reduce__(self):
        return (eval, ("__import__('payload').run(1)",))


@pytest.mark.parametrize("name", ["../../outside.json", "/etc/passwd", "sub/part.json", "a.pkl", "..", ""])
def test_fault_52_a_manifest_that_points_elsewhere(desk, model, name):
    manifest = json.loads((model / MANIFEST).read_text())
    manifest["files"][name] = {"bytes": 1, "sha256": "0" * 64}
    (model / MANIFEST).write_text(json.dumps(manifest))
    assert "plain names" in refused_model(desk, model)


def test_fault_52_a_link_out_of_the_bundle(desk, model):
    outside = desk.table("outside.json", (model / "model.json").read_bytes())
    (model / "model.json").unlink()
    (model / "model.json").symlink_to(outside)
    assert "model.json: is a symbolic link" in refused_model(desk, model)


def test_fault_52_an_output_name_cannot_leave_its_folder(desk):
    desk.study = desk.study.replace("name: simulated-revops", "name: ../../outside")
    assert "name: '../../outside'" in desk.refused(2, "train", desk.study_of(), "--out", desk.folder / "model")


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        pytest.param("seed: 0", "seed: !!python/object/apply:os.system [x]", "expected no tags", id="53_tag"),
        pytest.param("seed: 0", "seed: 0\nseed: 1", "key 'seed' appears twice", id="54_duplicate_key"),
        pytest.param("seed: 0", "seed: &a 0", "expected no anchors", id="54_anchor"),
        pytest.param("seed: 0", "seed: *a", "alias", id="54_alias"),
        pytest.param("seed: 0", "sede: 0", "sede: unknown key", id="54_unknown_key"),
        pytest.param("seed: 0", "seed: yes", "seed: 'yes'; expected a whole number", id="54_yes_is_text"),
        pytest.param("seed: 0", "seed: NO", "seed: 'NO'", id="54_norway"),
        pytest.param("seed: 0", "seed: 12:30", "seed: '12:30'", id="54_half_past_twelve"),
        pytest.param("seed: 0", "seed: 1e-3", "seed: ", id="54_a_number"),
        pytest.param("rule: team", "rule: __import__('os').system('x') or team", "rule: '('", id="50_code_in_a_rule"),
        pytest.param("accounts: customers.csv", 'accounts: "a\\0b.csv"', "NUL", id="52_nul_in_a_path"),
    ],
)
def test_fault_53_54_configurations(desk, old, new, match):
    assert old in desk.study
    desk.study = desk.study.replace(old, new, 1)
    assert match in desk.refused(2, "audit", desk.study_of())


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_fault_55_formulas(desk, start):
    desk.prospects["company"] = placed(desk.prospects.company, [1, 2], [f"{start}HYPERLINK(0)", "-0.5 %"])
    desk.prospects["account_id"] = placed(desk.prospects.account_id, 9, f"{start}1")
    people = desk.folder / "people.csv"
    quoted = desk.prospects.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC).encode()
    desk.scored(quoted, "--list", people)
    assert desk.scores().company[0] == f"'{start}HYPERLINK(0)"
    assert not desk.scores().base_value[0].startswith("'")
    assert desk.rejected().row.tolist() == ["9"]
    for line in [*people.read_text().splitlines(), *(desk.folder / "scores.csv.rejected.csv").read_text().splitlines()]:
        assert not any(cell.strip('"')[:1] in ("=", "+", "@") for cell in line.split(","))


def test_fault_56_names_in_the_report_are_text(desk):
    desk.study = desk.study.replace("  analysts: analysts", "  analysts: <script>alert(1)</script>")
    desk.customers = desk.customers.head(40)
    profile = desk.folder / "profile.yaml"
    profile.write_text(
        "name: x\nversion: 1\ncriteria: [\"region == '<script>alert(2)</script>'\"]\n"
        "situation: {starts: 2026-07-01, ends: 2026-09-30, goal: {measure: customers, target: 10}}\n"
    )
    model = desk.folder / "model"
    assert desk.run("train", desk.study_of(), "--out", model, "--profile", profile).exit_code == 0
    page = (model / "report.html").read_text()
    assert "<script>alert" not in page
    assert "alert(2)" in page
    assert "Content-Security-Policy" in page


def test_fault_57_no_output_shows_personal_values(desk, company):
    desk.prospects["integrations"] = placed(desk.prospects.integrations, 3, "sentinel.person.in.a.number")
    desk.scored()
    for path in (*company.model.iterdir(), company.folder / "mlflow.db"):
        assert b"sentinel.person" not in path.read_bytes()


@pytest.mark.parametrize("override", ["seed=abc", "seed=1; touch pwned", "seed=$(touch pwned)", "seed=`touch pwned`"])
def test_fault_58_a_setting_is_never_run(desk, override):
    assert "seed" in desk.refused(2, "train", desk.study_of(), "--out", desk.folder / "m", "--set", override)
    assert not Path("pwned").exists()
