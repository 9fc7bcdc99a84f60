"""Charts put marks where the numbers are, and nothing outside the drawing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from icp_ml.report import svg

BIN = {"predicted": 0.5, "observed": 0.25, "low": 0.1, "high": 0.4, "n": 20}


def circles(drawing):
    return [(float(c.get("cx")), float(c.get("cy"))) for c in ET.fromstring(drawing).iter("circle")]


def test_axis_maps_ends_and_holds_values_inside():
    axis = svg.Axis(0, 10, 100, 200)
    assert [axis(0), axis(5), axis(10), axis(99)] == [100, 150, 200, 200]


def test_reliability_mark_is_half_way_across_and_a_quarter_up():
    ((x, y),) = circles(svg.reliability_chart([BIN]))
    assert x == pytest.approx((48 + svg.WIDTH - 12) / 2)
    assert y == pytest.approx(290 + 0.25 * (14 - 290))


def test_fit_bars_are_as_long_as_their_numbers():
    fits = [{"name": n, "mean_abs": v, "measured": True} for n, v in (("technical", 0.4), ("cultural", 0.1))]
    widths = [float(r.get("width")) for r in ET.fromstring(svg.fit_bars(fits)).iter("rect")]
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.01)


def test_swarm_dots_stay_inside_and_on_their_side():
    rng = np.random.default_rng(0)
    points = [[float(c), float(p)] for c, p in zip(rng.normal(size=200), rng.random(200), strict=True)]
    row = {"label": "a & b", "fit": "technical", "points": points, "levels": []}
    drawing = svg.beeswarm([row])
    placed = circles(drawing)
    assert all(0 <= x <= svg.WIDTH for x, _ in placed)
    assert [x > svg.WIDTH / 2 for x, _ in placed] == [c > 0 for c, _ in points]
    assert "a &amp; b" in drawing


def test_levels_are_placed_by_mean_and_their_ends_named():
    levels = [{"name": n, "mean": m, "n": 5, "share": 0.5} for n, m in (("low <b>", -0.4), ("mid", 0.1), ("high", 0.4))]
    row = {"label": "x", "fit": "technical", "points": [], "levels": levels}
    drawing = svg.beeswarm([row])
    xs = [x for x, _ in circles(drawing)]
    assert xs == sorted(xs)
    assert xs[0] + xs[2] == pytest.approx(svg.WIDTH, abs=0.1)
    assert "low &lt;b&gt;</text>" in drawing
    assert "high</text>" in drawing
    assert "mid</text>" not in drawing


def test_lift_axis_has_ticks_around_one():
    curve = [{"share": s, "lift": lift} for s, lift in ((0.1, 2.1), (0.5, 1.4), (1.0, 1.0))]
    ticks = re.findall(r'class="tick"[^>]*>([^<]+)<', svg.lift_chart(curve))
    assert "1" in ticks
    assert "2" in ticks
