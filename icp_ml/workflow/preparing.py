"""Before any model: propose a study from a table, and audit the customers of a study."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from icp_ml.accounts.audit.audit import Audit, run_audit
from icp_ml.accounts.audit.finding import SEVERITIES, Finding
from icp_ml.accounts.customers import Customers, load_customers
from icp_ml.accounts.outcome import Labels, label_outcome
from icp_ml.accounts.propose import propose_study
from icp_ml.accounts.tables import Table, open_table, table_of
from icp_ml.report.wording import count_rows
from icp_ml.study import Study, load_study
from icp_ml.workflow.drafts import ensure_can_draft, write_draft

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """The customers of a study, labelled and audited."""

    study: Study
    customers: Customers
    labels: Labels
    audit: Audit

    @property
    def findings(self) -> list[Finding]:
        """Findings of the whole audit, the worst first."""
        return list(self.audit.findings)

    @property
    def blockers(self) -> list[Finding]:
        """Findings that stop a training."""
        return [finding for finding in self.findings if finding.severity == "blocker"]

    @property
    def left_out(self) -> tuple[str, ...]:
        """Attributes that a model for prospects leaves out, because only customers have them."""
        return self.audit.left_out if self.study.model.stage == "prospect" else ()

    @property
    def notes(self) -> list[str]:
        """What a reader of the results must know of the outcome and of attributes left out."""
        named = ", ".join(self.left_out)
        left = [f"Left out of the model, because prospects do not have it: {named}."] if named else []
        return [*self.labels.notes, *left]


@dataclass(frozen=True)
class AuditResult:
    """What an audit found.

    Attributes
    ----------
    prepared : Prepared
        Customers, labels and audit.
    """

    prepared: Prepared

    @property
    def exit_code(self) -> int:
        """3 when there is a blocker, else 0."""
        return 3 if self.prepared.blockers else 0

    def to_document(self) -> dict[str, Any]:
        """Return counts, findings and every part of the audit as a JSON object."""
        prepared, audited = self.prepared, self.prepared.audit.as_document()
        counts = {"rows": prepared.customers.n_rows_read, **prepared.labels.counts}
        return {
            "study": prepared.study.name,
            **audited,
            "counts": counts | audited["counts"],
            "left_out": dict(prepared.customers.excluded) | dict(prepared.labels.reasons),
            "notes": [*prepared.notes, *prepared.customers.warnings],
            "not_used": list(prepared.study.not_used),
        }

    def to_text(self) -> str:
        """Return counts, what they are enough for, and the findings."""
        prepared, audited = self.prepared, self.prepared.audit
        rows = count_rows(prepared.customers, prepared.labels)
        lines = [f"{prepared.study.name}: {row['n']:>9}  {row['label']}" for row in rows]
        lines += [*audited.sentences, _counted(audited.findings), *findings_text(audited.findings)]
        lines += [f"note: {note}" for note in prepared.notes]
        if prepared.study.not_used:
            lines.append(f"note: read and checked, not used yet: {', '.join(prepared.study.not_used)}")
        return "\n".join(lines)


def _counted(findings: Sequence[Finding]) -> str:
    """Return how many findings there are of each severity."""
    counts = {severity: sum(finding.severity == severity for finding in findings) for severity in SEVERITIES}
    named = [f"{n} {severity}{'' if n == 1 else 's'}" for severity, n in counts.items() if n]
    return f"findings: {', '.join(named)}" if named else "no findings"


@dataclass(frozen=True)
class InitResult:
    """A proposed study and where it was written."""

    out: Path
    text: str
    notes: Sequence[str]
    exit_code: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return the path, the text and the notes."""
        return {"out": str(self.out), "study": self.text, "notes": list(self.notes)}

    def to_text(self) -> str:
        """Return the notes and the next step."""
        step = f"Read {self.out}, correct the guesses, then: icp-ml audit {self.out}"
        return "\n".join([f"{self.out}: a proposed study", *(f"note: {note}" for note in self.notes), step])


def init(customers: str | Path, *, out: str | Path = "study.yaml", encoding: str | None = None) -> InitResult:
    """Propose a study file from a table of customers and write it.

    Parameters
    ----------
    customers : str or Path
        CSV, CSV.gz, Parquet or a folder of Parquet.
    out : str or Path
        The study to write; an existing file is replaced only while it is an untouched proposal.
    encoding : str, optional
        Of a CSV, such as latin-1; UTF-8 when left out.

    Returns
    -------
    InitResult
        The text, and what a person must decide.
    """
    out = ensure_can_draft(out, "init")
    proposal = propose_study(Path(customers), out, encoding)
    return InitResult(out, write_draft(out, proposal.text, "init"), proposal.notes)


def audit(
    study: str | Path | Study,
    customers: pd.DataFrame | None = None,
    *,
    overrides: Sequence[str] = (),
    earlier: str | Path | pd.DataFrame | None = None,
) -> AuditResult:
    """Count the accounts of a study, look for leaks and unusable columns, and compare them with prospects.

    Parameters
    ----------
    study : path or Study
        The study.
    customers : DataFrame, optional
        Instead of the study's table.
    overrides : sequence of str
        ``"key=value"`` settings that replace keys of the study file.
    earlier : path or DataFrame, optional
        An earlier export of the same customers: what was filled in once the outcome was known is found.

    Returns
    -------
    AuditResult
        Counts, findings and comparisons; its ``exit_code`` is 3 when a finding would stop a training.

    Raises
    ------
    DataError
        When a table is not acceptable.
    FileSystemError
        When a table is missing or cannot be read.
    """
    loaded = study if isinstance(study, Study) else load_study(study, overrides)
    return AuditResult(prepare(loaded, customers, earlier=earlier))


def prepare(
    study: Study,
    customers: pd.DataFrame | None = None,
    *,
    earlier: str | Path | pd.DataFrame | None = None,
    also: Sequence[str] = (),
) -> Prepared:
    """Read, label and audit the customers of a study, beside its prospects where it names them.

    `also` names further columns to read, those of a profile's rules.
    """
    logger.info("reading %s", study.accounts.name if customers is None else "the customers")
    loaded = load_customers(study, None if customers is None else table_of(customers), also)
    labels = label_outcome(study.outcome, loaded.outcome, loaded.as_of, loaded.observed_until)
    beside = {"prospects": _opened(study, study.prospects), "earlier": _opened(study, earlier)}
    logger.info("auditing %s customers", f"{len(loaded):,}")
    return Prepared(study, loaded, labels, run_audit(loaded, labels, **beside))


def _opened(study: Study, table: str | Path | pd.DataFrame | None) -> Table | None:
    """Return a table that is read as the study reads its customers."""
    if table is None or isinstance(table, pd.DataFrame):
        return None if table is None else table_of(table, "the earlier export")
    return open_table(table, delimiter=study.read.delimiter, encoding=study.read.encoding)


def findings_text(findings: Sequence[Finding]) -> list[str]:
    """Return one line per finding."""
    return [
        f"{finding.severity}: {f'{finding.column}: ' if finding.column else ''}{finding.evidence.rstrip('.')} "
        f"[{finding.check}]. {finding.next_step}"
        for finding in findings
    ]
