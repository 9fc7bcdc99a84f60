"""The page of a list is drawn from its document alone, says what is not known, and keeps text of a table as text."""

from __future__ import annotations

import copy
import html
import re
from base64 import b64encode
from hashlib import sha256

import pytest

from icp_ml.names import FIT_NAMES
from icp_ml.report.lookalikes.first import first_list
from icp_ml.report.lookalikes.form import FORM, formed_list
from icp_ml.report.lookalikes.listed import SHADES, listed_of
from icp_ml.report.lookalikes.tables import list_tables
from icp_ml.report.render import account_page, lookalike_page

LIMIT_BYTES = 500_000


@pytest.fixture(scope="module")
def page(lookalikes):
    return lookalike_page(lookalikes.LIST).decode()


def section(page, name):
    return page.split(f'<section id="{name}"')[1].split("</section>")[0]


def first_of(document):
    return first_list(formed_list(document))


def tables_of(document):
    return list_tables(formed_list(document))


def column_of(table, title):
    place = [column.title for column in table.columns].index(title)
    return [row[place] for row in table.rows]


def test_the_page_is_one_small_file_whose_only_script_is_ours(page):
    assert len(page.encode()) < LIMIT_BYTES
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'; style-src" in page
    assert not re.search(r"<link|<img|@import|url\(|https?://| on[a-z]+=", page.replace(script, ""))


def test_an_id_with_markup_is_shown_not_run(page):
    assert page.count("<script") == 1
    assert "O&#39;Brien &lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_first_screen_says_how_many_of_whom_and_how_good(page):
    first = page.split('<section id="list"')[0]
    for told in (
        "500 of 96,420 prospects are listed: nearer to the 412 customers that succeeded than to the 287 that churned.",
        "0.52 % of the prospects; 12 unlike every customer",
        "mean chance of success within 365 days; all prospects: 44 %",
        "<b>0.73 (0.69 to 0.78)</b>",
        "3 seeds lie far from all others: C-5, C-61, C-300.",
        "Model ready",
    ):
        assert told in first, told


def test_every_sentence_of_the_document_is_on_the_page(page, lookalikes):
    found = lookalikes.LIST
    evaluation = found["evaluation"]
    told = [found[name]["sentence"] for name in ("seeds", "segments", "dial", "diversity", "evaluation")]
    told += [found["segments"]["several"]["sentence"], *(row["sentence"] for row in found["segments"]["rows"])]
    told += [evaluation["protocol"], evaluation["later"]["sentence"], *evaluation["notes"], *found["notes"]]
    told += [row["sentence"] for row in found["top"]]
    text = html.unescape(page)
    assert [sentence for sentence in told if sentence not in text] == []


@pytest.mark.parametrize("chapter", FORM)
@pytest.mark.parametrize("left", ["missing", "null"])
def test_a_page_without_a_chapter_is_still_a_page(lookalikes, chapter, left):
    rest = {name: value for name, value in lookalikes.LIST.items() if name != chapter}
    assert b"</html>" in lookalike_page(rest if left == "missing" else rest | {chapter: None})


def test_the_same_document_gives_the_same_bytes(lookalikes):
    assert lookalike_page(lookalikes.LIST) == lookalike_page(copy.deepcopy(lookalikes.LIST))


def test_a_page_of_one_account_has_no_script_still(documents):
    assert b"<script" not in account_page(documents.ACCOUNT)


def test_rows_stand_by_rank_with_their_evidence_folded(page):
    body = section(page, "list")
    assert re.findall(r'class="n rank">(\d+)<', body) == [str(rank) for rank in range(1, 26)]
    assert body.count("<details>") == 25
    assert "<details open" not in body
    assert "<code>C-101</code> differs in crm: salesforce (here hubspot); seats: 45 (here 120)" in body
    assert "<code>C-12</code> differs in nothing that matters for success" in body


