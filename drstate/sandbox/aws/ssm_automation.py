"""Automations of Systems Manager: runbooks that wait, ask for approval, and run scripts.

The steps are aws:sleep, aws:approve and aws:runCommand (on the machines of ssm_machines). A
runbook with any other action, or with a path through its steps that is not straight, is refused
by name when it is started: it would change things that the sandbox cannot follow. A client token
starts one execution, however often it comes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import yaml
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.moto_api._internal import mock_random

from drstate.sandbox import refusals

from . import runtime
from .modelled import Refusal
from .ssm_machines import Command, machine_backends, send

ACTIONS = ("aws:sleep", "aws:approve", "aws:runCommand")
_STRAIGHT = {"name", "action", "inputs", "isEnd", "description"}
_DURATION = re.compile(r"PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_NAMED = re.compile(r"\{\{\s*([\w.:]+)\s*\}\}")
OVER = frozenset({"Success", "Cancelled", "Rejected", "Failed"})


@dataclass
class Step:
    """One step of an execution."""

    id: str
    name: str
    action: str
    inputs: dict[str, Any]
    status: str = "Pending"
    started: datetime | None = None
    ended: datetime | None = None
    approvers: list[str] = field(default_factory=list)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    failure: str | None = None

    def shown(self) -> dict[str, Any]:
        """As GetAutomationExecution shows it."""
        return {
            "StepExecutionId": self.id,
            "StepName": self.name,
            "Action": self.action,
            "StepStatus": self.status,
            "ExecutionStartTime": self.started,
            "ExecutionEndTime": self.ended,
            "Inputs": {key: json.dumps(value) for key, value in self.inputs.items()},
            "Outputs": {"Approvers": self.approvers} if self.approvers else self.outputs,
            "FailureMessage": self.failure,
        }


@dataclass
class Execution:
    """A runbook that has been started."""

    id: str
    document: str
    version: str
    by: str
    parameters: dict[str, list[str]]
    steps: list[Step]
    started: datetime
    #: where its commands run
    place: tuple[str, str] = ("", "")
    token: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "InProgress"
    ended: datetime | None = None
    failure: str | None = None

    def current(self) -> Step | None:
        """The step that has begun and has not ended."""
        return next((one for one in self.steps if one.status in {"InProgress", "Waiting"}), None)

    def head(self) -> dict[str, Any]:
        """What lists and details have in common."""
        current = self.current()
        return {
            "AutomationExecutionId": self.id,
            "DocumentName": self.document,
            "DocumentVersion": self.version,
            "AutomationExecutionStatus": self.status,
            "ExecutionStartTime": self.started,
            "ExecutionEndTime": self.ended,
            "ExecutedBy": self.by,
            "Mode": "Auto",
            "Outputs": {},
            "CurrentStepName": current.name if current else None,
            "CurrentAction": current.action if current else None,
            "FailureMessage": self.failure,
        }

    def shown(self) -> dict[str, Any]:
        """As GetAutomationExecution shows it."""
        return {
            **self.head(),
            "Parameters": self.parameters,
            "StepExecutions": [one.shown() for one in self.steps],
            "StepExecutionsTruncated": False,
        }


class AutomationBackend(BaseBackend):  # type: ignore[misc]
    """One account's executions in one region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.executions: dict[str, Execution] = {}


automation_backends = BackendDict(AutomationBackend, "ssm")


def find(backend: AutomationBackend, name: str) -> Execution:
    """An execution by id, or the refusal that there is none."""
    found = backend.executions.get(name)
    if found is None:
        raise Refusal(
            "AutomationExecutionNotFoundException", f"Automation execution {name} does not exist."
        )
    return found


