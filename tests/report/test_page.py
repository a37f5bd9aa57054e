"""The page is whole, says what happened to every cell, escapes what comes from outside and loads nothing."""

import base64
import hashlib
import html
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import kmbench.report
from kmbench.errors import OutputError
from kmbench.records import Status
from kmbench.report import write_page

EVIL = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&{{ 7*7 }}"


class Reader(HTMLParser):
    """Collects what a browser would see."""

    VOID = frozenset({"meta", "link", "wbr", "br", "path", "use", "rect", "input", "circle"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.style, self.script, self.open = [], [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        places = {"style": self.style, "script": self.script}
        places.get("".join(self.open[-1:]), self.text).append(data)

    @property
    def words(self):
        return " ".join("".join(self.text).split())


def read_page(folder):
    text = write_page(folder).read_text(encoding="utf-8")
    reader = Reader(text)
    assert reader.open == []
    return text, reader


def assert_loads_nothing(page, reader):
    loads = {"src", "srcset", "href", "data", "action", "formaction", "poster", "background", "xlink:href"}
    for tag, name, value in reader.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in loads:
            assert value.startswith(("#", "data:")), (tag, name, value)
        if name == "style":
            assert re.fullmatch(r"[^()]*(var\(--\w+\)[^()]*)*", value), value
    css = "".join(reader.style)
    assert "@import" not in css
    assert "url(" not in css
    # The one script is the page's own, and the policy lets no other run.
    assert reader.tags.count("script") == 1
    code, room = "".join(reader.script), Path(kmbench.report.__file__).parent
    assert code == (room / "templates" / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in page
    assert not {"iframe", "object", "embed", "img", "base", "form"} & set(reader.tags)
    assert "default-src 'none'" in page


def test_the_page_is_offline(mixed):
    page, reader = read_page(mixed)
    assert_loads_nothing(page, reader)
    assert re.search(r'http-equiv="Content-Security-Policy" content="default-src \'none\'', page)
    head = page[: page.index("</title>")]
    assert head.index("Content-Security-Policy") < head.index("<title>")
    assert "https://" not in page
    assert set(re.findall(r"http://[^\"']*", page)) <= {"http://www.w3.org/2000/svg"}  # a name, not an address


def test_the_answer_comes_first(mixed):
    page, reader = read_page(mixed)
    words = reader.words
    assert words.index("numpy-lloyd is the fastest sound backend") < words.index("backend status")
    assert "cannot be told apart" in words
    assert "2 cases, 13 cells: 8 ok, 1 invalid, 1 skipped, 1 unavailable, 1 timeout, 1 crashed" in words
    assert "<h1>quick</h1>" in page


def test_every_row_stands_in_the_table_with_its_reason(mixed):
    page, reader = read_page(mixed)
    for reason in (
        "use digits:center",
        "no GPU is visible; pip install 'kmbench[gpu]'",
        "died of signal 11 (SIGSEGV)",
        "it draws its own rows; only the native protocol",
        "stopped after 600 s, the timeout of one step",
        "memory was not measured: ended unexpectedly with exit code 1",
    ):
        assert reason in reader.words
    assert len(re.findall(r'<tbody class="failed told"', page)) == 3
    assert len(re.findall(r'<tbody class="aside told"', page)) == 2
    for status in ("✓ ok", "✕ invalid", "✕ crashed", "– unavailable", "– skipped", "✕ timeout"):
        assert status in reader.words


def test_the_table_holds_the_figures(mixed):
    page, _ = read_page(mixed)
    row = re.search(r'<th scope="row"[^>]*>\s*<span class="whole">faiss-ivf</span>.*?</tr>', page, re.DOTALL)[0]
    cells = [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
    assert cells[0] == "✓ ok"
    assert cells[1] == "digits 1,797 x 64, k=10, 1 thread"
    assert re.fullmatch(r"6\.\d\d ms ±\d%", cells[2])
    assert re.fullmatch(r"2\.\d\dx 2\.\d\d–2\.\d\d faster", cells[3])
    assert re.fullmatch(r"\d+ KiB \d\.\d\dx", cells[4])
    assert cells[5:8] == ["+3.2%", "0.871", "91.40%"]
    assert re.fullmatch(r"2\.\d\dx 2\.\d\d–2\.\d\d", cells[8])
    assert cells[11:13] == ["0", "10"]
    backends = "&#39;sklearn-lloyd,faiss-ivf[nlist=16;nprobe=1]&#39;"
    command = f"kmbench run --data digits --k 10 --backends {backends} --threads 1"
    assert f'data-command="{command} --protocol matched --seed 0 --iterations 10 --pages cold"' in row
    assert 'class="differs"' in row
    assert "baseline" in page


def test_a_figure_for_each_case_with_a_sound_row(tmp_path, write, new_case, mixed):
    page, _ = read_page(mixed)
    assert re.findall(r'<section id="(case\d)"', page) == ["case1", "case2"]
    assert page.count("<svg") == 5  # the speed-ups, the trade-off of the first, and the profile over both
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    failed = new_case().cell("numpy-lloyd", status=Status.CRASHED, reason="died")
    page, reader = read_page(write(tmp_path / "failed", failed))
    assert "<svg" not in page
    assert "no backend gave a sound answer: numpy-lloyd crashed." in reader.words


def test_how_it_was_measured(mixed):
    _, reader = read_page(mixed)
    for fact in (
        "AMD EPYC 9R45",
        "2 logical, 2 usable",
        "23.5 GiB",
        "Linux 6.18.5 x86_64",
        "CPython 3.11.7",
        "faiss-cpu 1.15.1",
        "OPENBLAS_CORETYPE Haswell",
        "openblas 0.3.30, kernels for SkylakeX, 2 threads, pthreads",
        "kmbench run study.toml",
        "every figure is in records.jsonl",
        "measured 2026-01-31, 10:12 to 10:12 UTC",
        "max_iter 10",
        "Segmentation fault",
    ):
        assert fact in reader.words


@pytest.mark.parametrize(("pairs", "kind"), [(5, "moderated t"), (4, "Student's t")])
def test_the_page_says_which_interval_it_shows(tmp_path, write, new_case, pairs, kind):
    case = new_case().cell("sklearn-lloyd", 0.02)
    for number in range(pairs):
        case.cell("faiss-ivf", 0.01, parameters={"nlist": 2**number})
    page = html.unescape(write_page(write(tmp_path / "run", case)).read_text(encoding="utf-8"))
    told = [name for name in ("moderated t", "Student's t") if f" {name} on the logarithms of the ratios" in page]
    assert told == [kind]


def test_no_folder_of_this_machine_is_told(tmp_path, write, new_case):
    case = new_case(dataset="/home/somebody/vectors.fbin:limit=10").cell("numpy-lloyd", 0.01)
    page, _ = read_page(write(tmp_path / "run", case, study=None))
    assert "/home/somebody" not in page
    assert str(tmp_path) not in page
    assert "<h1>run</h1>" in page
    assert "study.toml" not in page


@pytest.mark.parametrize("status", [Status.OK, Status.ERROR])
def test_markup_in_any_field_is_text(tmp_path, write, new_case, status):
    case = new_case(dataset=EVIL, protocol=EVIL)
    quality = {"reference": EVIL} if status is Status.OK else {}
    case.cell(
        EVIL,
        0.01,
        status=status,
        reason=EVIL,
        output=EVIL,
        parameters={EVIL: EVIL},
        settings={EVIL: EVIL},
        version=EVIL,
        pools=[dict.fromkeys(("internal_api", "version", "architecture", "num_threads", "threading_layer"), EVIL)],
        **quality,
    )
    host = dict.fromkeys(
        ("cpu", "gpus", "system", "kernel", "libc", "python", "git", "fingerprint", "load_average"), EVIL
    )
    host |= {"packages": {EVIL: EVIL}, "environment": {EVIL: EVIL}, "logical_cores": EVIL, "memory_bytes": EVIL}
    study = f"name = {json.dumps(EVIL)}\n"
    page, reader = read_page(write(tmp_path / "run", case, host=host, study=study))
    assert_loads_nothing(page, reader)
    assert page.lower().count("<script") == 1
    assert "<img" not in page.lower()
    assert reader.words.count("<script>alert('x')</script>") > 12
    assert "{{ 7*7 }}" in reader.words


@pytest.mark.parametrize(
    "host",
    [
        None,
        [],
        {},
        {"cpu": None, "python": None, "packages": None, "git": None},
        {"cpu": "Z80", "gpus": [{"name": "H100", "driver_version": "570", "memory_mib": 81559}, "odd", {}]},
        {"cpu": {"model": None}, "packages": ["numpy"], "memory_bytes": 4096, "memory_limit_bytes": 2048},
    ],
)
def test_a_host_of_another_shape_is_no_obstacle(tmp_path, write, new_case, host):
    _, reader = read_page(write(tmp_path / "run", new_case().cell("numpy-lloyd", 0.01), host=host))
    if isinstance(host, dict) and host.get("cpu") == "Z80":
        assert "processor Z80" in reader.words
        assert "H100 (driver 570, 81559 MiB)" in reader.words


def test_a_broken_host_file_is_no_obstacle(mixed):
    (mixed / "host.json").write_text("{ half")
    read_page(mixed)


def test_a_run_that_was_cut_off_says_so(tmp_path, write, new_case):
    case = new_case().cell("sklearn-lloyd", 0.01).cell("numpy-lloyd", 0.01)
    del case.records[-1]
    _, reader = read_page(write(tmp_path / "run", case))
    assert "Cells without an outcome: numpy-lloyd. Continue with --resume." in reader.words


def test_a_run_without_records_has_a_page(tmp_path, write):
    _, reader = read_page(write(tmp_path / "run"))
    assert "No cell has finished yet." in reader.words


def test_lone_surrogates_do_not_stop_the_page(tmp_path, write, new_case):
    folder = write(tmp_path / "run", new_case().cell("numpy-lloyd", 0.01))
    lines = (folder / "records.jsonl").read_text(encoding="utf-8")
    (folder / "records.jsonl").write_text(lines.replace('"numpy-lloyd"', r'"a\ud800"'), encoding="utf-8")
    read_page(folder)


def test_what_is_not_a_run_is_refused(tmp_path, mixed):
    with pytest.raises(OutputError, match=r"holds no records\.jsonl"):
        write_page(tmp_path)
    (mixed / "study.toml").write_text("name = ")
    with pytest.raises(OutputError, match=r"study\.toml cannot be read"):
        write_page(mixed)


def test_a_page_that_cannot_be_written_leaves_nothing_behind(mixed):
    (mixed / "index.html").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*index\.html"):
        write_page(mixed)
    assert not (mixed / ".index.html.part").exists()


def test_the_same_run_gives_the_same_page(mixed):
    first = write_page(mixed).read_bytes()
    assert write_page(mixed).read_bytes() == first


def test_importing_the_room_is_cheap():
    heavy = ("matplotlib", "seaborn", "jinja2", "pandas", "scipy", "numpy")
    code = f"import sys, kmbench.report; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
