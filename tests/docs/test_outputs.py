"""Every block of output in the documents can be traced to the command that prints it."""

import argparse
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from kmbench.cli.main import app

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "tools"))

from docs_outputs import BLOCK, blocks_of, changed_words, documents, refreshed, rendered  # noqa: E402

BLOCKS = [block for file in documents() for block in blocks_of(file)]


def test_there_are_blocks_in_the_documents():
    assert {block.file.name for block in BLOCKS} >= {
        "first-comparison.md",
        "tuning.md",
        "numpy-lloyd.md",
        "measurement.md",
    }


@pytest.mark.parametrize("file", documents(), ids=lambda file: file.name)
def test_every_comment_belongs_to_a_block_that_names_its_command(file):
    text = file.read_text(encoding="utf-8")
    assert re.findall(r"<!--.*?-->", BLOCK.sub("", text), re.DOTALL) == []


@pytest.mark.parametrize("file", documents(), ids=lambda file: file.name)
def test_what_looks_like_a_terminal_stands_in_a_block(file):
    outside = BLOCK.sub("", file.read_text(encoding="utf-8"))
    assert re.findall(r"^ *\$ .*", outside, re.MULTILINE) == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.file.name}: {block.command[:40]}")
def test_output_has_no_path_of_the_machine_it_was_measured_on(block):
    assert re.findall(r"(?<![\w.])/(?:root|home|Users|tmp|private|var|work|usr|opt)/\S*", block.body) == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.file.name}: {block.command[:40]}")
def test_a_command_that_is_shown_is_the_one_that_is_named(block):
    shown = re.findall(r"^\$ (.*)", block.body, re.MULTILINE)
    assert shown in ([], [block.command])


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.file.name}: {block.command[:40]}")
def test_the_command_exists_and_takes_its_arguments(block, monkeypatch):
    earlier = [other.command for other in BLOCKS[: BLOCKS.index(block)] if other.file == block.file]
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "tools"))
    assert why_unknown(block.command, earlier) is None


def why_unknown(command, earlier=()):
    """Why a command cannot be run as it is written, or None. `earlier`: what has run in the document before."""
    program, *arguments = shlex.split(command)
    try:
        if program == "kmbench":
            get_command(app).commands[arguments[0]].make_context(arguments[0], arguments[1:])
        elif program == "make":
            if not re.search(rf"^{re.escape(arguments[0])}:", (ROOT / "Makefile").read_text(), re.MULTILINE):
                return f"no target {arguments[0]}"
        elif program != "python":
            return f"{program} is no program of this project"
        elif arguments[0].startswith("benchmarks/"):
            parser = runpy.run_path(str(ROOT / arguments[0]))["parser"]()
            assert isinstance(parser, argparse.ArgumentParser)
            parser.parse_args(arguments[1:])
        elif not any(Path(arguments[0]).parts[0] in shlex.split(other) for other in earlier):
            return f"no command before it writes {arguments[0]}"
    except (Exception, SystemExit) as error:  # whatever it is, it is the reason
        return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("kmbench tunes vectors.npy", "tunes"),
        ("kmbench tune vectors.npy --recal 0.9", "--recal"),
        ("kmbench tune vectors.npy --at many", "BadParameter"),
        ("make bensh", "bensh"),
        ("python benchmarks/tools/absent.py", "absent.py"),
        ("python benchmarks/tools/run_table.py", "SystemExit"),
        ("python benchmarks/tools/planted.py FOLDER gat", "SystemExit"),
        ("python deployment/serve.py", "deployment/serve.py"),
        ("hyperfine ls", "hyperfine"),
    ],
)
def test_a_command_that_cannot_run_is_found(command, word, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "tools"))
    assert word in why_unknown(command)


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.date], ids=lambda block: block.command[:40])
def test_a_long_run_carries_a_commit_that_there_is(block):
    shallow = subprocess.run(
        ["git", "rev-parse", "--is-shallow-repository"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if shallow.stdout.strip() != "false":
        pytest.skip("this checkout has no history")
    assert (
        subprocess.run(["git", "cat-file", "-e", f"{block.commit}^{{commit}}"], cwd=ROOT, check=False).returncode == 0
    )


def test_output_is_shown_as_a_terminal_or_as_markdown_shows_it():
    assert rendered("kmbench host", "a\nb") == "\n```text\n$ kmbench host\na\nb\n```\n\n"
    assert rendered("python benchmarks/x.py", "| a |\n|---|\n| 1 |") == "| a |\n|---|\n| 1 |\n"


def test_short_blocks_are_written_anew_and_the_rest_stays(tmp_path):
    table = "python benchmarks/tools/run_table.py results/quick/epyc-zen5-2-cores"
    long = "<!-- output of 2026-11-21, AMD EPYC, 2 cores, commit ebd257a: make bench -->\n1 s\n<!-- end -->\n"
    document = tmp_path / "a.md"
    document.write_text(f"# A\n\n<!-- output: {table} -->\nstale\n<!-- end -->\n\n{long}")
    text, count = refreshed(document, long=False)
    assert count == 1
    assert text.endswith(f"\n{long}")
    assert text.startswith(f"# A\n\n<!-- output: {table} -->\n\n```text\n")
    assert "\ndigits  1,797 x 64" in text
    assert "stale" not in text
    document.write_text(text)
    assert refreshed(document, long=False)[0] == text


def test_words_are_told_from_figures():
    before = "faiss-cpu  1.02 ms  12%\nok"
    assert changed_words(before, "faiss-cpu   950 ms   3%\nok") == []
    assert changed_words(before, "faiss-cpu   950 ms   3%\nerror")[1:] == ["-ok", "+error"]
