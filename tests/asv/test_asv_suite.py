"""What the asv suite promises: light, honest about versions, one measurement for each case."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kmbench import load_records
from kmbench.comparison import epoch_means
from kmbench.records import read_records

HOME = Path(__file__).parents[2]
TOOLS = HOME / "benchmarks" / "tools"


@pytest.fixture
def benchmarks(monkeypatch, tmp_path):
    """The suite as asv imports it, in a folder of its own as asv's processes run."""
    monkeypatch.syspath_prepend(str(HOME))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KMBENCH_ASV_EPOCHS", "2")
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module


@pytest.fixture
def environments(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("environments")


def test_the_suite_imports_nothing_but_the_standard_library():
    code = """
import sys, pkgutil, importlib
before = set(sys.modules)
import benchmarks
for module in pkgutil.iter_modules(benchmarks.__path__, "benchmarks."):
    importlib.import_module(module.name)
new = {name.partition(".")[0] for name in set(sys.modules) - before} - {"benchmarks"}
print(sorted(new - sys.stdlib_module_names))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_asv_check_passes_in_this_environment(tmp_path):
    config = json.loads(json.dumps(_config()))
    config |= {"repo": str(HOME), "benchmark_dir": str(HOME / "benchmarks"), "env_dir": str(tmp_path / "env")}
    (tmp_path / "asv.conf.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "asv", "check", "--environment", f"existing:{sys.executable}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No problems found" in done.stdout


def _config():
    sys.path.insert(0, str(TOOLS))
    try:
        return importlib.import_module("environments").load_config()
    finally:
        sys.path.remove(str(TOOLS))


def test_one_run_serves_all_metrics_and_a_second_reading_measures_anew(benchmarks, monkeypatch, tmp_path):
    cases, measured = benchmarks("benchmarks.cases"), benchmarks("benchmarks.measured")
    case = cases.Case("small", "digits:limit=300", 3, "numpy-lloyd,faiss-gpu", "numpy-lloyd")
    runs = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: runs.append(a) or run(*a, **k))
    cell = measured.Cell(case, "numpy-lloyd", {})
    for metric in ("fit", "inertia", "memory"):
        cell.take(metric)
    assert len(runs) == 1
    records = read_records(tmp_path / "small" / "run")
    own = [record for record in records if record.key.backend == "numpy-lloyd"]
    expected = list(epoch_means(own, "fit_seconds").values())
    assert cell.seconds("fit_seconds") == {"samples": pytest.approx(expected), "number": 1}
    assert len(expected) == 2
    assert cell.ratio("fit_predict_seconds")["samples"] == [1.0, 1.0]
    quality = load_records(tmp_path / "small" / "run")["inertia"].dropna()
    assert cell.figure("inertia") == quality.iloc[0]
    with pytest.raises(NotImplementedError, match="faiss"):
        measured.Cell(case, "faiss-gpu", {})
    cell.take("fit")
    assert len(runs) == 2, "a sample must not be counted twice"


def test_a_case_that_cannot_be_measured_fails_with_its_reason_and_is_tried_once(benchmarks):
    cases, measured = benchmarks("benchmarks.cases"), benchmarks("benchmarks.measured")
    case = cases.Case("none", "nowhere.npy", 3, "numpy-lloyd", "numpy-lloyd")
    for _ in range(2):
        with pytest.raises(measured.MeasurementError, match=r"exit code 2: kmbench: .*nowhere\.npy"):
            measured.Cell(case, "numpy-lloyd", {})


def test_a_commit_that_measures_with_cold_memory_has_no_time_on_the_warm_line(benchmarks, monkeypatch):
    cases, measured = benchmarks("benchmarks.cases"), benchmarks("benchmarks.measured")
    monkeypatch.setenv("KMBENCH_PAGES", "cold")  # as commits from before --pages measure
    cell = measured.Cell(cases.Case("cold", "digits:limit=300", 3, "numpy-lloyd", "numpy-lloyd"), "numpy-lloyd", {})
    for read, name in ((cell.seconds, "fit_seconds"), (cell.ratio, "fit_predict_seconds")):
        with pytest.raises(NotImplementedError, match="cold memory"):
            read(name)
    assert cell.figure("inertia") > 0, "what is no time stays on its line"


def test_times_have_another_version_than_figures_that_memory_does_not_change(benchmarks):
    fit = benchmarks("benchmarks.fit").Fit
    metrics = {name: getattr(fit, name) for name in dir(fit) if name.startswith("track_")}
    versions = {name: getattr(metric, "version", fit.version) for name, metric in metrics.items()}
    assert {name for name, version in versions.items() if version != fit.version} == {
        "track_assign_seconds",
        "track_fit_cpu_seconds",
        "track_fit_predict_ratio",
        "track_fit_predict_seconds",
        "track_fit_seconds",
    }


def test_disturbed_fits_count_only_where_an_epoch_has_no_other(benchmarks):
    by_process = benchmarks("benchmarks.measured")._by_process
    fits = [{"kind": "fit", "epoch": 0, "fit_seconds": 1.0}, {"kind": "fit", "epoch": 0, "fit_seconds": 3.0}]
    fits += [{"kind": "fit", "epoch": 0, "fit_seconds": 9.0, "contaminated": True}]
    fits += [{"kind": "fit", "epoch": 1, "fit_seconds": 5.0, "contaminated": True}]
    assert by_process(fits, "fit_seconds") == {0: 2.0, 1: 5.0}
    old = [{"kind": "fit", "round": r, "fit_seconds": s} for r, s in enumerate((1.0, 2.0, 9.0))]
    assert by_process(old, "fit_seconds") == {0: 2.0}, "rounds of one process are one sample"


def test_classes_do_not_share_a_folder_and_every_metric_has_a_unit(benchmarks):
    fit = benchmarks("benchmarks.fit")
    assert fit.Fit.setup_cache is not fit.FitIVF.setup_cache
    assert fit.Fit.setup_cache.__code__.co_firstlineno != fit.FitIVF.setup_cache.__code__.co_firstlineno
    metrics = [getattr(fit.Fit, name) for name in dir(fit.Fit) if name.startswith("track_")]
    assert len(metrics) == 9
    assert all(metric.unit for metric in metrics)


def test_the_pins_are_those_of_the_constraints(environments):
    def pins(file):
        lines = [line.strip() for line in (HOME / file).read_text().splitlines()]
        return dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))

    constraints = pins("constraints.txt")
    requirements = pins("benchmarks/requirements.txt")
    assert requirements.items() <= constraints.items()
    versions = environments.combinations(environments.load_config())
    assert len(versions) >= 2
    assert versions[0].items() <= constraints.items()
    assert not versions[1].keys() & requirements.keys(), "a pin of the matrix must not be undone"


def test_asv_turns_a_dictionary_of_samples_into_statistics():
    """asv does not document it; all of the suite's times rest on it."""
    from asv.runner import _run_benchmark_single_param

    class Spawner:
        def run(self, result_file_name, **_):
            Path(result_file_name).write_text('{"samples": [1.0, 2.0, 3.0], "number": 1}')
            return "", 0

    found = _run_benchmark_single_param({"name": "x", "params": [], "timeout": 1}, Spawner(), 0, False, {}, None)
    assert found.samples == [[1.0, 2.0, 3.0]]
    assert found.number == [1]


def test_installed_versions_are_those_of_the_label(environments):
    config = environments.load_config()
    infos = [json.loads(file.read_text()) for file in (HOME / ".asv" / "env").glob("*/asv-env-info.json")]
    found = 0
    for versions in environments.combinations(config):
        for info, folder in zip(infos, (HOME / ".asv" / "env").glob("*/asv-env-info.json"), strict=True):
            if info["requirements"] == versions:
                command = [str(folder.parent / "bin" / "python"), "-m", "pip", "list", "--format=json"]
                listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
                installed = {package["name"]: package["version"] for package in listed}
                assert versions.items() <= installed.items()
                found += 1
    if not found:
        pytest.skip("asv's environments are not built: make asv-quick")


def test_results_of_an_existing_environment_are_named_by_its_versions(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(TOOLS))
    existing = importlib.import_module("existing")
    import numpy

    file = tmp_path / "abcdef12-existing-py_usr_bin_python3.json"
    file.write_text(json.dumps({"requirements": {}, "python": "3.11", "env_name": "x", "params": {"cpu": "c"}}))
    named = existing.name_by_versions(file)
    assert not file.exists()
    assert f"numpy{numpy.__version__}" in named.name
    assert named.name.startswith("abcdef12-existing-py3.")
    result = json.loads(named.read_text())
    assert result["requirements"]["numpy"] == result["params"]["numpy"] == numpy.__version__
    assert "usr" not in json.dumps(result)


def test_the_machines_name_follows_from_its_hardware_alone():
    from kmbench.instruments import describe_host, machine_name

    host = describe_host()
    name = machine_name(host)
    assert name == machine_name(host | {"packages": {"numpy": "0"}, "load_average": None, "at": "never"})
    assert name != machine_name(host | {"logical_cores": 4711})
    assert name == name.lower()
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789.-")
