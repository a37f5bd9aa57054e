"""Plant regressions in a throw-away history of this repository, and see what finds them.

    python benchmarks/tools/planted.py FOLDER build     # the history: twelve commits, three with a planted fault
    python benchmarks/tools/planted.py FOLDER gate      # kmbench gate over the planted commits and a harmless one
    python benchmarks/tools/planted.py FOLDER asv       # asv's figures of all twelve, and what it calls them
    python benchmarks/tools/planted.py FOLDER confirm   # kmbench history --confirm: both sides of each change
    python benchmarks/tools/planted.py FOLDER table     # what the gate and asv found, as Markdown
    python benchmarks/tools/planted.py FOLDER changes   # what the history's changes came to

Each step keeps what it found in FOLDER and goes on where it was cut off; `gate 1` judges one commit only. A gate
takes two to three minutes, a commit in asv less than one.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from environments import HOME, combinations, environment_name, load_config

NUMPY, IVF = "kmbench/backends/numpy_lloyd/backend.py", "kmbench/backends/faiss_ivf.py"

END_OF_FIT = 'tol=self.params.tol if job.protocol == "native" else None,\n        )\n'

TIMED, HELD = "        started = time.perf_counter()\n", "        held = self._X.copy()\n"

SLOWER = """        seconds = time.perf_counter() - started
        while time.perf_counter() < started + 1.25 * seconds:
            pass
"""

WORSE = """        X = self._X
        residual = X - centroids[self._search(centroids, X)]
        centroids += np.float32(np.sqrt(0.01 * np.mean(residual**2)))
        self._centroids = centroids

"""

FIT_BEGINS = "        job = self._job\n        self._outcome = None\n"

FAULTS = {
    "slower": (
        "numpy-lloyd: wait a quarter longer",
        NUMPY,
        {"from typing": "import time\nfrom typing", FIT_BEGINS: FIT_BEGINS + TIMED, END_OF_FIT: END_OF_FIT + SLOWER},
    ),
    "inertia": (
        "faiss-ivf: centroids a little off, inertia one percent up",
        IVF,
        {"        self._centroids = centroids\n\n": WORSE},
    ),
    "memory": (
        "numpy-lloyd: hold a copy of the input, memory doubled",
        NUMPY,
        {FIT_BEGINS: FIT_BEGINS + HELD, END_OF_FIT: END_OF_FIT + "        del held\n"},
    ),
}

HISTORY = ["start", *["harmless"] * 4, "slower", "harmless", "inertia", "harmless", "memory", *["harmless"] * 2]
"""Each commit's fault; once planted it stays."""

JUDGED = [2, 5, 7, 9]
"""Which commits the gate compares with their parents."""

FIGURES = "inertia|peak_extra_bytes|fit_predict_seconds|fit_predict_ratio"

METRICS = rf"Fit\.track_({FIGURES})\(.*'embeddings', 128\)|FitIVF\.track_({FIGURES})"

MACHINE = "planted"


def git(repository, *arguments):
    identity = {f"GIT_{who}_{what}": "planted" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, env=os.environ | identity, check=True, capture_output=True).stdout


def build(folder):
    """Copy this repository's last commit and grow the history on it."""
    repository = folder / "history"
    if repository.exists():
        return
    repository.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(git(HOME, "archive", "--format=tar", "HEAD"))) as archive:
        archive.extractall(repository, filter="data")
    shutil.rmtree(repository / "results" / "asv")  # of another history
    git(repository, "init", "--quiet", "--initial-branch", "main")
    for number, fault in enumerate(HISTORY):
        message = plant(repository, fault, number)
        git(repository, "add", "--all", "--force")
        git(repository, "commit", "--quiet", "--message", message)


def plant(repository, fault, number):
    """Change the tree and return the message of the commit."""
    if fault == "start":
        return "As it is"
    if fault == "harmless":
        with (repository / NUMPY).open("a") as file:
            file.write(f"\n\n# Remark {number}: changes nothing.\n")
        return "A remark"
    message, name, changes = FAULTS[fault]
    text = (repository / name).read_text()
    for old, new in changes.items():
        if text.count(old) != 1:
            sys.exit(f"{name} has changed: {old!r} stands there {text.count(old)} times; mend planted.py")
        text = text.replace(old, new)
    (repository / name).write_text(text)
    return message


def commits(folder):
    return git(folder / "history", "log", "--reverse", "--format=%H").decode().split()


