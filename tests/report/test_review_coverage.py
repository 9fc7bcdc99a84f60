"""How much of the market is worked is told by a review that has a table of prospects, and by no other."""

from __future__ import annotations

import pytest

from icp_ml.report.render import review_files
from icp_ml.report.tables.coverage import coverage


def page_of(document):
    return review_files(document)["review.html"].decode()


def section(page):
    return page.split('<section id="coverage"')[1].split("</section>")[0]


def test_page_and_memo_say_how_much_is_covered(reviews):
    files = review_files(reviews.REVIEW)
    assert reviews.COVERAGE["sentence"] in section(files["review.html"].decode())
    assert reviews.COVERAGE["sentence"] in files["review.md"].decode()


def test_every_tier_is_told_in_a_picture_in_numbers_and_in_words(reviews):
    told = section(page_of(reviews.REVIEW))
    assert "<svg" in told
    assert "7,210 (86 %)" in told
    assert "277 (0.41 %)" in told
    assert all(row["sentence"] in told for row in reviews.COVERAGE["rows"])
    assert reviews.COVERAGE["notes"][0] in told


@pytest.mark.parametrize("left", ["missing", "null"])
def test_an_older_review_says_what_it_takes(reviews, left):
    rest = {name: value for name, value in reviews.REVIEW.items() if name != "coverage"}
    told = section(page_of(rest if left == "missing" else rest | {"coverage": None}))
    assert "and a table of prospects" in told
    assert "<svg" not in told


def test_what_is_not_known_of_a_tier_is_blank(reviews):
    row = reviews.COVERAGE["rows"][0] | {"worked": None, "worked_share": None, "untouched_share": None}
    assert coverage([row]).rows[0][-2:] == ("", "7,210")
