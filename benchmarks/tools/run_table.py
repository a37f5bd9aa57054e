"""Print the tables of recorded runs as `kmbench run` printed them: `python benchmarks/tools/run_table.py RUN ...`.

With `--svg FILE` the tables are drawn too, as a terminal shows them, for README.md. The picture asks for no font from
elsewhere.
"""

from __future__ import annotations

import argparse
import io
import re
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from kmbench.analysis import read_run
from kmbench.cli.answer import print_run

FONT_FACES = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    reader.add_argument("--svg", type=Path, metavar="FILE")
    return reader


def draw(runs: list[Path], file: Path) -> None:
    """Write what a terminal with colours shows of the runs, as SVG."""
    console = Console(width=80, record=True, force_terminal=True, color_system="truecolor", file=io.StringIO())
    console.print("$ make bench", style="bold")
    for folder in runs:
        print_run(console, read_run(folder))
    code = FONT_FACES.sub("", CONSOLE_SVG_FORMAT)
    file.write_text(console.export_svg(title="kmbench", code_format=code, unique_id="kmbench"), encoding="utf-8")


def main() -> None:
    """Print the runs that are named, in 80 columns."""
    given = parser().parse_args()
    for folder in given.runs:
        print_run(Console(width=80), read_run(folder))
    if given.svg is not None:
        draw(given.runs, given.svg)


if __name__ == "__main__":
    main()
