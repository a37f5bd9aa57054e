"""The model of docs/out-of-core.md: worked examples."""

import sys
from pathlib import Path

import pytest

from kmbench.analysis import read_run
from kmbench.api import measure
from kmbench.study import Study

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "tools"))

import scale_out_model as model  # noqa: E402

MEASURED = model.Measured(
    k=64,
    d=64,
    memory_cpu_seconds_per_row=1e-6,
    file_cpu_seconds_per_row=2e-6,
    dask_cpu_seconds_per_row=5e-6,
    task_seconds=0.005,
)
MACHINES = model.Machines(cores=10, machines=5, memory_bytes=2**30, disk_bytes_per_second=1e9)


def test_a_pass_by_the_model_is_the_sum_of_its_parts():
    # 1M rows of 256 bytes: 2 CPU seconds on 10 cores, and the disk takes 0.256 s, which is longer.
    # On Dask 5 CPU seconds on 50 cores take longer than the disks; and 100 tasks of 5 ms.
    passes = model.projected(MEASURED, MACHINES, 10**6)
    assert passes == model.Passes(
        in_memory=pytest.approx(0.1), from_file=pytest.approx(0.256), on_machines=pytest.approx(0.1 + 0.5)
    )
    assert passes.fastest == "in memory"


def test_what_does_not_fit_into_memory_with_its_copy_has_no_time_there():
    rows = 2**30 // (2 * 256)
    assert model.projected(MEASURED, MACHINES, rows).in_memory is not None
    assert model.projected(MEASURED, MACHINES, rows + 1).in_memory is None


def test_machines_pay_from_where_both_ways_take_the_same_time():
    rows = model.pays_from(MEASURED, MACHINES)
    passes = model.projected(MEASURED, MACHINES, round(rows))
    assert passes.on_machines == pytest.approx(passes.from_file, rel=1e-6)
    assert model.projected(MEASURED, MACHINES, round(2 * rows)).fastest == "Dask"


def test_the_model_starts_from_the_largest_case_of_each_k(capsys, monkeypatch):
    (folder,) = (ROOT / "results" / "scale-out").iterdir()
    run = read_run(folder)
    small, large = model.measured_passes(run.cells)
    assert [small.k, large.k] == [64, 1024]
    (file,) = (c for c in run.cells if c.label == model.FILE and (c.n, c.k, c.threads) == (10**7, 64, 2))
    passes = file.iterations_given + 1
    assert small.file_cpu_seconds_per_row == pytest.approx(file.fit_predict_cpu_seconds / passes / 10**7)
    file, dask = (
        next(c for c in run.cells if c.label == label and c.n == 10**5) for label in (model.FILE, model.DASK)
    )
    longer = (dask.fit_predict_seconds - file.fit_predict_seconds) / passes
    assert small.task_seconds == large.task_seconds == pytest.approx(longer / (2 * model.TASKS_PER_CORE))
    monkeypatch.setattr(sys, "argv", ["scale_out_model.py", str(folder)])
    model.main()
    assert "Model, not measured: one machine with 16 cores against\n10 machines" in capsys.readouterr().out


def test_a_run_without_the_three_backends_ends_with_a_line(tmp_path, capsys, monkeypatch):
    study = {"name": "small", "backends": "numpy-lloyd", "data": ["digits"], "k": [4], "threads": [1], "repeats": 1}
    measure(Study.build(study, "a test"), tmp_path / "run", False, lambda event: None)
    monkeypatch.setattr(sys, "argv", ["scale_out_model.py", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as ended:
        model.main()
    assert ended.value.code == 2
    assert "no case with two threads" in capsys.readouterr().err
