"""Managed instances and the commands that Systems Manager has them run.

What a command does is the business of the machine behind the instance: a ``Machine`` is given the
script and tells its exit code and output. An estate registers machines that emulate what runs on
them (`sqlserver_group`, `oracle_guard`); ``PlainMachine`` understands ``echo``, ``sleep`` and
``exit``, so that a test's script says how it ends. No script is ever run on this machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from moto.core.base_backend import BackendDict, BaseBackend
from moto.moto_api._internal import mock_random

from . import runtime
from .modelled import Refusal

#: documents of AWS's own that run a script, and the platform that they are for
SHELLS = {"AWS-RunShellScript": "Linux", "AWS-RunPowerShellScript": "Windows"}
RUNNING = frozenset({"Pending", "InProgress"})
#: what GetCommandInvocation gives of an output
OUTPUT_LIMIT = 24_000
_PLUGINS = {"Linux": "aws:runShellScript", "Windows": "aws:runPowerShellScript"}
_ECHO = re.compile(r"(?:echo|Write-Output)\s+(?P<text>.*?)(?P<error>\s*>&2)?$")
_SLEEP = re.compile(r"(?:sleep|Start-Sleep)\s+(\d+)$")
_EXIT = re.compile(r"exit\s+(\d+)$")


@dataclass
class Ran:
    """How a script ends, and after how many nominal seconds."""

    code: int = 0
    out: str = ""
    error: str = ""
    seconds: float = 0.0


class Machine(Protocol):
    """What is behind a managed instance."""

    platform: str

    def run(self, script: str) -> Ran:
        """Do what the script says."""
        ...


@dataclass
class PlainMachine:
    """Runs the lines ``echo …``, ``echo … >&2``, ``sleep N`` and ``exit N``; ignores others."""

    platform: str = "Linux"

    def run(self, script: str) -> Ran:
        """Line by line, up to an exit."""
        ran = Ran()
        for line in (one.strip() for one in script.splitlines()):
            said, slept, ended = _ECHO.match(line), _SLEEP.match(line), _EXIT.match(line)
            if said:
                text = said["text"].strip("\"'") + "\n"
                if said["error"]:
                    ran.error += text
                else:
                    ran.out += text
            elif slept:
                ran.seconds += int(slept[1])
            elif ended:
                ran.code = int(ended[1])
                break
        return ran


@dataclass
class Invocation:
    """A command on one instance."""

    instance: str
    plugin: str
    begun: datetime
    status: str = "InProgress"
    code: int = -1
    out: str = ""
    error: str = ""
    ended: datetime | None = None


@dataclass
class Command:
    """What SendCommand made."""

    id: str
    document: str
    comment: str
    parameters: dict[str, list[str]]
    begun: datetime
    invocations: dict[str, Invocation] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Of all instances together."""
        all_of_them = {one.status for one in self.invocations.values()}
        for wanted in ("InProgress", "Failed", "TimedOut", "Cancelled"):
            if wanted in all_of_them:
                return wanted
        return "Success"


class MachineBackend(BaseBackend):  # type: ignore[misc]
    """One account's managed instances and commands in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.machines: dict[str, Machine] = {}
        self.offline: set[str] = set()
        self.commands: dict[str, Command] = {}


machine_backends = BackendDict(MachineBackend, "ssm")


def register(account: str, region: str, instance: str, machine: Machine) -> None:
    """Put an instance under Systems Manager."""
    machine_backends[account][region].machines[instance] = machine


def send(backend: MachineBackend, params: dict[str, Any]) -> Command:
    """Have instances run a document. All of them are checked before any of them begins."""
    document, instances = str(params["DocumentName"]), list(params.get("InstanceIds") or [])
    given: dict[str, list[str]] = params.get("Parameters") or {}
    platform = SHELLS.get(document)
    if platform is None:
        raise Refusal("InvalidDocument", f"Document with name {document} does not exist.")
    if not instances:
        raise Refusal("InvalidInstanceId", "")
    for name in instances:
        if name not in backend.machines or name in backend.offline:
            raise Refusal(
                "InvalidInstanceId", f"Instances [[{name}]] not in a valid state for account "
                f"{backend.account_id}",
            )  # fmt: skip
        if backend.machines[name].platform != platform:
            raise Refusal("UnsupportedPlatformType", "")
    unknown = sorted(set(given) - {"commands", "workingDirectory", "executionTimeout"})
    if unknown or not given.get("commands"):
        raise Refusal("InvalidParameters", f"{document}: {unknown or 'commands is missing'}")
    made = Command(
        _id(), document, str(params.get("Comment") or ""), given, runtime.clock().now()
    )  # fmt: skip
    limit = float((given.get("executionTimeout") or ["3600"])[0])
    for name in instances:
        made.invocations[name] = _begin(backend.machines[name], name, given, limit)
    backend.commands[made.id] = made
    return made


def _id() -> str:
    return str(UUID(hex=mock_random.get_random_hex(32)))


def _begin(
    machine: Machine, name: str, given: dict[str, list[str]], limit: float
) -> Invocation:  # fmt: skip
    invocation = Invocation(name, _PLUGINS[machine.platform], runtime.clock().now())
    ran = machine.run("\n".join(given["commands"]))
    if ran.seconds > limit:
        late = Ran(-1, ran.out, "timed out waiting for the script to end", limit)
        ending = partial(_end, invocation, late, "TimedOut")
    else:
        ending = partial(_end, invocation, ran, "Failed" if ran.code else "Success")
    if ran.seconds * runtime.clock().scale > 0:
        runtime.clock().after(min(ran.seconds, limit), ending)
    else:
        ending()
    return invocation


def _end(invocation: Invocation, ran: Ran, status: str) -> None:
    if invocation.status != "InProgress":
        return
    invocation.status, invocation.code = status, ran.code
    invocation.out, invocation.error = ran.out[:OUTPUT_LIMIT], ran.error[:OUTPUT_LIMIT]
    invocation.ended = runtime.clock().now()
