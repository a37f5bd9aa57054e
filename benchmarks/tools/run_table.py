"""Print the tables of recorded runs as `kmbench run` printed them: `python benchmarks/tools/run_table.py RUN ...`."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console

from kmbench.analysis import read_run
from kmbench.cli.answer import print_run


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    return reader


def main() -> None:
    """Print the runs that are named, in 80 columns."""
    for folder in parser().parse_args().runs:
        print_run(Console(width=80), read_run(folder))


if __name__ == "__main__":
    main()
