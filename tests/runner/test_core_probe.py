"""The probe of the cores in its own process, and what becomes of a run whose probe dies."""

from kmbench.records import Status
from kmbench.runner.core_probe import CoreProbe
from kmbench.runner.process import Limits, WorkerFailure

LIMITS = Limits(60.0, None)


def test_several_threads_have_a_ratio_and_one_has_none(tmp_path):
    probe = CoreProbe(tmp_path, LIMITS)
    try:
        ratio = probe.ratio(2)
        assert ratio is None or 0.1 < ratio < 100  # None where NumPy's BLAS has no threads to set
        assert probe.ratio(1) is None
    finally:
        probe.close()


class Dying:
    """A process that answers once and then is gone."""

    def __init__(self, *_):
        self.asked, self.closed = 0, 0

    def request(self, op, threads):
        self.asked += 1
        if self.asked > 1:
            raise WorkerFailure(Status.CRASHED, "gone")
        return {"cross_core_ratio": 0.9}

    def close(self):
        self.closed += 1


def test_a_probe_that_dies_is_let_go_and_not_asked_again(tmp_path):
    started = []

    def spawn(*arguments):
        started.append(Dying(*arguments))
        return started[-1]

    probe = CoreProbe(tmp_path, LIMITS, spawn)
    assert [probe.ratio(2), probe.ratio(2), probe.ratio(2)] == [0.9, None, None]
    probe.close()
    (process,) = started
    assert (process.asked, process.closed) == (2, 1)
