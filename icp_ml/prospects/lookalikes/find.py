"""Find the prospects most like the seeds: in a file of any size in bounded memory, or in a DataFrame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pyarrow as pa

from icp_ml.errors import UsageError, message
from icp_ml.outputs import resolved, temporary_folder, whole_file
from icp_ml.prospects.lookalikes.columns import is_our_by_seed, is_our_lookalikes
from icp_ml.prospects.lookalikes.finding import Finding
from icp_ml.prospects.lookalikes.options import LookalikeOptions
from icp_ml.prospects.lookalikes.summary import LookalikeSummary
from icp_ml.prospects.output import (
    REFUSED_COLUMNS,
    REJECTED_ENDING,
    SUMMARY_ENDING,
    TableWriter,
    beside,
    csv_line,
    is_csv_path,
    is_our_refused,
    is_our_summary,
    refused_lines,
    summary_bytes,
)
from icp_ml.prospects.sources import Source, ensure_apart, metadata_text, opened, unchanged
from icp_ml.prospects.spool import FolderSpool, MemorySpool

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel

_CHUNK_ROWS = 65_536
_METADATA = ("model", "run_id", "kind", "horizon_days", "as_of", "ready", "draft_map", "notes")


class _Paths(NamedTuple):
    """Where the files are written before they are renamed."""

    out: Path
    summary: Path
    rejected: Path
    by_seed: Path | None


def find_file(
    source: Source,
    model: SuccessModel,
    out: str | Path,
    options: LookalikeOptions | None = None,
    *,
    also: Callable[[Mapping[str, Any]], object] | None = None,
) -> LookalikeSummary:
    """Find the lookalikes among the prospects of a file, and write them whole or not at all.

    Parameters
    ----------
    source : str, Path or DataFrame
        CSV, CSV.gz, Parquet or a folder of Parquet, never held in memory; or a DataFrame.
    model : SuccessModel
        A loaded success model with its reference customers.
    out : str or Path
        The lookalike file, ``.csv`` or ``.parquet``, by rank. ``FILE.rejected.csv`` and ``FILE.summary.json`` stand
        beside it.
    options : LookalikeOptions, optional
        How to find them.
    also : callable, optional
        Gets the summary before any file appears: when it raises, none does.

    Returns
    -------
    LookalikeSummary
        Counts that add up, the seeds, the dial and the evidence of the first ranks.

    Raises
    ------
    UsageError
        A wrong ending, or something that is not ours where a file is due.
    DataError
        The model has no customers to compare with, or the table or the seeds are not acceptable.
    FileSystemError
        The operating system could not read or write.

    Notes
    -----
    Rows are admitted as scoring admits them: customers and excluded accounts are never listed, and are counted. In
    memory are 13 bytes a prospect and the list; the same input gives the same bytes, whatever the batches and threads.
    """
    options, out = options or LookalikeOptions(), Path(out)
    by_seed = None if options.by_seed is None else Path(options.by_seed)
    _check_paths(source, out, options)
    with ExitStack() as stack:
        paths = _Paths(
            stack.enter_context(whole_file(out, is_our_lookalikes)),
            stack.enter_context(whole_file(beside(out, SUMMARY_ENDING), is_our_summary)),
            stack.enter_context(whole_file(beside(out, REJECTED_ENDING), is_our_refused)),
            None if by_seed is None else stack.enter_context(whole_file(by_seed, is_our_by_seed)),
        )
        table = opened(source, model, delimiter=options.delimiter, encoding=options.encoding)
        with unchanged(table):
            finding = Finding(table, model, options, FolderSpool(stack.enter_context(temporary_folder(out))))
            document = _write(finding, paths)
        if also is not None:
            also(document)
    return LookalikeSummary(out, by_seed, document)


def find_frame(source: Source, model: SuccessModel, options: LookalikeOptions | None = None) -> pd.DataFrame:
    """Find the lookalikes in a table in memory; the same columns and numbers as the lookalike file of that table.

    Parameters
    ----------
    source : str, Path or DataFrame
        One row per prospect, with the id and the attributes of the model.
    model : SuccessModel
        A loaded success model with its reference customers.
    options : LookalikeOptions, optional
        How to find them.

    Returns
    -------
    DataFrame
        One row per listed prospect, by rank. ``attrs["summary"]`` holds the summary, ``attrs["rejected"]`` the rows
        that could not be used, and ``attrs["by_seed"]`` the nearest prospects of every seed where `by_seed` is set.
    """
    options = options or LookalikeOptions()
    refused: list[dict[str, Any]] = []
    table = opened(source, model, delimiter=options.delimiter, encoding=options.encoding)
    finding = Finding(table, model, options, MemorySpool())
    found = finding.find(lambda rows: refused.extend(row._asdict() for row in rows))
    listed: pd.DataFrame = found.rows.to_pandas()
    listed.attrs = {"summary": found.document, "rejected": refused}
    if found.by_seed is not None:
        listed.attrs["by_seed"] = found.by_seed.to_pylist()
    return listed


def _check_paths(source: Source, out: Path, options: LookalikeOptions) -> None:
    written = [out, *([] if options.by_seed is None else [Path(options.by_seed)])]
    for path in written:
        is_csv_path(path)
    written += [beside(out, SUMMARY_ENDING), beside(out, REJECTED_ENDING)]
    if len(set(map(resolved, written))) < len(written):
        raise UsageError(message(options.by_seed, "is also written otherwise", "two names", "Rename one of them"))
    ensure_apart(source, (options.seeds, options.negatives), written)


def _write(finding: Finding, paths: _Paths) -> dict[str, Any]:
    with paths.rejected.open("wb") as rejected:
        rejected.write(csv_line(REFUSED_COLUMNS))
        found = finding.find(lambda rows: _append(rejected, rows))
    metadata = {name: metadata_text(found.document[name]) for name in _METADATA}
    _write_table(paths.out, found.rows.replace_schema_metadata(metadata), finding.id_column)
    if paths.by_seed is not None and found.by_seed is not None:
        _write_table(paths.by_seed, found.by_seed, finding.id_column)
    paths.summary.write_bytes(summary_bytes(found.document))
    return found.document


def _write_table(path: Path, table: pa.Table, id_column: str) -> None:
    with TableWriter(path, table.schema, is_csv=is_csv_path(path), id_columns=(id_column,)) as writer:
        for start in range(0, table.num_rows, _CHUNK_ROWS):
            writer.write(table.slice(start, _CHUNK_ROWS))


def _append(file: Any, rows: Any) -> None:
    file.write(refused_lines(rows))
