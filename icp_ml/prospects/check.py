"""Say what scoring would refuse, coerce or find unusual in a table, without scoring it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from icp_ml.prospects.admission import Admission, open_prospects, reading_day
from icp_ml.prospects.score import ScoreOptions
from icp_ml.prospects.summary import counts_text, data_notes, missing_shares, parity_notes, tally_document

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel

REASONS_SHOWN = 20


@dataclass(frozen=True)
class CheckResult:
    """Result of `check_file`.

    Attributes
    ----------
    source : Path
        The table that was checked.
    document : dict
        Counts as in a score file's summary (``scored`` is what would be), ``refusals`` (column, reason, count),
        ``unusual`` (accounts per attribute outside the domain), ``missing_share`` per attribute, and notes.
    """

    source: Path
    document: Mapping[str, Any]

    exit_code = 0

    def to_document(self) -> dict[str, Any]:
        """Return the result as one document."""
        return {"source": str(self.source), **self.document}

    def to_text(self) -> str:
        """Return the result as a short table and notes."""
        lines = [f"{self.source}: {self.document['scored']} of {self.document['rows_in']} rows would be scored"]
        lines += counts_text(self.document)
        for refusal in self.document["refusals"]:
            lines.append(f"  rejected: {refusal['count']} x {refusal['column']}: {refusal['reason']}")
        for name, count in self.document["unusual"].items():
            lines.append(f"  unusual: {count} x {name}")
        if self.document["ignored_columns"]:
            lines.append(f"  columns not used: {', '.join(self.document['ignored_columns'])}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.document["notes"])])


def check_file(source: str | Path, model: SuccessModel, options: ScoreOptions | None = None) -> CheckResult:
    """Check a table of prospects against a model; nothing is scored or written.

    Parameters
    ----------
    source : str or Path
        CSV, CSV.gz, Parquet or a folder of Parquet; never held in memory.
    model : SuccessModel
        A loaded model of either kind.
    options : ScoreOptions, optional
        `as_of`, `on_duplicate`, `encoding` and `delimiter` as for scoring; the rest is not used.

    Returns
    -------
    CheckResult
        What scoring would do with the table.

    Raises
    ------
    DataError
        Scoring would refuse the whole table, for the same reason.
    """
    options = options or ScoreOptions()
    table = open_prospects(source, model, options.delimiter, options.encoding)
    admission = Admission(table, model, as_of=reading_day(options.as_of), on_duplicate=options.on_duplicate)
    unusual: Counter[str] = Counter()
    out_of_domain = 0
    for admitted in admission.blocks(options.batch_rows):
        out_of_domain += _count_unusual(model, admitted.frame, unusual)
    return CheckResult(Path(source), _document(admission, model, unusual, out_of_domain))


def _count_unusual(model: SuccessModel, frame: pd.DataFrame, unusual: Counter[str]) -> int:
    if model.domain is None or not len(frame):
        return 0
    in_domain, found = model.domain.assess(frame)
    unusual.update(found.counts())
    return int((~in_domain).sum())


def _document(admission: Admission, model: SuccessModel, unusual: Counter[str], out_of_domain: int) -> dict[str, Any]:
    tally = admission.tally
    refusals = [
        {"column": column, "reason": reason, "count": count}
        for (column, reason), count in tally.reasons.most_common(REASONS_SHOWN)
    ]
    return {
        **tally_document(tally, out_of_domain),
        "refusals": refusals,
        "unusual": dict(unusual.most_common()),
        "missing_share": missing_shares(tally),
        "ignored_columns": admission.ignored_columns,
        "notes": [*admission.notes, *parity_notes(model, tally), *data_notes(tally, out_of_domain)],
    }
