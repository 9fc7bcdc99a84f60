"""Audit the customers of a study: every part in one value that reports and the command line draw from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from icp_ml.accounts.audit.backfill import Backfill, compare_with_earlier
from icp_ml.accounts.audit.counts import Counts, count_customers
from icp_ml.accounts.audit.finding import SEVERITIES, Finding
from icp_ml.accounts.audit.findings import audit_customers
from icp_ml.accounts.audit.grades import TimeGrades, grade_attributes
from icp_ml.accounts.audit.maturity import Maturity, maturity_of
from icp_ml.accounts.audit.parity import Parity, compare_with_prospects
from icp_ml.accounts.audit.power import Power, power_of
from icp_ml.accounts.audit.probes import Probes, probe
from icp_ml.accounts.customers import Customers
from icp_ml.accounts.outcome import Labels
from icp_ml.accounts.tables import Table


@dataclass(frozen=True)
class Audit:
    """What is known about the customers of a study before any model.

    Attributes
    ----------
    findings : tuple of Finding
        Of all parts, the worst first.
    counts : Counts
        By outcome, period and segment.
    maturity : Maturity
        How much of the outcome is known, and will be soon.
    power : Power
        What differences can be seen.
    grades : TimeGrades
        When the attributes were true.
    probes : Probes
        What nothing looks like in this table.
    parity : Parity or None
        Customers against prospects; None without a table of prospects.
    backfill : Backfill or None
        This export against an earlier one; None without one.
    """

    findings: tuple[Finding, ...]
    counts: Counts
    maturity: Maturity
    power: Power
    grades: TimeGrades
    probes: Probes
    parity: Parity | None = None
    backfill: Backfill | None = None

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the attributes that a model for prospects cannot use, because only customers have them."""
        return () if self.parity is None else self.parity.left_out

    @property
    def sentences(self) -> list[str]:
        """Return what each part says in one sentence, in the order in which they are read."""
        said = [*self.counts.sentences, self.maturity.sentence, self.power.sentence]
        said += [] if self.parity is None else [self.parity.sentence]
        said += [] if self.backfill is None else [self.backfill.sentence]
        return [*said, self.grades.sentence, self.probes.sentence]

    def as_document(self) -> dict[str, Any]:
        """Return the audit as one JSON object; a part that was not asked for is null."""
        return {
            "findings": [finding.as_document() for finding in self.findings],
            "counts": self.counts.as_document(),
            "maturity": self.maturity.as_document(),
            "power": self.power.as_document(),
            "parity": None if self.parity is None else self.parity.as_document(),
            "backfill": None if self.backfill is None else self.backfill.as_document(),
            "grades": self.grades.as_document(),
            "probes": self.probes.as_document(),
        }


def run_audit(
    customers: Customers, labels: Labels, *, prospects: Table | None = None, earlier: Table | None = None
) -> Audit:
    """Return everything that can be said about the customers of a study before any model.

    Parameters
    ----------
    customers : Customers
        The loaded table.
    labels : Labels
        Outcome of every customer, in the same order.
    prospects : Table, optional
        The table scored later.
    earlier : Table, optional
        An earlier export of the same customers.

    Returns
    -------
    Audit
        Counts, maturity, power, findings, and the comparisons that were asked for.

    Raises
    ------
    DataError
        When a table to compare with is damaged, empty or of other accounts.
    """
    parity = None if prospects is None else compare_with_prospects(customers, prospects)
    backfill = None if earlier is None else compare_with_earlier(customers, labels, earlier)
    probes = probe(customers, labels)
    findings = audit_customers(customers, labels, probes=probes)
    findings += [] if parity is None else parity.findings()
    findings += [] if backfill is None else backfill.findings()
    return Audit(
        findings=_worst_first(findings),
        counts=count_customers(customers, labels),
        maturity=maturity_of(labels),
        power=power_of(customers, labels),
        grades=grade_attributes(customers.study),
        probes=probes,
        parity=parity,
        backfill=backfill,
    )


def _worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return blockers, then warnings, then notes, each in the order given."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))
