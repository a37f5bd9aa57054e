"""What a worker leaves behind is fit to be passed on."""

import sys
import sysconfig
from pathlib import Path

import pytest

from kmbench.runner.process import Limits, WorkerProcess, seconds_until_next_look


def test_captured_output_does_not_tell_where_this_machine_keeps_things(tmp_path):
    log = tmp_path / "worker.log"
    with WorkerProcess("kmbench.no_such_module", 1, Limits(60, None), log) as worker:
        pass
    package = Path(sysconfig.get_path("purelib")) / "sklearn" / "base.py"
    log.write_text(f"{package}:7: ConvergenceWarning\n{Path.home() / 'data.npy'}\n")
    assert worker.output() == "sklearn/base.py:7: ConvergenceWarning\n~/data.npy"


def test_packages_that_come_from_another_folder_do_not_tell_where_it_is(tmp_path, monkeypatch):
    """Such as by PYTHONPATH or a .pth file."""
    elsewhere = tmp_path / "shared" / "packages"
    elsewhere.mkdir(parents=True)
    monkeypatch.syspath_prepend(elsewhere)
    log = tmp_path / "worker.log"
    with WorkerProcess("kmbench.no_such_module", 1, Limits(60, None), log) as worker:
        pass
    log.write_text(f"{elsewhere}/pyspark/utils.py:127: FutureWarning\n")
    assert worker.output() == "pyspark/utils.py:127: FutureWarning"


LEAVES_A_CHILD = """
import os, subprocess, sys, time
from kmbench.instruments import cpu_seconds_of
from kmbench.runner.channel import serve

def work():
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    while cpu_seconds_of([child.pid])[child.pid] < 0.3:
        time.sleep(0.01)
    return {}

serve({"work": work})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the time of a process's children is read from /proc")
@pytest.mark.parametrize("end", ["close", "kill"])
def test_the_time_of_a_child_that_ends_with_its_worker_is_counted_once(tmp_path, end):
    (tmp_path / "leaves_a_child.py").write_text(LEAVES_A_CHILD)
    before = WorkerProcess.unwaited_seconds
    with WorkerProcess("leaves_a_child", 1, Limits(60, None), tmp_path / "log", tree=tmp_path) as worker:
        worker.request("work")
        getattr(worker, end)()
    assert 0.3 <= WorkerProcess.unwaited_seconds - before < 30


@pytest.mark.parametrize(
    ("room", "look", "left", "pause"),
    [
        pytest.param(20 * 2**30, 1e-4, None, 1.0, id="far from the limit: seldom, since threads on all cores wait"),
        pytest.param(2**30, 1e-4, None, 0.125, id="a gigabyte left: before it can be filled"),
        pytest.param(2**20, 1e-4, None, 0.05, id="near the limit"),
        pytest.param(2**20, 5e-3, None, 0.5, id="a look at many processes takes at most a hundredth of a core"),
        pytest.param(20 * 2**30, 1e-4, 0.3, 0.3, id="not beyond the timeout"),
        pytest.param(20 * 2**30, 1e-4, -0.1, 0.0, id="the timeout is over"),
    ],
)
def test_a_worker_is_looked_at_before_it_can_reach_a_limit_and_no_sooner(room, look, left, pause):
    assert seconds_until_next_look(room, look, left) == pytest.approx(pause)
