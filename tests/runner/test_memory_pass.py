"""The memory that a worker tells for a fit is what the fit took: no more, and no less."""

import json
import subprocess
import sys

import numpy as np
import pytest

ROWS, COLUMNS, MIB = 16384, 1024, 2**20

WORKER = """
import json, sys
import numpy as np
import kmbench.runner.worker as module
from kmbench.backends.base import Backend, FitResult, Traits

class Holds(Backend):
    '''Keeps the rows that it is given, and holds 24 MiB while it fits.'''

    name = "holds"
    traits = Traits(exact=True)

    def prepare(self, X, job):
        self.X, self.k = X, job.k

    def fit(self):
        np.ones(24 * 2**20, dtype=np.uint8)

    def result(self):
        return FitResult(centroids=self.X[: self.k], n_iter=1)

    def assign(self, X):
        return np.zeros(0, dtype=np.int32)

module.get_backend = lambda name: Holds
job = {"k": 4, "protocol": "matched", "iterations": 1, "seed": 0, "threads": 1}
worker = module.Worker()
worker.open(backend="holds", parameters={}, data=sys.argv[1], init=None, mapped=False, job=job)
print(json.dumps(worker.memory()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak exactly")
def test_rows_that_the_warm_up_was_given_do_not_hide_what_a_fit_takes(tmp_path):
    np.save(tmp_path / "X.npy", np.zeros((ROWS, COLUMNS), dtype=np.float32))
    command = [sys.executable, "-c", WORKER, str(tmp_path / "X.npy")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["memory_method"] == "vmhwm"
    assert found["peak_extra_bytes"] == pytest.approx(24 * MIB, abs=MIB)
    assert found["retained_bytes"] == pytest.approx(0, abs=MIB)
    assert found["input_bytes"] == 4 * ROWS * COLUMNS
