"""The page of a run of benchmarks/trainers.toml: what training costs, and what a search of the lists then costs.

python benchmarks/tools/long_study.py benchmarks/trainers.toml results/trainers/my-host --minutes 10
python benchmarks/tools/trainers.py results/trainers/my-host --output reports/trainers-my-host
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from kmbench.analysis.run import read_run
from kmbench.figures.drawn import csv_href
from kmbench.figures.points import Point, Scale, points_svg
from kmbench.records import Status
from kmbench.wording import count_text, dataset_name, seconds_text, tick_text

sys.path.insert(0, str(Path(__file__).parent))

from sections import Section, dates_of, host_facts, write_article

WORTH = 0.02
"""A trainer is as good as the best where its queries compare with at most so much more."""

HEADINGS = ["trainer", "training", "scanned for 0.95", "its p99", "imbalance", "empty lists", "peak memory"]


def trainers_frame(case):
    """Return one row for each trainer of a case whose lists were searched."""
    rows = [
        {
            "label": row.label,
            "backend": row.backend,
            "seconds": row.fit_seconds,
            "scanned": row.task["scanned_for_target"],
            "scanned_p99": row.task["scanned_p99_for_target"],
            "imbalance": row.task["imbalance"],
            "empty_lists": row.task["empty_lists"],
            "peak_extra_bytes": row.peak_extra_bytes,
        }
        for row in case.sound
        if row.task
    ]
    return pd.DataFrame(rows)


def front_of(frame):
    """Return the labels that no other trainer beats in both training time and scanned vectors."""
    ordered = frame.sort_values(["seconds", "scanned"])
    best, front = float("inf"), []
    for _, row in ordered.iterrows():
        if row["scanned"] < best:
            best = row["scanned"]
            front.append(row["label"])
    return front


def advice(frame):
    """Return what to train with: the cheapest trainer whose lists search about as well as the best."""
    best = frame.loc[frame["scanned"].idxmin()]
    enough = frame[frame["scanned"] <= best["scanned"] * (1 + WORTH)]
    cheap = enough.loc[enough["seconds"].idxmin()]
    even = frame.loc[frame["scanned_p99"].idxmin()]
    sentences = [
        f"{cheap['label']} trains in {seconds_text(cheap['seconds'])}, and a query compares with "
        f"{cheap['scanned']:.2%} of the base at recall 0.95, within {WORTH:.0%} of the best."
    ]
    if best["label"] != cheap["label"]:
        sentences.append(
            f"The best lists are those of {best['label']}: {best['scanned']:.2%}, for "
            f"{seconds_text(best['seconds'])} of training."
        )
    sentences.append(
        f"At the 99th percentile of queries {even['label']} scans least: {even['scanned_p99']:.2%} of the base."
    )
    return sentences


def figure_of(frame, name):
    """Return the points of training time against scanned vectors."""
    backends = list(dict.fromkeys(frame["backend"]))
    front = front_of(frame)
    points = [
        Point(
            x=row["seconds"],
            y=100 * row["scanned"],
            told=f"{row['label']}: training {seconds_text(row['seconds'])}, scanned {row['scanned']:.2%}, p99 "
            f"{row['scanned_p99']:.2%}, imbalance {row['imbalance']:.2f}",
            label=row["backend"],
            series=backends.index(row["backend"]) % 8,
            front=row["label"] in front,
        )
        for _, row in frame.iterrows()
    ]
    low, high = frame["seconds"].min() / 1.3, frame["seconds"].max() * 1.3
    least, most = 100 * frame["scanned"].min(), 100 * frame["scanned"].max()
    room = max(0.05 * most, 0.1 * (most - least))
    return points_svg(
        points,
        Scale(name="training, log scale", low=low, high=high, write=tick_text, logarithmic=True),
        Scale(name="base scanned at recall 0.95", low=least - room, high=most + room, write=lambda v: f"{v:.3g}%"),
        f"Training time against scanned vectors of {count_text(len(frame), 'trainer')} on {name}.",
    )


def section_of(case):
    name = f"{dataset_name(case.lead.dataset)}, {case.lead.k:,} lists"
    frame = trainers_frame(case)
    failed = [f"{row.label}: {row.reason or row.status.value}" for row in case.rows if row.status is not Status.OK]
    if frame.empty:
        return Section(title=name, sentences=failed or ["No lists were searched."]), []
    told, front = advice(frame), front_of(frame)
    rows = [
        (
            row["label"],
            [
                seconds_text(row["seconds"]),
                f"{row['scanned']:.2%}",
                f"{row['scanned_p99']:.2%}",
                f"{row['imbalance']:.2f}",
                f"{row['empty_lists']:.0f}",
                "-" if pd.isna(row["peak_extra_bytes"]) else f"{row['peak_extra_bytes'] / 2**20:.0f} MiB",
            ],
            row["label"] in front,
        )
        for _, row in frame.sort_values("scanned").iterrows()
    ]
    section = Section(
        title=name,
        sentences=[*told, *failed],
        figure=figure_of(frame, name),
        caption="Further left is cheaper to train, lower is cheaper to search. Ringed: no other trainer is better in "
        "both. Rows in bold in the table are these.",
        csv=csv_href(frame),
        tables=[("Trainers", HEADINGS, rows)],
    )
    return section, told


def write_trainers(run, output):
    """Write the page of a run and return its path."""
    found = [section_of(case) for case in run.cases]
    answers = [(told[0], " ".join(told[1:])) for _, told in found if told]
    return write_article(
        output,
        name="What to train an IVF index with",
        kicker="kmbench trainers",
        answers=answers or [("Nothing is measured yet.", "")],
        facts=host_facts(run),
        sections=[section for section, _ in found],
        origin=dates_of([run]),
    )


def main():
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("folder", type=Path)
    reader.add_argument("--output", type=Path, required=True)
    given = reader.parse_args()
    print(f"page     {write_trainers(read_run(given.folder), given.output)}")


if __name__ == "__main__":
    main()
