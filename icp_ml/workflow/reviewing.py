"""Review a profile: read everything it is confronted with, judge it, write the report, and note it in the ledger."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from icp_ml.accounts.deals import Deals, read_deals
from icp_ml.accounts.progress import Progress, read_progress
from icp_ml.accounts.status import Statuses, statuses
from icp_ml.accounts.study_columns import similar
from icp_ml.errors import ConfigError, message
from icp_ml.icp.base import CustomerBase, rule_frame
from icp_ml.icp.ledger import Ledger, append, ensure_can_append, ledger_path, review_entries
from icp_ml.icp.ledger.entries import change_words
from icp_ml.icp.profile import Profile, load_profile
from icp_ml.icp.review import review_base
from icp_ml.icp.wins import wins_of
from icp_ml.icp.words import points, signed
from icp_ml.model.success_model import SuccessModel
from icp_ml.outputs import ensure_can_write_folder, whole_folder
from icp_ml.report.render import review_files
from icp_ml.study import Study, load_study
from icp_ml.workflow.fitting import chosen_split
from icp_ml.workflow.preparing import Prepared, prepare
from icp_ml.workflow.scoring import Model, load

logger = logging.getLogger(__name__)

_NOTES = 6
"""Notes that are printed; the report has all of them."""
MARKER = "ICP_ML_REVIEW.txt"
MARKER_TEXT = "icp_ml review wrote this folder and may replace it whole.\n"


@dataclass(frozen=True)
class ReviewResult:
    """What a review found.

    Attributes
    ----------
    document : mapping
        What ``review.json`` holds.
    out : Path or None
        Folder with ``review.html``, ``review.md`` and ``review.json``, when one was written.
    ledger : Path or None
        Where the review was noted.
    """

    document: Mapping[str, Any]
    out: Path | None = None
    ledger: Path | None = None

    exit_code = 0

    def to_document(self) -> dict[str, Any]:
        """Return the review and where it was written."""
        written = {"out": self.out, "ledger": self.ledger}
        return {**self.document, **{name: None if path is None else str(path) for name, path in written.items()}}

    def to_text(self) -> str:
        """Return what a person reads first: the verdict, the goal, suggestions, what to do, and where the report is."""
        document = self.document
        profile = document["profile"]
        lines = [f"{profile['name']} version {profile['version']}: {document['verdict'].replace('_', ' ')}"]
        lines += [f"  {document['verdict_sentence']}", f"  {document['progress']['sentence']}"]
        lines += [f"  {one['rule']}: {one['state']}" for one in document["criteria"]]
        offered = [one for one in document["suggestions"] if one["offered"]]
        lines += [f"  {change_words(one)}: {_gain_words(one)}" for one in offered[:3]]
        lines += [f"  {document['not_found']}"] if document["not_found"] else []
        lines += [f"  do: {one['sentence']}" for one in document["actions"]]
        lines += [f"note: {note}" for note in document["notes"][:_NOTES]]
        if self.out is not None:
            lines.append(f"review: {self.out / 'review.html'}")
        return "\n".join(lines)


def _gain_words(suggestion: Mapping[str, Any]) -> str:
    held = "held on later customers" if suggestion["confirmed"] else "not confirmed yet"
    gain, low, high = (suggestion[name] for name in ("gain", "low", "high"))
    ends = "" if low is None or high is None else f" (90 %: {signed(low)} to {signed(high)})"
    return f"{points(gain)}{ends}, {held}"


def review(
    profile: str | Path | Profile,
    study: str | Path | Study,
    model: Model,
    *,
    out: str | Path | None = None,
    prospects: str | Path | pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    overrides: Sequence[str] = (),
) -> ReviewResult:
    """Confront a profile with the evidence, to tell whether the ideal customer profile is still right.

    Parameters
    ----------
    profile : path or Profile
        The hypothesis.
    study : path or Study
        Whose customers judge it.
    model : str, Path or SuccessModel
        A folder, ``models:/NAME@champion``, ``models:/NAME/3``, ``runs:/ID/model``, or a loaded model.
    out : path, optional
        Folder for ``review.html``, ``review.md`` and ``review.json``, replaced whole if it is one of ours. With it the
        review is noted in the ledger beside the profile; nothing is written without it.
    prospects : path or DataFrame, optional
        The market; by default the prospects of the study.
    customers : DataFrame, optional
        Instead of the study's table.
    overrides : sequence of str
        ``"key=value"`` settings that replace keys of the study file.

    Returns
    -------
    ReviewResult
        Whatever the verdict, its ``exit_code`` is 0.

    Raises
    ------
    ConfigError
        A criterion names a column that the customers do not have, or the model is of other attributes.
    DataError
        A table is not acceptable.
    ModelError
        The model is refused.
    """
    target = None if out is None else ensure_can_write_folder(out, MARKER)
    written = profile if isinstance(profile, Profile) else load_profile(profile)
    loaded = study if isinstance(study, Study) else load_study(study, overrides)
    served = load(model)
    ledger = Ledger.read(ledger_path(written))
    if target is not None:
        ensure_can_append(ledger.path)
    base = read_base(written, loaded, served, customers)
    market = loaded.prospects if prospects is None else prospects
    logger.info("reviewing %s customers against %s", f"{len(base):,}", written.name)
    document = review_base(base, market, ledger).as_document()
    if target is None:
        return ReviewResult(document)
    logger.info("writing %s", target)
    with whole_folder(target, MARKER) as folder:
        (folder / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        for name, content in review_files(document).items():
            (folder / name).write_bytes(content)
        append(ledger.path, review_entries(document))  # where it cannot be noted, no report is left either
    return ReviewResult(document, Path(target), ledger.path)


def read_base(
    profile: Profile, study: Study, model: SuccessModel, customers: pd.DataFrame | None = None
) -> CustomerBase:
    """Read the customers of a study with everything a review of a profile asks of them."""
    prepared = prepare(study, customers, also=sorted(profile.columns))
    frame = rule_frame(prepared.customers)
    _ensure_columns(profile, prepared, frame)
    ensure_attributes(model, prepared)
    deals, status = read_deals(study), _status(prepared)
    progress = _progress(profile, study) or wins_of(profile, prepared.customers, deals)
    return CustomerBase(
        profile=profile,
        customers=prepared.customers,
        labels=prepared.labels,
        model=model,
        split=chosen_split(prepared),
        today=_today(profile, prepared, deals, progress),
        rule_frame=frame,
        status=None if status is None else status.state,
        deals=deals,
        progress=progress,
        findings=_by_column(prepared),
        notes=() if status is None or not status.sentence else (f"{status.sentence}.",),
    )


def _ensure_columns(profile: Profile, prepared: Prepared, frame: pd.DataFrame) -> None:
    missing = sorted(profile.columns - set(frame.columns))
    if missing:
        named = ", ".join(repr(name) + similar(name, [str(column) for column in frame]) for name in missing)
        came = f"criteria or needs name {named}, which the customers of {prepared.study.path.name} do not have"
        step = "Correct the rule, or add the column to the customers"
        raise ConfigError(message(profile.path, came, "columns of the customer table", step))


def ensure_attributes(model: SuccessModel, prepared: Prepared) -> None:
    """Refuse a model whose attributes the study does not have, or reads as another kind.

    Raises
    ------
    ConfigError
        The message names them.
    """
    kinds = prepared.customers.kinds
    absent = [known.column for known in model.contract.attributes if known.column not in kinds]
    if absent:
        came = f"model {model.label} has attributes that the study does not: {', '.join(map(repr, absent))}"
        step = "Give the model that was trained on this study, or train again"
        raise ConfigError(message(prepared.study.path, came, "the attributes of the model", step))
    other = [
        f"'{known.column}' ({known.kind} in the model, {kinds[known.column]} in the study)"
        for known in model.contract.attributes
        if (known.kind == "categorical") != (kinds[known.column] == "categorical")
    ]
    if other:
        came = f"attributes are read as another kind than by the model: {', '.join(other)}"
        raise ConfigError(message(prepared.study.path, came, "one kind", "Declare `kind` in the study, or train again"))


def _today(profile: Profile, prepared: Prepared, deals: Deals | None, progress: Progress | None) -> dt.date:
    """Return the last day that anything is known of, no later than the end of the situation where only wins say it."""
    situation = profile.situation
    days = [prepared.customers.observed_until]
    if deals is not None and prepared.study.outcome.observed_until is None:
        days += [_latest(deals.opened), _latest(deals.closed)]
    if progress is not None:
        days.append(_latest(progress.day[progress.day <= np.datetime64(situation.ends, "D")]))
    known = [day for day in days if day is not None]
    return max(known, default=situation.starts)


def _progress(profile: Profile, study: Study) -> Progress | None:
    if profile.progress is None:
        return None
    measure = profile.situation.goal.measure
    column = ("value" if measure == "revenue" else None) if isinstance(measure, str) else measure.column
    return read_progress(profile.progress, column, study.read)


def _latest(days: np.ndarray[Any, np.dtype[np.datetime64]]) -> dt.date | None:
    held = days[~np.isnat(days)]
    latest: dt.date | None = held.max().astype("datetime64[D]").astype(object) if len(held) else None
    return latest


def _status(prepared: Prepared) -> Statuses | None:
    status, others = prepared.study.status, prepared.customers.others
    if status is None or status.column not in others:
        return None
    cells = np.array([None if pd.isna(cell) else cell for cell in others[status.column]], dtype=object)
    return statuses(status, cells)


def _by_column(prepared: Prepared) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for finding in prepared.findings:
        if finding.column:
            found.setdefault(finding.column, []).append(finding)
    return found
