"""Score a table of prospects with a model: a file of any size in constant memory, or a DataFrame."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pyarrow as pa

from icp_ml import __version__
from icp_ml.accounts.tables import Table, open_table
from icp_ml.errors import ConfigError, UsageError, message
from icp_ml.outputs import resolved, temporary_folder, whole_file
from icp_ml.prospects.admission import BLOCK_ROWS, Admission, OnDuplicate, reading_day
from icp_ml.prospects.columns import LIST_COLUMNS, list_schema, score_columns
from icp_ml.prospects.grades import PreviousGrades
from icp_ml.prospects.output import (
    REFUSED_COLUMNS,
    REJECTED_ENDING,
    SUMMARY_ENDING,
    TableWriter,
    beside,
    csv_line,
    is_csv_path,
    is_our_list,
    is_our_refused,
    is_our_scores,
    is_our_summary,
    refused_lines,
    summary_bytes,
)
from icp_ml.prospects.passes import Run, Standing
from icp_ml.prospects.sources import Source, ensure_apart, metadata_text, opened, unchanged
from icp_ml.prospects.spool import FolderSpool, MemorySpool
from icp_ml.prospects.summary import ScoreSummary, data_notes, model_notes, parity_notes, tally_document

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel

logger = logging.getLogger(__name__)

N_REASONS = 10_000


@dataclass(frozen=True)
class ScoreOptions:
    """How to score.

    Attributes
    ----------
    list_path : Path, optional
        Where the salesperson's list goes: the first ranks, as many as have reasons by attribute, at least `capacity`.
    n_reasons : int
        Ranks with reasons by attribute; the others have reasons by fit.
    as_of : date or ISO text, optional
        The day on which the attributes were known, where the table has no column of it.
    on_duplicate : {"error", "first"}
        Refuse a table in which an id comes twice, or reject every row but the first.
    encoding, delimiter : str, optional
        Of a CSV.
    previous : Path, optional
        An earlier score file: an account near the border of its former tier keeps its grade.
    batch_rows : int
        Rows read at a time; no effect on the result.
    """

    list_path: str | Path | None = None
    n_reasons: int = N_REASONS
    as_of: dt.date | str | None = None
    on_duplicate: OnDuplicate = "error"
    encoding: str | None = None
    delimiter: str | None = None
    previous: str | Path | None = None
    batch_rows: int = BLOCK_ROWS


class _Paths(NamedTuple):
    """Where the files are written before they are renamed."""

    out: Path
    summary: Path
    rejected: Path
    listed: Path | None


def score_file(
    source: Source, model: SuccessModel, out: str | Path, options: ScoreOptions | None = None
) -> ScoreSummary:
    """Score every prospect of a file and write the result whole or not at all.

    Parameters
    ----------
    source : str, Path or DataFrame
        CSV, CSV.gz, Parquet or a folder of Parquet, read three times at most and never held in memory; or a DataFrame.
    model : SuccessModel
        A loaded model of either kind.
    out : str or Path
        The score file, ``.csv`` or ``.parquet``. ``FILE.rejected.csv`` and ``FILE.summary.json`` stand beside it.
    options : ScoreOptions, optional
        How to score.

    Returns
    -------
    ScoreSummary
        Counts that add up, and what a reader must know.

    Raises
    ------
    UsageError
        A wrong ending, or something that is not ours where a file is due.
    DataError
        The table as a whole is not acceptable: columns, types, bytes, ids that come twice.
    FileSystemError
        The operating system could not read or write.

    Notes
    -----
    Files appear in the order list, rejected rows, summary, scores: where there is a score file, the rest is there too.

    A row is rejected when it has no id, an id that came before, a cell that cannot be read, or an id that a spreadsheet
    would run as a formula; the last also for Parquet, so that a table has the same rows in every format. The rest is
    a customer already, excluded (counted under the first rule that matches), or scored. A killed run leaves nothing
    under the final names; the next run sweeps what it left and, with the same input, writes the same bytes.
    """
    options = options or ScoreOptions()
    out = Path(out)
    list_path = None if options.list_path is None else Path(options.list_path)
    _check_paths(source, out, list_path)
    with ExitStack() as stack:
        paths = _Paths(
            stack.enter_context(whole_file(out, is_our_scores)),
            stack.enter_context(whole_file(beside(out, SUMMARY_ENDING), is_our_summary)),
            stack.enter_context(whole_file(beside(out, REJECTED_ENDING), is_our_refused)),
            None if list_path is None else stack.enter_context(whole_file(list_path, is_our_list)),
        )
        table = opened(source, model, delimiter=options.delimiter, encoding=options.encoding)
        with unchanged(table):
            run = _prepare(table, model, options, wants_list=list_path is not None)
            spool_folder = stack.enter_context(temporary_folder(out))
            document = _write(run, paths, FolderSpool(spool_folder), table, options)
    return ScoreSummary(out, list_path, document)


def score_frame(source: Source, model: SuccessModel, options: ScoreOptions | None = None) -> pd.DataFrame:
    """Score a table in memory; the same columns and numbers as the score file of the same table.

    Parameters
    ----------
    source : str, Path or DataFrame
        One row per prospect, with the id and the attributes of the model.
    model : SuccessModel
        A loaded model of either kind.
    options : ScoreOptions, optional
        How to score; `list_path` and `previous` are for files.

    Returns
    -------
    DataFrame
        One row per accepted prospect, input order kept. ``attrs["summary"]`` holds the summary and
        ``attrs["rejected"]`` the rows that could not be scored, as dictionaries.
    """
    options = options or ScoreOptions()
    table = opened(source, model, delimiter=options.delimiter, encoding=options.encoding)
    run = _prepare(table, model, options, wants_list=False)
    refused: list[dict[str, Any]] = []
    spool = MemorySpool()
    standing = run.first_pass(spool, options.batch_rows, lambda rows: refused.extend(row._asdict() for row in rows))
    schema = run.schema({})
    parts = [finished for finished, _ in run.second_pass(spool, standing, schema)]
    scored: pd.DataFrame = pa.concat_tables([schema.empty_table(), *parts]).to_pandas()
    scored.attrs = {"summary": _summary(run, standing, table, options), "rejected": refused}
    return scored


def _check_paths(source: Source, out: Path, list_path: Path | None) -> None:
    is_csv_path(out)
    if list_path is not None:
        is_csv_path(list_path)
    written = [out, beside(out, SUMMARY_ENDING), beside(out, REJECTED_ENDING), *([list_path] if list_path else [])]
    if len(set(map(resolved, written))) < len(written):
        raise UsageError(message(list_path, "is also written as the score file", "two names", "Rename one of them"))
    ensure_apart(source, (), written)


def _prepare(table: Table, model: SuccessModel, options: ScoreOptions, *, wants_list: bool) -> Run:
    day = reading_day(options.as_of)
    admission = Admission(table, model, as_of=day, on_duplicate=options.on_duplicate)
    if admission.id_column in {*score_columns(model.kind), *LIST_COLUMNS} - {"id"}:
        came = f"the id column is called '{admission.id_column}', like a column of ours"
        raise ConfigError(message(table.path, came, "another name", "Rename it in both tables and train again"))
    previous = None
    if options.previous is not None:
        earlier = open_table(options.previous)
        previous = (PreviousGrades.read(earlier, admission.id_column), earlier.sha256)
    run_id = _run_id(table, model, options, day, previous[1] if previous else None)
    n_list = max(options.n_reasons, model.capacity or 0) if wants_list else 0
    return Run(model, admission, options.n_reasons, n_list, run_id, previous[0] if previous else None)


def _run_id(table: Table, model: SuccessModel, options: ScoreOptions, day: dt.date | None, previous: str | None) -> str:
    """Digest everything that decides the content of the score file."""
    decides = {
        "model": model.digest,
        "label": model.label,
        "data": table.sha256,
        "code": __version__,
        "n_reasons": options.n_reasons,
        "as_of": None if day is None else day.isoformat(),
        "on_duplicate": options.on_duplicate,
        "encoding": options.encoding,
        "delimiter": options.delimiter,
        "previous": previous,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]


def _write(run: Run, paths: _Paths, spool: FolderSpool, table: Table, options: ScoreOptions) -> dict[str, Any]:
    with paths.rejected.open("wb") as rejected:
        rejected.write(csv_line(REFUSED_COLUMNS))
        standing = run.first_pass(spool, options.batch_rows, lambda rows: _append(rejected, rows))
    document = _summary(run, standing, table, options)
    schema = run.schema(_metadata(document))
    id_columns = (run.admission.id_column,)
    listed = []
    with TableWriter(paths.out, schema, is_csv=is_csv_path(paths.out), id_columns=id_columns) as writer:
        for finished, for_people in run.second_pass(spool, standing, schema):
            writer.write(finished)
            if run.n_list and for_people.num_rows:
                listed.append(for_people)
    if paths.listed is not None:
        people = list_schema(run.admission.id_column)
        with TableWriter(paths.listed, people, is_csv=is_csv_path(paths.listed), id_columns=id_columns) as writer:
            writer.write(pa.concat_tables([people.empty_table(), *listed]).sort_by("rank"))
    paths.summary.write_bytes(summary_bytes(document))
    return document


def _append(file: Any, rows: Any) -> None:
    file.write(refused_lines(rows))


def _metadata(document: dict[str, Any]) -> dict[str, str]:
    names = ("model", "run_id", "kind", "horizon_days", "as_of", "ready", "draft_map", "notes")
    return {name: metadata_text(document[name]) for name in names}


def _summary(run: Run, standing: Standing, table: Table, options: ScoreOptions) -> dict[str, Any]:
    model, admission = run.model, run.admission
    day = reading_day(options.as_of) or model.contract.as_of_default
    return {
        **tally_document(admission.tally, standing.out_of_domain),
        "grades": standing.grade_counts(),
        "capacity": standing.capacity,
        "model": run.model_text,
        "run_id": run.run_id,
        "kind": model.kind,
        "ready": model.ready,
        "draft_map": not model.map_reviewed,
        "horizon_days": model.horizon_days,
        "as_of": None if day is None else day.isoformat(),
        "as_of_column": model.contract.as_of if model.contract.as_of in table.columns else None,
        "n_reasons": options.n_reasons,
        "data_sha256": table.sha256,
        "code_version": __version__,
        "ignored_columns": admission.ignored_columns,
        "notes": [
            *model_notes(model),
            *admission.notes,
            *parity_notes(model, admission.tally),
            *data_notes(admission.tally, standing.out_of_domain),
        ],
    }
