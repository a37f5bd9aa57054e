"""The page in a real browser: sort, filter, point, copy; nothing is loaded and nothing complains."""

import os
import re
import shutil
from pathlib import Path

import pytest
from test_race import ladder

from kmbench.records import Status
from kmbench.report import write_page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[dev]'")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = os.environ.get("KMBENCH_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed: apt-get install chromium"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory, many_cases, new_case, write):
    cases = many_cases()
    for probes in (2, 4):
        cases[0].cell("faiss-ivf", 0.006 + 0.001 * probes, parameters={"nlist": 16, "nprobe": probes},
                      ratio=1.03 - 0.005 * probes, ari=0.9, matched_agreement=0.91 + 0.01 * probes)  # fmt: skip
    for number in range(20):  # so many that the table has a second page
        case = new_case(dataset=f"blobs:n={1000 + number},d=8", n=1000 + number, d=8)
        cases.append(case.cell("sklearn-lloyd", 0.01, rounds=2).cell("numpy-lloyd", 0.02, rounds=2))
    return write_page(write(tmp_path_factory.mktemp("browser") / "run", *cases))


@pytest.fixture(params=[1280, 400])
def page(browser, page_file, request):
    """The page, in a browser without a network; whatever it asks for or complains about fails the test."""
    context = browser.new_context(
        offline=True,
        viewport={"width": request.param, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
    )
    found = context.new_page()
    asked, said = [], []
    found.on("request", lambda request: asked.append(request.url))
    found.on("console", lambda message: said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    found.goto(Path(page_file).as_uri())
    yield found
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == 1
    assert said == []


def column(page, number):
    return page.locator(f"#table tbody tr:first-child > :nth-child({number})").evaluate_all(
        "cells => cells.map(cell => [cell.dataset.v, cell.textContent.trim()])"
    )


def test_sorting_by_a_figure_and_back(page):
    head = page.locator("#table thead th", has_text="fit + labels")
    assert head.get_attribute("aria-sort") == "none"
    before = column(page, 1)
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    times = [float(value) for value, _ in column(page, 4) if value]
    assert len(times) > 10
    assert times == sorted(times)
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "descending"
    values = [value for value, _ in column(page, 4)]
    times = [float(value) for value in values if value]
    assert times == sorted(times, reverse=True)
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "none"
    assert column(page, 1) == before


def test_the_table_of_a_race_is_sorted_too(browser, tmp_path):
    records = ladder("sklearn-lloyd", 0, (1.0, 2.0, 4.0), (1500.0, 1005.0, 1000.0))
    records += ladder("numpy-lloyd", 0, (0.5, 10.0, 20.0), (1500.0, 1005.0, 1000.0))
    records += ladder("far-means", 0, (0.1, 0.2, 0.3), (1500.0, 1400.0, 1300.0))
    records += ladder("bad-means", 0, (0.1, 0.2, 0.3), (1500.0, 1009.0, 1000.0), Status.INVALID, "wrong")
    (tmp_path / "records.jsonl").write_text("".join(record.to_line() + "\n" for record in records))
    context = browser.new_context(offline=True)
    found = context.new_page()
    found.goto(write_page(tmp_path).as_uri())
    race = found.locator("#race1 table")
    head = race.locator("thead th", has_text="to 1%")

    def order():
        return race.locator("tbody th").all_inner_texts()

    as_it_was = order()
    head.get_by_role("button").click()
    # 10 s comes after 2 s, whoever never arrives after both, and what has no figure last.
    assert order() == ["sklearn-lloyd", "numpy-lloyd", "far-means", "bad-means"]
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()
    assert order() == ["far-means", "numpy-lloyd", "sklearn-lloyd", "bad-means"]
    assert "wrong" in race.locator("tbody:last-child").inner_text()
    head.get_by_role("button").click()
    assert order() == as_it_was
    race.locator("thead th", has_text="backend").get_by_role("button").click()
    assert order() == ["bad-means", "far-means", "numpy-lloyd", "sklearn-lloyd"]
    context.close()


def test_filtering_by_backend_status_and_words(page):
    page.select_option("#pick-backend", "faiss-ivf")
    assert page.locator("#shown").inner_text() == "3 of 55 cells"
    assert all(text.startswith("faiss-ivf") for _, text in column(page, 1))
    page.fill("#seek", "nprobe=4")
    assert page.locator("#shown").inner_text() == "1 of 55 cells"
    page.fill("#seek", "")
    page.select_option("#pick-backend", "")
    page.select_option("#pick-status", "invalid")
    assert [text for _, text in column(page, 2)] == ["✕ invalid"]
    assert "far from the origin" in page.locator("#table .reason").inner_text()


def test_a_long_table_has_pages(page):
    assert page.locator("#shown").inner_text() == "1 to 25 of 55 cells"
    assert len(column(page, 1)) == 25
    page.click("#after")
    page.click("#after")
    assert page.locator("#shown").inner_text() == "51 to 55 of 55 cells"
    assert page.locator("#after").is_disabled()


def test_pointing_at_a_dot_tells_its_settings_and_so_does_the_keyboard(page):
    figure = page.locator("#pareto-1")
    readout = figure.locator(".readout")
    figure.locator(".point[data-told*='nprobe 4']").hover()
    assert re.match(r"faiss-ivf: nlist 16, nprobe 4\. .* ms, inertia \+1\.0%", readout.inner_text())
    first = figure.locator(".point").first
    first.focus()
    assert readout.inner_text() == first.get_attribute("aria-label")
    page.keyboard.press("Tab")
    assert readout.inner_text() == figure.locator(".point").nth(1).get_attribute("aria-label")


def test_the_command_of_a_cell_is_copied(page):
    page.fill("#seek", "nprobe=2")
    page.locator("#table .copy").click()
    page.wait_for_function("document.querySelector('.copied').textContent.includes('kmbench run')")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("kmbench run --data digits --k 10 --backends 'sklearn-lloyd,faiss-ivf[nlist=16;nprobe=2]'")
    assert page.locator(".copied code").inner_text() == text


def test_a_figure_and_its_data_are_saved(page):
    figure = page.locator("#pareto-1")
    with page.expect_download() as download:
        figure.get_by_role("button", name="SVG").click()
    svg = Path(download.value.path()).read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "var(--" not in svg
    assert 'xmlns="http://www.w3.org/2000/svg"' in svg
    with page.expect_download() as download:
        figure.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "pareto-1.csv"
    assert "faiss-ivf[nlist=16;nprobe=4]" in Path(download.value.path()).read_text(encoding="utf-8")


def test_nothing_runs_over_the_side(page):
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_every_control_has_a_name(page):
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, a, select, input')].filter(e => !e.textContent.trim() && "
        "!e.labels?.length).map(e => e.outerHTML)"
    )
    assert unnamed == []


def test_without_a_script_the_whole_table_is_there(browser, page_file):
    context = browser.new_context(java_script_enabled=False, offline=True)
    found = context.new_page()
    found.goto(Path(page_file).as_uri())
    assert found.locator("#table tbody").count() == 55
    assert not found.locator(".controls").is_visible()
    assert not found.locator(".save").first.is_visible()
    context.close()