def start(backend: AutomationBackend, documents: Any, params: Any) -> Execution:
    """Begin a runbook."""
    name = params["DocumentName"]
    try:
        document = documents.get_document(name, params.get("DocumentVersion"), None, "JSON")
    except ServiceException as error:
        raise Refusal(
            "AutomationDefinitionNotFoundException", f"Runbook {name} cannot be found."
        ) from error
    if document["DocumentType"] != "Automation":
        raise Refusal("AutomationDefinitionNotFoundException", f"{name} is not a runbook.")
    content = yaml.safe_load(document["Content"])
    values = _values(content, params.get("Parameters") or {})
    token = params.get("ClientToken")
    known = next((x for x in backend.executions.values() if token and x.token == token), None)
    if known is not None:
        if (known.document, known.parameters) != (name, values):
            raise Refusal(
                "IdempotentParameterMismatch",
                "The client token was used before, with another runbook or other parameters.",
            )
        return known
    steps = [_step(one, values) for one in content.get("mainSteps") or []]
    made = Execution(
        id=_id(),
        document=name,
        version=document["DocumentVersion"],
        by=runtime.caller().arn,
        parameters=values,
        steps=steps,
        started=runtime.clock().now(),
        place=(backend.account_id, backend.region_name),
        token=token,
        tags={one["Key"]: one["Value"] for one in params.get("Tags") or []},
    )
    backend.executions[made.id] = made
    _next(made)
    return made


def _id() -> str:
    return str(UUID(hex=mock_random.get_random_hex(32)))


def _wrong(message: str) -> Refusal:
    return Refusal("InvalidAutomationExecutionParametersException", message)


def _values(content: Any, given: dict[str, list[str]]) -> dict[str, list[str]]:
    declared = content.get("parameters") or {}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise _wrong(f"The runbook has no parameter {unknown[0]}.")
    values = dict(given)
    for name, about in declared.items():
        if name in values:
            continue
        if "default" not in about:
            raise _wrong(f"Parameter {name} has no value and no default.")
        default = about["default"]
        values[name] = [str(one) for one in default] if isinstance(default, list) else [
            str(default)
        ]  # fmt: skip
    return values


def _step(about: dict[str, Any], values: dict[str, list[str]]) -> Step:
    name, action = str(about["name"]), str(about["action"])
    if action not in ACTIONS:
        raise refusals.not_implemented("ssm", f"StartAutomationExecution with action {action}", "")
    other = sorted(set(about) - _STRAIGHT)
    if other:
        raise refusals.not_implemented("ssm", f"StartAutomationExecution with {other[0]}", "")
    inputs = {key: _filled(value, values) for key, value in (about.get("inputs") or {}).items()}
    made = Step(_id(), name, action, inputs)
    if action == "aws:sleep":
        _seconds(made)
    elif action == "aws:approve" and not inputs.get("Approvers"):
        raise _wrong(f"Step {name} has no Approvers.")
    elif action == "aws:runCommand" and not inputs.get("InstanceIds"):
        raise _wrong(f"Step {name} has no InstanceIds.")
    return made


def _filled(value: Any, values: dict[str, list[str]]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, values) for key, one in value.items()}
    if isinstance(value, list):
        # A list's single reference stands for all of the parameter's values.
        filled = [_filled(one, values) for one in value]
        return [two for one in filled for two in (one if isinstance(one, list) else [one])]
    if not isinstance(value, str):
        return value
    whole = _NAMED.fullmatch(value)
    if whole and len(values.get(whole[1], ())) != 1:
        return list(_known(whole, values))
    return _NAMED.sub(lambda found: ", ".join(_known(found, values)), value)


def _known(found: re.Match[str], values: dict[str, list[str]]) -> list[str]:
    if found[1] not in values:
        raise refusals.not_implemented("ssm", f"StartAutomationExecution with {found[0]}", "")
    return values[found[1]]


