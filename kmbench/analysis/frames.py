"""Records and cells as pandas data frames, for notebooks and reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kmbench.analysis.run import read_run

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["load_cells", "load_records", "load_targets"]


def load_records(path: str | Path) -> pd.DataFrame:
    """Return the long table of a run: one row for each record, that is for each sample of each cell.

    Parameters
    ----------
    path : str or Path
        A run folder, or its ``records.jsonl``.

    Raises
    ------
    OutputError
        If there are no records there that this version reads.
    """
    return read_run(Path(path)).samples_frame()


def load_cells(path: str | Path) -> pd.DataFrame:
    """Return one row for each finished cell of a run, as its table shows them; times are medians in seconds.

    Raises
    ------
    OutputError
        If there are no records there that this version reads.
    """
    return read_run(Path(path)).frame()


def load_targets(path: str | Path) -> pd.DataFrame:
    """Return one row for each backend and each target of the protocol ``target``; times are medians in seconds.

    Raises
    ------
    OutputError
        If there are no records there that this version reads.
    """
    import pandas as pd

    rows = []
    for race in read_run(Path(path)).races:
        key = race.key
        case = {"dataset": key.dataset, "n": key.n, "d": key.d, "k": key.k, "threads": key.threads}
        case |= {"iterations": key.iterations, "best_inertia": race.best_inertia, "baseline": race.baseline}
        for contender in race.contenders:
            for time in contender.times:
                speedup = time.speedup
                rows.append(
                    case
                    | {
                        "label": contender.label,
                        "target": time.target,
                        "reached": time.reached,
                        "starts": time.starts,
                    }
                    | {"seconds": time.seconds, "censored_seconds": time.censored_seconds}
                    | {"speedup": None if speedup is None else speedup.ratio, "verdict": time.verdict}
                    | {"speedup_low": speedup and speedup.low, "speedup_high": speedup and speedup.high}
                )
    return pd.DataFrame(rows)
