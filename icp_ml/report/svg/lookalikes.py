"""Charts of a list of lookalikes: what a longer list would hold, and every method by what it brings up."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from icp_ml.report.svg.shapes import (
    LETTER,
    WIDTH,
    Axis,
    axis_over,
    dot,
    drawing,
    fitting,
    grid,
    line,
    round_ticks,
    shares,
    text,
    y_grid,
)
from icp_ml.report.wording import small_share_words

Row = Mapping[str, Any]
_Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
_CURVES = (
    ("probability", "mean chance of success", "curve", "mark"),
    ("similarity", "similarity of the last one", "curve second", "second-mark"),
    ("reach", "hidden successes reached", "curve third", "third-mark"),
)
"""Key in the rows, name in the legend, class of the line, class of its points."""
_BOTTOM = 240
_SMALL = 0.93 * LETTER
"""Mean width of a letter of 12-unit text."""
_SHORTEST = 40
"""Width of a line between methods that their points do not cover."""


def dial_chart(rows: Sequence[Row], *, is_diverse: bool = False) -> str:
    """Draw what a list holds by how many prospects are on it; empty with fewer than two lengths.

    Parameters
    ----------
    rows : sequence of mapping
        ``dial.rows`` of the document. Lengths stand on a logarithmic axis; the list itself is an upright line.
    is_diverse : bool
        The list gave up similarity for variety, so that its points stand beside the lines of the most similar.

    Returns
    -------
    str
        SVG.
    """
    known = sorted((row for row in rows if row["share"]), key=lambda row: row["share"])
    if len(known) < 2 or known[0]["share"] == known[-1]["share"]:
        return ""
    curves = [curve for curve in _CURVES if any(row[curve[0]] is not None for row in known)]
    x = Axis(math.log10(known[0]["share"]), math.log10(known[-1]["share"]), 48, WIDTH - 20)
    y = Axis(0, 1, _BOTTOM, 30)
    body = [y_grid(x, y, shares(), "chance, similarity, share"), _lengths(x, known), _of_the_list(x, known)]
    body += [_curve(x, y, known, curve, is_diverse=is_diverse) for curve in curves]
    body += [_key(_BOTTOM + 64 + 18 * place, curve) for place, curve in enumerate(curves)]
    return drawing(_BOTTOM + 56 + 18 * len(curves), body, _dial_words(known, curves))


def _lengths(x: Axis, rows: Sequence[Row]) -> str:
    """Return the numbers below the axis; those that would touch are left out."""
    parts, right = [], -math.inf
    for row in rows:
        shown = small_share_words(row["share"])
        where, half = x(math.log10(row["share"])), LETTER * len(shown) / 2
        if row["is_list"] or where - half < right:
            continue
        parts.append(text(where, _BOTTOM + 18, shown, "middle", "tick"))
        right = where + half
    parts.append(text((x.start + x.end) / 2, _BOTTOM + 40, "share of the prospects listed", "middle", "axis"))
    return "".join(parts)


def _of_the_list(x: Axis, rows: Sequence[Row]) -> str:
    parts = []
    for row in rows:
        if row["is_list"]:
            where, told = x(math.log10(row["share"])), f"this list: {row['n']:,}"
            side = "start" if where < WIDTH / 2 else "end"
            parts += [line(where, 22, where, _BOTTOM, "today"), text(where, 16, told, side, "value strong")]
    return "".join(parts)


def _curve(x: Axis, y: Axis, rows: Sequence[Row], curve: tuple[str, str, str, str], *, is_diverse: bool) -> str:
    key, name, kind, mark = curve
    known = [row for row in rows if row[key] is not None]
    joined = [row for row in known if not (is_diverse and row["is_list"])]
    path = " ".join(f"{x(math.log10(row['share'])):g},{y(row[key]):g}" for row in joined)
    dots = [_point(x(math.log10(row["share"])), y(row[key]), row, f"{name} {row[key]:.2f}", mark) for row in known]
    return f'<polyline class="{kind}" points="{path}"/>' + "".join(dots)


def _point(across: float, up: float, row: Row, told: str, mark: str) -> str:
    return dot(across, up, 6 if row["is_list"] else 4, mark, f"{row['n']:,} prospects: {told}")


def _key(y: float, curve: tuple[str, str, str, str]) -> str:
    _, name, kind, mark = curve
    sample = f'<polyline class="{kind}" points="48,{y - 4:g} 84,{y - 4:g}"/>'
    return sample + dot(66, y - 4, 4, mark, name) + text(94, y, name, "start", "tick")


def _dial_words(rows: Sequence[Row], curves: Sequence[tuple[str, str, str, str]]) -> str:
    told = "; ".join(
        f"{row['n']:,} prospects: "
        + ", ".join(f"{name} {row[key]:.2f}" for key, name, *_ in curves if row[key] is not None)
        for row in rows
    )
    return f"What a list holds by its length: {told}"


def methods_chart(rows: Sequence[Row], ours: str) -> str:
    """Draw each method by the hidden successes it reaches and by how it tells them from the churned.

    Parameters
    ----------
    rows : sequence of mapping
        ``evaluation.rows`` of the document.
    ours : str
        Key of the method that made the list: filled darkest, and named before the others.

    Returns
    -------
    str
        SVG; empty with fewer than two methods. The line joins methods that no other beats in both; dashed is chance.
    """
    known = [row for row in rows if row["auc"] is not None and row["reach"] is not None]
    if len(known) < 2:
        return ""
    x = axis_over([0.0, *(100 * row["reach"] for row in known)], 48, WIDTH - 12)
    y = axis_over([0.5, *(end for row in known for end in _ends(row))], 262, 12, least=0.1)
    ticks = [tick for tick in round_ticks(x.low, x.high) if tick >= 0]
    body = [grid(x, y, ticks, round_ticks(y.low, y.high), "hidden successes reached, %", "success above churned (AUC)")]
    body += [line(x.start, y(0.5), x.end, y(0.5), "reference"), _front(x, y, known)]
    body += [_interval(x, y, row) for row in known]
    body += [_method(x, y, row, is_ours=row["method"] == ours) for row in known]
    body += _names(x, y, sorted(known, key=lambda row: row["method"] != ours), ours)
    words = "; ".join(f"{row['label']} AUC {row['auc']:.2f}, reaches {100 * row['reach']:.0f} %" for row in known)
    return drawing(310, body, f"Methods by what they reach and what they tell apart: {words}")


def _ends(row: Row) -> tuple[float, float]:
    value = float(row["auc"])
    return (value if row["low"] is None else float(row["low"]), value if row["high"] is None else float(row["high"]))


def _interval(x: Axis, y: Axis, row: Row) -> str:
    across, (low, high) = x(100 * row["reach"]), _ends(row)
    return line(across, y(low), across, y(high), "interval")


def _front(x: Axis, y: Axis, rows: Sequence[Row]) -> str:
    """Return the line along the methods that no other beats in both; none where the points would cover it."""
    steps = _steps(x, y, rows)
    if not steps or steps[-1][0] - steps[0][0] < _SHORTEST:
        return ""
    path = " ".join(f"{across:g},{up:g}" for across, up in steps)
    return f'<polyline class="front-line" points="{path}"/>'


def _steps(x: Axis, y: Axis, rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Return the corners of the front: level to where the next method stands, then down to it."""
    best = sorted((row for row in rows if row["on_front"]), key=lambda row: row["reach"])
    places = [(x(100 * row["reach"]), y(row["auc"])) for row in best]
    corners = [[(across, up), (across, low)] for (_, up), (across, low) in pairwise(places)]
    return [*places[:1], *chain.from_iterable(corners)] if len(places) > 1 else []


