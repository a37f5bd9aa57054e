"""One tuning from the true neighbours to the measured answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kmbench.backends.faiss_gpu_index import GPU_MOST
from kmbench.instruments.software import package_versions
from kmbench.tuning.choice.choose import Choice, choose, neighbours
from kmbench.tuning.choice.result import ListsInfo, TimedOption, TuneResult
from kmbench.tuning.choice.settings import Option, Settings, tabulate
from kmbench.tuning.deployment.save import save_deployment
from kmbench.tuning.index.training import Trained, train_lists
from kmbench.tuning.problem.cache import content_key, load_truth, store_truth
from kmbench.tuning.problem.device import gpu_name, most_nprobe
from kmbench.tuning.problem.nlist import LEAST_ROWS_PER_LIST
from kmbench.tuning.problem.truth import (
    OWN_ROWS,
    OWN_ROWS_NOTED,
    Truth,
    exact_neighbours,
    neighbours_from_file,
    own_rows_share,
)
from kmbench.tuning.recall.compressed import compressed_curves
from kmbench.tuning.recall.curve import Curve, one_pass
from kmbench.tuning.settle import settle
from kmbench.tuning.timing.calibrate import Calibration, calibrate
from kmbench.tuning.timing.cost import TimedPoint, held_out_error
from kmbench.tuning.timing.latency import Measured
from kmbench.tuning.verify import recall_of_file
from kmbench.tuning.workbench import Workbench

__all__ = ["Session"]

SATURATED = 0.999
"""Ceiling by list ranks above which more probes cannot help lists of codes."""

FEW_QUERIES = 200

TIES_NOTED = 0.01
"""Share of the queries from which on ties at the last place are worth a note."""


class Session:
    """One run of the tuner, with everything read."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.problem, self.asked = bench, bench.problem, bench.asked
        self.notes = list(bench.problem.notes)

    def run(self, target: Path | None) -> TuneResult:
        """Do all of it."""
        self.truth = self._truth()
        curves = self._curves()
        calibration = calibrate(self.bench, curves)
        land = self._land(curves, calibration)
        choice, timed, points = self._measure(land, calibration)
        option = choice.option
        own = next(one for one in timed if one.option.key == option.key)
        kind = self.bench.kind(option.index)
        file = self.bench.shelf.file(kind, option.nlist)
        self.bench.progress("check of the index", 0.0)
        verified = recall_of_file(self.bench, self.truth.ids, file, option)
        memory = file.stat().st_size + kind.table_bytes(option.nlist, self.problem.space, self.bench.device)
        if choice.met and verified < self.asked.recall:
            choice = replace(choice, met=False, broken=("recall",))
        self._note(own.measured, verified, option)
        result = TuneResult(
            name=self.problem.name,
            n=len(self.problem.base),
            d=self.problem.base.shape[1],
            asked=self.asked,
            choice=choice,
            measured=own.measured,
            verified_recall=verified,
            memory_bytes=memory,
            build_seconds=self.bench.shelf.build_seconds[kind.name, option.nlist],
            land=land,
            timed=timed,
            single_error=held_out_error(calibration.single[kind.name], [p[0] for p in points if p is not None]),
            batch_error=held_out_error(calibration.batch[kind.name], [p[1] for p in points if p is not None]),
            method=land.curves[int(land.curve[land.find(option.key)])].method,
            queries=len(self.problem.queries),
            queries_text=self.problem.queries_text,
            truth_text=self.truth.source,
            metric=self.problem.space.metric,
            backend=self.bench.training.backend.name,
            threads=self.bench.training.threads,
            device=self.bench.device,
            gpu=gpu_name() if self.bench.device == "cuda" else None,
            seed=self.bench.training.seed,
            lists=[self._lists_info(one) for one in self.bench.lists.values()],
            versions=package_versions(),
            notes=tuple(self.notes),
        )
        if target is not None:
            self.bench.progress("saving", 0.0)
            saved = save_deployment(result, kind, self.problem, self.bench.lists[option.nlist], file, target)
            result = replace(result, saved=saved)
        return result

    def _truth(self) -> Truth:
        problem, k = self.problem, self.asked.at
        if problem.stored is not None:
            self.bench.progress("check of the neighbours in the file", 0.0)
            truth = neighbours_from_file(
                problem.base, problem.queries, problem.stored, k, problem.space, problem.stored_where
            )
        else:
            parts = (problem.data.fingerprint, problem.queries_fingerprint, problem.space.metric, k)
            key = content_key(*parts)
            kept = load_truth(key)
            truth = kept or exact_neighbours(problem.base, problem.queries, k, problem.space, self.bench.progress)
            if kept is None:
                store_truth(key, truth)
        if truth.tied >= TIES_NOTED * len(problem.queries):
            self.notes.append(
                f"{truth.tied:,} of {len(problem.queries):,} queries have neighbours that tie at place {k}: any of "
                "them counts as found"
            )
        own = own_rows_share(problem.base, problem.queries, truth)
        if problem.held_out is None and own >= OWN_ROWS_NOTED:
            self.notes.append(OWN_ROWS.format(share=own))
        if truth.cut:
            self.notes.append(
                f"{truth.cut:,} queries have thousands of neighbours that tie at place {k} (duplicates in the data): "
                "for them recall is a lower bound"
            )
        return truth

    def _curves(self) -> list[Curve]:
        problem, k, curves = self.problem, self.asked.at, []
        ceiling = max(SATURATED, 1 - (1 - self.asked.recall) / 10)
        for number, nlist in enumerate(self.bench.nlists):
            self.bench.progress(f"nlist {nlist}", number / len(self.bench.nlists))
            trained = self.bench.lists[nlist] = train_lists(problem.base, nlist, problem.space, self.bench.training)
            flat = one_pass(trained.quantizer, problem.queries, self.truth.ids, trained.list_of_row, k)
            limit = most_nprobe(self.bench.device, nlist)
            sizes = np.bincount(trained.list_of_row, minlength=nlist).astype(np.int64)
            for kind in self.bench.kinds:
                if kind.exact:
                    curves.append(flat.up_to(limit))
                    self.bench.shelf.note_lists(kind, nlist)
                    continue
                most = int(np.searchsorted(flat.recall, ceiling)) + 1
                ivf = self.bench.shelf.codes(kind, nlist)
                curves += compressed_curves(
                    kind, ivf, trained.quantizer, problem.queries, self.truth.ids, sizes, k, min(limit, most)
                )
        return curves

    def _land(self, curves: list[Curve], calibration: Calibration) -> Settings:
        n, d = self.problem.base.shape
        memory = {
            (kind.name, nlist): float(kind.memory_bytes(n, d, nlist, self.problem.space, self.bench.device))
            for kind in self.bench.kinds
            for nlist in self.bench.nlists
        }
        return tabulate(
            curves, self.asked.at, calibration.single, calibration.batch, memory, self.bench.shelf.build_seconds
        )

    def _measure(
        self, land: Settings, calibration: Calibration
    ) -> tuple[Choice, list[TimedOption], list[tuple[TimedPoint, TimedPoint] | None]]:
        """Measure the setting that the model chooses and those beside it, and choose by what was measured."""
        first = choose(land, self.asked)
        options = [first.option, *neighbours(land, first.option, self.asked)]
        points = [self.bench.point(o.index, o.nlist, o.nprobe, o.k_factor) for o in options]
        measured = self.bench.measure(points)
        timed, held_out = [], []
        for option, point, figures in zip(options, points, measured, strict=True):
            fresh = point.key not in calibration.fitted
            timed.append(TimedOption(option=option, measured=figures, held_out=fresh))
            held_out.append(
                self.bench.timed_points(point, figures) if fresh and option.index == first.option.index else None
            )
        return settle(land, first, timed, self.asked), timed, held_out

    def _lists_info(self, trained: Trained) -> ListsInfo:
        return ListsInfo(
            nlist=trained.nlist,
            points=trained.points,
            train_seconds=trained.train_seconds,
            imbalance=trained.imbalance,
            empty_lists=trained.empty_lists,
        )

    def _note(self, measured: Measured, verified: float, option: Option) -> None:
        few = [t.nlist for t in self.bench.lists.values() if t.points < LEAST_ROWS_PER_LIST * t.nlist]
        if few:
            listed = ", ".join(map(str, few))
            self.notes.append(
                f"nlist {listed}: fewer than {LEAST_ROWS_PER_LIST} training rows per list: centroids follow noise"
            )
        cut = [nlist for nlist in self.bench.nlists if most_nprobe(self.bench.device, nlist) < nlist]
        if cut:
            listed = ", ".join(map(str, cut))
            self.notes.append(
                f"nlist {listed}: nprobe above {GPU_MOST:,} is left out, FAISS's GPU indexes search no more lists"
            )
        if len(self.problem.queries) < FEW_QUERIES:
            self.notes.append(f"{len(self.problem.queries)} queries tell the recall only roughly: give more")
        if measured.disturbed:
            self.notes.append("other work ran on this host while latency was measured: expect less on a quiet one")
        if abs(verified - option.recall) > 1e-6:
            self.notes.append(f"a direct search of the index file found recall {verified:.4f}")
