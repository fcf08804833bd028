"""Plays a scenario through the Automation API and tells, step by step, what happened.

What comes out of a step is one JSON object: the command lines with exit code, stderr and JSON
output, the engine events, the provider's calls, the deployment, outputs, summary, the error that
was raised, and the files that are new or changed. A recording is these objects, one a line; see
`golden_record.py` for making one with the Pulumi CLI.
"""

import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from pulumi import automation as auto

from tests.golden.golden_normal import (
    TOLERATED_FILES,
    Normaliser,
    event_delete,
    orderly,
    settle_deletes,
    told,
    tolerant,
)
from tests.golden.golden_notation import Step
from tests.golden.golden_sdk import Recording, in_order, patch_sdk

HERE = Path(__file__).resolve().parent
PASSPHRASE = "golden"
PROJECT = "golden"
#: commands with a display for people
UPDATES = {"up", "preview", "refresh", "destroy", "import"}
STATEFUL = {"up", "preview", "refresh", "destroy", "preview_refresh", "preview_destroy"}
PROJECT_FILE = """\
name: golden
runtime: python
plugins:
  providers:
    - name: golden
      path: ../provider
"""
#: a plugin that is a server elsewhere: it says where, and waits for its end
QUICK_PLUGIN = '#!/bin/sh\necho "$GOLDEN_PORT"\nexec sleep 600\n'


def as_json(value):
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if hasattr(value, "isoformat"):
        return "<time>"
    return {key: as_json(item) for key, item in vars(value).items() if not key.startswith("_")}


