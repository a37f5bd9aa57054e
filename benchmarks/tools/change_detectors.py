"""How often the detectors of change points are right, on recorded noise and on a public collection.

    python benchmarks/tools/change_detectors.py                 # series of the recorded noise, with planted steps
    python benchmarks/tools/change_detectors.py --otava         # series of otava-test-data, whose truth is known
    python benchmarks/tools/change_detectors.py --series 500

Recorded noise is that of results/noise: what the ratios of its epochs are off their cell's median, scaled to the
standard deviation that the row names. asv's own step detection runs on the same series. A hit is a step found within
one commit of where it was planted.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kmbench.analysis.change_points import LEAST_STEP, vote
from kmbench.analysis.detectors import DETECTORS, hampel
from kmbench.records import RecordKind, read_records

ROOT = Path(__file__).parents[2]
PLANTED = ((0.05, 0.03), (0.10, 0.03), (0.10, 0.08), (0.25, 0.08), (0.25, 0.15))
"""Steps and the standard deviations of normal noise that they are planted in."""
PLANTED_IN_RECORDED = ((0.10, 0.03), (0.25, 0.08))

Series = np.ndarray
Detect = Callable[[Series], list[int]]


def by_asv(values: Series) -> list[int]:
    """Return the steps of asv's detection, those of less than `LEAST_STEP` left out, as the vote does."""
    from asv.step_detect import detect_steps

    levels = detect_steps(list(values), None)
    return [
        new[0] for old, new in itertools.pairwise(levels) if abs(math.log(new[2] / old[2])) >= math.log1p(LEAST_STEP)
    ]


DETECT: dict[str, Detect] = {
    "asv": by_asv,
    **{name: lambda values, detect=detect: detect(hampel(np.log(values))) for name, detect in DETECTORS.items()},
    "vote": lambda values: [step.at for step in vote(values)],
}


def recorded_residuals() -> dict[str, Series]:
    """Return the logarithms of recorded ratios of epochs, off their cell's median, with a deviation of 1.

    Those of the hosts that little else ran on are ``calm``, those of hosts that other programs kept at work ``busy``.
    """
    found: dict[str, list[Series]] = {}
    for file in sorted((ROOT / "results" / "noise").glob("*/records.jsonl")):
        host = file.parent.name.rpartition("-")[2]
        epochs: dict[str, dict[str, dict[tuple[int, int], list[float]]]] = {}
        for record in read_records(file):
            if record.kind is RecordKind.FIT and record.fit_predict_seconds and record.epoch is not None:
                own = epochs.setdefault(record.key.case_id, {}).setdefault(record.key.label, {})
                own.setdefault((record.session, record.epoch), []).append(record.fit_predict_seconds)
        for case in epochs.values():
            means = {label: {unit: np.mean(times) for unit, times in own.items()} for label, own in case.items()}
            base = means.get("sklearn-lloyd", next(iter(means.values())))
            for own in means.values():
                if own is not base:
                    logs = np.log([own[unit] / base[unit] for unit in own if unit in base])
                    logs -= np.median(logs)
                    found.setdefault(host, []).append(logs / logs.std())
    return {host: np.concatenate(series) for host, series in sorted(found.items(), reverse=True)}


def synthetic(rng: np.random.Generator, residuals: Series | None, n: int, noise: float) -> Series:
    """Return the logarithms of a series without a step."""
    drawn = rng.normal(size=n) if residuals is None else rng.choice(residuals, n)
    return noise * drawn


def drift(rng: np.random.Generator, n: int, deviation: float, memory: float = 0.9) -> Series:
    """Return a slow wander: an autoregressive series of the given standard deviation."""
    out = np.empty(n)
    out[0] = rng.normal() * deviation
    for i in range(1, n):
        out[i] = memory * out[i - 1] + math.sqrt(1 - memory**2) * deviation * rng.normal()
    return out


def table(title: str, rows: Sequence[tuple[str, dict[str, str]]]) -> None:
    """Print a Markdown table with a column for each detector."""
    print(f"| {title} | {' | '.join(DETECT)} |")
    print(f"|---|{'---:|' * len(DETECT)}")
    for name, cells in rows:
        print(f"| {name} | {' | '.join(cells[key] for key in DETECT)} |")
    print()


def false_alarms(count: int, residuals: dict[str, Series], seed: int) -> None:
    """Print how many steps are found where none is, for each 100 commits."""
    rows = []
    for n in (20, 50):
        for label, noise, source, slow in (
            ("normal noise of 3 %", 0.03, None, 0.0),
            ("normal noise of 8 %", 0.08, None, 0.0),
            *((f"noise of a {host} host", 0.03, own, 0.0) for host, own in residuals.items()),
            ("normal noise of 3 % on drift of 8 %", 0.03, None, 0.08),
        ):
            rng = np.random.default_rng(seed)
            found = dict.fromkeys(DETECT, 0)
            for _ in range(count):
                values = np.exp(synthetic(rng, source, n, noise) + (drift(rng, n, slow) if slow else 0.0))
                for name, detect in DETECT.items():
                    found[name] += len(detect(values))
            rows.append((f"{n} commits, {label}", {k: f"{100 * v / (count * n):.2f}" for k, v in found.items()}))
    table("false alarms per 100 commits", rows)


