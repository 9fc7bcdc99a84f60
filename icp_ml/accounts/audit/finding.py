"""One thing an audit found, as a value that every output draws from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["blocker", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("blocker", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing an audit found.

    Attributes
    ----------
    severity : {"blocker", "warning", "note"}
        A blocker stops training.
    check : str
        Short name of the check.
    column : str or None
        The column it is about; None for the table.
    count : int
        Rows or values concerned.
    evidence : str
        Numbers behind it; never values of personal columns.
    next_step : str
        What to do about it.
    """

    severity: Severity
    check: str
    column: str | None
    count: int
    evidence: str
    next_step: str

    def as_document(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return asdict(self)
