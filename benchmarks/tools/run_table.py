"""Print the tables of recorded runs as `kmbench run` printed them: `python benchmarks/tools/run_table.py RUN ...`."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from kmbench.analysis import read_run
from kmbench.cli.table import print_table


def main() -> None:
    """Print the runs that are named, in 80 columns."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    for folder in map(Path, sys.argv[1:]):
        run = read_run(folder)
        print_table(Console(width=80), run.compared, run.notes)


if __name__ == "__main__":
    main()
