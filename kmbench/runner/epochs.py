"""Measure the time of a case: epochs of fresh processes, rounds in shuffled order, until it is known well enough."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kmbench.comparison import CoreState, rivals, state_of
from kmbench.records import RecordKind
from kmbench.runner.case_run import CaseRun, CellRun
from kmbench.runner.stopping import Stop, why_stop, worst_half_width

__all__ = ["CONTAMINATED_SHARE", "Epochs"]

EPOCH_SECONDS = 1.0
"""A backend whose fits took this long in an epoch sits out its further rounds: they cost more than they tell."""

CONTAMINATED_SHARE = 0.05
"""Share of its threads' time that a fit may have waited for a core, beyond the least that this backend ever waits
(engines with more threads than cores wait for themselves), before it counts as disturbed."""

COLD_SHARE = 0.02
"""Share of its wall time that a fit may have spent in the kernel, beyond the least that this backend ever spends
there, before its memory counts as cold."""

PROBE_SECONDS, JUST_PROBED_SECONDS = 1.0, 0.1
"""The cores are probed when a round begins and ends, and after a fit once the last probe is so long ago. They stay
near or distant for seconds at least."""

FAULT_SECONDS = 0.001
"""The longest that a host takes to provide the memory of one page fault, a huge page of 2 MiB, twice what was seen.
Threads that hand work to each other spend time in the kernel as well, without a fault: that is no cold memory."""

HOPELESS_SHARE = 0.5
"""Share of disturbed samples from which on none is measured again: the host is like that, and the table says so."""


class Epochs:
    """The measurement of the cells of one case, which all do the same work.

    `after_rung` is called in the first epoch with the iterations that were given and the cells whose answers now lie
    in their folders; no fit runs meanwhile.
    """

    def __init__(
        self, case_run: CaseRun, cells: Sequence[CellRun], after_rung: Callable[[int | None, list[CellRun]], None]
    ) -> None:
        self._case_run = case_run
        self._cells = list(cells)
        self._after_rung = after_rung
        self._samples = self._contaminated = 0
        self._probed: float | None = None
        self._probed_at = -math.inf
        self._unrecorded: list[tuple[CellRun, str | None, dict[str, Any]]] = []

    def run(self) -> Stop | None:
        """Measure until the rule says stop; return why, or None where every cell has failed."""
        started = self._case_run.context.clock()
        for epoch in range(self._case_run.context.rule.most):
            alive = [live for live in self._cells if not live.ended]
            try:
                self._epoch(epoch, alive)
            finally:
                for live in alive:
                    live.close()
            if all(live.ended for live in self._cells):
                return None
            stop = self._why_stop(epoch + 1, self._case_run.context.clock() - started)
            if stop is not None:
                return stop
        return Stop.MOST

    def _why_stop(self, epochs: int, seconds: float) -> Stop | None:
        alive = [live for live in self._cells if not live.ended]
        means = [{e: statistics.fmean(times) for e, times in live.times.items()} for live in alive]
        against = rivals([live.cell.key for live in alive], self._case_run.context.baseline)
        widths = [worst_half_width(means[base], [means[i]]) for i, base in enumerate(against) if i != base]
        half_width = max((width for width in widths if width is not None), default=None)
        longest = max(live.fit_seconds for live in alive)
        return why_stop(self._case_run.context.rule, epochs, half_width, seconds, longest)

    def _epoch(self, epoch: int, alive: list[CellRun]) -> None:
        random = self._random(epoch)
        order = [alive[chosen] for chosen in random.permutation(len(alive))]
        for step in (self._post_open, self._collect_open):  # processes start side by side: nothing is timed yet
            for live in order:
                if not live.ended:
                    self._case_run.attempt(live, step)
        for rung in self._case_run.rungs:
            for live in alive:
                if not live.ended:
                    self._case_run.attempt(live, self._calibrate, rung)
            for number in range(self._case_run.context.rule.rounds):
                self._round(epoch, number, rung, random, alive)
            if epoch == 0:
                for live in alive:
                    if not live.ended:
                        self._case_run.attempt(live, self._export)
                self._after_rung(rung, [live for live in alive if not live.ended])

    def _round(
        self, epoch: int, number: int, rung: int | None, random: np.random.Generator, alive: list[CellRun]
    ) -> None:
        """Measure every backend once; where one was disturbed, all of them once more."""
        for _ in range(2):
            running = [r for r in alive if not r.ended and r.fit_seconds * number < EPOCH_SECONDS]
            before = self._contaminated
            if self._case_run.context.clock() - self._probed_at > JUST_PROBED_SECONDS:
                self._probe()
            for place, chosen in enumerate(random.permutation(len(running))):
                self._case_run.attempt(running[chosen], self._sample, epoch, number, rung, place)
            self._probe()
            if self._contaminated == before or self._contaminated > HOPELESS_SHARE * self._samples:
                return

    def _random(self, epoch: int) -> np.random.Generator:
        key = self._case_run.case.key
        return np.random.default_rng([key.seed, int(key.case_id, 16), self._case_run.context.store.session, epoch])

    def _post_open(self, live: CellRun) -> None:
        live.worker = self._case_run.spawn(live, "output.log")
        self._case_run.post_open(live.worker, live, mapped=not self._case_run.has_room_for(len(self._cells)))

    def _collect_open(self, live: CellRun) -> None:
        assert live.worker is not None
        live.first_call_seconds = live.worker.collect().get("first_call_seconds")  # an older kmbench tells nothing

    def _calibrate(self, live: CellRun, rung: int | None) -> None:
        assert live.worker is not None
        loops = live.loops.get(rung)
        told = live.worker.request("calibrate", loops=loops, iterations=rung)
        live.prepare_seconds, live.loops[rung] = told["prepare_seconds"], told["loops"]
        self._is_contaminated(live, told.get("delay_share"))
        self._case_run.step("warm-up", live)

    def _sample(self, live: CellRun, epoch: int, number: int, rung: int | None, place: int) -> None:
        """Measure a fit; it is recorded once the probe after it tells whether the cores stayed where they were."""
        assert live.worker is not None
        figures = live.worker.request("fit")
        live.fit_peak_bytes = max(live.fit_peak_bytes or 0, figures.pop("fit_peak_bytes", None) or 0)
        live.fit_seconds = max(live.fit_seconds, figures["fit_seconds"])
        delay = figures.get("run_delay_seconds")
        held = (figures["fit_seconds"] + figures["assign_seconds"]) * live.cell.key.threads
        waited = self._is_contaminated(live, None if delay is None else delay / held)
        cold = self._is_cold(live, figures)
        lost = figures.pop("disturbance", None)
        disturbed_by = lost if lost else "waited for a core" if waited else "cold memory" if cold else None
        place_in_run = {"rung": rung, "epoch": epoch, "round": number, "order": place}
        told = {"prepare_seconds": live.prepare_seconds, "first_call_seconds": live.first_call_seconds}
        self._unrecorded.append((live, disturbed_by, place_in_run | told | figures))
        time.sleep(self._case_run.context.settle_seconds)
        if self._case_run.context.clock() - self._probed_at >= PROBE_SECONDS:
            self._probe()

    def _probe(self) -> None:
        """Probe how far apart the cores are, and record the fits since the last probe."""
        before, self._probed = self._probed, self._case_run.probe_cores()
        self._probed_at = self._case_run.context.clock()
        moved = state_of(before, self._probed, self._case_run.core_boundary) is CoreState.MOVED
        for live, disturbed_by, figures in self._unrecorded:
            self._record(live, disturbed_by or ("cores moved" if moved else None), before, figures)
        self._unrecorded.clear()

    def _record(self, live: CellRun, disturbed_by: str | None, probed: float | None, figures: dict[str, Any]) -> None:
        epoch, number, contaminated = figures["epoch"], figures["round"], disturbed_by is not None
        self._samples += 1
        self._contaminated += contaminated
        if figures["rung"] == self._case_run.rungs[-1] and (not contaminated or epoch not in live.times):
            live.times.setdefault(epoch, []).append(figures["fit_predict_seconds"])
        cores = self._case_run.cores
        self._case_run.record(
            live,
            RecordKind.FIT,
            contaminated=contaminated,
            disturbed_by=disturbed_by,
            cross_core_ratio=probed,
            cross_core_ratio_after=self._probed,
            bound_cores=None if cores is None else list(cores),
            **figures,
        )
        self._case_run.step(f"epoch {epoch + 1}, round {number + 1}", live)

    def _is_contaminated(self, live: CellRun, delay_share: float | None) -> bool:
        """Compare a fit's wait with the least that its backend has waited, this fit included."""
        if delay_share is None:
            return False
        live.least_delay_share, beyond = _beyond_least(delay_share, live.least_delay_share)
        return beyond > CONTAMINATED_SHARE

    def _is_cold(self, live: CellRun, figures: dict[str, Any]) -> bool:
        """Compare a fit's time in the kernel with the least that its backend has spent there, this fit included."""
        system, faults = figures.get("fit_system_seconds"), figures.get("page_faults")
        if system is None or live.cell.key.pages != "warm":
            return False
        live.least_system_share, beyond = _beyond_least(system / figures["fit_seconds"], live.least_system_share)
        explained = beyond if faults is None else faults * FAULT_SECONDS / figures["fit_seconds"]
        return min(beyond, explained) > COLD_SHARE

    def _export(self, live: CellRun) -> None:
        assert live.worker is not None
        target = live.submission()
        live.told = live.worker.request("export", centroids=target.centroids, labels=target.labels)
        live.output = live.worker.output()


def _beyond_least(share: float, least: float | None) -> tuple[float, float]:
    """Return the least of a backend's shares, this one included, and how far this one lies beyond it."""
    least = share if least is None else min(least, share)
    return least, share - least
