"""Train the success model of a study: audit, split by time, evaluate, gate, refit, save, log and register."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml import __version__
from icp_ml.accounts.contract import learn_contract
from icp_ml.accounts.outcome import relabel_at
from icp_ml.accounts.split import Split, choose_split
from icp_ml.errors import ConfigError, LeakError, TooFewError, message
from icp_ml.icp.profile import load_profile
from icp_ml.lifecycle.tracking import Registration, log_training, registration_text
from icp_ml.model.bundle import MANIFEST
from icp_ml.model.classifier import SuccessClassifier
from icp_ml.model.domain import Domain
from icp_ml.model.evaluate import Evaluation, EvaluationOptions, evaluate
from icp_ml.model.gates import check_gates
from icp_ml.model.success_model import REGISTRATION, SuccessModel, identified, write_model
from icp_ml.outputs import ensure_can_write_folder, whole_folder
from icp_ml.prospects.admission import customer_key
from icp_ml.report.facts import Training, hypothesis_facts, training_facts
from icp_ml.report.render import Facts, training_files
from icp_ml.report.wording import plain_number
from icp_ml.rules import parse_rule
from icp_ml.study import Attribute, Study, load_study
from icp_ml.workflow.preparing import Prepared, finding_document, findings_text, prepare

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainResult:
    """What a training made.

    Attributes
    ----------
    model : SuccessModel or None
        The model that scores; None after a dry run.
    prepared : Prepared
        Customers, labels and findings it was made from.
    split : Split or None
        Who trained and who judged; None in hypothesis mode.
    evaluation : Evaluation or None
        How good it is; None after a dry run and in hypothesis mode.
    facts : dict
        What the report says, see `icp_ml.report.facts`; empty after a dry run.
    out : Path or None
        The model folder, when one was written.
    registration : Registration or None
        Name and version in the registry, when it was registered.
    """

    model: SuccessModel | None
    prepared: Prepared
    split: Split | None = None
    evaluation: Evaluation | None = None
    facts: Facts = field(default_factory=dict)
    out: Path | None = None
    registration: Registration | None = None

    @property
    def exit_code(self) -> int:
        """3 when the model is not ready, else 0; an order by written criteria is not gated."""
        return 3 if self.evaluation is not None and not self.evaluation.ready else 0

    def to_document(self) -> dict[str, Any]:
        """Return counts, metrics, findings and where everything is as a JSON object."""
        labels = self.prepared.labels
        document: dict[str, Any] = {
            "study": self.prepared.study.name,
            "kind": self.model.kind if self.model else "dry run",
            "counts": dict(labels.counts),
            "findings": [finding_document(finding) for finding in self.prepared.findings],
            "notes": [*labels.notes, *(self.split.steps if self.split else [])],
        }
        if self.evaluation is not None:
            document |= {"procedure": self.evaluation.procedure, **self.evaluation.to_metrics_json()}
        if self.model is not None:
            document |= {"model": self.model.label, "digest": self.model.digest}
        if self.registration is not None:
            version = {"name": self.registration.name, "version": self.registration.version}
            document["registration"] = version | {"champion": self.registration.is_champion}
        if self.out is not None:
            document |= {"out": str(self.out), "report": str(self.out / "report.html")}
        return document

    def to_text(self) -> str:
        """Return the verdict, three numbers and where the report is."""
        name, labels = self.prepared.study.name, self.prepared.labels
        lines = [
            f"{name}: {labels.n_success:,} successes, {labels.n_churned:,} churned, {labels.n_censored:,} not known yet"
        ]
        lines += findings_text([finding for finding in self.prepared.findings if finding.severity != "note"])
        if self.evaluation is not None:
            lines += _verdict_lines(self.evaluation)
        elif self.model is not None:
            lines.append(f"{name}: UNTESTED order by {len(self.model.criteria)} written criteria; no probability")
        elif self.split is not None:
            lines.append(f"dry run: {_split_words(self.split)}; nothing was fitted or written")
        if self.registration is not None:
            champion = ", champion" if self.registration.is_champion else ""
            lines.append(f"registered: models:/{self.registration.name}/{self.registration.version}{champion}")
        if self.out is not None:
            lines += [f"model:  {self.out}", f"report: {self.out / 'report.html'}"]
        return "\n".join(lines)


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
    if shortage and (written_profile is None or dry_run):
        raise TooFewError(shortage)
    if shortage and written_profile is not None:
        logger.info("%s", shortage)
        criteria = tuple(rule.text for rule in written_profile.criteria)
        return _finish_hypothesis(prepared, attributes, criteria, shortage, out)
    split = _split(prepared)
    logger.info("%s", _split_words(split))
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
    """Return the attributes of the study's stage that say anything at all about these customers."""
    study, frame = prepared.study, prepared.customers.frame
    staged = study.attributes_at(study.model.stage)
    if not staged:
        stage = study.model.stage
        came = f"no attribute is known to a {stage}"
        raise ConfigError(
            message(study.path, came, "at least one attribute of this stage", "Set model.stage or `available`")
        )
    used = tuple(attribute for attribute in staged if _varies(frame[attribute.column]))
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
    expected = f"at least {floor.successes} and {floor.failures}"
    step = "Wait for more outcomes, lower `floor`, or order by written criteria with --profile"
    return message(prepared.study.accounts.name, came, expected, step)


