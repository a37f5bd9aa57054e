"""Time and memory of reading a CSV file to a float32 matrix, by kmbench and by pandas as it comes.

    python benchmarks/tools/table_reader.py --rows 1000000 --columns 20

Each reading is a process of its own: `read_spec` walked block by block, as commands do; `make_features`, as
`segment` does; and `pandas.read_csv(...).to_numpy("float32")` for comparison. Memory is the largest resident set of
the process less that after its imports. Prints Markdown. With --repeats the median is shown.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

MEASURE = """
import json, resource, sys, time
from pathlib import Path
import numpy as np, pandas, pyarrow, pyarrow.compute, pyarrow.csv
from kmbench.datasets import read_spec
from kmbench.datasets.tables.reader import read_table
from kmbench.segments.features import make_features

def by_run(path):
    rows = read_spec(path)
    X = np.empty((rows.n, rows.d), dtype=np.float32)
    start = 0
    for block in rows.blocks(50_000):
        X[start : start + len(block)] = block
        start += len(block)
    return X

def by_segment(path):
    return make_features(read_table(Path(path))).X

def by_pandas(path):
    return pandas.read_csv(path).to_numpy("float32")

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
X = {"run": by_run, "segment": by_segment, "pandas": by_pandas}[sys.argv[1]](sys.argv[2])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "extra_kib": peak - before, "shape": X.shape}))
"""

READERS = {
    "run": "kmbench, as `run` and `data` read",
    "segment": "kmbench, as `segment` reads",
    "pandas": "pandas.read_csv",
}


def write_table(path: Path, rows: int, columns: int) -> None:
    """Write normal values of six digits, a block at a time."""
    random = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(f"x{place}" for place in range(columns)) + "\n")
        for start in range(0, rows, 50_000):
            np.savetxt(file, random.normal(size=(min(50_000, rows - start), columns)), fmt="%.6f", delimiter=",")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, asked.rows, asked.columns)
        print(f"{asked.rows:,} rows x {asked.columns} columns, {path.stat().st_size / 1e6:.0f} MB\n")
        print("| reader | seconds | peak, MiB |\n|---|---|---|")
        for name, words in READERS.items():
            found = []
            for _ in range(asked.repeats):
                done = subprocess.run(
                    [sys.executable, "-c", MEASURE, name, str(path)], check=True, capture_output=True, text=True
                )
                found.append(json.loads(done.stdout))
            assert all(tuple(one["shape"]) == (asked.rows, asked.columns) for one in found)
            seconds = statistics.median(one["seconds"] for one in found)
            extra = statistics.median(one["extra_kib"] for one in found) / 1024
            print(f"| {words} | {seconds:.1f} | {extra:,.0f} |")


if __name__ == "__main__":
    main()
