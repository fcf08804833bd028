"""The deployment half on its own: a program, a state, and what came of them.

Starts the language runtime as the Automation API does, runs one update on it, keeps events and
records in memory, and carries the state from one update to the next.
"""

import json
import os
import sys
from concurrent import futures
from pathlib import Path

import grpc
import pulumi
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from drstate.sandbox.engine.contract import ProgramAddress, UpdateOptions, UpdateRequest
from drstate.sandbox.engine.deploy.deployer import EmbeddedDeployer

PROBE = Path(__file__).parent / "probe"
STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"


def urn(name, kind="probe:index:Item"):
    return f"urn:pulumi:dev::shop::{kind}::{name}"


class Item(pulumi.CustomResource):
    kind = "probe:index:Item"
    label: pulumi.Output[str]
    token: pulumi.Output[str]

    def __init__(self, name, opts=None, **inputs):
        super().__init__(self.kind, name, {**inputs, "label": None, "token": None}, opts)


class Pinned(Item):
    kind = "probe:index:Pinned"


class Box(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("shop:index:Box", name, {}, opts)


class ProbeProvider(pulumi.ProviderResource):
    def __init__(self, name, opts=None, **inputs):
        super().__init__("probe", name, inputs, opts)


def options(**values):
    return pulumi.ResourceOptions(**values)


class Log:
    """A step log that keeps records as JSON, as a file would."""

    def __init__(self, after=None):
        self.records = []
        self._after = after

    def append(self, record):
        self.records.append(json.loads(json.dumps(record)))
        if self._after is not None:
            self._after(self)


class Outcome:
    """One finished update."""

    def __init__(self, result, events, log, calls):
        self.result = result
        self.events = events
        self.log = log
        self.calls = calls

    @property
    def code(self):
        return self.result.code

    @property
    def changes(self):
        return self.result.changes

    def said(self):
        """Steps and errors as a transcript: `>op(name)` starts, `op(name)` is done, `!` failed."""
        marks = {"resourcePreEvent": ">", "resOutputsEvent": "", "resOpFailedEvent": "!"}
        out = []
        for event in self.events:
            for kind, mark in marks.items():
                if kind in event:
                    metadata = event[kind]["metadata"]
                    out.append(f"{mark}{metadata['op']}({metadata['urn'].rpartition('::')[2]})")
        return out

    def errors(self):
        return [
            event["diagnosticEvent"]["message"]
            for event in self.events
            if event.get("diagnosticEvent", {}).get("severity") == "error"
        ]

    def called(self, *names):
        """Provider calls of these kinds, with the resource's name."""
        return [
            f"{one['call']}({one['urn'].rpartition('::')[2]})"
            for one in self.calls
            if one["call"] in names
        ]


class Engine:
    """A stack with its state, and the deployment half that works on it."""

    def __init__(self, folder):
        self.world = Path(folder) / "world"
        self.world.mkdir()
        self.folder = str(folder)
        self.state = None
        self.deployer = EmbeddedDeployer()
        self.env = {"PROBE_WORLD": str(self.world), "PROBE_PYTHON": sys.executable}
        self.plugins = {"probe": str(PROBE)}
        self.config = {}
        self.secret_keys = ()

    def faults(self, **by_name):
        (self.world / "faults.json").write_text(json.dumps(by_name))

    def resources(self):
        """The state by name (of pending deletions, too: `name*`)."""
        found = (self.state or {}).get("resources", [])
        return {
            one["urn"].rpartition("::")[2] + ("*" if one.get("delete") else ""): one
            for one in found
        }

    def plugins_alive(self):
        """Plugin processes of this engine that are still there."""
        pids = (self.world / "pids").read_text().split()
        return [int(pid) for pid in pids if alive(int(pid))]

    def objects(self):
        """What exists, by id."""
        return {
            path.stem: json.loads(path.read_text())
            for path in self.world.glob("*.json")
            if path.name != "faults.json"
        }

    def up(self, program, **settings):
        return self.run("update", program, **settings)

    def preview(self, program, **settings):
        return self.run("preview", program, dry_run=True, **settings)

    def destroy(self, **settings):
        return self.run("destroy", None, **settings)

    def refresh(self, **settings):
        return self.run("refresh", None, **settings)

    def request(self, kind, address, dry_run, cancelled, settings):
        return UpdateRequest(
            kind=kind,
            dry_run=dry_run,
            organization="organization",
            project="shop",
            stack="dev",
            config=self.config,
            secret_keys=self.secret_keys,
            shown_config={},
            options=UpdateOptions(**settings),
            program=address,
            plugins=self.plugins,
            base=self.state,
            env=self.env,
            cancelled=cancelled,
        )

    def run(self, kind, program, *, dry_run=False, cancelled=lambda: False, after=None, **settings):
        settings.setdefault("parallel", 4)
        server = address = None
        calls = self.world / "calls"
        calls.write_text("")
        if program is not None:
            server = grpc.server(futures.ThreadPoolExecutor(4))
            language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            address = ProgramAddress(f"127.0.0.1:{port}", self.folder)
        events, log = [], Log(after)
        request = self.request(kind, address, dry_run, cancelled, settings)
        try:
            result = self.deployer.run(request, log, events.append)
        finally:
            if server is not None:
                server.stop(0).wait()
            self.state = self.deployer.fold(self.state, log.records)
        called = [json.loads(line) for line in calls.read_text().splitlines()]
        return Outcome(result, events, log, called)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