def hits(count: int, residuals: dict[str, Series], seed: int) -> None:
    """Print in how many of a hundred series a planted step is found within a commit."""
    rows = []
    for n in (20, 50):
        recorded = [
            (f"{host} host", step, noise) for host in residuals for step, noise in ((0.10, 0.03), (0.25, 0.08))
        ]
        normal = [("normal", step, noise) for step, noise in PLANTED]
        for kind, step, noise in normal + recorded:
            rng = np.random.default_rng(seed)
            found = dict.fromkeys(DETECT, 0)
            for _ in range(count):
                at = int(rng.integers(n // 4, n - n // 4))
                logs = synthetic(rng, residuals.get(kind.removesuffix(" host")), n, noise)
                logs[at:] += math.log1p(step)
                for name, detect in DETECT.items():
                    found[name] += any(abs(place - at) <= 1 for place in detect(np.exp(logs)))
            where = "normal noise" if kind == "normal" else f"noise of a {kind}"
            label = f"{n} commits, a step of {step:.0%} in {where}, {noise:.0%}"
            rows.append((label, {k: f"{100 * v / count:.0f} %" for k, v in found.items()}))
    table("steps found within a commit", rows)


def ratio_against_seconds(count: int, seed: int) -> None:
    """Print what the ratio to the baseline is worth where the host drifts: both share it, and it cancels."""
    rows = []
    n, step = 50, 0.10
    for label, shared in (("seconds", True), ("ratio to the baseline", False)):
        rng = np.random.default_rng(seed)
        alarms, found = dict.fromkeys(DETECT, 0), dict.fromkeys(DETECT, 0)
        for _ in range(count):
            host = drift(rng, n, 0.08) + rng.normal(0, 0.065, n)
            logs = rng.normal(0, 0.043, n) + (host if shared else 0.0)
            at = int(rng.integers(n // 4, n - n // 4))
            stepped = logs + np.where(np.arange(n) >= at, math.log1p(step), 0.0)
            for name, detect in DETECT.items():
                alarms[name] += len(detect(np.exp(logs)))
                found[name] += any(abs(place - at) <= 1 for place in detect(np.exp(stepped)))
        cells = {k: f"{100 * found[k] / count:.0f} % ({100 * alarms[k] / (count * n):.2f})" for k in DETECT}
        rows.append((label, cells))
    table("a step of 10 % on a drifting host (false alarms per 100 commits)", rows)


def otava(count: int) -> None:
    """Print what is found in the series of otava-test-data: planted steps, and what is found beside them."""
    from otava_test_data.generators import basic
    from otava_test_data.generators.advanced import banding, multiple_changes
    from otava_test_data.generators.combiner import add_noise

    makers = {
        "constant": (basic.constant, {}),
        "step": (basic.step_function, {}),
        "regression and fix": (basic.regression_fix, {}),
        "several changes": (multiple_changes, {}),
        "outlier": (basic.outlier, {}),
        "banding": (banding, {}),
    }
    rows = []
    for noise in (3.0, 8.0):
        for label, (make, given) in makers.items():
            found, beside, planted = dict.fromkeys(DETECT, 0), dict.fromkeys(DETECT, 0), 0
            for seed in range(count):
                for n in (50, 100):
                    series = add_noise(make(length=n, seed=seed, **given), sigma=noise, seed=seed)
                    values = np.maximum(np.asarray(series.data, dtype=float), 1.0)
                    kinds = ("step", "regression_start", "regression_end")
                    truth = [point.index for point in series.change_points if point.change_type in kinds]
                    planted += len(truth)
                    for name, detect in DETECT.items():
                        places = detect(values)
                        right = [at for at in truth if any(abs(place - at) <= 1 for place in places)]
                        found[name] += len(right)
                        beside[name] += sum(all(abs(place - at) > 1 for at in truth) for place in places)
            row = {k: f"{found[k]} + {beside[k]}" for k in DETECT}
            rows.append((f"{label}, noise of {noise:.0f} %: {planted} steps", row))
    table("steps found + others", rows)


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--series", type=int, default=300, help="series for each row (default 300)")
    reader.add_argument("--seed", type=int, default=0)
    reader.add_argument("--otava", action="store_true", help="the series of otava-test-data instead")
    return reader


def main() -> None:
    """Print the tables."""
    given = parser().parse_args()
    if given.otava:
        otava(max(1, given.series // 20))
        return
    residuals = recorded_residuals()
    false_alarms(given.series, residuals, given.seed)
    hits(given.series, residuals, given.seed)
    ratio_against_seconds(given.series, given.seed)


if __name__ == "__main__":
    main()
