"""The documentation site, built and opened as a reader would, with the network off."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPENED = (
    "index.html", "tutorials/first-comparison.html", "tuning.html", "databases.html", "notes.html",
    "reference/generated/command-line.html", "reference/generated/records.html",
    "explanation/traps/faiss-samples.html",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next((path for path in map(shutil.which, NAMES) if path is not None), None)

pytestmark = pytest.mark.skipif(find_spec("sphinx") is None, reason="Sphinx is not installed: pip install '.[docs]'")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site; one that `make docs` has built from the same tree is not taken, since it may be old."""
    target = tmp_path_factory.mktemp("site")
    options = ["--fail-on-warning", "--keep-going", "--quiet", "-d", str(tmp_path_factory.mktemp("doctrees"))]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "docs", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return target


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.targets, self.loaded, self.ids = [], [], set()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.targets.append(found["href"])
        if tag in ("script", "img", "iframe", "source") and found.get("src"):
            self.loaded.append(found["src"])
        if tag == "link" and found.get("rel") != "canonical" and found.get("href"):
            self.loaded.append(found["href"])


def read(page):
    links = Links()
    links.feed(page.read_text(encoding="utf-8"))
    return links


def test_no_link_is_dead_and_nothing_is_loaded_from_elsewhere(site):
    pages = {page: read(page) for page in site.rglob("*.html")}
    assert len(pages) > 60
    assert site / "reports" / "index.html" in pages
    dead, foreign = [], []
    for page, links in pages.items():
        for target in links.loaded:
            if re.match(r"(https?:)?//", target):
                foreign.append((page.name, target))
        for target in links.targets:
            if re.match(r"(https?:)?//|mailto:|javascript:|data:", target):
                continue
            path, _, anchor = target.partition("#")
            other = (page.parent / path).resolve() if path else page
            if not other.exists() or (anchor and other in pages and anchor not in pages[other].ids):
                dead.append((page.name, target))
    assert dead == []
    assert foreign == []


def test_the_reference_for_programs_holds_what_the_code_has(site):
    from kmbench.notes import KINDS
    from kmbench.records import Record

    told = json.loads((site / "reference.json").read_text(encoding="utf-8"))
    assert set(told["notes"]) == set(KINDS)
    assert set(told["record"]) == set(Record.__dataclass_fields__)
    assert [name for name, one in told["record"].items() if not one["type"]] == []
    run = {name for one in told["commands"]["run"]["parameters"] for name in one["names"]}
    assert {"--data", "--k", "--backends", "--json"} <= run
    assert all(one["text"] for one in told["study_cases"].values())


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed: apt-get install chromium")
@pytest.mark.parametrize("width", [400, 1280])
def test_a_reader_without_a_network_finds_nprobe(site, width):
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        messages, requests = [], []
        page.on("console", lambda message: messages.append((message.type, message.text)))
        page.on("request", lambda request: requests.append(request.url))
        for name in (
            "index.html",
            "tutorials/first-comparison.html",
            "tuning.html",
            "reference/generated/command-line.html",
        ):
            page.goto((site / name).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.goto((site / "search.html").as_uri() + "?q=nprobe")
        page.wait_for_selector("#search-results li")
        assert page.locator("#search-results li").count() > 3
        browser.close()
    assert [url for url in requests if not url.startswith("file:")] == []
    assert [text for kind, text in messages if kind in ("error", "warning")] == []