def _seconds(step: Step) -> int:
    if "Timestamp" in step.inputs:
        raise refusals.not_implemented("ssm", "StartAutomationExecution with Timestamp", "")
    found = _DURATION.fullmatch(str(step.inputs.get("Duration", "")))
    if found is None:
        raise _wrong(f"Step {step.name}: Duration must be like PT1H30M, in ISO 8601.")
    hours, minutes, seconds = (int(one or 0) for one in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _next(execution: Execution) -> None:
    step = next((one for one in execution.steps if one.status == "Pending"), None)
    if step is None:
        _end(execution, "Success")
        return
    step.started = runtime.clock().now()
    if step.action == "aws:approve":
        step.status = execution.status = "Waiting"
        return
    step.status = execution.status = "InProgress"
    if step.action == "aws:runCommand":
        _command(execution, step)
        return
    runtime.clock().after(_seconds(step), partial(_slept, execution, step))


def _command(execution: Execution, step: Step) -> None:
    account, region = execution.place
    given = {key: _listed(value) for key, value in (step.inputs.get("Parameters") or {}).items()}
    asked = {
        "DocumentName": step.inputs.get("DocumentName"),
        "InstanceIds": _listed(step.inputs["InstanceIds"]),
        "Parameters": given,
    }
    try:
        command = send(machine_backends[account][region], asked)
    except Refusal as refusal:
        _fail(execution, step, f"{refusal.code}: {refusal.message}")
        return
    step.outputs = {"CommandId": [command.id]}
    _look(execution, step, command)


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _look(execution: Execution, step: Step, command: Command) -> None:
    """Go on when the command is over."""
    if step.status != "InProgress":
        return
    if command.status == "InProgress":
        runtime.clock().after(1.0, partial(_look, execution, step, command))
        return
    ran = next(iter(command.invocations.values()))
    step.outputs |= {"Status": [command.status], "Output": [ran.out]}
    if command.status == "Success":
        _done(execution, step)
    else:
        _fail(execution, step, f"Command {command.id} {command.status}: {ran.error.strip()}")


def _fail(execution: Execution, step: Step, why: str) -> None:
    step.failure = why
    execution.failure = f"Step fails when it is {step.action}: {step.name}. {why}"
    _end(execution, "Failed")


def _slept(execution: Execution, step: Step) -> None:
    if step.status == "InProgress":
        _done(execution, step)


def _done(execution: Execution, step: Step) -> None:
    step.status, step.ended = "Success", runtime.clock().now()
    _next(execution)


def _end(execution: Execution, status: str) -> None:
    now = runtime.clock().now()
    current = execution.current()
    if current is not None:
        current.status, current.ended = status, now
    execution.status, execution.ended = status, now


def stop(execution: Execution, kind: str | None) -> None:
    """Cancel; what has not begun never does."""
    if kind == "Complete":
        raise refusals.not_implemented("ssm", "StopAutomationExecution with Type=Complete", "")
    if execution.status in OVER:
        raise Refusal(
            "InvalidAutomationStatusUpdateException",
            f"Automation execution {execution.id} is over: {execution.status}.",
        )
    _end(execution, "Cancelled")


def signal(execution: Execution, kind: str) -> None:
    """Approve or reject the step that waits for it."""
    if kind not in {"Approve", "Reject"}:
        raise refusals.not_implemented("ssm", f"SendAutomationSignal with SignalType={kind}", "")
    step = execution.current()
    if step is None or step.status != "Waiting":
        raise Refusal("InvalidAutomationSignalException", "No step waits for an approval.")
    caller = runtime.caller()
    names = {caller.arn, caller.role_arn or caller.arn}
    wanted = step.inputs["Approvers"]
    if not names & set(wanted):
        raise Refusal(
            "InvalidAutomationSignalException", f"{caller.arn} is no approver of {step.name}."
        )
    if kind == "Reject":
        _end(execution, "Rejected")
        return
    own = next(one for one in wanted if one in names)
    if own not in step.approvers:
        step.approvers.append(own)
    if len(step.approvers) >= int(step.inputs.get("MinRequiredApprovals") or 1):
        _done(execution, step)
