"""The page of one account says its chance, why, and what to ask, and nothing it does not know."""

from __future__ import annotations

import re

from icp_ml.report.render import account_page
from icp_ml.report.wording import chance_words


def page_of(document, **changes):
    return account_page({**document, **changes}).decode()


def test_the_page_tells_chance_reasons_and_the_question(documents):
    page = page_of(documents.ACCOUNT)
    assert "about 61 succeed within 365 days, 90 % range 52 to 69. The average customer: 45." in page
    for told in ("integrations = 7 (+0.41)", "modules = 1 (-0.20)", "Ask about certifications", "C-11", "C-90"):
        assert told in page
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://", page)


def test_points_add_up_to_the_chance_in_the_picture(documents):
    steps = [fit["points"] or 0.0 for fit in documents.ACCOUNT["fits"]]
    assert sum(steps) / 100 + documents.ACCOUNT["base_probability"] == round(documents.ACCOUNT["probability"], 6)
    assert "from 45 % to 61 %: technical +10.2; functional -5.1" in page_of(documents.ACCOUNT)


def test_a_withdrawn_chance_is_not_told(documents):
    gone = dict.fromkeys(("probability", "low", "high", "base_probability"))
    page = page_of(documents.ACCOUNT, withdrawn=True, **gone)
    assert "No chance is given, because calibration failed; its score is above" in page
    assert "from -0.20 to +0.45: technical +0.41" in page


def test_an_untested_order_tells_criteria(documents):
    criteria = [{"text": "seats > 10", "answer": "met"}, {"text": "crm == 'x'", "answer": "not known"}]
    empty = {"fits": [], "reasons": [], "concerns": [], "criteria": criteria, "probability": None, "kind": "hypothesis"}
    page = page_of(documents.ACCOUNT, **empty)
    assert "No chance is given: 1 of 2 written criteria are met." in page
    assert "<svg" not in page


def test_ids_are_text(documents):
    page = page_of(documents.ACCOUNT, id="<script>alert(1)</script>")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_an_account_unlike_every_customer_is_marked(documents):
    page = page_of(documents.ACCOUNT, in_domain=False, unusual=[{"column": "seats", "fit": "resource"}])
    assert "Unlike every customer" in page
    assert "<code>seats</code>" in page


def test_chance_without_range_or_horizon_is_short(documents):
    bare = documents.ACCOUNT | {"low": None, "high": None, "horizon_days": None, "base_probability": None}
    assert chance_words(bare) == "Of 100 accounts with this score about 61 succeed."
