"""Train the success model of a study: audit, split by time, evaluate, gate, refit, save, log and register."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from icp_ml.accounts.split import Split
from icp_ml.errors import ConfigError, LeakError, TooFewError, message
from icp_ml.icp.profile import load_profile
from icp_ml.lifecycle.readings import PERIOD_TAG, Reading, earlier_readings, period_key
from icp_ml.lifecycle.tracking import Registration, log_training, registration_text
from icp_ml.model.bundle import MANIFEST
from icp_ml.model.evaluation.gates import check_gates
from icp_ml.model.success_model import REGISTRATION, SuccessModel, write_model
from icp_ml.outputs import ensure_can_write_folder, whole_folder
from icp_ml.report.facts import Training, hypothesis_facts, training_facts
from icp_ml.report.render import training_files
from icp_ml.rules import parse_rule
from icp_ml.study import Attribute, Study, load_study
from icp_ml.workflow.evidence import judged_evidence, why_evidence
from icp_ml.workflow.fitting import chosen_split, hypothesis_model, judged, success_model
from icp_ml.workflow.preparing import Prepared, prepare
from icp_ml.workflow.results import TrainResult, split_words

logger = logging.getLogger(__name__)


def train(
    study: str | Path | Study,
    customers: pd.DataFrame | None = None,
    *,
    out: str | Path | None = None,
    profile: str | Path | None = None,
    overrides: Sequence[str] = (),
    dry_run: bool = False,
) -> TrainResult:
    """Train the success model of a study.

    Parameters
    ----------
    study : path or Study
        The study.
    customers : DataFrame, optional
        Instead of the study's table.
    out : path, optional
        Folder of the model, written whole at the end, logged and registered. Without it nothing is written.
    profile : path, optional
        Below the floor: order by the criteria of this profile instead of refusing.
    overrides : sequence of str
        ``"key=value"`` settings that replace keys of the study file.
    dry_run : bool
        Stop before fitting.

    Returns
    -------
    TrainResult
        The model and how good it is; ``exit_code`` is 3 when a gate was not passed.

    Raises
    ------
    LeakError
        An attribute knows the outcome.
    TooFewError
        Fewer successes or failures than the study's floor, and no profile.
    """
    if out is not None and not dry_run:
        ensure_can_write_folder(out, MANIFEST)
    written_profile = None if profile is None else load_profile(profile)
    loaded = study if isinstance(study, Study) else load_study(study, overrides)
    check_gates(loaded.gates)
    prepared = prepare(loaded, customers)
    _refuse_blockers(prepared)
    attributes = _attributes(prepared)
    shortage = _shortage(prepared)
    if shortage and written_profile is None:
        raise TooFewError(shortage)
    if shortage and dry_run:
        return TrainResult(None, prepared)
    if shortage and written_profile is not None:
        logger.info("%s", shortage)
        criteria = tuple(rule.text for rule in written_profile.criteria)
        return _finish_hypothesis(prepared, attributes, criteria, shortage, out)
    split = chosen_split(prepared)
    logger.info("%s", split_words(split))
    if dry_run:
        return TrainResult(None, prepared, split)
    return _train(prepared, attributes, split, out)


def _refuse_blockers(prepared: Prepared) -> None:
    if prepared.blockers:
        found = "; ".join(f"{finding.column or 'table'}: {finding.evidence}" for finding in prepared.blockers)
        step = "; ".join(dict.fromkeys(finding.next_step.rstrip(".") for finding in prepared.blockers))
        where = prepared.study.accounts.name
        raise LeakError(
            message(where, f"the audit found a blocker: {found}", "attributes known on the as_of day", step)
        )


def _attributes(prepared: Prepared) -> tuple[Attribute, ...]:
    """Return the attributes of the study's stage that vary among customers, and that prospects have."""
    study, frame = prepared.study, prepared.customers.frame
    staged = study.attributes_at(study.model.stage)
    if not staged:
        stage = study.model.stage
        came = f"no attribute is known to a {stage}"
        raise ConfigError(
            message(study.path, came, "at least one attribute of this stage", "Set model.stage or `available`")
        )
    had = tuple(attribute for attribute in staged if attribute.column not in prepared.left_out)
    if len(had) < len(staged):
        logger.info("left out, because prospects do not have it: %s", ", ".join(prepared.left_out))
    if not had:
        came = f"none of the {len(staged)} attributes of the study is filled among its prospects"
        raise TooFewError(message(study.prospects, came, "at least one", "Compare the two tables, or fill one"))
    used = tuple(attribute for attribute in had if _varies(frame[attribute.column]))
    if not used:
        raise TooFewError(message(study.accounts.name, "every attribute is constant", "one that varies", "Add columns"))
    return used


