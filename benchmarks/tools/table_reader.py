"""Time and memory of reading a CSV file to a float32 matrix, by kmbench and by pandas as it comes.

    python benchmarks/tools/table_reader.py --rows 1000000 --columns 20
    python benchmarks/tools/table_reader.py --former 0f4a210

Each reading is a process of its own: `read_spec` walked block by block, as commands do; `make_features`, as
`segment` does; and `pandas.read_csv(...).to_numpy("float32")` for comparison. Memory is the largest resident set of
the process less that after its imports. Prints Markdown. With --repeats the median is shown. With --former the
readers of an earlier commit are measured in the same run; 0f4a210 is the last before `segment` and `run` shared one.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

MEASURE = """
import json, resource, sys, time
from pathlib import Path
import numpy as np, pandas, pyarrow, pyarrow.compute, pyarrow.csv
from kmbench.datasets import read_spec
try:
    from kmbench.datasets.tables.reader import read_table
except ImportError:
    from kmbench.segments.table import read_table
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


def tree_of(commit: str, folder: Path) -> Path:
    """Put the package as of a commit into a folder, and return that."""
    root = Path(__file__).resolve().parents[2]
    packed = folder / "tree.tar"
    command = ["git", "-C", str(root), "archive", "-o", str(packed), commit, "kmbench"]
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"--former {commit}: there is no such commit in this repository")
    tree = folder / "tree"
    shutil.unpack_archive(packed, tree)
    return tree


def measured(name: str, path: Path, tree: Path | None, repeats: int) -> list[dict[str, Any]]:
    """Return what processes tell that read the table one after the other."""
    environment = dict(os.environ) if tree is None else os.environ | {"PYTHONPATH": str(tree)}
    command = [sys.executable, "-P", "-c", MEASURE, name, str(path)]
    return [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)
        for _ in range(repeats)
    ]


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--rows", type=int, default=1_000_000)
    reader.add_argument("--columns", type=int, default=20)
    reader.add_argument("--repeats", type=int, default=1)
    reader.add_argument("--former", metavar="COMMIT", help="measure the readers of this commit too")
    return reader


def main() -> None:
    """Measure and print."""
    asked = parser().parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, asked.rows, asked.columns)
        print(f"{asked.rows:,} rows x {asked.columns} columns, {path.stat().st_size / 1e6:.0f} MB\n")
        print("| reader | seconds | peak, MiB |\n|---|---|---|")
        readers = [(name, words, None) for name, words in READERS.items()]
        if asked.former is not None:
            tree = tree_of(asked.former, Path(folder))
            readers += [(name, f"{READERS[name]}, at {asked.former}", tree) for name in ("run", "segment")]
        for name, words, tree in readers:
            found = measured(name, path, tree, asked.repeats)
            assert all(tuple(one["shape"]) == (asked.rows, asked.columns) for one in found)
            seconds = statistics.median(one["seconds"] for one in found)
            extra = statistics.median(one["extra_kib"] for one in found) / 1024
            print(f"| {words} | {seconds:.1f} | {extra:,.0f} |")


if __name__ == "__main__":
    main()
