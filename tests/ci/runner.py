"""Runs workflows as a runner does: jobs in order, matrices, conditions, composite actions, files.

Shell steps run for real, in bash with GitHub's options, in the workspace. Steps of other people's
actions are replaced by what they leave behind. Everything else is an error.
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci.expressions import Expressions, text

#: what steps of others leave behind, by the name of the action: outputs
OTHERS: dict[str, dict[str, str]] = {
    "actions/checkout": {},
    "actions/setup-python": {"python-version": "3.13.5", "python-path": "/nowhere/python"},
    "actions/cache": {"cache-hit": ""},
    "actions/upload-artifact": {"artifact-id": "1"},
    "actions/download-artifact": {"download-path": "1"},
    "aws-actions/configure-aws-credentials": {"aws-account-id": "100000000001"},
    "pulumi/auth-actions": {},
}
#: inputs of our action that are not its own defaults here, where nothing may be downloaded
DEFAULTS = {"drstate-version": "installed", "pulumi-version": "installed"}
_HEREDOC = re.compile(r"^([^=\s]+)<<(.+)$")


@dataclass
class Used:
    """A step of somebody else's action: its name, and what it was given."""

    action: str
    given: dict[str, Any]


@dataclass
class Job:
    """A job that has ended."""

    name: str
    ok: bool
    skipped: bool = False
    outputs: dict[str, str] = field(default_factory=dict)
    #: outputs of its last step that has any
    action: dict[str, str] = field(default_factory=dict)
    log: str = ""
    summary: str = ""
    used: list[Used] = field(default_factory=list)
    #: a copy of what was uploaded, by the artifact's name
    artifacts: dict[str, Path] = field(default_factory=dict)
    concurrency: dict[str, Any] = field(default_factory=dict)


@dataclass
class Runner:
    """A machine with one workspace."""

    workspace: Path
    temp: Path
    env: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    repository: str = "acme/infrastructure"
    count: int = 0
    #: what jobs of this run have uploaded so far, by the artifact's name
    uploaded: dict[str, Path] = field(default_factory=dict)

    def run(
        self,
        workflow: str,
        event: str,
        payload: Mapping[str, Any],
        *,
        inputs: Mapping[str, Any] | None = None,
        actor: str = "alice",
    ) -> list[Job]:
        """All jobs of ``.github/workflows/<workflow>`` for one event, in the order they ran."""
        path = self.workspace / ".github" / "workflows" / workflow
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        triggers = document[True]  # YAML reads `on` as a truth
        assert event in triggers, f"{workflow} is not for {event}"
        given = _dispatched(triggers[event], inputs) if event == "workflow_dispatch" else {}
        github = {
            "event_name": event,
            "event": dict(payload),
            "repository": self.repository,
            "actor": actor,
            "triggering_actor": actor,
            "sha": payload.get("after", "0" * 40),
            "run_id": str(1000 + self.count),
            "token": self.env.get("TEST_GITHUB_TOKEN", ""),
        }
        ended: dict[str, list[Job]] = {}
        self.uploaded = {}
        for name, job in _in_order(document["jobs"]):
            needs = _needed(job)
            contexts = {
                "github": github,
                "inputs": given,
                "vars": dict(self.variables),
                "needs": {one: {"outputs": ended[one][0].outputs} for one in needs},
            }
            well = all(one.ok and not one.skipped for need in needs for one in ended[need])
            outer = Expressions(contexts, _status(ok=well))
            if not outer.holds(job.get("if")):
                ended[name] = [Job(name, ok=True, skipped=True)]
                continue
            ended[name] = []
            for cell in _matrix(job, outer):
                shared = document.get("concurrency")
                ended[name].append(self._job(name, job, {**contexts, **cell}, shared))
        return list(itertools.chain.from_iterable(ended.values()))

    def _job(self, name: str, job: Mapping[str, Any], contexts: dict[str, Any], shared: Any) -> Job:
        self.count += 1
        place = self.temp / f"job{self.count}"
        place.mkdir(parents=True)
        done = Job(name, ok=True)
        expressions = Expressions(contexts, _status(ok=True))
        done.concurrency = expressions.filled(job.get("concurrency") or shared or {})
        event = place / "event.json"
        event.write_text(json.dumps(contexts["github"]["event"]))
        machine = {
            **self.env,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": contexts["github"]["actor"],
            "GITHUB_EVENT_NAME": contexts["github"]["event_name"],
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_RUN_ID": contexts["github"]["run_id"],
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(place / "temp"),
            "RUNNER_ENVIRONMENT": "github-hosted",
            **{key: text(value) for key, value in (job.get("env") or {}).items()},
        }
        (place / "temp").mkdir()
        steps = _Steps(self, done, place, machine, contexts)
        steps.all(job["steps"])
        done.outputs = {
            key: text(Expressions(steps.contexts, _status(ok=done.ok)).filled(value))
            for key, value in (job.get("outputs") or {}).items()
        }
        return done


