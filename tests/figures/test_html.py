"""All pages have one head, which lets nothing be loaded; what they show is escaped; a page is whole or not there."""

import base64
import hashlib
import re
from importlib import resources
from pathlib import Path

import jinja2
import pytest

import kmbench
from kmbench.errors import OutputError
from kmbench.figures.html import now_text, render, script_of, write_whole

POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
EVIL = "<img src=x onerror=alert(1)>,{{ 7*7 }}"


def gallery(**values):
    entry = {
        "thumbnail": None,
        "href": "a/index.html",
        "name": EVIL,
        "folder": "a",
        "sentences": [EVIL],
        "more": 0,
        "facts": ["1 case"],
    }
    return render("kmbench.report", "gallery.html", **({"entries": [entry], "others": [], "page": ""} | values))


def test_one_template_makes_the_head_of_all_pages():
    rooms = Path(kmbench.__file__).parent.rglob("templates/*.html")
    heads = [file for file in rooms if "<head" in file.read_text(encoding="utf-8")]
    assert [file.relative_to(Path(kmbench.__file__).parent).as_posix() for file in heads] == [
        "figures/templates/base.html"
    ]


def test_a_page_loads_nothing_and_runs_no_script():
    page = gallery()
    assert POLICY.findall(page) == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    ]
    assert page.index("Content-Security-Policy") < page.index("<title>")
    assert page.startswith("<!DOCTYPE html>\n")
    assert f"kmbench {kmbench.__version__} · made by" in page


def test_what_comes_from_outside_is_text_and_breaks_after_its_commas():
    page = gallery()
    assert "<img" not in page
    assert "{{ 7*7 }}" in page
    assert "onerror=alert(1)&gt;,<wbr>{{ 7*7 }}" in page


def test_a_value_that_is_missing_makes_no_page():
    with pytest.raises(jinja2.UndefinedError, match="others"):
        render("kmbench.report", "gallery.html", entries=[], page="")


def test_the_digest_of_a_script_is_the_one_that_a_browser_computes():
    script = script_of("kmbench.report", "page.js")
    code = resources.files("kmbench.report").joinpath("templates", "page.js").read_bytes()
    assert script.text.encode() == code
    assert base64.b64decode(script.digest) == hashlib.sha256(code).digest()


def test_pages_say_when_they_were_made():
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", now_text())


def test_a_page_is_written_with_its_folder(tmp_path):
    page = write_whole(tmp_path / "new" / "index.html", "a lone surrogate: \ud800")
    assert page.read_text(encoding="utf-8") == "a lone surrogate: ?"


def test_where_a_page_cannot_be_written_the_hint_tells_what_to_do(tmp_path):
    (tmp_path / "index.html").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*index\.html") as failure:
        write_whole(tmp_path / "index.html", "text", "give another --output")
    assert failure.value.hint == "give another --output"
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
