"""The scoring process: judges the answers of a case by the workload's own measure, with one code for all backends."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from kmbench.backends.base import FloatMatrix
from kmbench.runner.channel import serve
from kmbench.workloads import Answer, SeveralFits, Task, workload_from

__all__ = ["Scorer"]


class Scorer:
    """Handlers for the commands of `kmbench.runner.scores`."""

    def open(self, workload: str, spec: str, data: str, k: int, seed: int, threads: int) -> dict[str, Any]:
        """Map the matrix of the case."""
        self._workload = workload_from(workload)
        X: FloatMatrix = np.load(data, mmap_mode="r", allow_pickle=False)
        self._task = Task(spec=spec, X=X, k=k, seed=seed, threads=threads)
        return {}

    def common(self, folder: str, below: str) -> dict[str, Any]:
        """Write what belongs to the case as a whole."""
        return {"artefacts": _write(self._workload.common(self._task), Path(folder), below)}

    def score(self, centroids: str, labels: str, folder: str, below: str) -> dict[str, Any]:
        """Score one answer, and write its artefacts into the folder `below` of the run folder."""
        if isinstance(self._workload, SeveralFits):
            with np.load(centroids, allow_pickle=False) as found:
                answer = Answer(dict(found))
        else:
            C, own = (np.load(file, allow_pickle=False) for file in (centroids, labels))
            answer = Answer({"centroids": C, "labels": own})
        result = self._workload.score(self._task, answer)
        known = {figure.name: figure for figure in self._workload.figures}
        unknown = [name for name in result.figures if name not in known]
        if unknown:
            raise ValueError(f"workload {self._workload.name} does not declare the figure {unknown[0]}")
        figures = {name: float(result.figures[name]) for name in known if name in result.figures}
        about = [
            {"name": f.name, "title": f.title, "unit": f.unit, "better": f.better, "summary": f.summary}
            for f in known.values()
            if f.name in figures and math.isfinite(figures[f.name])
        ]
        return {
            "task": {name: value for name, value in figures.items() if math.isfinite(value)},
            "task_figures": about,
            "artefacts": _write(result.artefacts, Path(folder), below) or None,
        }


def _write(artefacts: dict[str, bytes], folder: Path, below: str) -> list[str]:
    """Write files and return their paths within the run folder."""
    if artefacts:
        (folder / below).mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in artefacts.items():
        if Path(name).name != name or name.startswith("."):
            raise ValueError(f"an artefact cannot be called {name!r}")
        (folder / below / name).write_bytes(content)
        written.append(f"{below}/{name}")
    return written


def main() -> None:
    """Serve one case."""
    scorer = Scorer()
    serve({name: getattr(scorer, name) for name in ("open", "common", "score")})


if __name__ == "__main__":
    main()