def test_a_fit_that_is_far_says_so_in_a_word_not_only_a_colour(page):
    assert '<span class="match h0 far weaker">0.61 <small>far −</small></span>' in page
    assert '<span class="match h3 far">0.97 <small>far +</small></span>' in page


def test_a_match_is_as_dark_as_it_is_near(lookalikes):
    values = dict(zip(FIT_NAMES, (0.2, *SHADES, None), strict=True))
    cells = listed_of(formed_list({"top": [lookalikes.listed(1, matches=values)]})["top"][0]).cells
    assert [cell.kind for cell in cells] == ["h0", "h1", "h2", "h3", "h4", "gap"]
    assert [cell.shown for cell in cells] == ["0.20", "0.80", "0.88", "0.94", "0.98", "–"]


@pytest.mark.parametrize(("similarity", "width"), [(0.6364, "63.6"), (None, "0.0"), (1.0, "100.0")])
def test_the_bar_is_as_long_as_the_similarity(lookalikes, similarity, width):
    (row,) = formed_list({"top": [lookalikes.listed(1, similarity=similarity)]})["top"]
    assert listed_of(row).width == width


def test_the_chance_of_closing_has_a_column_only_where_it_is_known(page, lookalikes):
    assert "Chance of closing</th>" in section(page, "list")
    assert "Chance of closing</th>" not in lookalike_page(lookalikes.BARE).decode()


def test_a_bare_list_says_what_is_not_known(lookalikes):
    page = lookalike_page(lookalikes.BARE).decode()
    for told in ("Model not ready", "Draft map", "Not given", "Not judged", "No customer to compare with."):
        assert told in page, told
    assert "<code>--evaluate</code> hides customers of both outcomes" in page
    assert first_of(lookalikes.BARE)["tone"] == ""


def test_an_order_that_is_no_better_than_chance_is_not_green(lookalikes):
    evaluation = lookalikes.LIST["evaluation"] | {"headline": {"auc": 0.53, "low": 0.48, "high": 0.58}}
    shown = first_of(lookalikes.LIST | {"evaluation": evaluation})
    assert ("doubt", "Not shown to be better than chance") in shown["badges"]
    assert shown["tone"] == ""
    assert first_of(lookalikes.LIST)["tone"] == "ready"


def test_an_evaluation_without_numbers_says_why(lookalikes):
    told = "Nobody was hidden: 12 churned customers are known; 30 of each are needed."
    empty = lookalikes.LIST["evaluation"] | {"sentence": told, "headline": None, "rows": [], "later": None}
    page = lookalike_page(lookalikes.LIST | {"evaluation": empty}).decode()
    assert told in section(page, "evaluation")
    assert "<b>Not judged</b><span>for the reason below</span>" in page
    assert "<svg" not in section(page, "evaluation")


def test_a_sentence_that_is_part_of_another_is_said_once(lookalikes):
    told = lookalikes.SEGMENTS["several"]["sentence"]
    both = lookalikes.SEGMENTS | {"sentence": f"3 segments. {told}"}
    assert lookalike_page(lookalikes.LIST | {"segments": both}).decode().count(told) == 1


def test_nobody_listed_is_a_page_that_says_why(lookalikes):
    page = lookalike_page(lookalikes.EMPTY).decode()
    assert "Nobody is listed: 0 of 1,107 accounts were left to compare." in page
    assert "All 1,107 rows are customers of this study" in page
    assert "<svg" not in page


def test_one_is_told_as_one(lookalikes):
    seeds = lookalikes.LIST["seeds"] | {"name": "key.csv", "n": 1, "n_negative": 1}
    few = lookalikes.LIST | {"listed": 1, "scored": 1, "seeds": seeds}
    told = "1 of 1 prospect is listed: nearer to the 1 seed than to the 1 negative seed."
    assert first_of(few)["headline"] == told


def test_a_list_that_ends_below_one_half_is_not_said_to_be_nearer_to_the_seeds(lookalikes):
    dial = lookalikes.LIST["dial"]
    low = dial | {"rows": [row | {"similarity": 0.49} for row in dial["rows"]]}
    told = (
        "listed: ordered by how much nearer they are to the 412 customers that succeeded than to the 287 that churned."
    )
    assert first_of(lookalikes.LIST | {"dial": low})["headline"].endswith(told)


