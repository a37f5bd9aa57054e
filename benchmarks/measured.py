"""One measurement for each case: the first metric that is asked for runs kmbench in a process of its own, the others
read its records.

asv starts a process for every metric and parameter, all in one folder for each commit and environment, which is what
`setup_cache` is for. A metric that comes for the same figure a second time, as in asv's rounds, has the case
measured anew, so that no sample is counted twice.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

TIMEOUT_SECONDS = 900


class MeasurementError(Exception):
    """A case or a cell without a figure, with kmbench's reason."""


def records_of(case):
    """Return the records of a case as dictionaries, measured now unless they lie in this folder."""
    folder = Path(case.name)
    if not (folder / "done.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _measure(case, folder)
    failure = json.loads((folder / "done.json").read_text())
    if failure is not None:
        raise MeasurementError(failure)
    return [json.loads(line) for line in (folder / "run" / "records.jsonl").read_text().splitlines()]


def _measure(case, folder):
    """Run kmbench as it is installed in this environment, never the checkout."""
    folder.mkdir()
    command = [sys.executable, "-P", "-m", "kmbench", *map(str, case.command(folder / "run"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
    failure = None
    if done.returncode not in (0, 1):  # 1: a cell failed, and its record says why
        last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
        failure = f"kmbench run ended with exit code {done.returncode}: {last}"
    if "KMBENCH_ASV_LOG" in os.environ:  # tools/overhead.py wants to know how long the fits took
        _log_fits(folder / "run" / "records.jsonl", Path(os.environ["KMBENCH_ASV_LOG"]))
    temporary = folder / "done.part"
    temporary.write_text(json.dumps(failure))
    temporary.rename(folder / "done.json")


def _log_fits(records, log):
    with log.open("a") as lines:
        for record in map(json.loads, records.read_text().splitlines()):
            if record["kind"] == "fit":
                lines.write(f"{record['fit_seconds'] * record.get('loops', 1)}\n")


class Cell:
    """The records of one backend, with its parameters, of one case.

    Raises
    ------
    NotImplementedError
        If the backend cannot run on this host: asv shows such a cell as not available.
    MeasurementError
        If it failed or gave a wrong answer.
    """

    def __init__(self, case, backend, parameters):
        self._case, self._backend, self._parameters = case, backend, parameters
        self._load()

    def _load(self):
        records = records_of(self._case)
        self._lines = [r for r in records if (r["backend"], r["parameters"]) == (self._backend, self._parameters)]
        self._rivals = [r for r in records if r["backend"] == self._case.baseline]
        outcome = next((r for r in self._lines if r["kind"] == "outcome"), None)
        if outcome is None:
            raise MeasurementError(f"{self._backend} has no outcome")
        if outcome["status"] in ("unavailable", "skipped"):
            raise NotImplementedError(outcome["reason"])
        if outcome["status"] != "ok":
            raise MeasurementError(f"{self._backend}: {outcome['status']}: {outcome.get('reason')}")

    def take(self, metric):
        """Note that a metric reads this cell; if it already did, have the case measured anew."""
        inner = "-".join(f"{name}{value}" for name, value in self._parameters.items())
        mark = Path(self._case.name) / f"taken-{metric}-{self._backend}-{inner}"
        if mark.exists():
            shutil.rmtree(self._case.name)
            self._load()
        mark.touch()

    def figure(self, name):
        """Return a figure that the case has once."""
        found = [r[name] for r in self._lines if r["kind"] != "fit" and r.get(name) is not None]
        if not found:
            raise MeasurementError(f"the records of {self._backend} hold no {name}")
        return found[-1]

    def seconds(self, name):
        """Return the mean of each epoch, which is what asv takes as samples: each stems from a process of its own."""
        return {"samples": list(_by_process(_warm(self._lines), name).values()), "number": 1}

    def ratio(self, name):
        """Return the time over the baseline's in the same epochs, in which what the host does to both cancels."""
        own, rivals = _by_process(_warm(self._lines), name), _by_process(_warm(self._rivals), name)
        common = own.keys() & rivals.keys()
        if not common:
            raise MeasurementError(f"{self._case.baseline} was not measured")
        return {"samples": [own[epoch] / rivals[epoch] for epoch in sorted(common)], "number": 1}


def _warm(lines):
    """Return the records if memory was warmed before each fit.

    Commits from before kmbench did so have no time on the lines that began with it: cold and warm are two conditions.
    """
    if any(r["kind"] == "fit" and r.get("pages") != "warm" for r in lines):
        raise NotImplementedError("this commit measures with cold memory")
    return lines


def _by_process(lines, name):
    """Return the mean of a figure by epoch; disturbed fits count only where an epoch has no other.

    Commits from before there were epochs measured all rounds in one process: those are one sample, their median.
    """
    fits = [r for r in lines if r["kind"] == "fit" and r.get(name) is not None]
    if not fits:
        raise MeasurementError(f"the records hold no {name}")
    if all("epoch" not in r for r in fits):
        return {0: statistics.median(r[name] for r in fits)}
    groups = {}
    for wanted in (True, False):
        found = {}
        for record in fits:
            if bool(record.get("contaminated")) is wanted:
                found.setdefault(record["epoch"], []).append(record[name])
        groups |= found
    return {epoch: statistics.fmean(values) for epoch, values in sorted(groups.items())}
