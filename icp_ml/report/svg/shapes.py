"""Shapes every chart is drawn from: axis, line, dot, bar, text, and the drawing that holds them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import escape

WIDTH = 400
"""Width of every chart's own coordinates; small enough that 13-unit text stays readable on a phone."""

LETTER = 7.4
"""Mean width of a letter of 13-unit text, on the safe side."""


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


def axis_over(values: Sequence[float], start: float, end: float, least: float = 1e-9) -> Axis:
    """Return an axis that holds every value with a little room, at least `least` wide."""
    low, high = min(values), max(values)
    room = max(0.06 * (high - low), (least - (high - low)) / 2, 1e-9)
    return Axis(low - room, high + room, start, end)


def ticks_of(low: float, high: float, most: int = 8) -> list[float]:
    """Return round numbers between two ends, at most `most` steps apart."""
    sizes = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 100.0)
    step = next((size for size in sizes if (high - low) / size <= most), (high - low) / 2)
    ticks = [round(step * number, 10) for number in range(int(low / step) - 1, int(high / step) + 2)]
    return [tick for tick in ticks if low <= tick <= high]


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return the multiples of 1, 2 or 5 times a power of ten between two ends, at most `most` steps apart.

    Examples
    --------
    >>> round_ticks(-12, 41), round_ticks(0, 130_000)
    ([-10.0, 0.0, 10.0, 20.0, 30.0, 40.0], [0.0, 50000.0, 100000.0])
    """
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if (high - low) / (power * factor) <= most)
    numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
    return [round(step * number, 10) for number in numbers]


def shares() -> tuple[float, ...]:
    """Return the ticks of an axis of shares."""
    return (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def fitting(name: object, width: float) -> str:
    """Return a name cut to a width, with an ellipsis where it was cut.

    Examples
    --------
    >>> fitting("integrations", 40)
    'integ…'
    """
    text, room = str(name), max(2, int(width / LETTER) + 1)
    return text if len(text) <= room else text[: room - 1] + "…"


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line."""
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def dot(x: float, y: float, radius: float, kind: str, tip: str) -> str:
    """Return a filled circle that tells its numbers when pointed at."""
    return f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="{radius:g}"><title>{escape(tip)}</title></circle>'


def bar(x: float, y: float, width: float, height: float, kind: str, tip: str = "") -> str:
    """Return a rectangle; a tip is shown when it is pointed at."""
    told = f"<title>{escape(tip)}</title>" if tip else ""
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:.2f}" height="{height:.2f}" rx="2">{told}</rect>'


def text(x: float, y: float, words: object, anchor: str, kind: str) -> str:
    """Return escaped text at a place; `anchor` is start, middle or end."""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'


def upright(x: float, y: float, words: object, kind: str, angle: int = -90, anchor: str = "middle") -> str:
    """Return turned text."""
    place = f'transform="translate({x:g} {y:g}) rotate({angle})"'
    return f'<text class="{kind}" text-anchor="{anchor}" {place}>{escape(words)}</text>'


def grid(x: Axis, y: Axis, x_ticks: Sequence[float], y_ticks: Sequence[float], x_name: str, y_name: str) -> str:
    """Return lines and numbers of two axes, and what they measure."""
    parts = [y_grid(x, y, y_ticks, y_name)]
    parts += [text(x(tick), y.start + 18, f"{tick:g}", "middle", "tick") for tick in x_ticks]
    parts.append(text((x.start + x.end) / 2, y.start + 40, x_name, "middle", "axis"))
    return "".join(parts)


def y_grid(x: Axis, y: Axis, ticks: Sequence[float], name: str) -> str:
    """Return level lines with their numbers, and what they measure."""
    parts = []
    for tick in ticks:
        parts.append(line(x.start, y(tick), x.end, y(tick), "grid"))
        parts.append(text(x.start - 7, y(tick) + 4, f"{tick:g}", "end", "tick"))
    parts.append(line(x.start, y.start, x.end, y.start, "grid"))
    parts.append(upright(13, (y.start + y.end) / 2, name, "axis"))
    return "".join(parts)


def x_grid(x: Axis, bottom: float, ticks: Sequence[float], name: str) -> str:
    """Return upright lines with their numbers below, and what they measure."""
    parts = []
    for tick in ticks:
        parts.append(line(x(tick), 4, x(tick), bottom, "grid"))
        parts.append(text(x(tick), bottom + 18, f"{tick:g}", "middle", "tick"))
    parts.append(text((x.start + x.end) / 2, bottom + 38, name, "middle", "axis"))
    return "".join(parts)


def legend(names: Sequence[tuple[str, str]], y: float, start: float = 48) -> str:
    """Return a square per class with its name, side by side."""
    parts, x = [], start
    for kind, name in names:
        parts.append(bar(x, y - 10, 11, 11, kind))
        parts.append(text(x + 16, y, name, "start", "tick"))
        x += 16 + LETTER * len(name) + 16
    return "".join(parts)


def drawing(height: float, body: Sequence[str], words: str) -> str:
    """Return the drawing, with its text alternative."""
    label = escape(words)
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{label}">{"".join(body)}</svg>'
