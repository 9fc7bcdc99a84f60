"""Draw charts as SVG text: small, sharp in print, readable without scripts. Charts compute nothing but positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

WIDTH = 440
"""Width of every chart's own coordinates; small enough that 13-unit text stays readable on a phone."""


_Name = tuple[float, float, str, float]
"""Where a level's name starts and ends, the name, and the level's mean."""


@dataclass(frozen=True)
class Axis:
    """A straight map from data to drawing coordinates."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the coordinate of a value, held inside the axis."""
        inside = min(max(value, self.low), self.high)
        return round(self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start), 2)


def reliability_chart(bins: Sequence[dict[str, Any]]) -> str:
    """Draw predicted against observed success shares with their 90 % intervals."""
    x, y = Axis(0, 1, 48, WIDTH - 12), Axis(0, 1, 290, 14)
    body = [_grid(x, y, _shares(), _shares(), "predicted chance of success", "share that succeeded")]
    body.append(_line(x(0), y(0), x(1), y(1), "reference"))
    for item in bins:
        where = x(item["predicted"])
        body.append(_line(where, y(item["low"]), where, y(item["high"]), "interval"))
        tip = f"predicted {item['predicted']:.2f}, observed {item['observed']:.2f}, {item['n']} accounts"
        body.append(_dot(where, y(item["observed"]), 5, "mark", tip))
    words = "; ".join(f"{b['predicted']:.2f} predicted, {b['observed']:.2f} observed" for b in bins)
    return _svg(340, body, f"Reliability: {words}")


def lift_chart(curve: Sequence[dict[str, Any]]) -> str:
    """Draw the success share of the best-scored accounts over the base rate, by how many are worked."""
    top = max([1.5, *(point["lift"] for point in curve)]) * 1.05
    bottom = min([0.8, *(point["lift"] for point in curve)]) * 0.98
    x, y = Axis(0, 1, 48, WIDTH - 12), Axis(bottom, top, 290, 14)
    levels = [level for level in _steps(bottom, top) if bottom <= level <= top]
    body = [_grid(x, y, _shares(), levels, "share of accounts worked, best first", "lift over the base rate")]
    body.append(_line(x(0), y(1), x(1), y(1), "reference"))
    path = " ".join(f"{x(point['share'])},{y(point['lift'])}" for point in curve)
    body.append(f'<polyline class="curve" points="{path}"/>')
    words = "; ".join(f"{p['share']:.0%}: {p['lift']:.2f}" for p in curve[:: max(1, len(curve) // 6)])
    return _svg(340, body, f"Lift by share of accounts worked: {words}")


def fit_bars(fits: Sequence[dict[str, Any]]) -> str:
    """Draw how far each fit moves a score on average; a fit without attributes says so."""
    longest = max([1e-9, *(fit["mean_abs"] for fit in fits)])
    x = Axis(0, longest, 112, WIDTH - 62)
    body = []
    for index, fit in enumerate(fits):
        top = 10 + index * 34
        body.append(_text(104, top + 17, fit["name"], "end", "label"))
        if not fit["measured"]:
            body.append(_text(114, top + 17, "not measured", "start", "faint"))
            continue
        kind = "bar context" if fit["name"] == "context" else "bar"
        width = max(1.0, x(fit["mean_abs"]) - 112)
        body.append(f'<rect class="{kind}" x="112" y="{top}" width="{width:.2f}" height="24" rx="3"/>')
        body.append(_text(112 + width + 7, top + 17, f"{fit['mean_abs']:.2f}", "start", "value"))
    words = "; ".join(
        f"{f['name']} {f['mean_abs']:.2f}" if f["measured"] else f"{f['name']} not measured" for f in fits
    )
    return _svg(20 + 34 * len(fits), body, f"Mean absolute contribution of each fit in log-odds: {words}")


def beeswarm(rows: Sequence[dict[str, Any]]) -> str:
    """Draw where accounts stand by each attribute: a dot per account, coloured from low to high, or one per level."""
    if not rows:
        return ""
    reach = max([1e-9, *(abs(dot) for row in rows for dot in (*(p[0] for p in row["points"]), *_means(row)))])
    x = Axis(-reach, reach, 14, WIDTH - 14)
    height = 54
    bottom = height * len(rows) + 8
    body = [_line(x(0), 6, x(0), bottom, "reference")]
    for index, row in enumerate(rows):
        top = index * height
        body.append(_text(14, top + 16, row["label"], "start", "label"))
        body.append(_text(WIDTH - 14, top + 16, row["fit"], "end", "faint"))
        body.extend(_levels(row["levels"], x, top + 31) if row["levels"] else _swarm(row["points"], x, top + 33))
    for value in (-reach, 0.0, reach):
        anchor = "start" if value < 0 else "end" if value > 0 else "middle"
        body.append(_text(x(value), bottom + 18, f"{value:+.2f}" if value else "0", anchor, "tick"))
    body.append(_text(WIDTH / 2, bottom + 38, "contribution to the score (log-odds)", "middle", "axis"))
    words = ", ".join(row["label"] for row in rows)
    return _svg(bottom + 46, body, f"Contributions by attribute, largest first: {words}")


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
        dots.append(_dot(x(level["mean"]), middle, 2.5 + 7 * level["share"] ** 0.5, "level", tip))
    lowest, highest = min(levels, key=lambda level: level["mean"]), max(levels, key=lambda level: level["mean"])
    named = [_placed(level, x) for level in ([lowest, highest] if lowest is not highest else [lowest])]
    if len(named) == 2 and named[0][1] > named[1][0]:
        named = _apart(*named)
    return [*dots, *(_text((start + end) / 2, middle + 20, text, "middle", "tick") for start, end, text, _ in named)]


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
    half = 3.4 * len(name) + 3
    centre = min(max(x(level["mean"]), half), WIDTH - half)
    return centre - half, centre + half, name, level["mean"]


def _grid(x: Axis, y: Axis, x_ticks: Sequence[float], y_ticks: Sequence[float], x_name: str, y_name: str) -> str:
    parts = []
    for tick in y_ticks:
        parts.append(_line(x.start, y(tick), x.end, y(tick), "grid"))
        parts.append(_text(x.start - 7, y(tick) + 4, f"{tick:g}", "end", "tick"))
    for tick in x_ticks:
        parts.append(_text(x(tick), y.start + 18, f"{tick:g}", "middle", "tick"))
    parts.append(_line(x.start, y.start, x.end, y.start, "grid"))
    parts.append(_text((x.start + x.end) / 2, y.start + 40, x_name, "middle", "axis"))
    middle = (y.start + y.end) / 2
    parts.append(
        f'<text class="axis" text-anchor="middle" transform="translate(13 {middle}) rotate(-90)">{y_name}</text>'
    )
    return "".join(parts)


def _shares() -> tuple[float, ...]:
    return (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def _steps(low: float, high: float) -> list[float]:
    step = next(step for step in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 1e9) if (high - low) / step <= 8)
    return [round(step * number, 10) for number in range(int(low / step), int(high / step) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _dot(x: float, y: float, radius: float, kind: str, tip: str) -> str:
    return f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="{radius:g}"><title>{escape(tip)}</title></circle>'


def _text(x: float, y: float, text: str, anchor: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(height: float, body: Sequence[str], words: str) -> str:
    label = escape(words)
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{label}">{"".join(body)}</svg>'
