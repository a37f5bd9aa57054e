"""Run the commands whose output stands in the documents, and write it in.

    python benchmarks/tools/docs_outputs.py                       # README.md and all of docs
    python benchmarks/tools/docs_outputs.py docs/measurement.md   # only this one
    python benchmarks/tools/docs_outputs.py --long docs/tuning.md   # also what takes minutes; nothing else may run
    python benchmarks/tools/docs_outputs.py --list                # each block with its command
    python benchmarks/tools/docs_outputs.py --check               # changes no file; exit code 1 if words would change

A block of output stands between two comments. The first names the command:

    <!-- output: COMMAND -->                                        run again by this script
    <!-- output of DATE, HOST, commit HASH: COMMAND -->             a long run: kept as it was measured then
    <!-- end -->

The commit is the one that the run's `host.json` names; where no records are kept, the one that wrote the output down.
Markdown stands as it is, other output in a fence; a command of `kmbench` stands above its output after a `$`.

Commands run in 80 columns, those of one document one after the other: scripts of `benchmarks` in the checkout, the
rest in a scratch folder with the files that `SETUP` makes for the document. `FILE` and `FOLDER` lie in that folder.
"""

from __future__ import annotations

import argparse
import atexit
import difflib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).parents[2]

BLOCK = re.compile(
    r"<!-- output(?: of (?P<date>\d{4}-\d{2}-\d{2}), (?P<host>[^:]+), commit (?P<commit>[0-9a-f]{7,40}))?: "
    r"(?P<command>.+?) -->\n(?P<body>.*?)<!-- end -->",
    re.DOTALL,
)


FIGURE = re.compile(r"[-+]?\d[\d.,]*")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of output in a document; `date`, `host` and `commit` are those of a long run, else None."""

    file: Path
    command: str
    body: str
    date: str | None
    host: str | None
    commit: str | None


def documents() -> list[Path]:
    """Return all documents."""
    pages = (ROOT / "docs").rglob("*.md")
    return [ROOT / "README.md", *sorted(page for page in pages if not {"_build", "generated"} & set(page.parts))]


def blocks_of(file: Path) -> list[Block]:
    """Return the blocks of a document in their order."""
    found = BLOCK.finditer(file.read_text(encoding="utf-8"))
    return [Block(file, m["command"], m["body"], m["date"], m["host"], m["commit"]) for m in found]


def vectors(folder: Path) -> None:
    """Write what docs/tuning.md reads: 200,000 vectors of 96 columns, 1,000 queries, a fifth more, and two filters.

    Both filters allow a tenth of the rows: `tenth.npy` those of chance, `near.npy` those nearest to the first row.
    """
    import numpy as np

    from kmbench.datasets import read_spec

    def matrix(spec: str) -> np.ndarray:
        return np.concatenate(list(read_spec(spec).blocks(2**14)))

    rows = matrix("embeddings:n=201000,d=96,rank=24,seed=0")
    np.save(folder / "vectors.npy", rows[:200_000])
    np.save(folder / "today.npy", rows[200_000:])
    distances = ((rows[:200_000] - rows[0]) ** 2).sum(axis=1)
    np.save(folder / "near.npy", distances <= np.partition(distances, 20_000)[20_000])
    np.save(folder / "tenth.npy", np.random.default_rng(0).random(200_000) < 0.1)
    np.save(folder / "grown.npy", np.concatenate([rows[:200_000], matrix("embeddings:n=40000,d=96,rank=24,seed=1")]))


def tables_and_pictures(folder: Path) -> None:
    """Write what docs/workloads.md reads: a table with pandas' row numbers, and a picture of scikit-learn's."""
    import pandas as pd

    from kmbench.datasets.customers import customer_table

    table = customer_table(1500, seed=4)
    pd.DataFrame(table.numbers | table.categories).to_csv(folder / "customers.csv")
    shutil.copy(str(resources.files("sklearn.datasets") / "images" / "china.jpg"), folder)


def vectors_and_a_database(folder: Path) -> None:
    """Write the vectors of docs/databases.md, and start a PostgreSQL of its own that libpq's variables then name."""
    import numpy as np

    from kmbench.datasets import read_spec

    sys.path.insert(0, str(ROOT / "tests" / "tuning" / "targets"))
    from real_postgres import Postgres, binaries

    rows = np.concatenate(list(read_spec("embeddings:n=101000,d=96,rank=24,seed=0").blocks(2**14)))
    np.save(folder / "vectors.npy", rows[:100_000])
    np.save(folder / "today.npy", rows[100_000:])
    server = Postgres(binaries())
    atexit.register(server.close)
    server.execute("CREATE EXTENSION vector")
    os.environ.update(PGHOST=str(server.sockets), PGUSER="postgres", PGDATABASE="postgres")


