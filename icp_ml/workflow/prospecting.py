"""Find the prospects most like the customers that succeed and unlike those that churned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from icp_ml.outputs import whole_file
from icp_ml.prospects.lookalikes.find import find_file, find_frame
from icp_ml.prospects.lookalikes.options import LookalikeOptions
from icp_ml.prospects.lookalikes.summary import LookalikeSummary
from icp_ml.prospects.output import beside, is_csv_path
from icp_ml.report.render import lookalike_page
from icp_ml.workflow.scoring import Model, ScoredFrame, load

PAGE_ENDING = ".html"
_OURS = b"<!-- icp_ml wrote this page and may replace it. -->\n"


@dataclass(frozen=True)
class LookalikeResult:
    """The lookalikes of a table of prospects, on disk.

    Attributes
    ----------
    summary : LookalikeSummary
        The file that was written, and what its summary says.
    page : Path
        The page beside it.
    """

    summary: LookalikeSummary
    page: Path
    exit_code: int = 0

    @property
    def out(self) -> Path:
        """The lookalike file."""
        return self.summary.out

    @property
    def document(self) -> Mapping[str, Any]:
        """What ``FILE.summary.json`` holds."""
        return self.summary.document

    def to_document(self) -> dict[str, Any]:
        """Return the summary with the paths that were written."""
        return {**self.summary.to_document(), "page": str(self.page)}

    def to_text(self) -> str:
        """Return the first of the list, its seeds, and what was measured."""
        return f"{self.summary.to_text()}\npage: {self.page}"


def lookalikes(
    prospects: str | Path | pd.DataFrame,
    model: Model,
    out: str | Path | None = None,
    *,
    reading: Mapping[str, Any] | None = None,
    **wanted: Any,
) -> LookalikeResult | ScoredFrame:
    """Find the prospects most like customers that succeeded and unlike those that churned.

    Parameters
    ----------
    prospects : path or DataFrame
        The prospects; customers among them are counted and left out.
    model : str, Path or SuccessModel
        A folder, ``models:/NAME@champion``, ``models:/NAME/3``, ``runs:/ID/model``, or a loaded model.
    out : path, optional
        The lookalike file; nothing is written without it. Rejected rows, a summary and a page stand beside it.
    reading : mapping, optional
        ``as_of``, ``encoding``, ``delimiter``, ``on_duplicate``.
    **wanted
        ``top`` or ``reach``, ``seeds``, ``negatives``, ``segment``, ``diversity``, ``p_close``, ``by_seed``,
        ``evaluate``, as in `icp_ml.prospects.lookalikes.options.LookalikeOptions`.

    Returns
    -------
    LookalikeResult or ScoredFrame
        What was written, or the lookalikes themselves when no ``out`` is given.

    Raises
    ------
    UsageError
        A wrong ending, options that exclude each other, or something that is not ours where a file is due.
    DataError
        The table, the seeds or the model do not allow it: the message says what is missing.
    FileSystemError
        The operating system could not read or write.
    """
    options = LookalikeOptions(**wanted, **(reading or {}))
    if out is None:
        found = find_frame(prospects, load(model), options)
        return ScoredFrame(found, found.attrs["summary"], found.attrs["rejected"])
    is_csv_path(Path(out))
    page = beside(Path(out), PAGE_ENDING)
    with whole_file(page, _is_ours) as written:

        def draw(document: Mapping[str, Any]) -> None:
            written.write_bytes(lookalike_page(document) + _OURS)

        summary = find_file(prospects, load(model), out, options, also=draw)
    return LookalikeResult(summary, page)


def _is_ours(path: Path) -> bool:
    return path.read_bytes().endswith(_OURS)
