"""The notebooks in `examples/` run as scripts in an empty folder, and leave what their text promises."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import kmbench

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
sys.path.insert(0, str(ROOT / "docs" / "_ext"))


def run_example(name, folder):
    """Run a notebook where nothing is, without an index of packages, and return what it printed."""
    offline = {
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "MPLBACKEND": "agg",
    }
    cache = {"XDG_CACHE_HOME": str(folder.parent / "cache")}
    done = subprocess.run(
        [sys.executable, "-P", str(EXAMPLES / f"{name}.py")],
        cwd=folder, env=os.environ | offline | cache, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "empty"
    path.mkdir()
    return path


def test_every_notebook_has_a_test():
    assert {file.stem for file in EXAMPLES.iterdir()} == {
        "a-plug-in-backend", "compare-your-embeddings", "tune-and-deploy",
    }  # fmt: skip


def test_embeddings_are_compared_and_the_page_can_be_passed_on(folder):
    told = run_example("compare-your-embeddings", folder)
    matched, native = map(kmbench.load_cells, sorted((folder / "results" / "run").iterdir()))
    cells = matched.set_index("label")
    assert set(cells.index) == {"numpy-lloyd", "sklearn-lloyd", "faiss-cpu"}
    assert cells.loc["numpy-lloyd", "status"] == "ok"
    assert cells.loc["numpy-lloyd", "speedup"] > 0
    assert cells.loc["numpy-lloyd", "inertia_ratio"] == pytest.approx(1, abs=1e-3)
    if find_spec("faiss") is None:
        assert "pip install 'kmbench[cpu]'" in cells.loc["faiss-cpu", "reason"]
    assert "as fast as" in told or "told apart" in told
    assert set(native["label"]) == {"sklearn-lloyd", "sklearn-minibatch"}
    page = (folder / "engines.html").read_text(encoding="utf-8")
    assert "numpy-lloyd" in page
    assert not re.search(r"(src|href)=[\"']?https?://", page)
    assert (folder / "speed-ups.png").read_bytes().startswith(b"\x89PNG")


def test_the_deployed_index_keeps_its_promise(folder):
    pytest.importorskip("faiss")
    told = run_example("tune-and-deploy", folder)
    found, promised = map(float, re.search(r"recall@10 ([\d.]+), promised ([\d.]+)", told).groups())
    assert found >= 0.9
    assert found == pytest.approx(promised, abs=2e-3)
    assert {file.name for file in (folder / "deployment").iterdir()} >= {"index.faiss", "recipe.json", "serve.py"}
    assert told.rstrip().endswith("the target is met")


def test_the_plug_in_is_found_compared_and_right(folder):
    told = run_example("a-plug-in-backend", folder)
    assert "SciPy's kmeans2" in told
    assert "It can run here." in told
    [run] = (folder / "results" / "run").iterdir()
    cells = kmbench.load_cells(run).set_index("label")
    assert cells.loc["scipy-kmeans2", "status"] == "ok"
    assert cells.loc["scipy-kmeans2", "speedup"] > 0
    assert cells.loc["scipy-kmeans2", "inertia_ratio"] == pytest.approx(1, abs=1e-3)
    assert cells.loc["scipy-kmeans2", "backend_version"] is not None


def test_the_class_has_about_20_lines():
    text = (EXAMPLES / "a-plug-in-backend.py").read_text(encoding="utf-8")
    [source] = re.findall(r"^class .*?(?=^\S|\Z)", text, re.DOTALL | re.MULTILINE)
    assert len([line for line in source.splitlines() if line.strip()]) <= 22


def test_a_page_of_the_site_has_the_text_and_the_code():
    pytest.importorskip("sphinx")
    from example_pages import page_of

    words = "# %% [markdown]\n# # Title\n#\n# See [this](../docs/a.md#b).\n\n"
    text = words + "# %%\nx = 1  # %% is no cell\n\n\n# %%\ny = 2\n"
    assert page_of(text) == (
        "# Title\n\nSee [this](/a.md#b).\n\n```python\nx = 1  # %% is no cell\n```\n\n```python\ny = 2\n```\n"
    )
