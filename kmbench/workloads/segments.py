"""The workload `segments`: customers in groups, held against the truth where it is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kmbench.backends.base import Params
from kmbench.datasets import ArrayRows, Options, Rows, parse_spec, read_table_spec
from kmbench.datasets.customers import customer_table
from kmbench.datasets.tables.reader import read_frame
from kmbench.errors import WorkloadError
from kmbench.metrics import adjusted_rand, contingency, nearest_two, simplified_silhouette
from kmbench.segments.features import Features, Missing, make_features
from kmbench.segments.profile import by_size, profile_rows, profiles
from kmbench.workloads.artefacts import table
from kmbench.workloads.base import Answer, Figure, Task, TaskResult, Workload

__all__ = ["Segments"]


class SegmentsParams(Params):
    """Parameters of the workload."""

    missing: Missing = Field("refuse", description="missing values: refuse, mean, median, or drop the row")
    truth: str | None = Field(None, description="column with the known segments, which is not clustered by")


class Segments(Workload):
    """Customer segmentation: rows are a table's, its numbers standardised and its texts one-hot."""

    name = "segments"
    summary = "groups of rows of a table, such as customers"
    figures = (
        Figure(
            name="ari_truth",
            title="ARI, truth",
            better="higher",
            summary="Adjusted Rand index between the segments and the known ones: 1 is all right, 0 is chance.",
        ),
        Figure(
            name="silhouette",
            title="silhouette",
            better="higher",
            summary="Simplified silhouette in standardised units, from 0 to 1.",
        ),
        Figure(name="smallest", title="smallest", unit="%", better=None, summary="Share of the smallest segment."),
        Figure(name="largest", title="largest", unit="%", better=None, summary="Share of the largest segment."),
    )
    Params = SegmentsParams

    def rows(self, spec: str) -> Rows:
        """Return the standardised and one-hot columns."""
        return ArrayRows(self._read(spec)[0].X)

    def score(self, task: Task, answer: Answer) -> TaskResult:
        """Compare with the truth, and describe each segment in the table's own units."""
        features, truth = self._read(task.spec)
        labels = by_size(answer.labels, task.k)
        sizes = np.bincount(labels, minlength=task.k)
        figures = {"smallest": sizes.min() / len(labels), "largest": sizes.max() / len(labels)}
        if truth is not None:
            figures["ari_truth"] = adjusted_rand(contingency(labels, truth, task.k, int(truth.max()) + 1))
        if task.k > 1:
            figures["silhouette"] = simplified_silhouette(nearest_two(task.X, answer.centroids))
        columns, rows = profile_rows(profiles(features, labels, task.k))
        note = "Means in the table's own units, and the most frequent text with its share. " + "; ".join(
            map(str, features.notes)
        )
        content = table(f"Profiles of {task.k} segments", columns, rows, note.strip())
        return TaskResult(figures, {"profiles.json": content})

    def _read(self, spec: str) -> tuple[Features, NDArray[np.int32] | None]:
        """Return the features of what a SPEC names, and the truth where it is known."""
        assert isinstance(self.params, SegmentsParams)
        parsed = parse_spec(spec)
        if parsed.options != Options():
            raise WorkloadError(
                f"workload segments standardises the columns itself: {spec} cannot be used", "leave such options out"
            )
        if parsed.source == "customers" and parsed.suffix is None:
            n, seed, noise = (parsed.arguments[name] for name in ("n", "seed", "noise"))
            import pandas as pd

            assert isinstance(n, int)
            assert isinstance(seed, int)
            assert isinstance(noise, int | float)
            drawn = customer_table(n, seed, float(noise))
            frame = pd.DataFrame(drawn.numbers | drawn.categories)
            return make_features(read_frame(frame)), drawn.segment
        whole = read_table_spec(parsed)
        if whole is None:
            raise WorkloadError(f"workload segments needs a table, not {spec}", "use customers, or FILE.csv")
        truth = self.params.truth
        features = make_features(whole, self.params.missing, () if truth is None else (truth,))
        if truth is None:
            return features, None
        column = next(column for column in whole.columns if column.name == truth)
        values = column.codes if column.numbers is None else column.numbers
        if values is None:
            raise WorkloadError(
                f"truth={truth}: this column of {spec} has too many different texts", "name another column"
            )
        return features, np.unique(values[features.rows], return_inverse=True)[1].astype(np.int32)