def test_an_evaluation_of_other_seeds_is_not_told_of_this_list(lookalikes):
    dial = lookalikes.LIST["dial"]
    silent = dial | {"rows": [row | {"reach": None} for row in dial["rows"]]}
    told = "; of the method with all successes as seeds, not of this list"
    assert first_of(lookalikes.LIST | {"dial": silent})["numbers"][2][1].endswith(told)
    assert told not in first_of(lookalikes.LIST)["numbers"][2][1]


def test_a_chance_is_never_none_and_never_all(lookalikes):
    (row,) = formed_list({"top": [lookalikes.listed(1, probability=0.999, p_close=0.001)]})["top"]
    assert (listed_of(row).chance, listed_of(row).close) == ("over 99 %", "under 1 %")


def test_a_line_that_is_not_drawn_is_not_spoken_of(lookalikes, page):
    alone = [row | {"on_front": row["method"] == "similarity"} for row in lookalikes.METHODS]
    found = lookalikes.LIST | {"evaluation": lookalikes.LIST["evaluation"] | {"rows": alone}}
    assert "dotted line" in section(page, "evaluation")
    assert "dotted line" not in section(lookalike_page(found).decode(), "evaluation")


def test_counts_of_rows_add_up(lookalikes):
    rows = dict(tables_of(lookalikes.LIST)["rows"].rows)
    parts = ("refused, each with its reason", "already customers", "compared")
    parts += tuple(name for name in rows if name.startswith("left out: "))
    numbers = {name: int(text.replace(",", "")) for name, text in rows.items()}
    assert sum(numbers[part] for part in parts) == numbers["rows read"] == 100_000
    assert len(parts) == 5


def test_the_dial_names_the_list_among_other_lengths(lookalikes):
    assert column_of(tables_of(lookalikes.LIST)["dial"], "Prospects")[:2] == ["this list: 500", "964"]


def test_reach_and_chance_are_no_columns_where_nothing_is_known(lookalikes):
    titles = [column.title for column in tables_of(lookalikes.BARE)["dial"].columns]
    assert titles == ["Prospects", "Share of all", "Similarity of the last"]


def test_ours_is_not_compared_with_itself(lookalikes):
    table = tables_of(lookalikes.LIST)["methods"]
    assert column_of(table, "Against similarity, points (90 %)")[:3] == [
        "",
        "-0.1 (-3.1 to +2.9)",
        "-12.2 (-15.2 to -9.2)",
    ]
    assert column_of(table, "Another is higher in both, by point estimate") == [
        "no",
        "yes",
        "yes",
        "no",
        "no",
        "no",
        "yes",
    ]


def test_the_chosen_segment_is_marked(lookalikes):
    chosen = lookalikes.SEGMENTS | {"chosen": "fewer tools"}
    names = column_of(tables_of(lookalikes.LIST | {"segments": chosen})["segments"], "Segment")
    assert names == ["cheaper onboarding", "fewer tools (chosen)", "other"]


def test_segments_count_customers_beside_the_weighted_share(lookalikes):
    rows = [lookalikes.SEGMENTS["rows"][0] | {"n_known": 156, "n_success": 113, "share": 0.8}]
    table = tables_of(lookalikes.LIST | {"segments": lookalikes.SEGMENTS | {"rows": rows}})["segments"]
    assert column_of(table, "Customers") == ["113 of 156"]
    assert column_of(table, "Succeeded, weighted (90 %)")[0].startswith("80 %")


def test_the_page_says_why_reach_is_not_the_headline_and_that_similarity_is_no_chance(page):
    assert "how many churned customers stand beside them it does not say" in page
    assert "It is an order, not a chance." in page
    assert not re.search(r"\b(drives|proves|guarantees)\b", page)
