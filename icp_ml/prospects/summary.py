"""What a scoring run did, in counts that add up and in the sentences a reader must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icp_ml.prospects.admission import Tally

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel

MISSING_MORE = 0.5
"""An attribute is named when its missing share is this much above that of training."""
REJECTED_SHARE = 0.05
UNSEEN_SHARE = 0.05
OUTSIDE_SHARE = 0.5
UNUSUAL_SHARE = 0.2


@dataclass(frozen=True)
class ScoreSummary:
    """Result of `score_file`.

    Attributes
    ----------
    out : Path
        The score file.
    list_path : Path or None
        The salesperson's list, when one was asked for.
    document : dict
        What ``FILE.summary.json`` holds.
    """

    out: Path
    list_path: Path | None
    document: Mapping[str, Any]

    exit_code = 0

    def to_document(self) -> dict[str, Any]:
        """Return the summary with the paths that were written."""
        written = {"out": str(self.out), "list": None if self.list_path is None else str(self.list_path)}
        return {**written, **self.document}

    def to_text(self) -> str:
        """Return the summary as a short table and notes."""
        lines = [f"{self.out}: {self.document['scored']} accounts scored with {self.document['model']}"]
        lines += counts_text(self.document)
        grades = ", ".join(f"{grade} {count}" for grade, count in self.document["grades"].items())
        lines.append(f"  grades {grades}; run {self.document['run_id']}")
        if self.document["rejected"]:
            lines.append(f"  rejected rows and why: {self.out}.rejected.csv")
        if self.list_path is not None:
            lines.append(f"  list for people: {self.list_path}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.document["notes"])])


def counts_text(document: Mapping[str, Any]) -> list[str]:
    """Return the reconciled counts as lines."""
    parts = [("scored", document["scored"]), ("rejected", document["rejected"])]
    parts += [(f"excluded by {rule}", count) for rule, count in document["excluded_by_rule"].items()]
    parts += [("already customers", document["already_customers"])]
    told = " + ".join(f"{count} {name}" for name, count in parts)
    lines = [f"  {document['rows_in']} rows in = {told}"]
    if document["out_of_domain"]:
        lines.append(f"  {document['out_of_domain']} are unlike every customer: grade ?, ranked last")
    for title, key in (("levels never seen in training", "unseen_levels"), ("outside the range seen", "outside_range")):
        counts = document[key]
        if counts:
            lines.append(f"  {title}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    return lines


def tally_document(tally: Tally, out_of_domain: int) -> dict[str, Any]:
    """Return the counts of a run; the first equals the sum of the next four."""
    tally.check()
    return {
        "rows_in": tally.rows_in,
        "scored": tally.admitted,
        "rejected": tally.rejected,
        "excluded": sum(tally.excluded.values()),
        "already_customers": tally.already_customers,
        "excluded_by_rule": dict(tally.excluded),
        "out_of_domain": out_of_domain,
        "unseen_levels": {name: count for name, count in sorted(tally.unseen.items()) if count},
        "outside_range": {name: count for name, count in sorted(tally.outside.items()) if count},
    }


def data_notes(tally: Tally, out_of_domain: int) -> list[str]:
    """Return what a reader must know of the table."""
    notes = [] if tally.rows_in else ["The table has a header and no rows."]
    if tally.rows_in and not tally.admitted:
        if tally.already_customers == tally.rows_in:
            notes.append(f"All {tally.rows_in:,} rows are customers of this study: give the table of prospects.")
        else:
            notes.append("No account was left to score.")
    if tally.rejected > REJECTED_SHARE * tally.rows_in:
        (column, reason), count = tally.reasons.most_common(1)[0]
        share = f"{tally.rejected / tally.rows_in:.0%}"
        notes.append(f"{share} of the rows were rejected, most often for '{column}': {reason} ({count} rows).")
    for name, count in sorted(tally.unseen.items()):
        if count > UNSEEN_SHARE * tally.rows_in:
            share = f"{count / tally.rows_in:.0%}"
            notes.append(f"'{name}' has a level never seen in training in {share} of the rows; treated as missing.")
    for name, count in sorted(tally.outside.items()):
        if count > OUTSIDE_SHARE * tally.rows_in:
            share = f"{count / tally.rows_in:.0%}"
            notes.append(
                f"'{name}' lies outside the range seen in training in {share} of the rows: was its unit changed?"
            )
    if out_of_domain > UNUSUAL_SHARE * max(1, tally.admitted):
        share = f"{out_of_domain / tally.admitted:.0%}"
        notes.append(f"{share} of the accounts are unlike every customer: the model has no evidence on them.")
    return notes


def missing_shares(tally: Tally) -> dict[str, float]:
    """Return the share of the accounts without a value, by attribute."""
    return {name: count / max(1, tally.admitted) for name, count in sorted(tally.missing.items())}


def parity_notes(model: SuccessModel, tally: Tally) -> list[str]:
    """Return which attributes are known much less often than in training."""
    shares = missing_shares(tally)
    before = {known.column: known.missing_share for known in model.contract.attributes}
    return [
        f"'{name}' is missing in {share:.0%} of the accounts ({before[name]:.0%} in training)."
        for name, share in shares.items()
        if share > before[name] + MISSING_MORE
    ]


def model_notes(model: SuccessModel) -> list[str]:
    """Return what a reader must know of the model."""
    if model.kind == "hypothesis":
        return [
            "Untested: the order is a written hypothesis (criteria met minus contradicted), not confirmed by outcomes.",
            "There are no probabilities and no fits: too few customers have a known outcome for a model.",
        ]
    notes = []
    if not model.ready:
        notes.append("The model is not ready: a gate failed on later customers. Read the report before acting on it.")
    if model.evaluation_classifier is None:
        notes.append("Judged by cross-validation, without a split by time: on later accounts it may be worse.")
    if model.probability_withdrawn:
        notes.append("The probability is withdrawn: its calibration failed. Ranks and grades stay.")
    if not model.map_reviewed:
        notes.append("Draft map: nobody has reviewed which attribute stands under which fit.")
    return notes if model.probability_withdrawn else [*notes, *_probability_notes(model)]


def _probability_notes(model: SuccessModel) -> list[str]:
    window = "as the study defines it" if model.horizon_days is None else f"within {model.horizon_days} days"
    return [
        f"probability is the chance of success {window}, learned from customers, given that they sign.",
        "probability_low and probability_high are a 90 % range for accounts of this score, not for one account.",
    ]