def _method(x: Axis, y: Axis, row: Row, *, is_ours: bool) -> str:
    kind = "ours" if is_ours else "mark" if row["on_front"] else "mark hollow"
    tip = f"{row['label']}: AUC {row['auc']:.3f}, reaches {100 * row['reach']:.0f} %"
    return dot(x(100 * row["reach"]), y(row["auc"]), 7 if is_ours else 5, kind, tip)


def short_name(label: str) -> str:
    """Return a label without what explains it.

    Examples
    --------
    >>> short_name("Similarity (this method)"), short_name("Nearest seeds, all attributes alike (Gower)")
    ('Similarity', 'Nearest seeds')
    """
    return label.split(" (")[0].split(",")[0]


def _names(x: Axis, y: Axis, rows: Sequence[Row], ours: str) -> list[str]:
    """Return a name near each method, joined to it where it stands away; without room the table alone tells it."""
    dots = [(x(100 * row["reach"]), y(row["auc"])) for row in rows]
    taken: list[_Box] = [(across - 8, up - 8, across + 8, up + 8) for across, up in dots]
    lines = _drawn(x, y, rows, dots)
    parts = []
    for row, (across, up) in zip(rows, dots, strict=True):
        is_ours = row["method"] == ours
        name = fitting(short_name(row["label"]), 210)
        places = list(_places(across, up, (LETTER if is_ours else _SMALL) * len(name)))
        clear = (one for one in places if _is_free(one.box, [*taken, *lines]))
        place = next(clear, None) or next((one for one in places if _is_free(one.box, taken)), None)
        if place is not None:
            parts += [place.leader, text(*place.start, name, "start", "value strong" if is_ours else "tick")]
            taken.append(place.box)
    return parts