SETUP: dict[str, Callable[[Path], None]] = {
    "tuning.md": vectors,
    "databases.md": vectors_and_a_database,
    "workloads.md": tables_and_pictures,
}


def output_of(command: str, folder: Path) -> str:
    """Run a command and return what it prints; nothing of this machine's paths is in it."""
    program, *arguments = shlex.split(command)
    if program == "python":
        where = ROOT if arguments[0].startswith("benchmarks") else folder
        arguments = [str(folder / name) if name in ("FILE", "FOLDER") else name for name in arguments]
        line = [sys.executable, *(name for argument in arguments for name in _expanded(argument, where))]
    else:
        line, where = [sys.executable, "-P", "-m", program, *arguments], folder
    environment = os.environ | {"COLUMNS": "80", "NO_COLOR": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(line, cwd=where, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{command} ended with exit code {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    text = "\n".join(text.rstrip() for text in done.stdout.strip("\n").splitlines())
    return text.replace(f"{folder}/", "").replace(f"{ROOT}/", "")


def _expanded(argument: str, folder: Path) -> list[str]:
    """Return the files that a pattern names, as a shell would, or the argument itself."""
    found = sorted(str(path.relative_to(folder)) for path in folder.glob(argument)) if "*" in argument else []
    return found or [argument]


def rendered(command: str, text: str) -> str:
    """Return the body of a block: Markdown as it is, anything else as what a terminal shows."""
    if re.search(r"^\|---", text, re.MULTILINE):
        return f"{text}\n"
    shown = f"$ {command}\n" if command.startswith("kmbench") or "benchmarks/" not in command else ""
    return f"\n```text\n{shown}{text}\n```\n\n"


def stamp() -> str:
    """Return what the header of a long run says of it: the day, the host and the commit."""
    from kmbench.instruments import describe_host

    host = describe_host()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    where = f"{host['cpu']['model']}, {host['affinity_cores']} cores"
    return f" of {date.today().isoformat()}, {where}, commit {commit.stdout.strip()}"


def refreshed(file: Path, long: bool) -> tuple[str, int]:
    """Run the commands of a document's blocks; return the document with what they print, and how many have run.

    `long`: also long runs.
    """
    count = 0
    with tempfile.TemporaryDirectory(prefix="kmbench-docs-") as scratch:
        folder = Path(scratch).resolve()
        if file.name in SETUP and any(long or block.date is None for block in blocks_of(file)):
            SETUP[file.name](folder)

        def replaced(match: re.Match[str]) -> str:
            nonlocal count
            if match["date"] is not None and not long:
                return match[0]
            count += 1
            print(f"{file.name}: {match['command']}", flush=True)
            body = rendered(match["command"], output_of(match["command"], folder))
            when = "" if match["date"] is None else stamp()
            return f"<!-- output{when}: {match['command']} -->\n{body}<!-- end -->"

        return BLOCK.sub(replaced, file.read_text(encoding="utf-8")), count


def changed_words(before: str, after: str) -> list[str]:
    """Return the lines that differ by more than figures and white space, as in a unified diff."""
    old, new = ([" ".join(FIGURE.sub("#", line).split()) for line in text.splitlines()] for text in (before, after))
    return [line for line in difflib.unified_diff(old, new, lineterm="", n=0) if line[:3] not in ("---", "+++")]


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("files", nargs="*", type=Path, help="documents (default: README.md and all of docs)")
    reader.add_argument("--list", action="store_true", help="print each block with its command and run nothing")
    reader.add_argument("--check", action="store_true", help="write nothing; exit code 1 where words would change")
    reader.add_argument("--long", action="store_true", help="run the long ones of the named documents too")
    return reader


def main() -> None:
    """Read the arguments and run."""
    given = parser().parse_args()
    if given.long and not given.files:
        parser().error("--long takes minutes to hours: name the documents")
    files = [file.resolve() for file in given.files] or documents()
    if given.list:
        for block in [block for file in files for block in blocks_of(file)]:
            when = "short" if block.date is None else f"{block.date}, {block.host}, {block.commit}"
            print(f"{block.file.relative_to(ROOT)}: {block.command} ({when})")
        return
    count, stale = 0, False
    for file in files:
        text, ran = refreshed(file, given.long)
        count += ran
        if not given.check:
            file.write_text(text, encoding="utf-8")
        elif changes := changed_words(file.read_text(encoding="utf-8"), text):
            stale = True
            print("\n".join(changes))
    print(f"{count} blocks {'checked' if given.check else 'written'}")
    sys.exit(stale)


if __name__ == "__main__":
    main()
