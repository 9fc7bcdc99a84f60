"""A review is drawn in every format from its document alone, and text from a customer's table stays text."""

from __future__ import annotations

import copy
import html
import json
import re
from base64 import b64encode
from hashlib import sha256

import pytest

from icp_ml.report.render import account_page, review_files
from icp_ml.report.review.first import first_screen
from icp_ml.report.review.form import FORM, formed
from icp_ml.report.review.words import VERDICTS, price_words

LIMIT_BYTES = 2_000_000
JARGON = r"\bp[ -]?values?\b|\bp =|\bq[ -]?values?\b|\bq =|FDR|false discovery|posterior|e-process|permutation|log-odds"


@pytest.fixture(scope="module")
def files(reviews):
    return {name: content.decode() for name, content in review_files(reviews.REVIEW).items()}


def test_the_document_is_written_as_it_is(files, reviews):
    assert json.loads(files["review.json"]) == json.loads(json.dumps(reviews.REVIEW))


def test_page_and_memo_say_the_same_verdict_goal_and_suggestions(files, reviews):
    for name in ("review.html", "review.md"):
        for told in (
            "Change the tactics",
            "38 %",
            "integrations &gt;= 6",
            "+18",
            "gives up 12 % of today",
            "41 %",
            "74 of 98",
        ):
            shown = told.replace("&gt;", ">") if name == "review.md" else told
            assert shown in files[name], (name, told)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_has_its_words(reviews, verdict):
    page = review_files(reviews.REVIEW | {"verdict": verdict})["review.html"].decode()
    assert f'<span class="badge">{VERDICTS[verdict][0]}</span>' in page


def test_the_page_is_one_small_file_whose_only_script_is_ours(files):
    page = files["review.html"]
    assert len(page.encode()) < LIMIT_BYTES
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'; style-src" in page
    assert not re.search(r"<link|<img|@import|url\(|https?://| on[a-z]+=", page.replace(script, ""))


def test_a_name_with_markup_is_shown_not_run(files):
    page = files["review.html"]
    assert page.count("<script") == 1
    assert "O&#39;Brien &lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;script>alert(2)" in files["review.md"]


def test_the_first_screen_has_three_suggestions_and_says_what_was_not_found(files, reviews):
    first = files["review.html"].split('id="goal"')[0]
    assert first.count('class="card ') == 3
    assert reviews.REVIEW["not_found"].removesuffix(reviews.POWER_WORDS) in first
    assert "Differences of less than 14 points could stay unseen." in first
    assert "1 more below" in first
    assert first.index("What to do now") > first.index("Chance of the goal")


def test_a_suggestion_that_is_not_offered_is_told_below_only(reviews):
    changed = [one | {"offered": number != 0} for number, one in enumerate(reviews.SUGGESTIONS)]
    shown = first_screen(formed(reviews.REVIEW | {"suggestions": changed}))
    assert [card["rule"] for card in shown["cards"]] == [one["rule"] for one in reviews.SUGGESTIONS[1:]]
    assert shown["n_more"] == 1


def test_every_action_names_whom_to_ask_and_what(files, reviews):
    first = files["review.html"].split('id="goal"')[0]
    for action in reviews.REVIEW["actions"]:
        assert all(one["question"] in first for one in action["who"])
    assert "on 13 Sep 2026" in first


def test_every_sentence_of_a_chapter_is_on_the_page(files, reviews):
    review = reviews.REVIEW
    progress, tactics = review["progress"], review["tactics"]
    told = [progress[name]["sentence"] for name in ("chance", "eprocess", "cycle", "capacity")]
    told += [progress["sentence"], progress["differ"], *progress["assumptions"], *review["notes"]]
    told += [tactics["sentence"], tactics["largest_loss"]["sentence"], *tactics["notes"]]
    told += [review[name]["sentence"] for name in ("profile_against_rules", "power", "anti_profile", "ledger")]
    told += [one["sentence"] for one in review["openings"]]
    told += [one["goal"]["sentence"] for one in review["suggestions"]]
    page = html.unescape(files["review.html"])
    assert [sentence for sentence in told if re.sub("`", "", sentence) not in re.sub("</?code>", "", page)] == []


def test_the_memo_is_one_page_without_words_of_statistics(files):
    memo = files["review.md"]
    assert re.findall(JARGON, memo, re.IGNORECASE) == []
    assert len(memo.split()) < 700
    headings = re.findall(r"^## (.*)$", memo, re.MULTILINE)
    assert headings == [
        "Where the goal stands",
        "Who",
        "Who not",
        "What the evidence suggests",
        "How sure is this",
        "Next test",
        "To do",
    ]
    assert "We tried 412 rules; chance alone would give such a finding in about 1 of 10 reviews." in memo