class Player:
    """One scenario in a folder of its own."""

    def __init__(self, scenario, work, engine, set_env=os.environ.__setitem__):
        self.name = scenario
        self.module = importlib.import_module(f"tests.golden.golden_scenarios.{scenario}")
        self.work = work
        self.engine = engine
        self.command = Recording(engine)
        self.normal = Normaliser(work)
        self.files = {}
        self.deployment_text = None
        self.stack = None
        self.stack_name = getattr(self.module, "STACK", "dev")
        self.project = work / "project"
        self.world = work / "world.json"
        self.log = work / "provider.log"
        for key, value in self.environment().items():
            set_env(key, value)

    def environment(self):
        return {
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_HOME": str(self.work / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.work}/state",
            "GOLDEN_WORLD": str(self.world),
            "GOLDEN_LOG": str(self.log),
            "GOLDEN_PYTHON": sys.executable,
            "NO_COLOR": "1",
        }

    def prepare(self, plugin=None):
        """Make the folders. ``plugin``: text of the plugin's executable, if not the real one."""
        for folder in (self.project, self.work / "state", self.work / "home"):
            folder.mkdir(parents=True)
        target = self.work / "provider"
        if plugin is None:
            shutil.copytree(HERE / "provider", target, ignore=shutil.ignore_patterns("__pyc*"))
        else:
            target.mkdir()
            executable = target / "pulumi-resource-golden"
            executable.write_text(plugin)
            executable.chmod(0o755)
        text = getattr(self.module, "PROJECT_FILE", PROJECT_FILE)
        (self.project / "Pulumi.yaml").write_text(text)
        self.log.write_text("")

    def steps(self):
        steps = list(self.module.STEPS)
        if getattr(self.module, "INIT", True):
            steps.insert(0, Step("init", "init"))
        return steps

    def play(self):
        """Every step's account, in order."""
        for one in self.steps():
            yield self.step(one)

    def step(self, one):
        self.command.calls.clear()
        self.log.write_text("")
        events, result, error = [], None, None
        options = dict(one.options)
        environment = options.pop("env", {})
        if self.stack is not None:
            self.stack.workspace.env_vars.update(environment)
        try:
            result = self.perform(one, options, events)
        except Exception as caught:  # noqa: BLE001 - whatever is raised belongs to the account
            error = caught
        finally:
            for key in environment:
                self.stack.workspace.env_vars.pop(key, None)
        before = self.resources()
        account = {"step": one.name, "commands": [self.tidy(call) for call in self.command.calls]}
        account["events"], deleted = self.settled(events, before)
        account["calls"] = self.provider_calls(one, before, deleted)
        if error is not None:
            account["error"] = f"{type(error).__name__}\n{self.message(error)}"
        account.update(self.results(one, result))
        account["deployment"] = self.deployment()
        account["files"] = self.tree()
        return json.loads(self.normal(json.dumps(account, ensure_ascii=False)))

    def perform(self, one, options, events):
        opens = {
            "init": auto.create_stack,
            "select": auto.select_stack,
            "init_or_select": auto.create_or_select_stack,
        }
        if one.verb in opens:
            self.stack = self.open(opens[one.verb], one.program, options.get("stack"))
            return None
        if one.verb == "world":
            world = json.loads(self.world.read_text()) if self.world.exists() else {}
            options["change"](world)
            self.world.write_text(json.dumps(world))
            return None
        if one.verb == "disk":
            options["change"](self.work)
            return None
        if one.verb == "killed":
            self.killed(one)
            return None
        if one.verb == "cli":
            self.command.run(list(options["args"]), str(self.project), {})
            return None
        if one.verb in STATEFUL:
            self.stack.workspace.program = in_order(one.program)
            options.setdefault("parallel", 1)
            verb = getattr(self.stack, one.verb)
            return verb(on_event=lambda event: events.append(event.raw), **options)
        owner = self.stack if hasattr(self.stack, one.verb) else self.stack.workspace
        value = getattr(owner, one.verb)
        return value(*options.pop("args", ()), **options) if callable(value) else value

    def open(self, how, program, name=None):
        options = auto.LocalWorkspaceOptions(
            work_dir=str(self.project), pulumi_command=self.command, program=None
        )
        return how(
            name or self.stack_name,
            project_name=PROJECT,
            program=in_order(program or (lambda: None)),
            opts=options,
        )

    def killed(self, one):
        """Run the step in a process of its own and kill it while the provider hangs."""
        marker = Path(f"{self.world}.hanging")
        marker.unlink(missing_ok=True)
        child = subprocess.Popen(
            [sys.executable, __file__, self.name, one.name, str(self.work), self.kind()],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        waiting = threading.Event()
        for _ in range(600):
            if marker.exists() and marker.read_text():
                break
            waiting.wait(0.1)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(marker.read_text()), signal.SIGKILL)

    def kind(self):
        """Which engine the process that is going to be killed uses: the same as this one."""
        return "cli" if type(self.engine) is auto.PulumiCommand else "embedded"

    def victim(self, step_name):
        """What the process that is going to be killed does."""
        one = next(item for item in self.module.STEPS if item.name == step_name)
        self.stack = self.open(auto.select_stack, one.program)
        self.perform(Step(one.name, "up", one.program, {}), {}, [])

    # -- the account ----------------------------------------------------------------------------
    def tidy(self, call):
        call = dict(call)
        text = call.pop("stdout")
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        if isinstance(parsed, dict | list) and "export" not in call["args"]:
            call["json"] = parsed
        if call["args"][0] in UPDATES and "--diff" not in call["args"]:
            call["told"] = told(text)
        return call

    def settled(self, events, before):
        events = [one for one in events if "diagnosticEvent" not in one]
        for event in events:
            if event_delete(event) and "resOpFailedEvent" in event:
                # how many steps were done before it, which is chance
                event["resOpFailedEvent"]["steps"] = 0
        deleted = [event_delete(event) for event in events if event_delete(event)]
        return settle_deletes(events, event_delete, before), deleted

    def provider_calls(self, one, before, deleted):
        calls = [json.loads(line) for line in self.log.read_text().splitlines()]
        if one.program is None:
            # providers that come from the state are loaded side by side with everything else
            first = [call for call in calls if call["call"] in ("Handshake", "Configure")]
            first.sort(key=lambda call: (call["call"] == "Configure", call.get("urn", "")))
            calls = first + [call for call in calls if call not in first]
        return settle_deletes(
            calls,
            lambda call: call["urn"] if call["call"] == "Delete" else None,
            before,
            among=deleted,
        )

    def message(self, error):
        found = re.match(r"(\n code: -?\d+)\n stdout: .*?(\n stderr: .*)\Z", str(error), re.DOTALL)
        return found[1] + found[2] if found else str(error)

    def results(self, one, result):
        if result is None:
            return {}
        if one.verb not in STATEFUL and one.verb != "import_resources":
            return {} if one.verb in ("cli", "export_stack") else {"result": as_json(result)}
        summary = {}
        for key in ("change_summary", "generated_code"):
            if hasattr(result, key):
                summary[key] = as_json(getattr(result, key))
        if getattr(result, "summary", None):
            summary.update(as_json(result.summary))
        found = {"summary": summary}
        if hasattr(result, "outputs"):
            found["outputs"] = as_json(result.outputs)
        return found

    def resources(self):
        """The state before this step: it decides what may be deleted in any order."""
        state = json.loads(self.deployment_text or "{}").get("deployment") or {}
        return state.get("resources", []) if isinstance(state, dict) else []

    def deployment(self):
        """The deployment, or None if this step did not change it."""
        if self.stack is None:
            return None
        args = ["stack", "export", "--show-secrets", "--stack", self.stack.name]
        try:
            text = self.engine.run(
                args, str(self.project), {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
            ).stdout
        except auto.CommandError as error:
            text = json.dumps({"not exported": str(error).strip().split("\n")[-1]})
        changed = text != self.deployment_text
        self.deployment_text = text
        return orderly(json.loads(text)) if changed else None

    def content(self, path):
        """What a file holds; a state file together with the side journal of a killed update."""
        text = path.read_text(errors="replace")
        if not any(path.parent.glob(f"{path.name}.*.journal")):
            return text
        args = ["stack", "export", "--stack", self.stack.name]
        export = json.loads(self.engine.run(args, str(self.project), {}).stdout)
        state = json.loads(text)
        state["checkpoint"]["latest"] = export["deployment"]
        return json.dumps(state)

    def tree(self):
        """Names of all files, and the content of those that are new or changed."""
        names, current, contents = [], {}, {}
        for root in ("project", "state"):
            for path in sorted((self.work / root).rglob("*")):
                name = str(path.relative_to(self.work))
                if path.is_dir() or TOLERATED_FILES.search(name):
                    continue
                names.append(name)
                if path.suffix == ".bak" or "/backups/" in name or "checkpoint" in name:
                    continue
                text = self.normal(self.content(path))
                with contextlib.suppress(ValueError):  # YAML is compared as text
                    text = tolerant(orderly(json.loads(text)))
                current[name] = text
                if name not in self.files or self.files[name] != text:
                    contents[name] = text
        self.files = current
        return {"names": names, "contents": contents}


def main(scenario, step, work, kind):
    from drstate.sandbox.engine.command import factory

    patch_sdk(setattr)
    engine = auto.PulumiCommand() if kind == "cli" else factory()
    Player(scenario, Path(work), engine).victim(step)


if __name__ == "__main__":
    main(*sys.argv[1:])
