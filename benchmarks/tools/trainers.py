"""The page of a run of benchmarks/trainers.toml: what training costs, and what a search of the lists then costs.

python benchmarks/tools/long_study.py benchmarks/trainers.toml results/trainers/my-host --minutes 10
python benchmarks/tools/trainers.py results/trainers/my-host --output reports/what-to-train-my-host
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
"""A trainer is as good as the best where its queries compare with so much more at most, or as seeds differ."""

HEADINGS = ["trainer", "training", "scanned for 0.95", "over seeds", "its p99", "imbalance", "empty", "peak memory"]


def by_data(run):
    """Return the cases of a run that differ only by their seed, together."""
    groups = {}
    for case in run.cases:
        groups.setdefault((case.lead.dataset, case.lead.k, case.lead.threads), []).append(case)
    return list(groups.values())


def trainers_frame(cases):
    """Return one row for each trainer whose lists were searched, with means over the seeds of the cases."""
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
        for case in cases
        for row in case.sound
        if row.task
    ]
    if not rows:
        return pd.DataFrame()
    groups = pd.DataFrame(rows).groupby(["label", "backend"], sort=False)
    frame = groups.mean()
    frame["least"], frame["most"] = groups["scanned"].min(), groups["scanned"].max()
    frame["seeds"] = groups.size()
    return frame.reset_index()


def tolerance(frame):
    """Return by which share two trainers may differ and count as equal: as much as seeds of most trainers do."""
    return max(WORTH, ((frame["most"] - frame["least"]) / frame["scanned"]).median())


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
    share = tolerance(frame)
    enough = frame[frame["scanned"] <= best["scanned"] * (1 + share)]
    cheap = enough.loc[enough["seconds"].idxmin()]
    even = frame.loc[frame["scanned_p99"].idxmin()]
    sentences = [
        f"{cheap['label']} trains in {seconds_text(cheap['seconds'])}, and a query compares with "
        f"{scanned_text(cheap)} of the base at recall 0.95, within {share:.0%} of the best."
    ]
    if best["label"] != cheap["label"]:
        sentences.append(
            f"The best lists are those of {best['label']}: {scanned_text(best)}, for "
            f"{seconds_text(best['seconds'])} of training."
        )
    sentences.append(
        f"At the 99th percentile of queries {even['label']} scans least: {even['scanned_p99']:.2%} of the base."
    )
    seeds = frame["seeds"].max()
    if seeds > 1:
        sentences.append(f"Figures are means over {seeds} seeds; half of the trainers differ between them by less "
                         f"than {((frame['most'] - frame['least']) / frame['scanned']).median():.1%}.")  # fmt: skip
    else:
        sentences.append("There is one seed, so how far chance moves these figures is not known.")
    return sentences


def scanned_text(row):
    """Write the share of the base that is scanned, with its range over the seeds."""
    return f"{row['scanned']:.2%}" + (f" ({range_text(row)})" if row["seeds"] > 1 else "")


def range_text(row):
    """Write the range over the seeds."""
    return f"{row['least']:.2%} to {row['most']:.2%}" if row["seeds"] > 1 else "-"


def figure_of(frame, name):
    """Return the points of training time against scanned vectors."""
    backends = list(dict.fromkeys(frame["backend"]))
    front = front_of(frame)
    points = [
        Point(
            x=row["seconds"],
            y=100 * row["scanned"],
            told=f"{row['label']}: training {seconds_text(row['seconds'])}, scanned {scanned_text(row)}, p99 "
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


def section_of(cases):
    lead = cases[0].lead
    name = f"{dataset_name(lead.dataset)}, {lead.k:,} lists"
    frame = trainers_frame(cases)
    rows = [row for case in cases for row in case.rows if row.status is not Status.OK]
    failed = list(dict.fromkeys(f"{row.label}: {row.reason or row.status.value}" for row in rows))
    if frame.empty:
        return Section(title=name, sentences=failed or ["No lists were searched."]), []
    told, front = advice(frame), front_of(frame)
    rows = [
        (
            row["label"],
            [
                seconds_text(row["seconds"]),
                f"{row['scanned']:.2%}",
                range_text(row),
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
        sentences=failed,
        figure=figure_of(frame, name),
        caption="Further left is cheaper to train, lower is cheaper to search. Ringed: no other trainer is better in "
        "both. Rows in bold in the table are these.",
        csv=csv_href(frame),
        tables=[("Trainers", HEADINGS, rows)],
    )
    return section, told


def write_trainers(run, output):
    """Write the page of a run and return its path."""
    found = [section_of(cases) for cases in by_data(run)]
    several = len(found) > 1
    answers = [
        (f"{section.title}: {told[0]}" if several else told[0], " ".join(told[1:])) for section, told in found if told
    ]
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
