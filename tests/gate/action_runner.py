"""Run the steps of a composite action in a shell, as GitHub's runner does with those that have a `run`."""

import os
import re
import subprocess
from pathlib import Path

import yaml

ACTIONS = Path(__file__).parents[2] / ".github" / "actions"

EXPRESSION = re.compile(r"\$\{\{\s*([a-z_.-]+)\s*\}\}")


class ActionRunner:
    """What a job knows: inputs, the event, folders, and what its steps have said.

    Attributes
    ----------
    ran : dict of str to int
        Exit codes of the steps that ran, by id.
    log, summary : str
        What they printed, and the job's summary.
    """

    def __init__(self, name, checkout, temp, event, environment):
        self.folder = ACTIONS / name
        self.action = yaml.safe_load((self.folder / "action.yml").read_text())
        self.checkout, self.temp, self.environment = checkout, temp, environment
        self.context = {"runner": {"temp": str(temp)}, "github": {"event": event, "repository": "owner/repo"}}
        self.ran, self.log, self.summary = {}, "", ""

    def run(self, **inputs):
        known = self.action["inputs"]
        assert inputs.keys() <= known.keys()
        values = {name: str(given.get("default", "")) for name, given in known.items()}
        values |= {"token": "secret"} if "token" in known else {}
        self.context |= {"inputs": values | inputs, "steps": {}}
        failed = False
        for step in self.action["runs"]["steps"]:
            if "run" in step and self._is_due(step.get("if", ""), failed):
                failed = self._run_step(step) or failed
        return not failed

    def outputs(self):
        return {name: self._filled(one["value"]) for name, one in self.action.get("outputs", {}).items()}

    def _is_due(self, condition, failed):
        if condition == "inputs.install != ''":
            return not failed and self.context["inputs"]["install"] != ""
        assert condition in ("", "always()"), condition
        return condition == "always()" or not failed

    def _run_step(self, step):
        assert "${{" not in step["run"], "inputs reach a script through its environment"
        files = {name: self.temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        given = {name: self._filled(value) for name, value in step.get("env", {}).items()}
        environment = self.environment | given | {name: str(file) for name, file in files.items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.checkout / self._filled(step.get("working-directory", ".")),
            env=environment | {"GITHUB_ACTION_PATH": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        said = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        self.context["steps"][step["id"]] = {"outputs": said}
        self.ran[step["id"]] = done.returncode
        self.log += done.stdout
        self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        return done.returncode != 0

    def _filled(self, text):
        return EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _value(self, path):
        """Return what an expression names; a name that does not exist is empty, as it is on GitHub."""
        at = self.context
        for name in path.split("."):
            at = at.get(name, "") if isinstance(at, dict) else ""
        return str(at)


def path_with(folder, **programs):
    """Return an environment in which some programs are scripts of the test."""
    folder.mkdir(exist_ok=True)
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return {"PATH": os.pathsep.join([str(folder), os.environ["PATH"]])}
