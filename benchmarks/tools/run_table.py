"""Print the tables of recorded runs as `kmbench run` printed them: `python benchmarks/tools/run_table.py RUN ...`."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from kmbench.analysis import read_run
from kmbench.cli.table import print_table


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    return reader


def main() -> None:
    """Print the runs that are named, in 80 columns."""
    for folder in parser().parse_args().runs:
        run = read_run(folder)
        print_table(Console(width=80), run.compared, run.notes)


if __name__ == "__main__":
    main()