def _varies(values: pd.Series[Any]) -> bool:
    return len(values.drop_duplicates()) > 1


def _shortage(prepared: Prepared) -> str:
    labels, floor = prepared.labels, prepared.study.floor
    if labels.n_success >= floor.successes and labels.n_churned >= floor.failures:
        return ""
    came = f"{labels.n_success} successes and {labels.n_churned} failures are known ({labels.n_censored} not known yet)"
    came += "".join(f"; {finding.evidence}" for finding in prepared.findings if finding.check == "label_value")
    expected = f"at least {floor.successes} and {floor.failures}"
    step = "Wait for more outcomes, lower `floor`, or order by written criteria with --profile"
    return message(prepared.study.accounts.name, came, expected, step)


def _train(prepared: Prepared, attributes: Sequence[Attribute], split: Split, out: str | Path | None) -> TrainResult:
    logger.info("evaluating")
    evaluation = judged(prepared, attributes, split)
    logger.info("fitting the served model on %s accounts", f"{int(prepared.labels.known.sum()):,}")
    served = success_model(prepared, attributes, evaluation, split)
    logger.info("gathering evidence: importance, slices, surprises")
    evidence = {**judged_evidence(prepared, split, evaluation, served.model), **why_evidence(prepared, served)}
    told = (prepared.study, prepared.customers, prepared.labels, prepared.findings, split, evaluation)
    facts = training_facts(Training(*told, served.model, prepared.audit.as_document(), evidence))
    result = TrainResult(served.model, prepared, split, evaluation, facts)
    return result if out is None else _save(result, served.model, Path(out))


def _finish_hypothesis(
    prepared: Prepared,
    attributes: Sequence[Attribute],
    criteria: tuple[str, ...],
    shortage: str,
    out: str | Path | None,
) -> TrainResult:
    model = hypothesis_model(prepared, attributes, criteria)
    rules = [parse_rule(text) for text in criteria]
    told = (prepared.study, prepared.customers, prepared.labels, prepared.findings, rules, shortage)
    result = TrainResult(model, prepared, facts=hypothesis_facts(*told, model.digest, prepared.audit.as_document()))
    return result if out is None else _save(result, model, Path(out))


def _save(result: TrainResult, model: SuccessModel, out: Path) -> TrainResult:
    """Write the bundle and its report whole, logged and registered."""
    logger.info("writing %s", out)
    key, readings = _readings(result, model)
    with whole_folder(out, MANIFEST) as folder:
        write_model(model, folder)
        for name, content in training_files(result.facts).items():
            (folder / name).write_bytes(content)
        (folder / "metrics.json").write_text(json.dumps(dict(model.metrics), indent=1) + "\n", encoding="utf-8")
        registration = _register(result, model, folder, key)
        text = registration_text(registration.name, registration.version, [each.version for each in readings[-100:]])
        (folder / REGISTRATION).write_text(text, encoding="utf-8")
    registered = replace(model, version=registration.version)
    return replace(result, model=registered, out=out, registration=registration, readings=readings)


def _readings(result: TrainResult, model: SuccessModel) -> tuple[str, list[Reading]]:
    """Return the key of the accounts that judged, and the earlier trainings with other settings that they judged."""
    if result.evaluation is None:
        return "", []
    customers, at = result.prepared.customers, result.evaluation.test_index
    key = period_key(customers.ids[at].tolist(), result.prepared.labels.label[at].tolist())
    return key, earlier_readings(model.name, key, _identity(result, model))


def _identity(result: TrainResult, model: SuccessModel) -> dict[str, str]:
    return {
        "data_sha256": model.data_sha256,
        "study_sha256": result.prepared.study.digest,
        "code_version": model.code_version,
    }


def _register(result: TrainResult, model: SuccessModel, folder: Path, key: str) -> Registration:
    prepared = result.prepared
    logger.info("logging to MLflow")
    values = model.metrics.get("metrics", {})
    return log_training(
        folder,
        model.name,
        model.ready,
        params={
            "seed": prepared.study.seed,
            "stage": prepared.study.model.stage,
            "learner": model.metrics.get("learner", model.kind),
            "procedure": "" if result.evaluation is None else result.evaluation.procedure,
            **{f"n_{state}": n for state, n in prepared.labels.counts.items()},
        },
        metrics={name: estimate["value"] for name, estimate in values.items()},
        artifacts=[path for path in sorted(folder.iterdir()) if path.suffix in {".html", ".md", ".json"}],
        tags={**_identity(result, model), "ready": str(model.ready).lower(), **({PERIOD_TAG: key} if key else {})},
    )
