"""Lloyd's algorithm over blocks on a device; who finds the nearest centres is given to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .nearest import Nearest
from .rows import DeviceRows

__all__ = ["LloydResult", "labels_of", "lloyd"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LloydResult:
    """What a run leaves, on the device.

    Attributes
    ----------
    centres : Tensor of float64, shape (k, d)
        Final centres, of the centred data.
    labels : Tensor of int32, shape (n,), or None
        Nearest final centre of each row.
    n_iter : int
        (assign, update) iterations done.
    empty_events : int
        Clusters found empty, over all iterations.
    """

    centres: Any
    labels: Any
    n_iter: int
    empty_events: int


def lloyd(
    rows: DeviceRows, init: Any, nearest: Nearest, *, iterations: int, tol: float | None = None, label: bool = True
) -> LloydResult:
    """Run Lloyd's algorithm from given centroids.

    Sums are float64: a float32 sum of m rows is off by up to m roundings, which shows from some 10,000 rows in a
    cluster on. Empty clusters take the farthest rows, as in `kmbench.backends.numpy_lloyd.relocate`.

    Parameters
    ----------
    rows : DeviceRows
    init : Tensor of float32, shape (k, d), on the device
        Initial centroids, of the data as it came.
    nearest : Nearest
    iterations : int
        Most (assign, update) iterations; all of them are run where `tol` is None.
    tol : float or None
        Stop when the squared shifts of all centres add up to no more than `tol` times the mean variance of the
        columns, as in scikit-learn.
    label : bool
        Whether to label the rows by the final centres.

    Returns
    -------
    LloydResult
    """
    import torch

    centres = init.double() - rows.mean.double()
    labels = torch.empty(rows.n, dtype=torch.int32, device=rows.device)
    least_shift = None if tol is None else tol * _mean_variance(rows)
    done = emptied = 0
    for _ in range(iterations):
        old, (sums, counts) = centres, _accumulate(rows, centres, nearest, labels)
        empty = torch.nonzero(counts == 0).ravel()  # waits for the device, once in each iteration
        emptied += len(empty)
        if len(empty):
            _relocate(rows, old, labels, sums, counts, empty)
        centres = sums / counts.clamp(min=1)[:, None]
        centres = torch.where((counts > 0)[:, None], centres, centres[counts.argmax()])  # still empty: a copy
        done += 1
        if least_shift is not None and float((centres - old).square().sum()) <= least_shift:
            break
    final = labels_of(rows, centres, nearest, labels) if label else None
    return LloydResult(centres=centres, labels=final, n_iter=done, empty_events=emptied)


def labels_of(rows: DeviceRows, centres: Any, nearest: Nearest, out: Any = None) -> Any:
    """Return the nearest centre of each row: a tensor of int32, shape (n,), on the device."""
    import torch

    labels = torch.empty(rows.n, dtype=torch.int32, device=rows.device) if out is None else out
    nearest.set_centres(centres)
    for start, stop, block in rows.blocks():
        labels[start:stop] = nearest(block)
    return labels


def _accumulate(rows: DeviceRows, centres: Any, nearest: Nearest, labels: Any) -> tuple[Any, Any]:
    """Assign every row, and return the sums of the rows of each cluster (k, d) and their numbers (k,), float64."""
    import torch

    sums = torch.zeros_like(centres)
    counts = torch.zeros(len(centres), dtype=torch.float64, device=rows.device)
    nearest.set_centres(centres)
    for start, stop, block in rows.blocks():
        found = nearest(block)
        labels[start:stop] = found
        sums.index_add_(0, found, block.double())
        counts.index_add_(0, found, torch.ones(stop - start, dtype=torch.float64, device=rows.device))
    return sums, counts


def _relocate(rows: DeviceRows, old: Any, labels: Any, sums: Any, counts: Any, empty: Any) -> None:
    """Give each empty cluster one of the rows farthest from their centres, taken out of its donor; in place."""
    import torch

    distances = torch.empty(rows.n, dtype=torch.float32, device=rows.device)
    single = old.float()
    for start, stop, block in rows.blocks():
        distances[start:stop] = (block - single[labels[start:stop].long()]).square().sum(1)
    if float(distances.max()) == 0:
        return
    farthest = torch.topk(distances, len(empty)).indices
    moved, donors = rows.take(farthest).double(), labels[farthest].long()
    one = torch.ones(len(empty), dtype=torch.float64, device=rows.device)
    sums.index_add_(0, donors, moved, alpha=-1)
    counts.index_add_(0, donors, one, alpha=-1)
    sums[empty], counts[empty] = moved, one


def _mean_variance(rows: DeviceRows) -> float:
    total = 0.0
    for _, _, block in rows.blocks():
        total += float(block.double().square().sum())
    mean: float = total / (rows.n * rows.d)
    return mean
