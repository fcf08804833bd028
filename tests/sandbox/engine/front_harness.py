"""A project, a backend and an engine whose deployment half does what a test tells it to."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from pulumi import automation as auto

from drstate.sandbox.engine.command import EmbeddedPulumi
from drstate.sandbox.engine.contract import SIG_KEY, SIG_SECRET, UpdateResult

PASSPHRASE = "correct horse"
ROOT = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"


def secret(value):
    return {SIG_KEY: SIG_SECRET, "value": value}


def resource(name, **outputs):
    return {
        "urn": f"urn:pulumi:dev::shop::test:index:Thing::{name}",
        "custom": True,
        "id": f"{name}-1",
        "type": "test:index:Thing",
        "inputs": dict(outputs),
        "outputs": dict(outputs),
        "parent": ROOT,
    }


def root(**outputs):
    return {"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack", "outputs": outputs}


@dataclass
class Script:
    """A deployment half: ``act(request, log, emit)`` is the update; steps put or drop resources."""

    act: object = None
    result: UpdateResult = field(default_factory=lambda: UpdateResult(0, {"create": 1}))
    requests: list = field(default_factory=list)

    def run(self, request, log, emit):
        self.requests.append(request)
        emit({"preludeEvent": {"config": dict(request.shown_config)}})
        if self.act is not None:
            self.act(request, log, emit)
        emit(
            {
                "summaryEvent": {
                    "isPreview": request.dry_run,
                    "maybeCorrupt": False,
                    "durationSeconds": 0,
                    "resourceChanges": dict(self.result.changes),
                    "PolicyPacks": {},
                    "result": "succeeded" if self.result.code == 0 else "failed",
                }
            }
        )
        return self.result

    def fold(self, base, records):
        state = dict(base or {})
        resources = {one["urn"]: one for one in state.get("resources", [])}
        for record in records:
            if "put" in record:
                # a step that is applied twice shows itself
                old = resources.get(record["put"]["urn"], {})
                times = old.get("applied", 0) + 1
                resources[record["put"]["urn"]] = {**record["put"], "applied": times}
            else:
                resources.pop(record["drop"])
        state["resources"] = list(resources.values())
        return state


def puts(*resources):
    """An update that puts resources, one step each."""

    def act(_request, log, _emit):
        for one in resources:
            log.append({"put": one})

    return act


class Front:
    """A workspace on disk and the engine that works on it."""

    def __init__(self, folder: Path, script=None, **options):
        self.folder = folder
        self.project = folder / "project"
        self.state = folder / "state"
        for path in (self.project, self.state):
            path.mkdir(exist_ok=True)
        file = self.project / "Pulumi.yaml"
        if not file.exists():
            file.write_text("name: shop\nruntime: python\n")
        self.script = script or Script()
        self.engine = EmbeddedPulumi(self.script, **options)
        self.env = {
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        }

    def run(self, *args, **env):
        return self.engine.run(list(args), str(self.project), {**self.env, **env})

    def up(self, act=None, **env):
        self.script.act = act
        return self.run(
            "up", "--yes", "--skip-preview", "--client=127.0.0.1:1", "--stack", "dev", **env
        )

    def export(self, *flags):
        return json.loads(self.run("stack", "export", "--stack", "dev", *flags).stdout)

    def names(self):
        resources = self.export()["deployment"].get("resources", [])
        return [one["urn"].rpartition("::")[2] for one in resources]

    def stack(self, name="dev", program=lambda: None):
        return auto.create_or_select_stack(
            name,
            project_name="shop",
            program=program,
            opts=auto.LocalWorkspaceOptions(
                work_dir=str(self.project), pulumi_command=self.engine, env_vars=self.env
            ),
        )

    @property
    def stacks(self):
        return self.state / ".pulumi" / "stacks" / "shop"

    @property
    def state_file(self):
        return self.stacks / "dev.json"

    def journals(self):
        return sorted(self.stacks.glob("*.journal"))

    def locks(self):
        return sorted((self.state / ".pulumi" / "locks").rglob("*.json"))

    def everything(self):
        """Every byte in the backend and the project, by file."""
        return {
            str(path): path.read_bytes()
            for base in (self.state, self.project)
            for path in base.rglob("*")
            if path.is_file()
        }


def fails(call, *args, **options):
    """The CommandError of a call that must fail."""
    try:
        call(*args, **options)
    except auto.CommandError as error:
        return error
    raise AssertionError("it should have failed")


def stderr(error):
    return str(error).partition("\n stderr: ")[2]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