class _Steps:
    """The steps of a job, or of a composite action in it."""

    def __init__(
        self, runner: Runner, job: Job, place: Path, env: dict[str, str], contexts: dict[str, Any]
    ) -> None:
        self._runner = runner
        self._job = job
        self._place = place
        self._env = env
        self.contexts = {
            **contexts,
            "steps": {},
            "env": env,
            "runner": {"os": "Linux", "arch": "X64", "temp": env["RUNNER_TEMP"]},
        }
        self._ok = True

    def all(self, steps: list[dict[str, Any]]) -> bool:
        for number, step in enumerate(steps):
            expressions = Expressions(self.contexts, _status(ok=self._ok))
            if not expressions.holds(step.get("if")):
                continue
            outputs, ok = self._one(step, expressions, f"step{number}")
            self.contexts["steps"][step.get("id", f"step{number}")] = {
                "outputs": outputs,
                "outcome": "success" if ok else "failure",
            }
            if outputs:
                self._job.action = outputs
            self._ok = self._ok and ok
        self._job.ok = self._job.ok and self._ok
        return self._ok

    def _one(
        self, step: dict[str, Any], expressions: Expressions, label: str
    ) -> tuple[dict[str, str], bool]:
        if "run" in step:
            return self._shell(step, expressions, label)
        given = expressions.filled(step.get("with") or {})
        if step["uses"].startswith("./"):
            return self._composite(step["uses"], given)
        action = step["uses"].partition("@")[0]
        self._job.used.append(Used(action, given))
        if action == "actions/upload-artifact":
            kept = self._place / f"artifact-{len(self._job.artifacts)}"
            assert Path(given["path"]).is_dir(), f"nothing to upload at {given['path']}"
            shutil.copytree(given["path"], kept)
            self._job.artifacts[given["name"]] = kept
            assert not set('":<>|*?\r\n\\/') & set(given["name"]), f"{given['name']} is no name"
            self._runner.uploaded[given["name"]] = kept
        if action == "actions/download-artifact":
            for name in fnmatch.filter(self._runner.uploaded, given["pattern"]):
                target = self._runner.workspace / given["path"] / name
                shutil.copytree(self._runner.uploaded[name], target)
        return dict(OTHERS[action]), True

    def _composite(self, uses: str, given: dict[str, Any]) -> tuple[dict[str, str], bool]:
        folder = self._runner.workspace / uses
        action = yaml.safe_load((folder / "action.yml").read_text(encoding="utf-8"))
        assert action["runs"]["using"] == "composite"
        unknown = given.keys() - action["inputs"].keys()
        assert not unknown, f"{uses} has no inputs {unknown}"
        inputs = {}
        for name, about in action["inputs"].items():
            assert name in given or not about.get("required"), f"{uses} needs {name}"
            declared = DEFAULTS.get(name, about.get("default", ""))
            default = Expressions(self.contexts, {}).filled(declared)
            inputs[name] = text(given.get(name, default))
        contexts = {**self.contexts, "inputs": inputs}
        env = {**self._env, "GITHUB_ACTION_PATH": str(folder)}
        inner = _Steps(self._runner, self._job, self._place, env, contexts)
        ok = inner.all(action["runs"]["steps"])
        filled = Expressions(inner.contexts, _status(ok=ok))
        outputs = {
            name: text(filled.filled(about["value"])) for name, about in action["outputs"].items()
        }
        return outputs, ok

    def _shell(
        self, step: dict[str, Any], expressions: Expressions, label: str
    ) -> tuple[dict[str, str], bool]:
        assert step.get("shell") == "bash", f"{step} has no shell"
        assert "${{" not in step["run"], "values are handed over by env, not pasted into scripts"
        folder = self._place / f"{label}-{len(list(self._place.iterdir()))}"
        folder.mkdir()
        script = folder / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        files = {name: folder / name.lower() for name in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        own = expressions.filled(step.get("env") or {})
        env = {
            **self._env,
            **{key: text(value) for key, value in own.items()},
            **{f"GITHUB_{name}": str(file) for name, file in files.items()},
        }
        cwd = self._runner.workspace / expressions.filled(step.get("working-directory", "."))
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=240, check=False,
        )  # fmt: skip
        self._job.log += ended.stdout
        self._job.summary += files["STEP_SUMMARY"].read_text(encoding="utf-8")
        self._env.update(_values(files["ENV"]))
        added = files["PATH"].read_text().split()
        self._env["PATH"] = ":".join([*reversed(added), self._env["PATH"]])
        return _values(files["OUTPUT"]), ended.returncode == 0


def _values(file: Path) -> dict[str, str]:
    """``name=value`` lines, and values of several lines between marks."""
    found: dict[str, str] = {}
    lines = iter(file.read_text(encoding="utf-8").splitlines())
    for line in lines:
        long = _HEREDOC.match(line)
        if long:
            found[long[1]] = "\n".join(itertools.takewhile(lambda one, e=long[2]: one != e, lines))
        elif line:
            name, sign, value = line.partition("=")
            assert sign, f"{line!r} is no output"
            found[name] = value
    return found


def _dispatched(about: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    values = {}
    given = given or {}
    declared = about["inputs"]
    assert given.keys() <= declared.keys()
    for name, one in declared.items():
        options = one.get("options", [])
        value = given.get(name, one.get("default", options[0] if options else ""))
        assert not one.get("required") or name in given, f"{name} is required"
        assert not options or value in options, f"{value!r} is not among {options}"
        values[name] = value
    return values


def _in_order(jobs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    done: list[tuple[str, Any]] = []
    while len(done) < len(jobs):
        known = {name for name, _ in done}
        done += [
            (name, job)
            for name, job in jobs.items()
            if name not in known and set(_needed(job)) <= known
        ]
    return done


def _needed(job: Mapping[str, Any]) -> list[str]:
    needs = job.get("needs") or []
    return [needs] if isinstance(needs, str) else list(needs)


def _matrix(job: Mapping[str, Any], expressions: Expressions) -> list[dict[str, Any]]:
    axes = expressions.filled((job.get("strategy") or {}).get("matrix") or {})
    if not axes:
        return [{}]
    cells = itertools.product(*axes.values())
    return [{"matrix": dict(zip(axes, cell, strict=True))} for cell in cells]


def _status(*, ok: bool) -> dict[str, Any]:
    return {
        "always": lambda: True,
        "success": lambda: ok,
        "failure": lambda: not ok,
        "cancelled": lambda: False,
    }
