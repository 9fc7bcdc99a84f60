"""The pages as a reader opens them: in a real browser, from the disk, wide and narrow, and on paper."""

from __future__ import annotations

import shutil
from itertools import pairwise

import pytest

from icp_ml.names import FIT_NAMES
from icp_ml.report.render import account_page, lookalike_page, review_files, training_files

A4 = 718
"""Width of a printed page between its margins, in pixels of the browser."""
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed (apt-get install chromium)"),
]
PAGES = ("plain", "full", "account", "review", "young", "list", "bare", "nobody")
OPEN = "document.querySelectorAll('details').forEach(d => { d.open = true })"
OUTSIDE = """s => { const b = s.getBBox(), v = s.viewBox.baseVal;
    return [b.x, b.y, v.width - b.x - b.width, v.height - b.y - b.height] }"""
OVERLAPS = """s => { const t = [...s.querySelectorAll('text:not([transform])')], found = [];
    const r = t.map(x => x.getBoundingClientRect());
    r.forEach((a, i) => r.forEach((b, j) => { if (i < j
        && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1.5
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
            found.push(t[i].textContent + ' / ' + t[j].textContent) })); return found }"""
WIDER = """[...document.querySelectorAll('.listing th, .listing td')].filter(e => e.checkVisibility()
    && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"""