def _split(prepared: Prepared) -> Split:
    study, customers = prepared.study, prepared.customers
    days = np.empty(0, "datetime64[D]") if customers.as_of is None else customers.as_of  # not asked for without dates
    relabel = partial(relabel_at, study.outcome, customers.outcome, days)
    return choose_split(prepared.labels, customers.as_of, customers.groups, study.floor, relabel, study.seed)


def _train(prepared: Prepared, attributes: Sequence[Attribute], split: Split, out: str | Path | None) -> TrainResult:
    study, customers, labels = prepared.study, prepared.customers, prepared.labels
    frame = customers.frame[[attribute.column for attribute in attributes]]
    logger.info("evaluating")
    evaluation = _evaluate(prepared, attributes, split)
    logger.info("fitting the served model on %s accounts", f"{int(labels.known.sum()):,}")
    known = np.flatnonzero(labels.known)
    classifier = _classifier(study, customers.kinds, attributes)
    groups = None if customers.groups is None else customers.groups[known]
    classifier.fit(frame.iloc[known], labels.label[known], labels.weight[known], groups)
    model = SuccessModel(
        **_common(prepared, attributes),
        kind="success",
        classifier=classifier,
        evaluation_classifier=cast("SuccessClassifier | None", evaluation.classifier),
        domain=_domain(prepared, attributes, known),
        metrics=evaluation.to_metrics_json(),
        ready=evaluation.ready,
        question_value=_question_values(classifier, frame.iloc[known]),
    )
    model = identified(model)
    training = Training(study, customers, labels, prepared.findings, split, evaluation, classifier, known, model.digest)
    result = TrainResult(model, prepared, split, evaluation, training_facts(training))
    return result if out is None else _save(result, model, Path(out))


def _evaluate(prepared: Prepared, attributes: Sequence[Attribute], split: Split) -> Evaluation:
    study, customers = prepared.study, prepared.customers
    make = partial(_classifier, study, customers.kinds, attributes)
    options = EvaluationOptions(
        make_baseline=partial(make, learner="logistic"),
        capacity=study.capacity,
        gates=study.gates,
        rule=_rule(prepared),
        base_rate=study.outcome.base_rate,
        seed=study.seed,
    )
    frame = customers.frame[[attribute.column for attribute in attributes]]
    return evaluate(make, frame, prepared.labels, split, groups=customers.groups, options=options)


def _rule(prepared: Prepared) -> npt.NDArray[np.bool_] | None:
    """Return which customers today's rule would choose."""
    study, customers = prepared.study, prepared.customers
    if study.rule is None:
        return None
    others = customers.others.drop(columns=list(customers.frame.columns), errors="ignore")
    return parse_rule(study.rule).matches(pd.concat([customers.frame, others], axis=1))


def _classifier(
    study: Study, kinds: Mapping[str, str], attributes: Sequence[Attribute], learner: str | None = None
) -> SuccessClassifier:
    columns = [attribute.column for attribute in attributes]
    return SuccessClassifier(
        fits={attribute.column: attribute.fit for attribute in attributes},
        learner=learner or study.model.learner,
        effects={attribute.column: attribute.effect for attribute in attributes if attribute.effect},
        kinds={column: "categorical" if kinds[column] == "categorical" else "numeric" for column in columns},
        base_rate=study.outcome.base_rate,
        random_state=study.seed,
    )


