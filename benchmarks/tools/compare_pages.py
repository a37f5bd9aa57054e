"""Render the committed runs and compare the data behind each figure with that of the pages in a commit.

    python benchmarks/tools/compare_pages.py          # against the pages that HEAD holds under reports/
    python benchmarks/tools/compare_pages.py v0.1.0

Every figure of a page carries its data as a CSV file. A page is compared where the commit holds the same records.
Exit code 1: a figure is gone, or its data differs.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

DOWNLOAD = re.compile(r'<a [^>]*download="([^"]*)"[^>]*href="data:text/csv;charset=utf-8,([^"]*)"')
ROOT = Path(__file__).parents[2]


def data_of(page: str) -> dict[str, str]:
    """Return the CSV files of a page by their names."""
    return {name: unquote(data) for data, name in DOWNLOAD.findall(page)}


def committed(revision: str, path: str) -> str | None:
    """Return a file of a commit, or None."""
    found = subprocess.run(["git", "show", f"{revision}:{path}"], cwd=ROOT, capture_output=True, check=False)
    return found.stdout.decode() if found.returncode == 0 else None


def differences(revision: str) -> tuple[list[str], int]:
    """Return what differs, and how many CSV files were compared."""
    from kmbench.analysis.run import read_run
    from kmbench.report.page import render_page

    found, compared = [], 0
    for records in sorted((ROOT / "results").glob("*/*/records.jsonl")):
        folder = records.parent
        name = f"{folder.parent.name}-{folder.name}"
        then = committed(revision, f"reports/{name}/index.html")
        if then is None or committed(revision, str(records.relative_to(ROOT))) != records.read_text():
            print(f"{name}: {revision} holds other records, not compared")
            continue
        old, new = data_of(then), data_of(render_page(read_run(folder)))
        same = sum(new.get(file) == text for file, text in old.items())
        print(f"{name}: {same} of {len(old)} figures have the same data, {len(new.keys() - old.keys())} are new")
        found += [f"{name}: {file}" for file, text in old.items() if new.get(file) != text]
        compared += len(old)
    return found, compared


def main() -> None:
    """Compare, print, and exit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revision", nargs="?", default="HEAD", help="commit whose pages are compared (default: HEAD)")
    found, compared = differences(parser.parse_args().revision)
    for line in found:
        print(f"differs  {line}")
    if found or not compared:
        sys.exit(1)


if __name__ == "__main__":
    main()