def test_a_young_company_gets_a_page_that_describes_and_something_to_do(reviews):
    files = review_files(reviews.SPARSE)
    page, memo = files["review.html"].decode(), files["review.md"].decode()
    for text in (page, memo):
        assert "38 customers with a known outcome are too few" in text
        assert "Talk to the three newest customers" in text
    assert "This situation is over" in page
    assert "No change is suggested." in memo
    assert "1 of 10 reviews" not in memo


@pytest.mark.parametrize("chapter", [name for name in FORM if name != "profile"])
@pytest.mark.parametrize("left", ["missing", "null"])
def test_a_page_without_a_chapter_is_still_a_page(reviews, chapter, left):
    rest = {name: value for name, value in reviews.REVIEW.items() if name != chapter}
    files = review_files(rest if left == "missing" else rest | {chapter: None})
    assert b"</html>" in files["review.html"]


def test_other_keys_of_a_document_are_kept():
    assert formed({"criteria": [{"p_value": 0.1}]})["criteria"][0]["p_value"] == 0.1


def test_prices_say_only_what_is_known(reviews):
    assert price_words(formed(reviews.REVIEW)["suggestions"][3]) == []
    wider = formed(reviews.REVIEW)["suggestions"][0] | {"market_share": 1.0, "market_gained_share": 0.42}
    assert "42 % more prospects match" in price_words(wider)


def test_the_same_document_gives_the_same_bytes(reviews):
    assert review_files(reviews.REVIEW) == review_files(copy.deepcopy(reviews.REVIEW))


def test_a_script_is_only_on_a_review(documents):
    assert b"<script" not in account_page(documents.ACCOUNT)


def test_a_column_that_is_blank_in_every_row_is_not_drawn(files, reviews):
    rows = [one | {"market_share": None} for one in reviews.REVIEW["criteria"]]
    assert "Prospects</th>" in files["review.html"].split('id="criteria"')[1]
    page = review_files(reviews.REVIEW | {"criteria": rows})["review.html"].decode()
    assert "Prospects</th>" not in page.split('id="criteria"')[1].split("</table>")[0]


def test_a_map_that_nobody_reviewed_is_called_a_draft(files, reviews, documents):
    draft = reviews.REVIEW | {"model": reviews.REVIEW["model"] | {"draft_map": True}}
    page = review_files(draft | {"fits": documents.EVIDENCE["importance"]})["review.html"].decode()
    assert page.count("· draft map") == 2
    assert "draft map" not in files["review.html"]


def test_a_memo_without_a_finding_speaks_of_none(reviews):
    memo = review_files(reviews.REVIEW | {"suggestions": []})["review.md"].decode()
    assert "We tried 412 rules; none stood out more than chance lets one stand out." in memo


def test_what_the_verdict_says_first_is_the_headline(reviews):
    text = "Keep the profile: customers who match it succeed more often. The goal will probably be missed."
    shown = first_screen(formed(reviews.REVIEW | {"verdict": "keep", "verdict_sentence": text}))
    assert shown["sentence"] == "Customers who match it succeed more often."
    assert shown["more"] == "The goal will probably be missed."


def test_people_with_one_question_are_asked_it_once(reviews):
    people = [{"id": name, "why": "left", "question": "Why?"} for name in ("a", "b")]
    action = {"kind": "interview", "sentence": "Ask.", "who": people, "due": None}
    (asked,) = first_screen(formed(reviews.REVIEW | {"actions": [action]}))["actions"][0]["asked"]
    assert [one["id"] for one in asked["who"]] == ["a", "b"]


def test_no_plain_count_stands_beside_a_share_that_allows_for_young_customers(reviews):
    weighted = {"n": 98, "n_success": 74, "share": 0.82, "low": 0.75, "high": 0.88}
    changed = [one | {"success_inside": weighted} for one in reviews.SUGGESTIONS]
    files = review_files(reviews.REVIEW | {"suggestions": changed})
    first = files["review.html"].decode().split('id="goal"')[0]
    assert "82 % of 98 succeeded, 210 of 412 of the others." in first
    assert "74 of 98" not in first


def test_a_chance_is_never_said_to_be_sure(reviews):
    sure = reviews.REVIEW["progress"] | {"chance": {"value": 0.9996, "low": 0.001, "high": 0.9999, "sentence": ""}}
    goal = first_screen(formed(reviews.REVIEW | {"progress": sure}))["goal"]
    assert (goal["chance"], goal["range"]) == ("over 99 %", "from under 1 % to over 99 %")


def test_what_is_found_and_not_offered_is_told_in_the_memo(reviews):
    narrow = [one | {"offered": False} for one in reviews.REVIEW["suggestions"]]
    memo = review_files(reviews.REVIEW | {"suggestions": narrow})["review.md"].decode()
    assert "No change is suggested: what holds up against chance would leave too few prospects" in memo
