"""A model comes back from disk with the same bits, in this process and another; damage is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.contract import AttributeContract, TableContract
from icp_ml.errors import FileSystemError, ModelError, UsageError
from icp_ml.model import SuccessClassifier, load_model, save_model
from icp_ml.model.bundle import MANIFEST, read_bundle, write_bundle
from icp_ml.model.domain import Domain
from icp_ml.model.reference import Reference
from icp_ml.model.success_model import SuccessModel, bundle_parts, identified, write_model

FITS = {"size": "resource", "crm": "technical"}
KINDS = {"size": "numeric", "crm": "categorical"}
CONTRACT = TableContract(
    id="account_id",
    row_number=False,
    attributes=(
        AttributeContract("size", "resource", "numeric", (), -3.0, 3.0, 0.1),
        AttributeContract("crm", "technical", "categorical", ("a", "b"), None, None, 0.0),
    ),
    n_rows=200,
)


def customers(n=200, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"size": rng.normal(size=n), "crm": rng.choice(["a", "b"], n)})
    frame.loc[rng.random(n) < 0.1, "size"] = np.nan
    outcome = (rng.random(n) < 1 / (1 + np.exp(-1.5 * frame["size"].fillna(0)))).astype(int)
    return frame, outcome.to_numpy()


def trained(learner="blend", seed=0):
    frame, outcome = customers()
    classifier = SuccessClassifier(FITS, learner=learner, random_state=seed).fit(frame, outcome)
    return SuccessModel(
        name="acme",
        kind="success",
        study={"name": "acme", "seed": seed, "fits": {"café": [1.5, None, True]}},
        horizon_days=365,
        stage="prospect",
        contract=CONTRACT,
        classifier=classifier,
        evaluation_classifier=classifier,
        domain=Domain.learn(frame, KINDS, FITS, seed),
        metrics={"roc_auc": {"value": 0.7, "low": 0.6, "high": None}},
        ready=True,
        capacity=20,
        customer_keys=tuple(sorted(hashlib.blake2b(bytes([i]), digest_size=16).hexdigest() for i in range(9))),
        exclude=("country in [XX]",),
        labels={"size": "number of people"},
        map_reviewed={"by": "someone", "on": "2026-06-01"},
        pass_through=("owner",),
        question_value={"size": 0.4},
        reference=Reference.learn([f"c{i}" for i in range(200)], frame, outcome * 1.0, weight=np.ones(200), seed=seed),
        base_rate=0.5,
        data_sha256="0" * 64,
        code_version="0.1.0",
    )


@pytest.fixture(scope="module")
def model():
    return trained()


@pytest.fixture
def folder(model, tmp_path):
    save_model(model, tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("learner", ["logistic", "lightgbm", "blend"])
def test_scores_contributions_and_domain_come_back_bit_for_bit(tmp_path, learner):
    saved = save_model(trained(learner), tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    frame, _ = customers(300, seed=5)
    for name in ("decision_function", "contributions_array", "attribute_contributions"):
        was, now = getattr(saved.classifier, name)(frame), getattr(loaded.classifier, name)(frame)
        assert np.asarray(was).tobytes() == np.asarray(now).tobytes()
    assert loaded.evaluation_classifier.oof_margin_.tobytes() == saved.classifier.oof_margin_.tobytes()
    assert loaded.domain.assess(frame)[1].texts().tolist() == saved.domain.assess(frame)[1].texts().tolist()


def test_every_other_field_comes_back_equal(model, folder):
    loaded = load_model(folder)
    other = {"classifier", "evaluation_classifier", "domain", "digest"}
    names = [field.name for field in dataclasses.fields(SuccessModel) if field.name not in other]
    assert {name: getattr(loaded, name) for name in names} == {name: getattr(model, name) for name in names}
    assert loaded.digest == identified(model).digest == read_bundle(folder).digest


def test_the_same_data_and_seed_give_the_same_bytes_and_another_seed_does_not(model):
    assert bundle_parts(trained()) == bundle_parts(model)
    assert identified(trained(seed=1)).digest != identified(model).digest


def test_saving_what_was_loaded_changes_nothing(folder, tmp_path):
    first = load_model(folder)
    assert save_model(first, tmp_path / "again").digest == first.digest


def test_another_process_makes_and_reads_the_same_bytes(model, tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_success_model import trained\nfrom icp_ml.model import load_model, save_model\n"
        "print(save_model(trained(), sys.argv[2]).digest, load_model(sys.argv[2]).digest)"
    )
    arguments = [sys.executable, "-c", code, str(__file__).rpartition("/")[0], str(tmp_path / "model")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {identified(model).digest}


def test_only_text_json_and_parquet_are_written(folder):
    endings = {path.suffix for path in folder.iterdir()}
    assert endings == {".json", ".txt", ".parquet"}
    assert str(folder).encode() not in b"".join(path.read_bytes() for path in folder.iterdir())


def test_the_label_names_version_and_digest(model, folder):
    loaded = load_model(folder)
    assert loaded.label == f"acme/unregistered sha256:{loaded.digest[:12]}"
    (folder / "registration.json").write_text('{"name": "acme", "version": 3}')
    assert load_model(folder).label == f"acme/3 sha256:{loaded.digest[:12]}"


@pytest.mark.parametrize(
    "text", ['{"name": "other", "version": 3}', '{"name": "acme", "version": "3"}', "[", "x" * 20_000]
)
def test_a_registration_that_is_not_ours_is_ignored(folder, text):
    (folder / "registration.json").write_text(text)
    assert load_model(folder).version is None


def test_a_bundle_without_a_reference_loads(folder):
    rewritten(folder, lambda parts: parts.pop("reference.parquet"))
    assert load_model(folder).reference is None


def test_a_hypothesis_has_criteria_and_no_classifier(model, tmp_path):
    hypothesis = dataclasses.replace(
        model, kind="hypothesis", classifier=None, evaluation_classifier=None, domain=None, criteria=("size >= 1",),
        customer_keys=(), ready=False,
    )  # fmt: skip
    save_model(hypothesis, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert (loaded.kind, loaded.criteria, loaded.classifier) == ("hypothesis", ("size >= 1",), None)


def never_reached(**arguments):
    raise AssertionError(f"LightGBM was given {sorted(arguments)}")


def rewritten(folder, change):
    parts = dict(read_bundle(folder).parts)
    change(parts)
    for name in list(read_bundle(folder).parts):
        (folder / name).unlink()
    write_bundle(folder, parts)


def edit(name, **changes):
    def change(parts):
        parts[name] = json.dumps(json.loads(parts[name]) | changes).encode()

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts.pop("model.json"),
        lambda parts: parts.pop("classifier_background.parquet"),
        lambda parts: parts.pop("classifier.json"),
        lambda parts: parts.update({"more.json": b"{}"}),
        lambda parts: parts.update({"domain_prototypes.parquet": b"PAR1 no table PAR1"}),
        lambda parts: parts.update({"model.json": b"[]"}),
        lambda parts: parts.update({"classifier.json": b"{}"}),
        lambda parts: parts.update({"reference.parquet": parts["customer_keys.parquet"]}),
        edit("model.json", kind="hypothesis"),
        edit("model.json", surprise=1),
        edit("domain.json", fits=["resource"]),
        edit("contract.json", attributes=3),
    ],
)
def test_parts_that_do_not_make_a_model_are_refused_with_valid_checksums(folder, change):
    rewritten(folder, change)
    with pytest.raises(ModelError, match="expected") as caught:
        load_model(folder)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    "damage", [lambda text: text[:-5], lambda text: text.replace(b"0.", b"1.", 1), lambda text: b"\0" * len(text)]
)
def test_damaged_trees_never_reach_lightgbm(folder, damage, monkeypatch):
    monkeypatch.setattr("lightgbm.Booster", never_reached)
    path = folder / "classifier_trees.txt"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelError, match=r"classifier_trees\.txt"):
        load_model(folder)


@pytest.mark.parametrize(
    "change", [(b"split_feature=", b"split_feature=9"), (b"tree_sizes=", b"sizes="), (b"tree\n", b"junk\n")]
)
def test_trees_that_are_no_trees_never_reach_lightgbm_whatever_their_checksum(folder, change, monkeypatch):
    monkeypatch.setattr("lightgbm.Booster", never_reached)
    name = "classifier_trees.txt"
    rewritten(folder, lambda parts: parts.update({name: parts[name].replace(*change)}))
    with pytest.raises(ModelError, match="model text"):
        load_model(folder)


def test_a_model_beside_reports_is_written_in_one_folder(model, tmp_path):
    (tmp_path / "report.html").write_text("")
    digest = write_model(model, tmp_path).digest
    assert load_model(tmp_path).digest == digest


def test_a_stranger_is_not_overwritten_and_a_missing_parent_is_told(model, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / MANIFEST).write_text('{"name": "web page"}')
    with pytest.raises(UsageError, match="not written by icp-ml"):
        save_model(model, tmp_path / "notes")
    with pytest.raises(FileSystemError, match="does not exist"):
        save_model(model, tmp_path / "a" / "b")


def test_the_room_is_light_until_a_name_is_used():
    code = "import sys, icp_ml.model; print(sorted({'lightgbm', 'numpy', 'pandas', 'shap'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
