"""Audit the customer table: what is empty, constant, misplaced, personal, or knows the outcome already."""

from __future__ import annotations

from icp_ml.accounts.audit.finding import SEVERITIES, Finding
from icp_ml.accounts.audit.grades import grade_findings
from icp_ml.accounts.audit.hygiene import HYGIENE, HYGIENE_OF_EMPTY
from icp_ml.accounts.audit.leaks import LEAKS, LEAKS_OF_EMPTY
from icp_ml.accounts.audit.lift import LIFT
from icp_ml.accounts.audit.people import PEOPLE, PEOPLE_OF_EMPTY, people_findings
from icp_ml.accounts.audit.probes import Probes, probe
from icp_ml.accounts.audit.ratings import late_ratings
from icp_ml.accounts.audit.single import folds_of, followed_through
from icp_ml.accounts.audit.subject import Subject
from icp_ml.accounts.audit.table import table_findings
from icp_ml.accounts.customers import Customers
from icp_ml.accounts.outcome import Labels

OF_EMPTY = (*HYGIENE_OF_EMPTY, *LEAKS_OF_EMPTY, *PEOPLE_OF_EMPTY)
OF_FILLED = (*HYGIENE, *LEAKS, *LIFT, *PEOPLE)


def audit_customers(customers: Customers, labels: Labels, *, probes: Probes | None = None) -> list[Finding]:
    """Return what an audit finds in the customer table, the worst first.

    Parameters
    ----------
    customers : Customers
        The loaded table; the attributes known at the stage of the study's model are audited.
    labels : Labels
        Outcome of every customer, in the same order.
    probes : Probes, optional
        From `probe` of the same table, when it was asked already.

    Returns
    -------
    list of Finding
        Blockers, warnings, notes. A leak or a protected class that the study names under ``audit.allow``, or personal
        data under ``audit.personal_data``, is a note.

    Notes
    -----
    An honest attribute rarely orders accounts better than AUC .75 alone. One that does, or may,
    is suspected: a warning. From .95 on, or with a date after as_of, it knows the outcome: a blocker.
    """
    found = [
        *table_findings(customers),
        *people_findings(customers),
        *late_ratings(customers, labels),
        *grade_findings(customers.study),
    ]
    known = followed_through(labels)
    groups = None if customers.groups is None else customers.groups[known]
    folds = folds_of(labels.label[known], groups)
    shuffled = probe(customers, labels) if probes is None else probes
    for attribute in customers.study.attributes_at():
        values, kind = customers.frame[attribute.column], customers.kinds[attribute.column]
        subject = Subject(attribute, kind, values, customers.study, labels, customers.rows, folds, shuffled)
        for check in OF_EMPTY if subject.held.empty else OF_FILLED:
            found += check(subject)
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))
