"""The actions' steps, run in a shell: which base they take, what they show, how they end.

What takes the service itself is not tested here: its own actions for artifacts, the rights of tokens, the start of
the second workflow, and GitHub's interface, for which a script stands in that notes how it was called.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml
from action_runner import ACTIONS, ActionRunner, path_with
from plugin_repository import git, install_here, make_repository

pytestmark = pytest.mark.skipif(not (shutil.which("git") and shutil.which("bash")), reason="git or bash is missing")

KMBENCH = shlex.join([sys.executable, "-P", "-m", "kmbench"])


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return make_repository(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def installed(checkout, tmp_path_factory):
    return install_here(checkout, tmp_path_factory.mktemp("installed"))


def commit(repository, name):
    found = subprocess.run(["git", "-C", repository, "rev-parse", name], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def result(outcome, **cells):
    """Return what `kmbench gate --json` prints, with some cells of a known outcome."""
    rows = [
        {
            "label": label,
            "case": "blobs, k=2",
            "outcome": one.removesuffix(", tracked"),
            "rule": {"margin": 0.1, "tracked": one.endswith("tracked")},
            "findings": [
                {"figure": "time", "text": "slower: 30% more", "worse": one.startswith("regression")},
                {"figure": "memory", "text": "less", "worse": False},
            ],
        }
        for label, one in cells.items()
    ]
    return json.dumps({"outcome": outcome, "cells": rows})


@pytest.fixture
def stand_in(checkout, tmp_path):
    """Run the action with a command in place of kmbench that notes its arguments and ends as told."""

    def run(event, printed, code=0, table="| a table |\n", complaint="", **inputs):
        calls = tmp_path / "calls"
        script = f"""#!/usr/bin/env bash
