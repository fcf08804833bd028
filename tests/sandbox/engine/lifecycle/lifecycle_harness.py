"""One stack over the golden provider, driven through the real Automation API.

DRSTATE_TEST_ENGINE chooses the engine: ``embedded`` (default), or ``pulumi``, the CLI on PATH. The
same tests are held against both.
"""

import json
import os
import signal
import threading
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from pulumi import automation as auto
from pulumi.runtime.proto import provider_pb2_grpc

from drstate.sandbox.engine.command import EmbeddedPulumi
from drstate.sandbox.engine.host import Host
from tests.golden.golden_player import QUICK_PLUGIN
from tests.golden.provider import golden_provider

ENGINE = os.environ.get("DRSTATE_TEST_ENGINE", "embedded")
EMBEDDED = ENGINE == "embedded"
PASSPHRASE = "golden"
#: how long something may take that happens at once, seconds
SOON = 30
#: how long to look for what must not happen, seconds
A_LITTLE = 0.2
ROOT = "urn:pulumi:dev::golden::pulumi:pulumi:Stack::golden-dev"


def urn(name, kind="golden:index:Thing"):
    return f"urn:pulumi:dev::golden::{kind}::{name}"


def name_of(found):
    return found.rpartition("::")[2]


class Golden(golden_provider.Golden):
    """The golden provider, with creations that can be counted and held, and a broken function."""

    def __init__(self, *paths):
        super().__init__(*paths)
        self.changed = threading.Condition()
        self.held = set()
        self.inside = []
        self.most = 0

    def Create(self, request, context):  # noqa: N802 - a gRPC name
        name = name_of(request.urn)
        with self.changed:
            self.inside.append(name)
            self.most = max(self.most, len(self.inside))
            self.changed.notify_all()
            self.changed.wait_for(lambda: request.preview or name not in self.held, SOON)
        try:
            return super().Create(request, context)
        finally:
            with self.changed:
                self.inside.remove(name)
                self.changed.notify_all()

    def Invoke(self, request, context):  # noqa: N802 - a gRPC name
        if request.tok == "golden:index:crash":
            raise LookupError("this callback is broken")
        return super().Invoke(request, context)


