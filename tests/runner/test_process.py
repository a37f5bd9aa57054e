"""What a worker leaves behind is fit to be passed on."""

import sysconfig
from pathlib import Path

from kmbench.runner.process import Limits, WorkerProcess


def test_captured_output_does_not_tell_where_this_machine_keeps_things(tmp_path):
    log = tmp_path / "worker.log"
    with WorkerProcess("kmbench.no_such_module", 1, Limits(60, None), log) as worker:
        pass
    package = Path(sysconfig.get_path("purelib")) / "sklearn" / "base.py"
    log.write_text(f"{package}:7: ConvergenceWarning\n{Path.home() / 'data.npy'}\n")
    assert worker.output() == "sklearn/base.py:7: ConvergenceWarning\n~/data.npy"