HIDDEN_ON_PAPER = """[...document.querySelectorAll('details *')].filter(e => !e.checkVisibility()).length"""


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pages(facts, full_facts, documents, reviews, lookalikes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    contents = {
        "plain": training_files(facts)["report.html"],
        "full": training_files(full_facts)["report.html"],
        "account": account_page(documents.ACCOUNT),
        "review": review_files(reviews.REVIEW)["review.html"],
        "young": review_files(reviews.SPARSE)["review.html"],
        "list": lookalike_page(lookalikes.LIST),
        "bare": lookalike_page(lookalikes.BARE),
        "nobody": lookalike_page(lookalikes.EMPTY),
    }
    for name, content in contents.items():
        (folder / f"{name}.html").write_bytes(content)
    return {name: (folder / f"{name}.html").as_uri() for name in contents}


def opened(browser, address, width=1280, height=800):
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    return page


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desk", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_the_verdict_is_on_the_first_screen_without_errors_or_requests(browser, pages, name, size):
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(pages[name])
    box = page.locator(".headline").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= size[1]
    assert requests == [pages[name]]
    assert complaints == []
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_and_no_words_cover_each_other(browser, pages, name, width):
    page = opened(browser, pages[name], width)
    page.evaluate(OPEN)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for number in range(page.locator("svg").count()):
        drawing = page.locator("svg").nth(number)
        words = drawing.get_attribute("aria-label")
        assert min(drawing.evaluate(OUTSIDE)) >= 0, words
        assert drawing.evaluate(OVERLAPS) == [], words
    page.close()


@pytest.mark.parametrize("name", ["full", "account", "review", "list"])
def test_every_depth_is_on_paper(browser, pages, name):
    page = opened(browser, pages[name], A4)
    assert page.evaluate(HIDDEN_ON_PAPER) > 0
    page.emulate_media(media="print")
    assert page.evaluate(HIDDEN_ON_PAPER) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= A4
    page.close()


def test_the_report_works_by_keyboard(browser, pages):
    page = opened(browser, pages["full"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None
    assert page.locator("table").count() == page.locator("[role=region][tabindex='0'][aria-label] table").count()
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_anchors_lead_somewhere_and_headings_go_down_in_order(browser, pages, name):
    page = opened(browser, pages[name])
    page.evaluate(OPEN)
    targets = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href').slice(1))")
    assert [target for target in targets if page.locator(f"#{target}").count() != 1] == []
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    page.close()


def column(table, place):
    return table.locator(f"tbody tr:visible td:nth-child({place})").all_inner_texts()


def leading_number(text):
    return float(text.split(" ")[0].replace(",", ""))


def test_a_table_of_a_review_is_sorted_by_keyboard(browser, pages):
    page = opened(browser, pages["review"])
    table = page.locator("#populations .sortable table")
    button = table.get_by_role("button", name="Succeeded (90 %)")
    for direction, is_reverse in (("descending", True), ("ascending", False)):
        button.focus()
        page.keyboard.press("Enter")
        known = [text for text in column(table, 4) if text]
        assert [leading_number(text) for text in known] == sorted(map(leading_number, known), reverse=is_reverse)
        assert column(table, 4)[len(known) :] == ["", ""]
        assert table.locator("th[aria-sort]").count() == 1
        assert table.locator("th:nth-child(4)").get_attribute("aria-sort") == direction
    page.close()


def test_words_are_sorted_as_words(browser, pages):
    page = opened(browser, pages["review"])
    table = page.locator("#populations .sortable table")
    table.get_by_role("button", name="Population", exact=True).press("Enter")
    names = column(table, 1)
    assert names == sorted(names, key=str.lower)
    page.close()


def test_a_table_of_a_review_is_filtered_by_keyboard(browser, pages):
    page = opened(browser, pages["review"])
    table, field = page.locator("#populations .sortable table"), page.locator("#populations input")
    field.focus()
    page.keyboard.type("channel:")
    assert len(column(table, 1)) == 2
    assert page.locator("#populations output").inner_text() == "2 of 8 rows"
    field.fill("")
    assert len(column(table, 1)) == 8
    page.close()


def test_paper_has_every_row_and_no_controls(browser, pages):
    page = opened(browser, pages["review"], A4)
    page.locator("#populations input").fill("channel:")
    page.emulate_media(media="print")
    assert len(column(page.locator("#populations .sortable table"), 1)) == 8
    assert page.locator("input:visible").count() == 0
    page.close()


def test_a_review_is_whole_without_its_script(browser, pages):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["review"])
    assert page.locator("#populations .sortable tbody tr").count() == 8
    assert page.get_by_role("button").count() == page.locator("input").count() == 0
    context.close()


def test_a_script_that_is_not_ours_does_not_run(browser, reviews, tmp_path):
    evil, text = tmp_path / "evil.html", review_files(reviews.REVIEW)["review.html"].decode()
    evil.write_text(text.replace("</main>", "<script>document.title = 'taken'</script></main>"))
    page = opened(browser, evil.as_uri())
    assert page.title() != "taken"
    assert page.get_by_role("button").count() > 0
    page.close()


def test_a_link_to_a_suggestion_opens_it(browser, pages):
    page = opened(browser, pages["review"])
    page.get_by_role("link", name="more on integrations >= 6").click()
    assert page.locator("details.suggestion[open]").count() == 1
    assert "Worth testing" in page.locator("details.suggestion[open]").inner_text()
    page.close()


@pytest.mark.parametrize("width", [1280, 900, 390])
@pytest.mark.parametrize("name", ["list", "bare"])
def test_no_cell_of_a_list_runs_into_the_next(browser, pages, name, width):
    page = opened(browser, pages[name], width)
    page.evaluate(OPEN)
    assert page.evaluate(WIDER) == []
    page.close()


def test_a_list_is_sorted_by_a_fit_and_filtered_by_keyboard(browser, pages):
    page = opened(browser, pages["list"])
    table = page.locator("#list table")
    table.get_by_role("button", name="technical").press("Enter")
    matches = [leading_number(text) for text in column(table, 6)]
    assert matches == sorted(matches, reverse=True)
    page.locator("#list input").focus()
    page.keyboard.type("unlike every")
    assert page.locator("#list output").inner_text() == "1 of 25 rows"
    assert column(table, 1) == ["3"]
    page.close()


def test_a_phone_names_every_cell_of_a_list(browser, pages):
    page = opened(browser, pages["list"], 390)
    named = "[...document.querySelectorAll('.listing .fit')].map(e => getComputedStyle(e, '::before').content)"
    assert set(page.evaluate(named)[6:]) == {f'"{fit}"' for fit in FIT_NAMES}
    page.close()
