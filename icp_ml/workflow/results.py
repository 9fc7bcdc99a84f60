"""What a training made, ready to print or to hand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icp_ml.accounts.split import Split
from icp_ml.lifecycle.readings import Reading, readings_sentence
from icp_ml.lifecycle.tracking import Registration
from icp_ml.model.evaluation.evaluate import Evaluation
from icp_ml.model.success_model import SuccessModel
from icp_ml.report.render import Facts
from icp_ml.report.wording import plain_number
from icp_ml.workflow.preparing import Prepared, findings_text


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
    readings : sequence of Reading
        Earlier registered trainings with other settings or data that were judged by the same accounts.
    """

    model: SuccessModel | None
    prepared: Prepared
    split: Split | None = None
    evaluation: Evaluation | None = None
    facts: Facts = field(default_factory=dict)
    out: Path | None = None
    registration: Registration | None = None
    readings: Sequence[Reading] = ()

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
            "findings": [finding.as_document() for finding in self.prepared.findings],
            "notes": [*self.prepared.notes, *(self.split.steps if self.split else [])],
        }
        if self.evaluation is not None:
            document |= {"procedure": self.evaluation.procedure, **self.evaluation.to_metrics_json()}
        if self.model is not None:
            document |= {"model": self.model.label, "digest": self.model.digest}
        if self.registration is not None:
            version = {"name": self.registration.name, "version": self.registration.version}
            document["registration"] = version | {"champion": self.registration.is_champion}
        if self.readings:
            document["test_period_read_before_by"] = [reading.as_document() for reading in self.readings]
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
            lines.append(f"dry run: {split_words(self.split)}; nothing was fitted or written")
        else:
            lines.append("dry run: below the floor, an untested order by written criteria; nothing was written")
        if self.readings:
            lines.append(f"note: {readings_sentence(self.readings)}")
        if self.registration is not None:
            champion = ", champion" if self.registration.is_champion else ""
            lines.append(f"registered: models:/{self.registration.name}/{self.registration.version}{champion}")
        if self.out is not None:
            lines += [f"model:  {self.out}", f"report: {self.out / 'report.html'}"]
        return "\n".join(lines)


def split_words(split: Split) -> str:
    """Say who trained and who judged."""
    if split.kind == "time":
        period = f"{split.starts} to {split.ends}"
        return f"{len(split.train):,} accounts train, {len(split.test):,} of {period} judge"
    return f"cross-validation over {len(split.test):,} accounts: {' '.join(split.steps)}"


def _verdict_lines(evaluation: Evaluation) -> list[str]:
    lines = [f"{'READY' if evaluation.ready else 'NOT READY'}: {evaluation.procedure}"]
    for name in ("roc_auc", "log_loss", "calibration_slope", "lift_at_10", "lift_at_capacity"):
        estimate = evaluation.metrics[name]
        interval = f"{plain_number(estimate.low)} to {plain_number(estimate.high)}"
        lines.append(f"  {name:<18} {plain_number(estimate.value):>7}  (90 %: {interval})")
    lines += [f"  gate not passed: {gate.why}" for gate in evaluation.gates if not gate.passed]
    return lines
