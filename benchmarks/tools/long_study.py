"""Measure a long study in slices: each call goes on where the last one stopped, and says what is left.

python benchmarks/tools/long_study.py benchmarks/leaderboard.toml results/leaderboard/my-host --minutes 10

Exit code 0: everything is measured. 3: cases are left, call it again. 2: bad input.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from kmbench.records import RECORDS_FILE

LAST_START = 0.4
"""Share of a slice after which no further case is begun: what runs then must end within the slice."""

UNFINISHED = 3


def slice_command(study, folder, minutes):
    """Return the command that measures the next slice of a study into a folder."""
    command = [sys.executable, "-m", "kmbench", "run", str(study), "--output", str(folder)]
    command += ["--stop-after", f"{LAST_START * 60 * minutes:g}"] if minutes is not None else []
    return command + (["--resume"] if (Path(folder) / RECORDS_FILE).exists() else [])


def measure_slice(study, folder, minutes):
    """Measure the next slice and return whether the study is finished; failed cells are rows, not an end."""
    code = subprocess.run(slice_command(study, folder, minutes), check=False).returncode
    if code not in (0, 1, UNFINISHED):
        sys.exit(code)
    return code != UNFINISHED


def main():
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("study", type=Path)
    reader.add_argument("folder", type=Path)
    reader.add_argument("--minutes", type=float, help="length of a slice; without it the study is measured in one go")
    given = reader.parse_args()
    sys.exit(0 if measure_slice(given.study, given.folder, given.minutes) else UNFINISHED)


if __name__ == "__main__":
    main()