def _domain(prepared: Prepared, attributes: Sequence[Attribute], rows: npt.NDArray[np.int64]) -> Domain:
    customers = prepared.customers
    frame = customers.frame[[attribute.column for attribute in attributes]].iloc[rows]
    groups = None if customers.groups is None else customers.groups[rows]
    fit_of = {attribute.column: attribute.fit for attribute in attributes}
    kinds = {column: customers.kinds[column] for column in fit_of}
    return Domain.learn(frame, kinds, fit_of, prepared.study.seed, groups=groups)


def _question_values(classifier: SuccessClassifier, frame: pd.DataFrame) -> dict[str, float]:
    """Return how much the contributions of each attribute vary among the customers, in log-odds."""
    spread = classifier.attribute_contributions(frame).std(ddof=0)
    return {str(column): float(value) for column, value in spread.items()}


def _common(prepared: Prepared, attributes: Sequence[Attribute]) -> dict[str, Any]:
    """Return what a model of either kind keeps of its study and customers."""
    study, customers = prepared.study, prepared.customers
    return {
        "name": study.name,
        "study": study.as_document(),
        "horizon_days": study.outcome.horizon_days,
        "stage": study.model.stage,
        "contract": learn_contract(customers, attributes),
        "capacity": study.capacity,
        "customer_keys": () if study.id.row_number else tuple(sorted(customer_key(text) for text in customers.ids)),
        "exclude": study.exclude,
        "labels": dict(study.labels),
        "map_reviewed": study.as_document().get("map_reviewed"),
        "pass_through": study.pass_through,
        "base_rate": study.outcome.base_rate,
        "data_sha256": customers.sha256,
        "code_version": __version__,
    }


def _finish_hypothesis(
    prepared: Prepared,
    attributes: Sequence[Attribute],
    criteria: tuple[str, ...],
    shortage: str,
    out: str | Path | None,
) -> TrainResult:
    model = SuccessModel(
        **_common(prepared, attributes),
        kind="hypothesis",
        classifier=None,
        domain=_domain(prepared, attributes, np.arange(len(prepared.customers))),
        metrics={"ready": False},
        ready=False,
        criteria=criteria,
    )
    model = identified(model)
    rules = [parse_rule(text) for text in criteria]
    told = (prepared.study, prepared.customers, prepared.labels, prepared.findings, rules, shortage)
    result = TrainResult(model, prepared, facts=hypothesis_facts(*told, model.digest))
    return result if out is None else _save(result, model, Path(out))


def _save(result: TrainResult, model: SuccessModel, out: Path) -> TrainResult:
    """Write the bundle and its report whole, logged and registered."""
    logger.info("writing %s", out)
    with whole_folder(out, MANIFEST) as folder:
        write_model(model, folder)
        for name, content in training_files(result.facts).items():
            (folder / name).write_bytes(content)
        (folder / "metrics.json").write_text(json.dumps(dict(model.metrics), indent=1) + "\n", encoding="utf-8")
        registration = _register(result, model, folder)
        text = registration_text(registration.name, registration.version)
        (folder / REGISTRATION).write_text(text, encoding="utf-8")
    registered = replace(model, version=registration.version)
    return replace(result, model=registered, out=out, registration=registration)


def _register(result: TrainResult, model: SuccessModel, folder: Path) -> Registration:
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
        tags={
            "data_sha256": model.data_sha256,
            "study_sha256": prepared.study.digest,
            "code_version": model.code_version,
            "ready": str(model.ready).lower(),
        },
    )


def _split_words(split: Split) -> str:
    if split.kind == "time":
        period = f"{split.starts} to {split.ends}"
        return f"trained on {len(split.train):,} accounts, judged on {len(split.test):,} of {period}"
    return f"cross-validation over {len(split.test):,} accounts: {' '.join(split.steps)}"


def _verdict_lines(evaluation: Evaluation) -> list[str]:
    lines = [f"{'READY' if evaluation.ready else 'NOT READY'}: {evaluation.procedure}"]
    for name in ("roc_auc", "log_loss", "calibration_slope", "lift_at_10", "lift_at_capacity"):
        estimate = evaluation.metrics[name]
        interval = f"{plain_number(estimate.low)} to {plain_number(estimate.high)}"
        lines.append(f"  {name:<18} {plain_number(estimate.value):>7}  (90 %: {interval})")
    lines += [f"  gate not passed: {gate.why}" for gate in evaluation.gates if not gate.passed]
    return lines
