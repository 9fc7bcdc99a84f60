"""Explain one account in depth, in the terminal and on a page of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from icp_ml.accounts.tables import table_of
from icp_ml.errors import UsageError, message
from icp_ml.outputs import ensure_can_write_file, whole_file
from icp_ml.prospects.account import explain_account
from icp_ml.prospects.admission import open_prospects, reading_day
from icp_ml.prospects.lookup import find_account
from icp_ml.prospects.people import chance_text, qualified
from icp_ml.report.render import account_page
from icp_ml.workflow.scoring import Model, load

_OURS = b"<!-- written by icp-ml explain -->\n"
_BAR = 12


@dataclass(frozen=True)
class ExplainResult:
    """One account in depth.

    Attributes
    ----------
    document : mapping
        See `icp_ml.prospects.account.AccountExplanation`.
    out : Path or None
        The page, when one was written.
    """

    document: Mapping[str, Any]
    out: Path | None = None

    exit_code = 0

    def to_document(self) -> dict[str, Any]:
        """Return the explanation and where its page is."""
        return {**self.document, "out": None if self.out is None else str(self.out)}

    def to_text(self) -> str:
        """Return what a person reads first: the chance, the fits, reasons, customers like it, what to ask."""
        document = self.document
        lines = [f"{document['id']}: {_headline(document)}", f"  model {document['model']}"]
        lines += _fit_lines(document)
        for title, key in (("for", "reasons"), ("against", "concerns"), ("left out, refits disagree", "dropped")):
            lines += [f"  {title}: {'; '.join(document[key])}"] if document[key] else []
        if document["unusual"]:
            lines.append(f"  unusual: {', '.join(one['column'] for one in document['unusual'])}")
        lines += _neighbour_lines(document)
        lines += [f"  {question['sentence']}" for question in document["evidence"]["questions"]]
        lines += _change_lines(document["counterfactuals"])
        lines += [f"  {criterion['text']}: {criterion['answer']}" for criterion in document["criteria"][:10]]
        lines += [f"note: {note}" for note in document["notes"][:6]]
        return "\n".join([*lines, *([f"page: {self.out}"] if self.out else [])])


def explain(
    accounts: str | Path | pd.DataFrame,
    model: Model,
    account: str,
    *,
    out: str | Path | None = None,
    reading: Mapping[str, Any] | None = None,
) -> ExplainResult:
    """Explain one account, prospect or customer.

    Parameters
    ----------
    accounts : path or DataFrame
        The table that holds it, read and refused as scoring would.
    model : str, Path or SuccessModel
        A folder, ``models:/NAME@champion``, ``models:/NAME/3``, ``runs:/ID/model``, or a loaded model.
    account : str
        Its id, byte for byte; the number of its row where the study has no ids.
    out : path, optional
        A page, ``.html``.
    reading : mapping, optional
        ``as_of``, ``encoding``, ``delimiter``.

    Raises
    ------
    UsageError
        No row has the id, or something that is not ours stands at ``out``.
    DataError
        Several rows have it, or scoring would refuse the row.
    """
    path = None if out is None else _page_path(Path(out))
    how = dict(reading or {})
    as_of = reading_day(how.pop("as_of", None))
    loaded = load(model)
    if isinstance(accounts, pd.DataFrame):
        table = table_of(accounts)
    else:
        table = open_prospects(accounts, loaded, how.get("delimiter"), how.get("encoding"))
    document = explain_account(loaded, find_account(table, loaded, account, as_of)).as_document()
    if path is not None:
        with whole_file(path, _is_ours) as written:
            written.write_bytes(account_page(document) + _OURS)
    return ExplainResult(document, path)


def _page_path(path: Path) -> Path:
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(message(path, "is not named as a page", "an ending .html", "Rename --out"))
    ensure_can_write_file(path, _is_ours)
    return path


def _is_ours(path: Path) -> bool:
    return path.read_bytes().endswith(_OURS)


def _headline(document: Mapping[str, Any]) -> str:
    if document["kind"] == "hypothesis":
        return "an untested hypothesis, no probability"
    words = chance_text(document["probability"], document["horizon_days"])
    told = qualified(words, is_ready=document["ready"], in_domain=document["in_domain"])
    if document["probability"] is None:
        return told
    edges = f"{document['low']:.2f} to {document['high']:.2f} for accounts of this score"
    return f"{told}: {document['probability']:.2f} (90 %: {edges})"


def _fit_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line per fit: its contribution, its points and how much of it is known."""
    notes = {row["fit"]: row["note"] for row in document["evidence"]["rows"]}
    largest = max((abs(fit["contribution"] or 0.0) for fit in document["fits"]), default=0.0)
    for fit in document["fits"]:
        if not fit["measured"]:
            yield f"  {fit['name']:<11}     -  not measured"
            continue
        size = round(_BAR * abs(fit["contribution"]) / largest) if largest else 0
        bar = ("+" if fit["contribution"] > 0 else "-") * size
        points = "" if fit["points"] is None else f" {fit['points']:+6.1f} points"
        numbers = f"{fit['name']:<11} {fit['contribution']:+.2f} log-odds{points}"
        yield f"  {numbers}  {bar:<{_BAR}}  {notes.get(fit['name'], '')}".rstrip()


def _neighbour_lines(document: Mapping[str, Any]) -> Iterator[str]:
    if document["around"]:
        yield f"  {document['around']}"
    for title, key in (("nearest successes", "like"), ("nearest failures", "unlike")):
        if document[key]:
            yield f"  {title}: {'; '.join(_neighbour(one) for one in document[key])}"


def _neighbour(one: Mapping[str, Any]) -> str:
    differs = ", ".join(f"{change['label']} {change['there']}" for change in one["differs"][:2])
    return f"{one['id']} ({differs})" if differs else str(one["id"])


def _change_lines(changes: Mapping[str, Any]) -> list[str]:
    if not changes["rows"]:
        return [f"  {changes['sentence']}"]
    return [f"  {row['sentence']}" for row in changes["rows"]]