printf '%s\\n' "$@" >{calls}
while [ $# -gt 0 ]; do [ "$1" != --markdown ] || to=$2; shift; done
{f"printf %s {shlex.quote(table)} >$to" if table else ""}
printf %s {shlex.quote(printed)}
printf %s {shlex.quote(complaint)} >&2
exit {code}
"""
        environment = os.environ | path_with(tmp_path / "bin", kmbench=script)
        job = ActionRunner("gate", checkout, tmp_path, event, environment)
        job.passed = job.run(**inputs)
        job.arguments = calls.read_text().splitlines() if calls.exists() else None
        return job

    return run


def test_a_slower_head_of_a_plug_in_fails_with_a_table_and_an_annotation(checkout, installed, tmp_path):
    event = {"pull_request": {"base": {"sha": commit(checkout, "remark")}}}
    job = ActionRunner("gate", checkout, tmp_path, event, installed)
    assert not job.run(head="slower", study="gate.toml", kmbench=KMBENCH, budget="0")
    assert job.ran == {"measure": 0, "tell": 0, "verdict": 1}
    assert job.outputs() == {"outcome": "regression"}
    assert "## kmbench gate: regression" in job.summary
    assert "**REGRESSION**" in job.summary
    assert "::error title=kmbench gate%3A sleepy::" in job.log
    kept = {str(path.relative_to(tmp_path / "kmbench-gate")) for path in (tmp_path / "kmbench-gate").rglob("*.json*")}
    assert {"gate.json", "records/first/records.jsonl", "records/first/host.json"} <= kept


def test_a_gate_that_cannot_measure_says_why(checkout, installed, tmp_path):
    job = ActionRunner("gate", checkout, tmp_path, {}, installed)
    assert not job.run(head="slower", study="none.toml", kmbench=KMBENCH)
    assert job.outputs() == {"outcome": "not measured"}
    assert "study file none.toml does not exist" in job.summary
    assert "::error title=kmbench gate::" in job.log


def test_the_base_is_where_the_pull_request_branched_off(stand_in, checkout):
    git(checkout, "checkout", "--quiet", "-b", "moved-on", "remark")
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "main moves on")
    event = {"pull_request": {"base": {"sha": commit(checkout, "moved-on")}}}
    git(checkout, "checkout", "--quiet", "main")
    git(checkout, "branch", "-D", "moved-on")
    job = stand_in(event, result("pass"), head="slower")
    assert job.passed
    assert job.arguments[-3:] == ["--", commit(checkout, "remark"), "slower"]


@pytest.mark.parametrize(
    ("event", "inputs", "base"),
    [
        ({"before": "steady"}, {}, "steady"),
        ({"before": "0" * 40}, {}, "HEAD~1"),
        ({}, {"base": "v1.2"}, "v1.2"),
        ({}, {"head": "--output=x"}, "--output=x~1"),
    ],
)
def test_the_base_elsewhere(stand_in, checkout, event, inputs, base):
    if event.get("before") == "steady":
        event = {"before": commit(checkout, "steady")}
        base = event["before"]
    job = stand_in(event, result("pass"), **inputs)
    assert job.arguments[-3:-1] == ["--", base]


def test_inputs_become_options_and_no_commands(stand_in, tmp_path):
    inputs = {"study": "a study.toml; touch x", "margin": "20", "strict": "true", "build-isolation": "false"}
    job = stand_in({}, result("pass"), **inputs)
    given = dict(zip(job.arguments, job.arguments[1:], strict=False))
    assert (given["--study"], given["--margin"], given["--budget"]) == ("a study.toml; touch x", "20", "5")
    assert {"--strict", "--no-build-isolation"} <= {*job.arguments}
    plain = stand_in({}, result("pass"))
    assert not {"--strict", "--no-build-isolation", "--study", "--margin"} & {*plain.arguments}


def test_the_install_command_runs_first_and_its_failure_is_told(stand_in):
    job = stand_in({}, result("pass"), install="false && true")
    assert job.ran == {"install": 1, "tell": 0}
    assert job.arguments is None
    assert "not measured" in job.summary


def test_a_blind_gate_passes_and_warns(stand_in):
    job = stand_in({}, result("blind", noisy="blind", sound="pass"))
    assert job.passed
    assert "::warning title=kmbench gate%3A noisy::blobs, k=2: time: slower: 30%25 more; memory: less" in job.log
    strict = stand_in({}, result("blind", noisy="blind"), code=2, strict="true")
    assert (strict.passed, strict.ran["verdict"]) == (False, 2)
    assert "| a table |" in strict.summary


def test_annotations_are_of_failing_cells_and_at_most_ten(stand_in):
    cells = {f"b{number}": "regression" for number in range(13)} | {"watched": "regression, tracked"}
    job = stand_in({}, result("regression", **cells), code=1)
    errors = [line for line in job.log.splitlines() if line.startswith("::error")]
    assert len(errors) == 10
    assert errors[-1].endswith("::4 more cells stand in the summary")
    assert "watched" not in job.log
    assert "memory" not in errors[0]


def test_a_shallow_clone_is_told(stand_in):
    job = stand_in({"pull_request": {"base": {"sha": "1" * 40}}}, result("pass"))
    assert not job.passed
    assert "fetch-depth: 0" in job.log


GH = """#!/usr/bin/env bash
# Stands in for GitHub's command: applies --jq to a stored answer, and notes what is written.
printf '%s ' "$@" >>"$CALLS"; echo >>"$CALLS"
while [ $# -gt 0 ]; do
  case $1 in
    --jq) filter=$2; shift ;;
    repos/*) path=$1 ;;
    body=@*) cp "${1#body=@}" "$CALLS.body" ;;
  esac
  shift
done
case $path in
  */pulls) jq -r "$filter" "$ANSWERS/pulls.json" ;;
  */issues/*/comments) [ -z "${filter:-}" ] || jq -r "$filter" "$ANSWERS/comments.json" ;;
esac
"""


@pytest.fixture
def comment(tmp_path, checkout):
    def run(pulls, comments, table="| a table |\n", sha="a" * 40):
        (tmp_path / "pulls.json").write_text(json.dumps(pulls))
        (tmp_path / "comments.json").write_text(json.dumps(comments))
        folder = tmp_path / "kmbench-gate-comment"
        folder.mkdir(exist_ok=True)
        (folder / "gate.md").write_text(table)
        event = {
            "workflow_run": {"id": 1, "head_repository": {"owner": {"login": "them"}}}
            | {"head_branch": "faster", "head_sha": sha}
        }
        environment = os.environ | path_with(tmp_path / "bin", gh=GH)
        environment |= {"CALLS": str(tmp_path / "calls"), "ANSWERS": str(tmp_path)}
        job = ActionRunner("gate-comment", checkout, tmp_path, event, environment)
        job.passed = job.run()
        calls = (tmp_path / "calls").read_text() if (tmp_path / "calls").exists() else ""
        job.written = [line for line in calls.splitlines() if "PATCH" in line or "POST" in line]
        return job

    return run


PULLS = [{"number": 7, "head": {"sha": "b" * 40}}, {"number": 8, "head": {"sha": "a" * 40}}]
MARK = "<!-- kmbench gate: kmbench-gate -->"


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize(
    ("comments", "written"),
    [
        ([], "POST repos/owner/repo/issues/8/comments"),
        ([{"id": 1, "user": {"type": "User"}, "body": MARK}], "POST repos/owner/repo/issues/8/comments"),
        ([{"id": 5, "user": {"type": "Bot"}, "body": f"{MARK}\nold"}], "PATCH repos/owner/repo/issues/comments/5"),
    ],
)
def test_there_is_one_comment_on_the_pull_request_of_the_event(comment, tmp_path, comments, written):
    job = comment(PULLS, comments)
    assert job.passed, job.log
    assert [written in line for line in job.written] == [True]
    assert (tmp_path / "calls.body").read_text() == f"{MARK}\n| a table |\n"


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_a_pull_request_that_moved_on_is_left_alone(comment):
    job = comment(PULLS[:1], [])
    assert (job.passed, job.written) == (True, [])
    assert "has moved on" in job.log


def test_without_a_table_there_is_nothing_to_say(comment):
    assert comment(PULLS, [], table="").written == []


def test_a_commit_that_is_none_goes_no_further(comment):
    assert not comment(PULLS, [], sha='"; env').passed


@pytest.mark.parametrize("workflow", ["gate.yml", "gate-comment.yml"])
def test_this_repository_uses_the_actions_as_they_are(workflow):
    steps = [
        step
        for job in yaml.safe_load((ACTIONS.parent / "workflows" / workflow).read_text())["jobs"].values()
        for step in job["steps"]
        if step.get("uses", "").startswith("./")
    ]
    assert len(steps) == 1
    action = yaml.safe_load((ACTIONS.parent.parent / steps[0]["uses"] / "action.yml").read_text())
    assert steps[0].get("with", {}).keys() <= action["inputs"].keys()
