"""Turn the first accounts of a list into ready text: one row each, six fits in cells, and whom it resembles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from icp_ml.names import FIT_NAMES
from icp_ml.report.wording import share_words

Document = Mapping[str, Any]

SHADES = (0.8, 0.88, 0.94, 0.98)
"""A match from each of these on is drawn one shade darker: typical matches of listed accounts lie around .92."""


@dataclass(frozen=True)
class Cell:
    """How well one fit matches, as text.

    Attributes
    ----------
    fit, shown : str
        Its name, and the match with two decimals; a dash where the model has no attribute of it.
    kind : str
        Class of the cell: ``h0`` (far) to ``h4`` (near), or ``gap``.
    far : str
        ``far +`` or ``far −`` where the document names this fit among those that are far: it speaks more for success
        than that of the nearest seeds, or less; else empty.
    """

    fit: str
    shown: str
    kind: str
    far: str


@dataclass(frozen=True)
class Listed:
    """One account of the list, as text; ``width`` is its similarity in per cent of the bar.

    Attributes
    ----------
    like, unlike : tuple of (str, str)
        Id of each customer, and what differs there.
    """

    id: str
    rank: str
    similarity: str
    width: str
    chance: str
    close: str
    cells: tuple[Cell, ...]
    segment: str
    in_domain: bool
    like: tuple[tuple[str, str], ...]
    unlike: tuple[tuple[str, str], ...]
    sentence: str


def listed_of(row: Document) -> Listed:
    """Return an account of the list as ready text.

    Parameters
    ----------
    row : mapping
        One of ``top`` of the document, of the whole form.
    """
    similarity = row["similarity"]
    return Listed(
        id=str(row["id"]),
        rank=f"{row['rank'] or 0:,}",
        similarity="" if similarity is None else f"{similarity:.3f}",
        width=f"{100 * min(1.0, max(0.0, similarity or 0.0)):.1f}",
        chance=chance_words(row["probability"]),
        close=chance_words(row["p_close"]),
        cells=tuple(_cell(fit, row["matches"].get(fit), _far(fit, row)) for fit in FIT_NAMES),
        segment=row["segment"] or "",
        in_domain=bool(row["in_domain"]),
        like=_neighbours(row["like"]),
        unlike=_neighbours(row["unlike"]),
        sentence=row["sentence"],
    )


def chance_words(chance: float | None) -> str:
    """Return a chance in per cent; never none and never all.

    Examples
    --------
    >>> chance_words(0.424), chance_words(0.998), chance_words(0.004), chance_words(None)
    ('42 %', 'over 99 %', 'under 1 %', '')
    """
    shown = share_words(chance)
    return {"100 %": "over 99 %", "0 %": "under 1 %"}.get(shown, shown)


def _far(fit: str, row: Document) -> str:
    if fit not in row["far"]:
        return ""
    return "far +" if fit in row["far_stronger"] else "far −"


def _cell(fit: str, match: float | None, far: str) -> Cell:
    if match is None:
        return Cell(fit, "–", "gap", "")
    return Cell(fit, f"{match:.2f}", f"h{sum(match >= least for least in SHADES)}", far)


def _neighbours(rows: Sequence[Document]) -> tuple[tuple[str, str], ...]:
    return tuple((str(row["id"]), _differs(row["differs"])) for row in rows)


def _differs(rows: Sequence[Document]) -> str:
    told = "; ".join(f"{one['label']}: {one['there']} (here {one['here']})" for one in rows)
    return f"differs in {told}" if told else "differs in nothing that matters for success"
