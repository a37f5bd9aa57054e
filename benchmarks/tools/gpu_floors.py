"""Each GPU row of a run beside its floor, as Markdown; rows that failed stand below with their reasons.

    python benchmarks/tools/gpu_floors.py RUN_FOLDER

The run folder holds ceilings.json, from gpu_ceilings.py on the same card.
"""

import sys
from pathlib import Path

from kmbench.analysis import read_run
from kmbench.analysis.floors import CEILINGS_FILE, Ceilings, floor_rows
from kmbench.errors import KmbenchError
from kmbench.records import Status
from kmbench.wording import seconds_text, times_text


def main(folder):
    rows = read_run(folder).cells
    ceilings = Ceilings.from_file(folder / CEILINGS_FILE)
    print(f"Floors of {ceilings.gpu}\n")
    print("| data | k | backend | precision | fit + labels | floor | bound by | above floor | best CPU | over it |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for found in floor_rows(rows, ceilings):
        row = found.row
        over = "" if found.over_best_cpu is None else times_text(found.over_best_cpu)
        cells = (row.dataset, row.k, row.label, row.precision, seconds_text(row.fit_predict_seconds),
                 seconds_text(found.floor_seconds), found.floor.bound, times_text(found.above_floor),
                 found.best_cpu or "", over)  # fmt: skip
        print("| " + " | ".join(map(str, cells)) + " |")
    failures = [row for row in rows if row.status is not Status.OK]
    if failures:
        print()
    for row in failures:
        print(f"- {row.label} on {row.dataset}, k={row.k}: {row.status}: {row.reason}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]))
    except KmbenchError as error:
        sys.exit(f"gpu_floors.py: {error}")
