"""axe-core finds no serious fault on the pages, in a light and in a dark scheme; what is printed fits A4."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from test_browser import BROWSER, sync_api

from kmbench.choosing.page import write_choose_page
from kmbench.report import write_page
from kmbench.report.gallery import write_gallery
from kmbench.tuning.report.page import write_tune_page

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "printed"))

import known_results  # noqa: E402

AXE = "axe-core@4.14.1"

pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed: apt-get install chromium"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The text of axe-core: from KMBENCH_AXE, else by npm's own client from the registry that is configured."""
    if "KMBENCH_AXE" in os.environ:
        return Path(os.environ["KMBENCH_AXE"]).read_text(encoding="utf-8")
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("axe")
    if npm is None:
        pytest.skip("npm is not installed, and KMBENCH_AXE names no axe.min.js")
    done = subprocess.run([npm, "pack", AXE], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    packed = list(folder.glob("*.tgz"))
    if done.returncode or not packed:
        pytest.skip(f"npm has no {AXE} here")
    with tarfile.open(packed[0]) as archive:
        member = archive.extractfile("package/axe.min.js")
        return member.read().decode()


@pytest.fixture(scope="module")
def pages(tmp_path_factory, many_cases, write):
    folder = tmp_path_factory.mktemp("pages")
    run = write(folder / "runs" / "one", *many_cases())
    found = {"run": write_page(run)}
    found["gallery"] = write_gallery(folder / "runs", folder / "gallery")
    found["tune"], found["choose-k"] = folder / "tune.html", folder / "choose.html"
    write_tune_page(known_results.tuned(), found["tune"])
    write_choose_page(known_results.chosen(), found["choose-k"])
    return found


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    from kmbench.analysis.asv_frame import asv_frame
    from kmbench.report.history import write_history

    return write_history(asv_frame(TESTS.parent / "results" / "asv"), tmp_path_factory.mktemp("history"))


@pytest.fixture(scope="module")
def chromium():
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield found
        found.close()


def faults(chromium, axe, file, scheme, width=1280):
    """What axe calls serious or critical on a page, each with the first element it is found on."""
    context = chromium.new_context(
        offline=True, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True
    )
    try:
        page = context.new_page()
        page.goto(Path(file).as_uri())
        page.evaluate(axe)
        found = page.evaluate("() => axe.run()")
    finally:
        context.close()
    return [
        f"{one['id']}: {one['help']} ({one['nodes'][0]['html'][:150]})"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["run", "gallery", "tune", "choose-k"])
def test_axe_finds_no_serious_fault(chromium, axe, pages, name, scheme):
    assert faults(chromium, axe, pages[name], scheme) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_the_history(chromium, axe, history, scheme):
    assert faults(chromium, axe, history, scheme) == []


def test_axe_finds_no_serious_fault_on_a_phone(chromium, axe, pages):
    assert faults(chromium, axe, pages["run"], "light", width=400) == []


def test_the_keyboard_reaches_the_table_and_the_downloads_of_the_figure(chromium, pages):
    page = chromium.new_page(offline=True, viewport={"width": 1280, "height": 900})
    try:
        page.goto(Path(pages["run"]).as_uri())
        reached = []
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("() => document.activeElement.textContent.trim()"))
        assert reached[0] == "Skip to the table"
        assert "CSV of speedups" in reached
        assert page.get_by_role("img", name="over sklearn-lloyd with 95 % intervals").count() == 1
    finally:
        page.close()


def test_the_page_prints_on_a4_within_its_margins(chromium, pages):
    page = chromium.new_page(offline=True, viewport={"width": 703, "height": 1000})  # A4 less margins of 14 mm
    try:
        page.goto(Path(pages["run"]).as_uri())
        page.emulate_media(media="print")
        figure = page.locator("#speedups svg").bounding_box()
        assert figure["x"] + figure["width"] <= 703
        assert page.locator("nav").is_hidden()
        assert page.pdf(format="A4").startswith(b"%PDF")
    finally:
        page.close()
