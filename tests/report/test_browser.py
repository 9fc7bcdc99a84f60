"""The report as a reader opens it: in a real browser, from the disk, wide and narrow."""

from __future__ import annotations

import shutil

import pytest

from icp_ml.report.render import training_files

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(facts, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(training_files(facts)["report.html"])
    return path


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desk", "phone"])
def test_the_verdict_is_on_the_first_screen_without_errors_or_requests(browser, report, facts, size):
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    requests, complaints = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(report.as_uri())
    headline = page.locator(".headline")
    box = headline.bounding_box()
    assert headline.inner_text() == facts["verdict"]["headline"]
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= size[1]
    assert requests == [report.as_uri()]
    assert complaints == []
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_cut_at_the_side(browser, report, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for number in range(page.locator("svg").count()):
        drawing = page.locator("svg").nth(number)
        edge = drawing.evaluate(
            "s => { const b = s.getBBox(), v = s.viewBox.baseVal; return [b.x, b.x + b.width - v.width] }"
        )
        assert edge[0] >= 0
        assert edge[1] <= 0
    page.close()


def test_details_open_by_keyboard(browser, report):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(report.as_uri())
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None
    page.close()
