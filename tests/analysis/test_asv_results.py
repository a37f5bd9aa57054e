"""What asv wrote is read as asv reads it: both formats, other environments, damaged files beside sound ones."""

import json

import pytest

from kmbench import asv_frame
from kmbench.analysis.history import environment_names, history_frame
from kmbench.errors import OutputError

BENCHMARK = {"param_names": ["k"], "params": [["16", "64"]], "type": "track", "unit": "seconds", "version": "now"}
COLUMNS = ["result", "params", "version", "started_at", "duration"]


def second(value, *, python="3.11", variables=None, version="now", commit="a" * 40, tool="virtualenv"):
    requirements = {"numpy": "2.4.6"}
    parts = [tool, f"py{python}", "numpy2.4.6", *(f"{k}{v}" for k, v in (variables or {}).items())]
    return {
        "commit_hash": commit, "env_name": "-".join(parts), "date": 1_700_000_000_000, "python": python,
        "params": {"cpu": "a CPU"}, "requirements": requirements, "env_vars": variables or {}, "version": 2,
        "result_columns": COLUMNS, "results": {"fit.Fit.track_x": [value, BENCHMARK["params"], version, 1, 0.5]},
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Write result files by name and return asv's folder."""

    def write(**files):
        (tmp_path / "host").mkdir(exist_ok=True)
        (tmp_path / "benchmarks.json").write_text(json.dumps({"fit.Fit.track_x": BENCHMARK, "version": 2}))
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (tmp_path / "host" / f"{name}.json").write_text(text)
        return tmp_path

    return write


def test_the_first_format_is_read_as_asv_updates_it(folder):
    first = {
        "commit_hash": "b" * 40, "date": 1_600_000_000_000, "python": "3.6", "requirements": {"numpy": "1.14"},
        "params": {"cpu": "old"}, "version": 1, "benchmark_version": {"fit.Fit.track_x": "now"},
        "started_at": {"fit.Fit.track_x": 7}, "duration": {"fit.Fit.track_x": 2.5},
        "results": {
            "fit.Fit.track_x": {
                "result": [1.5, None], "params": [["16", "64"]],
                "stats": [{"ci_99": [1.4, 1.6], "q_25": 1.45, "q_75": 1.55, "number": 1, "repeat": 9}, None],
            },
            "fit.Fit.track_alone": 3.0,
            "fit.Fit.track_failed": None,
        },
    }  # fmt: skip
    frame = asv_frame(folder(old=first))
    rows = {(row["metric"], row["param_k"]): row for row in frame.to_dict("records")}
    measured = rows["track_x", 16]
    assert (measured["value"], measured["low"], measured["high"], measured["q25"]) == (1.5, 1.4, 1.6, 1.45)
    assert (measured["status"], rows["track_x", 64]["status"], measured["stale"]) == ("ok", "failed", False)
    assert measured["duration_seconds"] == 2.5
    assert measured["environment"] == "py3.6-numpy1.14"
    assert measured["tool"] == ""
    alone = frame[frame["metric"] == "track_alone"].iloc[0]
    assert (alone["value"], alone["stale"]) == (3.0, True), "the benchmark is gone"


@pytest.mark.parametrize("text", ["{torn", "[]", '{"version": 2}', '{"version": 3}'])
def test_a_file_that_is_no_result_is_named_and_the_rest_goes_on(folder, text):
    frame = asv_frame(folder(good=second([1.0, 2.0]), bad=text))
    assert len(frame) == 2
    (note,) = frame.attrs["notes"]
    assert (note.code, note.concerns) == ("KM401", ("host/bad.json",))
    with pytest.raises(OutputError):
        asv_frame(folder(good=text, bad=text))


def test_a_result_without_a_version_is_kept_and_one_of_another_version_is_stale(folder):
    frame = asv_frame(
        folder(a=second([1.0, 2.0], version=None), b=second([1.0, 2.0], version="then", commit="c" * 40))
    )
    assert frame.groupby("commit")["stale"].all().to_dict() == {"a" * 40: False, "c" * 40: True}


def test_environments_are_told_apart_by_python_variables_and_tool(folder):
    pythons = asv_frame(folder(a=second([1.0, 2.0]), b=second([1.0, 2.0], python="3.12")))
    assert sorted(environment_names(pythons).values()) == ["python 3.11", "python 3.12"]
    assert pythons["tool"].unique().tolist() == ["virtualenv"]


def test_environments_that_differ_in_a_variable_are_two_lines(folder):
    threads = [second([1.0, 2.0], variables={"OMP_NUM_THREADS": count}) for count in ("1", "2")]
    frame = asv_frame(folder(a=threads[0], b=threads[1]))
    assert sorted(environment_names(frame).values()) == ["OMP_NUM_THREADS 1", "OMP_NUM_THREADS 2"]
    assert history_frame(frame).groupby("environment_name").size().tolist() == [2, 2]


def test_environments_of_one_description_keep_asvs_name(folder):
    one, other = second([1.0, 2.0]), second([1.0, 2.0])
    other["env_name"] += "-extra"
    names = environment_names(asv_frame(folder(a=one, b=other)))
    assert len(set(names.values())) == 2


def test_commits_of_one_second_stand_in_the_order_of_the_repository(folder):
    results = {letter: second([1.0, 2.0], commit=letter * 40) for letter in "abc"}
    frame = asv_frame(folder(**results), ["c" * 40, "a" * 40])
    assert [commit[0] for commit in dict.fromkeys(frame["commit"])] == ["c", "a", "b"]
