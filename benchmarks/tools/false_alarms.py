"""How often the gate accuses a commit of being worse than itself.

    python benchmarks/tools/false_alarms.py FILE [GATES]

Runs `kmbench gate HEAD HEAD` until FILE holds GATES verdicts (default 10), one a line, and prints the rate. Cut off,
it goes on where it was. A gate takes one to two minutes; it measures what `benchmarks/false-alarms.toml` says.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

STUDY = Path(__file__).parents[1] / "false-alarms.toml"


def one_gate():
    """Return the verdict of one gate over equal commits."""
    options = ["--json", "--study", str(STUDY), "--no-build-isolation", "--budget", "1"]
    command = [sys.executable, "-P", "-m", "kmbench", "gate", "HEAD", "HEAD", *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 1):
        sys.exit(ended.stderr)
    found = json.loads(ended.stdout)
    remarks = [f"{c['label']} {f['figure']}: {f['text']}" for c in found["cells"] for f in c["findings"]]
    widest = max(cell["time"]["high"] for cell in found["cells"] if cell["time"])
    return {
        "exit_code": ended.returncode,
        "cells": len(found["cells"]),
        "repeated": found["repeated"],
        "longer": found["longer"],
        "blind": sum(cell["outcome"] == "blind" for cell in found["cells"]),
        "finds_from": [cell["finds_from"] for cell in found["cells"]],
        "highest": widest,
        "findings": remarks,
    }


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("file", type=Path, metavar="FILE")
    reader.add_argument("gates", type=int, nargs="?", default=10, metavar="GATES")
    return reader


def main(file, wanted):
    verdicts = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    while len(verdicts) < wanted:
        verdicts.append(one_gate())
        with file.open("a") as lines:
            lines.write(json.dumps(verdicts[-1]) + "\n")
    alarms = sum(verdict["exit_code"] for verdict in verdicts)
    cells = sum(verdict["cells"] for verdict in verdicts)
    repeated = sum(verdict["repeated"] for verdict in verdicts)
    longer, blind = (sum(verdict[name] for verdict in verdicts) for name in ("longer", "blind"))
    sizes = sorted(size for verdict in verdicts for size in verdict["finds_from"] if size is not None)
    widest = max(verdict["highest"] for verdict in verdicts)
    print(f"{alarms} of {len(verdicts)} gates over equal commits failed. Of their {cells} cells, {repeated} failed")
    print(f"at first and were measured again; {longer} were blind at first and were measured longer, and")
    print(f"{blind} stayed so. The cells would have found slowdowns from {sizes[0]:.0%} (the best),")
    print(f"{statistics.median(sizes):.0%} (the median) and {sizes[-1]:.0%} (the worst). The widest interval")
    print(f"ended at {widest:.2f}.")


if __name__ == "__main__":
    given = parser().parse_args()
    main(given.file, given.gates)
