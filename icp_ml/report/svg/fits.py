"""Charts of why: bars of fits, held-out importance, interactions, and the attributes behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.svg.shapes import (
    LETTER,
    WIDTH,
    Axis,
    axis_over,
    bar,
    dot,
    drawing,
    line,
    text,
    ticks_of,
    upright,
    x_grid,
)

_Name = tuple[float, float, str, float]
"""Where a level's name starts and ends, the name, and the level's mean."""


def fit_bars(fits: Sequence[dict[str, Any]]) -> str:
    """Draw how far each fit moves a score on average; a fit without attributes says so."""
    longest = max([1e-9, *(fit["mean_abs"] for fit in fits)])
    x = Axis(0, longest, 112, WIDTH - 62)
    body = []
    for index, fit in enumerate(fits):
        top = 10 + index * 34
        body.append(text(104, top + 17, fit["name"], "end", "label"))
        if not fit["measured"]:
            body.append(text(114, top + 17, "not measured", "start", "faint"))
            continue
        kind = "bar context" if fit["name"] == "context" else "bar"
        width = max(1.0, x(fit["mean_abs"]) - 112)
        body.append(f'<rect class="{kind}" x="112" y="{top}" width="{width:.2f}" height="24" rx="3"/>')
        body.append(text(112 + width + 7, top + 17, f"{fit['mean_abs']:.2f}", "start", "value"))
    words = "; ".join(
        f"{f['name']} {f['mean_abs']:.2f}" if f["measured"] else f"{f['name']} not measured" for f in fits
    )
    return drawing(20 + 34 * len(fits), body, f"Mean absolute contribution of each fit in log-odds: {words}")


def importance_chart(rows: Sequence[Mapping[str, Any]]) -> str:
    """Draw what each fit is worth on accounts it did not see, with intervals; a bracket joins fits that are ties."""
    known = [row for row in rows if row["measured"] and row["value"] is not None]
    if not known:
        return ""
    ordered = sorted(known, key=lambda row: -float(row["value"]))
    unknown = [row for row in rows if not (row["measured"] and row["value"] is not None)]
    bottom, right = 32 * len(rows) + 8, WIDTH - 16 - 9 * len(_ties(ordered))
    x = axis_over([0.0, *(row[end] for row in known for end in ("value", "low", "high"))], 106, right)
    body = [x_grid(x, bottom, ticks_of(x.low, x.high, 5), "log loss saved by knowing the fit")]
    body.append(line(x(0), 4, x(0), bottom, "reference"))
    for place, row in enumerate(ordered):
        body.append(_important(x, 22 + 32 * place, row))
    for place, row in enumerate(unknown, len(ordered)):
        body.append(text(98, 26 + 32 * place, row["fit"], "end", "label"))
        body.append(text(112, 26 + 32 * place, "not measured", "start", "faint"))
    body += [_bracket(right + 10 + 9 * lane, *ends) for lane, ends in enumerate(_ties(ordered))]
    words = "; ".join(f"{row['fit']} {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})" for row in ordered)
    return drawing(bottom + 46, body, f"Held-out importance of fits in log loss, largest first: {words}")


def _important(x: Axis, middle: float, row: Mapping[str, Any]) -> str:
    kind = "mark" if row["important"] else "mark hollow"
    tip = f"{row['fit']}: {row['value']:.4f} ({row['low']:.4f} to {row['high']:.4f})"
    parts = [
        text(98, middle + 4, row["fit"], "end", "label"),
        line(x(row["low"]), middle, x(row["high"]), middle, "interval"),
        dot(x(row["value"]), middle, 5.5, kind, tip),
    ]
    return "".join(parts)


def _ties(ordered: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Return the longest runs, from the first to the last place, whose ends are called ties."""
    runs: list[tuple[int, int]] = []
    for first, row in enumerate(ordered):
        tied = [place for place, other in enumerate(ordered) if place > first and other["fit"] in row["tied_with"]]
        last = max(tied, default=first)
        if last > first and not any(start <= first and last <= end for start, end in runs):
            runs.append((first, last))
    return runs


def _bracket(where: float, first: int, last: int) -> str:
    top, bottom = 14 + 32 * first, 30 + 32 * last
    path = f"M{where - 4:g} {top} H{where:g} V{bottom} H{where - 4:g}"
    return f'<path class="bracket" d="{path}"><title>ties: the data cannot tell which is larger</title></path>'


def interactions_chart(names: Sequence[str], matrix: Sequence[Sequence[float | None]]) -> str:
    """Draw the mean absolute interaction of each pair of fits, own effects on the diagonal, darker for larger."""
    if not names:
        return ""
    size, left, top = (WIDTH - 122) / len(names), 98.0, 88.0
    pairs = [abs(value or 0.0) for row, line_ in enumerate(matrix) for value in line_[:row]]
    most = max([1e-9, *pairs])
    body = []
    for row, name in enumerate(names):
        body.append(text(left - 8, top + size * row + 25, name, "end", "label"))
        body.append(upright(left + size * (row + 0.5) + 5, top - 8, name, "label", -60, "start"))
        for column in range(row + 1):
            value = abs(matrix[row][column] or 0.0)
            shade = None if row == column else value / most
            body.append(_cell(left + size * column, top + size * row, size - 3, value, shade))
    words = "; ".join(
        f"{names[row]} with {names[column]} {abs(matrix[row][column] or 0.0):.2f}"
        for row in range(len(names))
        for column in range(row)
    )
    return drawing(top + size * len(names) + 4, body, f"Mean absolute interaction of fits in log-odds: {words}")