def _drawn(x: Axis, y: Axis, rows: Sequence[Row], dots: Sequence[tuple[float, float]]) -> list[_Box]:
    """Return the lines that a name should not cover: intervals, the line of chance and the steps of the front."""
    upright = [
        (across, y(_ends(row)[1]), across, y(_ends(row)[0])) for row, (across, _) in zip(rows, dots, strict=True)
    ]
    steps = _steps(x, y, rows)
    level = [(left, up, right, up) for (left, up), (right, low) in pairwise(steps) if up == low]
    down = [(left, up, left, low) for (left, up), (right, low) in pairwise(steps) if left == right]
    return [*upright, *level, *down, (x.start, y(0.5), x.end, y(0.5))]


@dataclass(frozen=True)
class _Place:
    """Where a name could begin, the box it would fill, and the line that joins it to its method."""

    start: tuple[float, float]
    box: _Box
    leader: str


def _places(across: float, up: float, width: float) -> Iterator[_Place]:
    """Yield places for a name: right, left, above and below its method, and then farther away."""
    for away in (0.0, 14.0, 26.0, 38.0, 52.0):
        for near, base in ((across + 11, up + 4 - away), (across + 11, up + 4 + away)):
            yield _place(across, up, (near, base), width, near if away else None)
        for near, base in ((across - 11, up + 4 - away), (across - 11, up + 4 + away)):
            yield _place(across, up, (near - width, base), width, near if away else None)
        for base in (up - 13 - away, up + 22 + away):
            yield _place(across, up, (across - width / 2, base), width, across if away else None)


def _place(across: float, up: float, start: tuple[float, float], width: float, joined: float | None) -> _Place:
    left, base = start
    edge = base - 9 if base > up else base + 2
    leader = "" if joined is None else line(across, up, joined, edge, "leader")
    return _Place(start, (left, base - 11, left + width, base + 3), leader)


def _is_free(box: _Box, taken: Sequence[_Box]) -> bool:
    left, top, right, bottom = box
    inside = left >= 48 and right <= WIDTH - 2 and top >= 4 and bottom <= 258
    return inside and all(right < box[0] or left > box[2] or bottom < box[1] or top > box[3] for box in taken)
