"""Every block of output in the documents can be traced to the command that prints it."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "tools"))

from docs_outputs import BLOCK, blocks_of, documents, rendered  # noqa: E402

BLOCKS = [block for file in documents() for block in blocks_of(file)]


def test_there_are_blocks_in_the_documents():
    assert {block.file.name for block in BLOCKS} >= {"README.md", "tuning.md", "numpy-lloyd.md", "measurement.md"}


@pytest.mark.parametrize("file", documents(), ids=lambda file: file.name)
def test_every_comment_belongs_to_a_block_that_names_its_command(file):
    text = file.read_text(encoding="utf-8")
    assert re.findall(r"<!--.*?-->", BLOCK.sub("", text), re.DOTALL) == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.file.name}: {block.command[:40]}")
def test_the_command_exists_with_its_options(block):
    program, *arguments = shlex.split(block.command)
    if program == "kmbench":
        from typer.main import get_command

        from kmbench.cli.main import app

        group = get_command(app)
        command = group.commands[arguments[0]]
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert {argument for argument in arguments if argument.startswith("--")} <= known
    elif program == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    else:
        assert program == "python"
        if arguments[0].startswith("benchmarks"):
            assert (ROOT / arguments[0]).is_file()
        else:  # a file that an earlier command of the document has written
            earlier = [other.command for other in BLOCKS if other.file == block.file]
            assert any(Path(arguments[0]).parts[0] in command for command in earlier if command != block.command)


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