def _cell(x: float, y: float, size: float, value: float, shade: float | None) -> str:
    """Return a square with its number; own effects have no shade, so that pairs are compared with pairs."""
    fill = "cell own" if shade is None else f"cell h{min(4, int(shade * 5))}"
    ink = "value light" if shade is not None and shade >= 0.6 else "value"
    return bar(x, y, size, size, fill) + text(x + size / 2, y + size / 2 + 4, f"{value:.2f}", "middle", ink)


def beeswarm(rows: Sequence[dict[str, Any]]) -> str:
    """Draw where accounts stand by each attribute: a dot per account, coloured from low to high, or one per level."""
    if not rows:
        return ""
    reach = max([1e-9, *(abs(dot) for row in rows for dot in (*(p[0] for p in row["points"]), *_means(row)))])
    x = Axis(-reach, reach, 14, WIDTH - 14)
    height = 54
    bottom = height * len(rows) + 8
    body = [line(x(0), 6, x(0), bottom, "reference")]
    for index, row in enumerate(rows):
        top = index * height
        body.append(text(14, top + 16, row["label"], "start", "label"))
        body.append(text(WIDTH - 14, top + 16, row["fit"], "end", "faint"))
        body.extend(_levels(row["levels"], x, top + 31) if row["levels"] else _swarm(row["points"], x, top + 33))
    for value in (-reach, 0.0, reach):
        anchor = "start" if value < 0 else "end" if value > 0 else "middle"
        body.append(text(x(value), bottom + 18, f"{value:+.2f}" if value else "0", anchor, "tick"))
    body.append(text(WIDTH / 2, bottom + 38, "contribution to the score (log-odds)", "middle", "axis"))
    words = ", ".join(row["label"] for row in rows)
    return drawing(bottom + 46, body, f"Contributions by attribute, largest first: {words}")


def _swarm(points: Sequence[Sequence[float | None]], x: Axis, middle: float) -> list[str]:
    """Place dots side by side where they would cover each other (stacked by rounded position)."""
    stacked: dict[int, int] = {}
    dots = []
    for contribution, position in points:
        where = x(float(contribution or 0.0))
        level = stacked[int(where // 3)] = stacked.get(int(where // 3), -1) + 1
        offset = (level + 1) // 2 * (1.6 if level % 2 else -1.6)
        kind = "none" if position is None else f"v{min(4, int(position * 5))}"
        dots.append(f'<circle class="{kind}" cx="{where}" cy="{middle + max(-10.5, min(10.5, offset)):.1f}" r="1.9"/>')
    return dots


def _means(row: dict[str, Any]) -> list[float]:
    return [level["mean"] for level in row["levels"]]


def _levels(levels: Sequence[dict[str, Any]], x: Axis, middle: float) -> list[str]:
    """Place one dot per level, as large as its share, and name the two ends."""
    dots = []
    for level in levels:
        tip = f"{level['name']}: {level['mean']:+.2f}, {level['n']} accounts"
        dots.append(dot(x(level["mean"]), middle, 2.5 + 7 * level["share"] ** 0.5, "level", tip))
    lowest, highest = min(levels, key=lambda level: level["mean"]), max(levels, key=lambda level: level["mean"])
    named = [_placed(level, x) for level in ([lowest, highest] if lowest is not highest else [lowest])]
    if len(named) == 2 and named[0][1] > named[1][0]:
        named = _apart(*named)
    return [*dots, *(text((start + end) / 2, middle + 20, name, "middle", "tick") for start, end, name, _ in named)]


def _apart(left: _Name, right: _Name) -> list[_Name]:
    """Move two names that would touch away from each other; where one leaves the drawing, keep the farther one."""
    middle = (left[1] + right[0]) / 2
    moved_left = (middle - (left[1] - left[0]), middle, *left[2:])
    moved_right = (middle, middle + right[1] - right[0], *right[2:])
    if moved_left[0] < 0 or moved_right[1] > WIDTH:
        return [max((left, right), key=lambda place: abs(place[3]))]
    return [moved_left, moved_right]


def _placed(level: dict[str, Any], x: Axis) -> _Name:
    """Return where a level's name starts and ends, held inside the drawing, the name, and its mean."""
    name = level["name"] if len(level["name"]) <= 24 else level["name"][:23] + "…"
    half = LETTER / 2 * len(name) + 3
    centre = min(max(x(level["mean"]), half), WIDTH - half)
    return centre - half, centre + half, name, level["mean"]
