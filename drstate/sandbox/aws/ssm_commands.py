"""Run Command of Systems Manager: SendCommand and what became of it.

The machines are in ssm_machines. Documents are AWS's own two that run a script; a document of
one's own is refused by name, because what it would do cannot be told.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult

from . import runtime
from .modelled import Refusal, refuse_unmodelled, unsupported
from .pages import page
from .ssm_machines import Command, Invocation, MachineBackend, machine_backends, send

_NOT_THERE = (
    "Targets", "DocumentHash", "OutputS3Region", "OutputS3BucketName", "OutputS3KeyPrefix",
    "NotificationConfig", "CloudWatchOutputConfig", "AlarmConfiguration", "ServiceRoleArn",
)  # fmt: skip
_PAGE = 50


class CommandResponses:
    """Put on moto's SimpleSystemManagerResponse."""

    def send_command(self: Any) -> ActionResult:
        """Have instances run a script."""
        backend, params = _asked(self, "SendCommand")
        unsupported("ssm", "SendCommand", params, *_NOT_THERE)
        made = send(backend, params)
        # the answer knows nothing yet of how it ends
        shown = {**_command(made), "Status": "Pending", "StatusDetails": "Pending"}
        return ActionResult({"Command": {**shown, "CompletedCount": 0, "ErrorCount": 0}})

    def get_command_invocation(self: Any) -> ActionResult:
        """One instance's part, with the output."""
        backend, params = _asked(self, "GetCommandInvocation")
        unsupported("ssm", "GetCommandInvocation", params, "PluginName")
        command = _find(backend, params["CommandId"])
        found = command.invocations.get(params["InstanceId"])
        if found is None:
            raise Refusal("InvocationDoesNotExist", "")
        return ActionResult(
            {
                **_invocation(command, found),
                "PluginName": found.plugin,
                "ResponseCode": found.code,
                "ExecutionStartDateTime": found.begun.isoformat(),
                "ExecutionEndDateTime": found.ended.isoformat() if found.ended else "",
                "StandardOutputContent": found.out,
                "StandardErrorContent": found.error,
                "StandardOutputUrl": "",
                "StandardErrorUrl": "",
            }
        )

    def list_commands(self: Any) -> ActionResult:
        """Commands, the last one first."""
        backend, params = _asked(self, "ListCommands")
        found = list(reversed(backend.commands.values()))
        if params.get("CommandId"):
            found = [_find(backend, params["CommandId"])]
        wanted = params.get("InstanceId")
        found = [one for one in found if wanted is None or wanted in one.invocations]
        for one in params.get("Filters") or []:
            if one["key"] == "Status":
                found = [command for command in found if command.status == one["value"]]
            elif one["key"] == "DocumentName":
                found = [command for command in found if command.document == one["value"]]
            else:
                unsupported("ssm", f"ListCommands by {one['key']}", params, "Filters")
        limit = int(params.get("MaxResults") or _PAGE)
        part, token = page(found, limit, params.get("NextToken"), _bad_token)
        return ActionResult({"Commands": [_command(one) for one in part], "NextToken": token})

    def list_command_invocations(self: Any) -> ActionResult:
        """The same by instance."""
        backend, params = _asked(self, "ListCommandInvocations")
        unsupported("ssm", "ListCommandInvocations", params, "Filters", "Details")
        commands = list(reversed(backend.commands.values()))
        if params.get("CommandId"):
            commands = [_find(backend, params["CommandId"])]
        wanted = params.get("InstanceId")
        found = [
            _invocation(command, one)
            for command in commands
            for one in command.invocations.values()
            if wanted in (None, one.instance)
        ]
        limit = int(params.get("MaxResults") or _PAGE)
        part, token = page(found, limit, params.get("NextToken"), _bad_token)
        return ActionResult({"CommandInvocations": part, "NextToken": token})

    def describe_instance_information(self: Any) -> ActionResult:
        """Managed instances, and whether their agents answer."""
        backend, params = _asked(self, "DescribeInstanceInformation")
        unsupported("ssm", "DescribeInstanceInformation", params, "InstanceInformationFilterList")
        names = sorted(backend.machines)
        for one in params.get("Filters") or []:
            if one["Key"] != "InstanceIds":
                unsupported(
                    "ssm", f"DescribeInstanceInformation by {one['Key']}", params, "Filters"
                )
            names = [name for name in names if name in one["Values"]]
        shown = [
            {
                "InstanceId": name,
                "PingStatus": "ConnectionLost" if name in backend.offline else "Online",
                "LastPingDateTime": runtime.clock().now(),
                "AgentVersion": "3.3.2299.0",
                "PlatformType": backend.machines[name].platform,
                "ResourceType": "EC2Instance",
                "ComputerName": name,
            }
            for name in names
        ]
        limit = int(params.get("MaxResults") or _PAGE)
        part, token = page(shown, limit, params.get("NextToken"), _bad_token)
        return ActionResult({"InstanceInformationList": part, "NextToken": token})


def _asked(response: Any, operation: str) -> tuple[MachineBackend, dict[str, Any]]:
    params = json.loads(response.body)
    refuse_unmodelled("ssm", operation, params)
    return machine_backends[response.current_account][response.region], params


def _find(backend: MachineBackend, name: str) -> Command:
    found = backend.commands.get(name)
    if found is None:
        raise Refusal("InvalidCommandId", "")
    return found


def _command(one: Command) -> dict[str, Any]:
    over = [part for part in one.invocations.values() if part.status != "InProgress"]
    return {
        "CommandId": one.id,
        "DocumentName": one.document,
        "DocumentVersion": "",
        "Comment": one.comment,
        "Parameters": one.parameters,
        "InstanceIds": list(one.invocations),
        "Targets": [],
        "RequestedDateTime": one.begun,
        "Status": one.status,
        "StatusDetails": one.status,
        "TargetCount": len(one.invocations),
        "CompletedCount": len(over),
        "ErrorCount": sum(1 for part in over if part.status != "Success"),
    }


def _invocation(command: Command, one: Invocation) -> dict[str, Any]:
    return {
        "CommandId": command.id,
        "InstanceId": one.instance,
        "Comment": command.comment,
        "DocumentName": command.document,
        "DocumentVersion": "",
        "Status": one.status,
        "StatusDetails": "Execution Timed Out" if one.status == "TimedOut" else one.status,
    }


def _bad_token() -> Refusal:
    return Refusal("InvalidNextToken", "The specified token is not valid.")