class Cloud:
    """The provider's server inside the test process, and the world that it keeps."""

    def __init__(self, folder):
        self.world_file = folder / "world.json"
        self.log = folder / "provider.log"
        self.log.write_text("")
        self.golden = Golden(str(self.world_file), str(self.log))
        self.server = grpc.server(futures.ThreadPoolExecutor(16))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(self.golden, self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def stop(self):
        self.release()
        self.server.stop(0).wait()

    def hold(self, *names):
        """Creations of these stay unfinished until they are let go."""
        with self.golden.changed:
            self.golden.held.update(names)

    def release(self):
        with self.golden.changed:
            self.golden.held.clear()
            self.golden.changed.notify_all()

    def wait_inside(self, count, timeout=SOON):
        """Whether so many creations are under way within the time."""
        with self.golden.changed:
            return self.golden.changed.wait_for(lambda: len(self.golden.inside) >= count, timeout)

    def world(self):
        return json.loads(self.world_file.read_text()) if self.world_file.exists() else {}

    def change(self, act):
        world = {"next": 1, "objects": {}, "faults": {}, **self.world()}
        act(world)
        self.world_file.write_text(json.dumps(world))

    def faults(self, **by_name):
        self.change(lambda world: world.update(faults=by_name))

    def objects(self):
        """What exists: ids."""
        return sorted(self.world().get("objects", {}))

    def add(self, identity, **inputs):
        """An object that no stack has made."""
        made = {"type": "golden:index:Thing", "name": "x", "inputs": inputs, "serial": 77}
        self.change(lambda world: world["objects"].update({identity: made}))


def make_project(folder):
    for name in ("project", "state", "home", "plugin"):
        (folder / name).mkdir()
    executable = folder / "plugin" / "pulumi-resource-golden"
    executable.write_text(QUICK_PLUGIN)
    executable.chmod(0o755)
    plugins = {"providers": [{"name": "golden", "path": "../plugin"}]}
    settings = {"name": "golden", "runtime": "python", "plugins": plugins}
    (folder / "project" / "Pulumi.yaml").write_text(json.dumps(settings))


def environment(folder, port):
    return {
        "PULUMI_BACKEND_URL": f"file://{folder}/state",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "GOLDEN_PORT": str(port),
    }


def new_engine(interrupted=lambda: False):
    if EMBEDDED:
        return EmbeddedPulumi(host=Host(interrupted=interrupted))
    return auto.PulumiCommand()


def open_stack(folder, port, engine=None, name="dev"):
    options = auto.LocalWorkspaceOptions(
        work_dir=str(folder / "project"),
        pulumi_command=engine or new_engine(),
        env_vars=environment(folder, port),
    )
    return auto.create_or_select_stack(
        name, project_name="golden", program=lambda: None, opts=options
    )


_STEP_EVENTS = (
    ("resource_pre_event", ">"),
    ("res_outputs_event", ""),
    ("res_op_failed_event", "!"),
)


@dataclass
class Outcome:
    """One finished command: its events, the provider's calls, and the result or the error."""

    events: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    result: object = None
    error: Exception | None = None

    @property
    def ok(self):
        return self.error is None

    @property
    def changes(self):
        """Counts by kind of step, as the last event of all totals them."""
        totals = [one.summary_event for one in self.events if one.summary_event]
        return {str(getattr(op, "value", op)): n for op, n in totals[-1].resource_changes.items()}

    def steps(self):
        """``>op name`` where a step starts, ``op name`` done, ``!op name`` failed.

        Without stack, providers, and steps that change nothing.
        """
        out = []
        for event in self.events:
            for kind, mark in _STEP_EVENTS:
                if getattr(event, kind):
                    step = getattr(event, kind).metadata
                    op = str(getattr(step.op, "value", step.op))
                    if not step.type.startswith("pulumi:") and op != "same":
                        out.append(f"{mark}{op} {name_of(step.urn)}")
        return out

    def done(self):
        return [one for one in self.steps() if one[0] not in ">!"]

    def failed(self):
        return [one[1:] for one in self.steps() if one[0] == "!"]

    def called(self, *kinds):
        """Provider calls of these kinds, in order, with the resource's name; no previews."""
        return [
            f"{one['call']} {name_of(one['urn'])}"
            for one in self.calls
            if one["call"] in kinds and not one.get("preview")
        ]

    def metadata(self, op, name, kind="resource_pre_event"):
        """A step's metadata in the first event of that kind."""
        for event in self.events:
            step = getattr(event, kind)
            if step and name_of(step.metadata.urn) == name and step.metadata.op == op:
                return step.metadata
        raise AssertionError(f"no {kind} of {op} {name}: {self.steps()}")

    def said(self, severity=None):
        """Diagnostics as one text."""
        found = [one.diagnostic_event for one in self.events if one.diagnostic_event]
        return "".join(one.message for one in found if severity in (None, one.severity))


class Life:
    """A stack on disk, its engine, and what it is asked to do."""

    def __init__(self, folder: Path, cloud: Cloud):
        self.folder = folder
        self.cloud = cloud
        self.interrupt = threading.Event()
        self.engine = new_engine(self.interrupt.is_set)
        self.stack = open_stack(folder, cloud.port, self.engine)

    def run(self, verb, program=None, **options):
        self.cloud.log.write_text("")
        self.stack.workspace.program = program
        outcome = Outcome()
        # the SDK's threads would decide the order of registrations that nothing else decides
        options.setdefault("parallel", 1)
        try:
            outcome.result = getattr(self.stack, verb)(on_event=outcome.events.append, **options)
        except auto.CommandError as error:
            outcome.error = error
        outcome.calls = [json.loads(line) for line in self.cloud.log.read_text().splitlines()]
        return outcome

    def try_up(self, program, **options):
        return self.run("up", program, **options)

    def up(self, program, **options):
        outcome = self.run("up", program, **options)
        assert outcome.ok, outcome.error
        return outcome

    def preview(self, program, **options):
        return self.run("preview", program, **options)

    def destroy(self, **options):
        return self.run("destroy", **options)

    def refresh(self, **options):
        return self.run("refresh", **options)

    def cli(self, *args):
        """A command line of the engine; its standard output."""
        env = environment(self.folder, self.cloud.port)
        return self.engine.run([*args, "--stack", "dev"], str(self.folder / "project"), env).stdout

    def state(self):
        return json.loads(self.cli("stack", "export"))["deployment"]

    def shown(self):
        """The state with its secrets in plain text."""
        return json.loads(self.cli("stack", "export", "--show-secrets"))["deployment"]

    def resources(self):
        """The state by name; ``name*`` is pending deletion. Without stack and default providers."""
        return {
            name_of(one["urn"]) + ("*" if one.get("delete") else ""): one
            for one in self.state().get("resources", [])
            if one["type"] != "pulumi:pulumi:Stack" and "::default" not in one["urn"]
        }

    def files(self):
        """Everything in the project folder and the backend, as one text."""
        return "".join(
            path.read_text()
            for root in ("project", "state")
            for path in sorted((self.folder / root).rglob("*"))
            if path.is_file()
        )

    def break_off(self):
        """What Ctrl-C does: the embedded engine is told, a CLI gets the signal."""
        self.interrupt.set()
        if not EMBEDDED:
            for pid in children(os.getpid()):
                if Path(f"/proc/{pid}/comm").read_text().strip() == "pulumi":
                    os.kill(pid, signal.SIGINT)


def children(pid):
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
