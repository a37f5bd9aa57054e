"""`benchmarks/tools/gpu_session.sh` with a stand-in for the interpreter: order, what is done again, exit codes."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FAKE = """#!/usr/bin/env bash
all="$*"
echo "$all" >>"$CALLS"
case "$all" in
  *" run "*"--output "*)
    folder=${all#*--output }; folder=${folder%% --*}; mkdir -p "$folder"; touch "$folder/records.jsonl" ;;
esac
for pair in $CODES; do
  case "$all" in *"${pair%%=*}"*) exit "${pair#*=}" ;; esac
done
"""

CUT_OFF = "benchmarks/gpu.toml=124"
"""As `timeout` ends."""


@pytest.fixture
def session(tmp_path):
    """Run the script; return its exit code, what it printed, and the commands that it gave the interpreter."""
    fake, calls = tmp_path / "python", tmp_path / "calls"
    fake.write_text(FAKE)
    fake.chmod(0o755)

    def run(codes="", **environment):
        calls.write_text("")
        done = subprocess.run(
            ["bash", "benchmarks/tools/gpu_session.sh", str(tmp_path / "out")],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "PYTHON": str(fake), "CALLS": str(calls), "CODES": codes, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, calls.read_text().splitlines()

    return run


def of_studies(calls):
    return [
        call.split()[3] + (" --resume" if "--resume" in call else "") for call in calls if " kmbench run " in call
    ]


STUDIES = [f"benchmarks/{name}.toml" for name in ("gpu-smoke", "gpu", "gpu-large")]


def test_the_small_study_comes_first_and_nothing_is_done_twice(session):
    code, printed, calls = session()
    assert code == 0, printed
    assert of_studies(calls) == STUDIES
    order = [
        next(i for i, call in enumerate(calls) if words in call)
        for words in ("gpu-smoke.toml", "tests/tuning", "/gpu.toml")
    ]
    assert order == sorted(order)
    assert sum("kmbench tune" in call for call in calls) == 2
    code, printed, calls = session()
    assert code == 0
    assert not [call for call in calls if "kmbench" in call and "-c" not in call.split()]
    assert printed.count("done before") >= 8


def test_rows_that_failed_are_told_and_the_study_counts_as_finished(session):
    code, printed, calls = session("gpu-smoke.toml=1 tests/tuning=1")
    assert code == 1
    assert "failed: gpu-smoke tests" in printed
    code, _, calls = session()
    assert code == 0
    assert of_studies(calls) == []
    assert sum("tests/tuning" in call for call in calls) == 1


def test_what_is_cut_off_goes_on_in_the_next_call(session):
    code, printed, calls = session(CUT_OFF)
    assert code == 3
    assert "cut off: gpu;" in printed
    assert of_studies(calls) == STUDIES
    code, _, calls = session()
    assert code == 0
    assert of_studies(calls) == [STUDIES[1] + " --resume"]


def test_without_time_left_nothing_is_begun(session):
    code, printed, calls = session(SECONDS_LEFT="5")
    assert code == 3
    assert calls == []
    assert "no time left" in printed


def test_a_run_that_cannot_be_resumed_is_kept_and_begun_anew(session, tmp_path):
    session(CUT_OFF)
    code, printed, calls = session("--resume=2", MEMORY="100G")
    assert code == 0, printed
    kept = [path.name.removeprefix("gpu-") for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert any(name.isdigit() for name in kept)
    begun = [STUDIES[1], "--output", str(tmp_path / "out" / "gpu"), "--memory-limit", "100G"]
    assert [call.split()[3:] for call in calls if " kmbench run " in call] == [[*begun, "--resume"], begun]
