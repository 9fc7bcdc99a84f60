"""The pictures of a list put marks where the numbers are, and say them in words."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from icp_ml.report.lookalikes.charts import list_charts
from icp_ml.report.lookalikes.form import formed_list
from icp_ml.report.svg.coverage import coverage_chart
from icp_ml.report.svg.lookalikes import dial_chart, methods_chart


def elements(drawing, name, kind):
    return [e for e in ET.fromstring(drawing).iter(name) if kind in e.get("class", "").split()]


def corners(drawing, kind):
    line = elements(drawing, "polyline", kind)[0]
    return [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]


def words_of(drawing):
    return [e.text for e in ET.fromstring(drawing).iter("text")]


@pytest.fixture
def dial(lookalikes):
    return formed_list(lookalikes.LIST)["dial"]["rows"]


@pytest.fixture
def methods(lookalikes):
    return formed_list(lookalikes.LIST)["evaluation"]["rows"]


def test_the_dial_marks_where_the_list_ends(dial):
    drawing = dial_chart(dial)
    (mark,) = elements(drawing, "line", "today")
    (shortest, *_) = sorted(float(dot.get("cx")) for dot in elements(drawing, "circle", "second-mark"))
    assert float(mark.get("x1")) == shortest
    assert "this list: 500" in words_of(drawing)


def test_ten_times_as_long_is_as_far_everywhere_on_the_dial(dial):
    at = {
        row["share"]: float(dot.get("cx"))
        for row, dot in zip(dial, elements(dial_chart(dial), "circle", "mark"), strict=False)
    }
    assert at[0.1] - at[0.01] == pytest.approx(at[1.0] - at[0.1], abs=0.05)


def test_a_curve_nobody_knows_is_neither_drawn_nor_named(dial):
    drawing = dial_chart([row | {"reach": None} for row in dial])
    assert elements(drawing, "polyline", "third") == []
    assert "hidden successes reached" not in words_of(drawing)
    assert "hidden successes reached" in words_of(dial_chart(dial))


def test_the_points_of_a_varied_list_stand_beside_the_lines(dial):
    assert len(corners(dial_chart(dial), "second")) == 8
    assert len(corners(dial_chart(dial, is_diverse=True), "second")) == 7
    assert len(elements(dial_chart(dial, is_diverse=True), "circle", "second-mark")) == 9  # one of them in the legend


@pytest.mark.parametrize("left", [0, 1])
def test_a_dial_of_fewer_than_two_lengths_is_not_drawn(dial, left):
    assert dial_chart(dial[:left]) == ""


def test_methods_that_others_beat_are_hollow_and_ours_is_named_first(methods):
    drawing = methods_chart(methods, "similarity")
    assert len(elements(drawing, "circle", "ours")) == 1
    assert len(elements(drawing, "circle", "hollow")) == 3
    assert [e.text for e in elements(drawing, "text", "strong")] == ["Similarity"]


def test_the_front_goes_down_in_steps_from_ours(methods):
    steps = corners(methods_chart(methods, "similarity"), "front-line")
    assert len(steps) == 7
    assert [across for across, _ in steps] == sorted(across for across, _ in steps)
    assert [up for _, up in steps] == sorted(up for _, up in steps)


def test_a_front_that_the_points_would_cover_is_not_drawn(methods):
    close = [row | {"reach": 0.3 + 0.01 * row["on_front"] * row["reach"]} for row in methods]
    assert elements(methods_chart(close, "similarity"), "polyline", "front-line") == []


def test_chance_is_a_dashed_line_at_one_half(methods):
    changed = [methods[0] | {"auc": 0.5}, *methods[1:]]
    drawing = methods_chart(changed, "similarity")
    (dot,), (line,) = elements(drawing, "circle", "ours"), elements(drawing, "line", "reference")
    assert float(dot.get("cy")) == float(line.get("y1"))


def test_names_of_methods_do_not_cover_each_other(methods):
    crowd = [row | {"auc": 0.7, "reach": 0.3} for row in methods]
    drawing = methods_chart(crowd, "similarity")
    named = [e for e in ET.fromstring(drawing).iter("text") if e.get("text-anchor") == "start"]
    levels = [float(e.get("y")) for e in named]
    assert "Similarity" in [e.text for e in named]
    assert all(abs(a - b) >= 14 for at, a in enumerate(levels) for b in levels[at + 1 :])


def test_methods_without_a_number_are_left_to_the_table(methods):
    assert methods_chart([methods[0], methods[1] | {"auc": None}], "similarity") == ""


def test_a_list_without_evaluation_and_segments_has_only_a_dial(lookalikes):
    charts = list_charts(formed_list(lookalikes.BARE))
    assert charts["segments"] == charts["methods"] == ""
    assert charts["dial"]
    assert set(list_charts(formed_list(lookalikes.EMPTY)).values()) == {""}


def test_parts_of_a_tier_fill_its_bar(reviews):
    drawing = coverage_chart(reviews.COVERAGE["rows"])
    for whole in elements(drawing, "rect", "own"):
        level = whole.get("y")
        parts = [e for e in elements(drawing, "rect", "state") if e.get("y") == level]
        ends = [float(e.get("x")) + float(e.get("width")) for e in parts]
        assert [float(e.get("x")) for e in parts][1:] == pytest.approx(ends[:-1], abs=0.02)
        assert ends[-1] == pytest.approx(float(whole.get("x")) + float(whole.get("width")), abs=0.02)
    assert len(elements(drawing, "rect", "own")) == 3


def test_who_was_worked_stays_blank_where_nothing_tells(reviews):
    gone = dict.fromkeys(("worked", "untouched", "worked_share", "untouched_share"))
    drawing = coverage_chart([row | gone for row in reviews.COVERAGE["rows"]])
    assert "not known" in words_of(drawing)
    assert "untouched" not in words_of(drawing)
    assert "not known" not in words_of(coverage_chart(reviews.COVERAGE["rows"]))


def test_a_tier_of_nobody_is_not_drawn():
    gone = dict.fromkeys(("share", "customers_share", "worked_share", "untouched_share"))
    assert coverage_chart([{"tier": "x", "n": 0, "customers": 0, "worked": 0, "untouched": 0, **gone}]) == ""