def gate(folder, most=9):
    """Run the gate on at most so many of the commits that have no verdict yet."""
    file = folder / "gates.jsonl"
    done = {json.loads(line)["number"] for line in file.read_text().splitlines()} if file.exists() else set()
    every = commits(folder)
    for number in [number for number in JUDGED if number not in done][:most]:
        command = [sys.executable, "-P", "-m", "kmbench", "gate", every[number - 1], every[number], "--json"]
        ended = subprocess.run(command, cwd=folder / "history", capture_output=True, text=True, check=False)
        if ended.returncode not in (0, 1):
            sys.exit(ended.stderr)
        found = json.loads(ended.stdout)
        worse = [
            f"{cell['label']} {finding['figure']}: {finding['text']}"
            for cell in found["cells"]
            for finding in cell["findings"]
            if finding["worse"]
        ]
        row = {"number": number, "fault": HISTORY[number], "exit_code": ended.returncode, "worse": worse}
        with file.open("a") as lines:
            lines.write(json.dumps(row) + "\n")
        print(row)


def asv(folder):
    """Measure every commit with asv, and have it look for steps."""
    config = load_config()
    pinned = environment_name(config, combinations(config)[0])
    repository = folder / "history"
    run_asv(repository, "machine", "--yes", "--machine", MACHINE)
    for commit in commits(folder):
        if not list((repository / "results" / "asv" / MACHINE).glob(f"{commit[:8]}-*.json")):
            options = ["--env", pinned, "--machine", MACHINE, "--bench", METRICS, "--show-stderr"]
            run_asv(repository, "run", f"{commit}^!", *options)
    run_asv(repository, "publish")


def confirm(folder):
    """Have kmbench find the changes of the history, and measure both sides of each."""
    study = HOME / "benchmarks" / "history.toml"
    command = [sys.executable, "-P", "-m", "kmbench", "history", "--confirm", "--study", str(study)]
    subprocess.run([*command, "--no-build-isolation", "--budget", "120"], cwd=folder / "history", check=True)


def changes(folder):
    """Print the changes of the history, and what they came to."""
    every = commits(folder)
    lines = (folder / "history" / "results" / "asv" / "confirmations.jsonl").read_text().splitlines()
    print("| figure | of | looked for at commits | both sides measured | at commit | planted there |")
    print("|---|---|---|---|---:|---|")
    for found in map(json.loads, lines):
        first, last = (every.index(found["commits"][place]) for place in (0, -1))
        at = "" if found["at"] is None else every.index(found["at"])
        size = "" if found["ratio"] is None else f", {found['ratio']:.4g}x"
        if found["low"] is not None:
            size += f" ({found['low']:.2f}-{found['high']:.2f}), {found['pairs']} pairs"
        planted = "" if at == "" else HISTORY[at]
        figure = found["metric"].removeprefix("track_").replace("_", " ")
        print(
            f"| {figure} | {found['cells'][0]} | {first + 1} to {last} | {found['found']}{size} | {at} | {planted} |"
        )


def run_asv(repository, *arguments):
    environment = os.environ | {"KMBENCH_ASV_EPOCHS": "2"}
    subprocess.run([sys.executable, "-m", "asv", *arguments], cwd=repository, env=environment, check=True)


def steps(folder):
    """Yield what asv calls a regression: the benchmark, the commit's number, the values before and after."""
    site = folder / "history" / "reports" / "asv"
    every = commits(folder)
    hashes = json.loads((site / "index.json").read_text())["revision_to_hash"]
    for name, _, _, _, _, _, jumps in json.loads((site / "regressions.json").read_text())["regressions"]:
        for _, revision, before, after in jumps:
            yield name, every.index(hashes[str(revision)]), before, after


def table(folder):
    """Print what was planted and what was found."""
    print("| commit | planted | `kmbench gate` against its parent |")
    print("|---|---|---|")
    for line in (folder / "gates.jsonl").read_text().splitlines():
        row = json.loads(line)
        said = "; ".join(row["worse"]) or "nothing worse"
        print(f"| {row['number']} | {row['fault']} | exit code {row['exit_code']}: {said} |")
    print()
    print("| asv's regressions | at commit | planted there | before | after |")
    print("|---|---:|---|---:|---:|")
    for name, number, before, after in sorted(steps(folder), key=lambda step: step[1]):
        print(f"| `{name}` | {number} | {HISTORY[number]} | {before:.6g} | {after:.6g} |")


STEPS = {"build": build, "gate": gate, "asv": asv, "confirm": confirm, "table": table, "changes": changes}


def parser():
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("folder", type=Path, metavar="FOLDER")
    reader.add_argument("step", choices=STEPS)
    reader.add_argument("most", type=int, nargs="?", metavar="N", help="of gate: judge at most so many commits")
    return reader


if __name__ == "__main__":
    given = parser().parse_args()
    STEPS[given.step](given.folder.absolute(), *[given.most] * (given.most is not None))
