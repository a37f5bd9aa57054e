"""The page of a run with a workload: figures, pictures, tables, and nothing that is not there."""

import base64
import json

from kmbench.report import write_page
from kmbench.workloads.artefacts import swatch, table

FIGURES = [
    {"name": "psnr_db", "title": "PSNR", "unit": "dB", "better": "higher", "summary": "Peak <signal> to noise."},
    {"name": "png_bytes", "title": "file", "unit": "B", "better": "lower", "summary": ""},
]


def with_task(new_case, write, folder, artefacts):
    case = new_case(dataset="/home/someone/photos/<cat>.png")
    values = {"numpy-lloyd": (31.25, 2048.0), "faiss-cpu": (29.5, 2048.0)}
    for name, (psnr, size) in values.items():
        case.cell(
            name, 0.02, task={"psnr_db": psnr, "png_bytes": size}, task_figures=FIGURES, artefacts=artefacts[name]
        )
    return write(folder, case)


def test_figures_and_artefacts_stand_on_the_page(new_case, write, tmp_path):
    run = tmp_path / "run"
    files = {
        "tasks/a/picture.png": b"\x89PNG one",
        "tasks/b/picture.png": b"\x89PNG two",
        "tasks/a/palette.json": swatch("two colours", ["#102030", "red;}</style>"], [0.75, 0.25]),
        "tasks/a/who.json": table("Profiles", ["segment", "income"], [["1", 47159.4], ["<b>", None]]),
        "tasks/b/who.json": table("Profiles", ["segment", "income"], [["1", 47159.4], ["<b>", None]]),
        "tasks/a/own.txt": b"kept",
    }
    artefacts = {
        "numpy-lloyd": [name for name in files if "/a/" in name],
        "faiss-cpu": [name for name in files if "/b/" in name] + ["../../etc/passwd", "tasks/b/gone.png"],
    }
    with_task(new_case, write, run, artefacts)
    for name, content in files.items():
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_bytes(content)
    page = write_page(run).read_text(encoding="utf-8")
    for name in ("tasks/a/picture.png", "tasks/b/picture.png"):
        assert base64.b64encode(files[name]).decode() in page
    assert '<td class="best">31.25 dB</td>' in page
    assert "<td>29.50 dB</td>" in page
    assert "<td>2.00 KiB</td>" in page, "equal figures have no best"
    assert page.count(">Profiles</h3>") == 1, "equal tables of two backends are one"
    assert "numpy-lloyd, faiss-cpu" in page or "faiss-cpu, numpy-lloyd" in page
    assert "<td>47,159</td>" in page
    assert "background: #102030" in page
    assert "red;}" not in page
    assert '<th scope="row">&lt;b&gt;</th>' in page
    assert "&lt;signal&gt;" in page
    assert "own.txt" in page
    assert "/home/someone" not in page
    assert "passwd" not in page
    assert "gone.png" not in page


def test_a_run_without_workloads_has_no_such_section(mixed):
    assert 'class="task"' not in write_page(mixed).read_text(encoding="utf-8")


def test_a_file_that_is_no_artefact_of_ours_is_named_and_not_shown(new_case, write, tmp_path):
    run = tmp_path / "run"
    odd = ["tasks/a/odd.json", "tasks/a/torn.json"]
    with_task(new_case, write, run, {"numpy-lloyd": odd, "faiss-cpu": []})
    (run / "tasks/a").mkdir(parents=True)
    (run / odd[0]).write_text(json.dumps({"kind": "table", "rows": 3}))
    (run / odd[1]).write_text("{")
    page = write_page(run).read_text(encoding="utf-8")
    assert "odd.json, torn.json" in page


def test_cells_name_their_task_and_the_command_does_it_again(new_case, write, tmp_path):
    case = new_case(dataset="photo", workload="palette[space=lab]")
    case.cell("numpy-lloyd", 0.02)
    page = write_page(write(tmp_path / "run", case)).read_text(encoding="utf-8")
    assert "photo as palette[space=lab]" in page
    assert "--workload &#39;palette[space=lab]&#39;" in page
