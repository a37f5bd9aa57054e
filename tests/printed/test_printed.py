"""What the commands print, character by character, at 80 and 120 columns, in colour and in a log.

`KMBENCH_UPDATE_PRINTED=1 pytest tests/printed` writes the files in `outputs` anew: read what it changes.
"""

import dataclasses
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import known_results
import pytest
from rich.console import Console

from kmbench.analysis.compare import ComparedCell
from kmbench.cli.answer import print_run
from kmbench.cli.backends import print_backend, print_backends
from kmbench.cli.choose_k_table import print_choice
from kmbench.cli.compare import print_comparison
from kmbench.cli.gate import print_gate
from kmbench.cli.quantize import print_palette
from kmbench.cli.segment import print_segments
from kmbench.cli.tune_table import print_answer

OUTPUTS = Path(__file__).parent / "outputs"
UPDATE = os.environ.get("KMBENCH_UPDATE_PRINTED")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def compared():
    case = "embeddings:n=50000,d=128,rank=24,seed=0 k=256 threads=2 matched"
    return [
        ComparedCell("digits k=10 threads=2 matched", "numpy-lloyd", 0.0025, 0.0021, 0.84, 0.0, -4096, None),
        ComparedCell("digits k=10 threads=2 matched", "sklearn-minibatch", 0.004, 0.0041, 1.025, 1e-4, 8192, None),
        ComparedCell(case, "faiss-ivf[nlist=16;nprobe=1]", 0.55, 0.54, 0.982, 0.0, 0, None),
        ComparedCell(case, "faiss-ivf[nlist=16;nprobe=2]", 0.64, None, None, None, None, "not measured after"),
        ComparedCell(case, "torch", None, 0.2, None, None, None, "not measured before"),
        ComparedCell(case, "faiss-cpu", 0.42, None, None, None, None, "timeout after"),
    ]


SHOWN = {
    "run": lambda console: print_run(console, known_results.golden_run("comparison")),
    "run-wide": lambda console: print_run(console, known_results.golden_run("comparison"), wide=True),
    "run-failures": lambda console: print_run(console, known_results.golden_run("engines")),
    "run-target": lambda console: print_run(console, known_results.golden_run("target")),
    "run-task": lambda console: print_run(console, known_results.golden_run("palette")),
    "tune": lambda console: print_answer(console, known_results.tuned()),
    "choose-k": lambda console: print_choice(console, known_results.chosen()),
    "segment": lambda console: print_segments(console, known_results.segmented(), None),
    "segment-seven": lambda console: print_segments(console, known_results.segmented(7), None),
    "quantize": lambda console: print_palette(console, known_results.quantized(), None),
    "backends": lambda console: print_backends(console, known_results.listed_backends()),
    "backends-one": lambda console: print_backend(console, known_results.listed_backends()[-1]),
    "compare": lambda console: print_comparison(console, compared()),
    "gate": lambda console: print_gate(console, known_results.gated()),
}


def printed(name, width, colour=False):
    target = io.StringIO()
    system = {"force_terminal": True, "color_system": "standard"} if colour else {}
    # An empty environment: what is printed must not depend on who looks.
    SHOWN[name](Console(file=target, width=width, highlight=False, _environ={}, **system))
    return target.getvalue()


def same_as_kept(name, text):
    file = OUTPUTS / f"{name}.txt"
    if UPDATE:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", SHOWN)
def test_a_log_shows_what_is_kept(name, width):
    text = printed(name, width)
    same_as_kept(f"{name}-{width}", text)
    assert [line for line in text.splitlines() if len(line.rstrip()) > width] == []
    assert not ANSI.search(text)


@pytest.mark.parametrize("name", SHOWN)
def test_a_terminal_shows_the_same_in_colour(name):
    text = printed(name, 80, colour=True)
    same_as_kept(f"{name}-80-colour", text)
    assert ANSI.sub("", text) == printed(name, 80)
    assert ANSI.sub("", printed(name, 120, colour=True)) == printed(name, 120)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("wide", [False, True])
def test_each_cell_takes_a_line_that_begins_with_its_whole_name(width, wide):
    run, target = known_results.golden_run("comparison"), io.StringIO()
    print_run(Console(file=target, width=width, _environ={}), run, wide=wide)
    lines = target.getvalue().splitlines()
    for row in run.cells:
        assert any(re.match(rf"{re.escape(row.label)} .*(faster|slower|equivalent|inconclusive|ok)\b", line)
                   for line in lines), row.label  # fmt: skip


def test_at_most_three_notes_stand_below_and_each_is_a_line_with_its_code():
    for name in ("run", "tune", "segment"):
        lines = printed(name, 80).splitlines()
        noted = [line for line in lines if line.startswith("! ")]
        assert 1 <= len(noted) <= 3
        assert all(re.match(r"! KM\d{3} \w", line) for line in noted)
        assert re.search(r"kmbench explain KM\d{3} says more", lines[lines.index(noted[-1]) + 1])


def test_the_answer_stands_above_the_table():
    text = printed("run", 80)
    assert text.index("is the fastest sound backend") < text.index("backend  ")


def test_a_long_name_never_loses_a_letter_and_its_figures_follow():
    run = known_results.golden_run("comparison")
    label = "faiss-ivf[nlist=1024;nprobe=16;init=sample[fraction=0.25];device=cuda]"
    row = dataclasses.replace(run.cases[0].rows[0], label=label)
    target = io.StringIO()
    run.cases[0].rows[0] = row
    print_run(Console(file=target, width=80, _environ={}), run)
    lines = target.getvalue().splitlines()
    place = lines.index(label)
    assert "faster" in lines[place + 1]
    assert len(lines[place + 1]) <= 80


@pytest.fixture(scope="module")
def helped():
    def run(width, colour):
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
        environment |= {"COLUMNS": str(width)} | (
            {"FORCE_COLOR": "1", "TERM": "xterm"} if colour else {"NO_COLOR": "1"}
        )
        command = [sys.executable, "-c", "from kmbench.cli.main import app; app(prog_name='kmbench')", "--help"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    return run


@pytest.mark.parametrize("width", [80, 120])
def test_help_groups_the_commands_and_shows_no_type_of_a_switch(helped, width):
    text = "\n".join(line.rstrip() for line in helped(width, colour=False).splitlines())
    same_as_kept(f"help-{width}", f"{text}\n")
    assert "<bool>" not in text
    assert re.findall(r"─ ([A-Z][a-z ]+) ─", text) == [
        "Options", "Measure", "Tune an index", "Tasks", "History", "Look up",
    ]  # fmt: skip
    coloured = ANSI.sub("", helped(width, colour=True))
    assert "\n".join(line.rstrip() for line in coloured.splitlines()) == text
