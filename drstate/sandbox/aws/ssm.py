"""Systems Manager: automations, and documents with the platforms of AWS.

Parameters and documents stay moto's. The rules of automations are in ssm_automation, Run Command
is in ssm_commands.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.ssm.models import Document
from moto.ssm.responses import SimpleSystemManagerResponse

from . import ssm_automation as automation
from .extend import extend
from .modelled import Refusal, refuse_unmodelled, unsupported
from .pages import page
from .ssm_commands import CommandResponses

_NOT_THERE = (
    "TargetParameterName", "Targets", "TargetMaps", "MaxConcurrency", "MaxErrors",
    "TargetLocations", "AlarmConfiguration", "TargetLocationsURL",
)  # fmt: skip


def _asked(response: Any, operation: str) -> tuple[automation.AutomationBackend, dict[str, Any]]:
    params = json.loads(response.body)
    refuse_unmodelled("ssm", operation, params)
    account, region = response.current_account, response.region
    return automation.automation_backends[account][region], params


def _bad_token() -> Refusal:
    return Refusal("InvalidNextToken", "The specified token is not valid.")


class _Responses:
    def start_automation_execution(self: Any) -> ActionResult:
        """Begin a runbook."""
        backend, params = _asked(self, "StartAutomationExecution")
        unsupported("ssm", "StartAutomationExecution", params, *_NOT_THERE)
        if params.get("Mode") == "Interactive":
            unsupported("ssm", "StartAutomationExecution", params, "Mode")
        made = automation.start(backend, self.ssm_backend, params)
        return ActionResult({"AutomationExecutionId": made.id})

    def get_automation_execution(self: Any) -> ActionResult:
        """One execution with its steps."""
        backend, params = _asked(self, "GetAutomationExecution")
        found = automation.find(backend, params["AutomationExecutionId"])
        return ActionResult({"AutomationExecution": found.shown()})

    def describe_automation_executions(self: Any) -> ActionResult:
        """Executions, the last one first."""
        backend, params = _asked(self, "DescribeAutomationExecutions")
        found = [
            {**one.head(), "AutomationType": "Local"}
            for one in reversed(backend.executions.values())
        ]
        for one in params.get("Filters") or []:
            key, values = one["Key"], one["Values"]
            member = {
                "ExecutionStatus": "AutomationExecutionStatus",
                "ExecutionId": "AutomationExecutionId",
                "CurrentAction": "CurrentAction",
            }.get(key)
            if key == "DocumentNamePrefix":
                found = [x for x in found if str(x["DocumentName"]).startswith(tuple(values))]
            elif key == "TagKey":
                tagged = {x.id for x in backend.executions.values() if set(x.tags) & set(values)}
                found = [x for x in found if x["AutomationExecutionId"] in tagged]
            elif member is None:
                unsupported("ssm", f"DescribeAutomationExecutions by {key}", params, "Filters")
            else:
                found = [x for x in found if x[member] in values]
        limit = int(params.get("MaxResults") or 50)
        part, token = page(found, limit, params.get("NextToken"), _bad_token)
        return ActionResult({"AutomationExecutionMetadataList": part, "NextToken": token})

    def stop_automation_execution(self: Any) -> ActionResult:
        """Cancel an execution."""
        backend, params = _asked(self, "StopAutomationExecution")
        automation.stop(
            automation.find(backend, params["AutomationExecutionId"]), params.get("Type")
        )
        return ActionResult({})

    def send_automation_signal(self: Any) -> ActionResult:
        """Approve or reject."""
        backend, params = _asked(self, "SendAutomationSignal")
        execution = automation.find(backend, params["AutomationExecutionId"])
        automation.signal(execution, params["SignalType"])
        return ActionResult({})


def install() -> None:
    """Add what moto's Systems Manager lacks."""
    extend(SimpleSystemManagerResponse, _Responses)
    extend(
        SimpleSystemManagerResponse,
        CommandResponses,
        replaces=frozenset({"send_command", "get_command_invocation", "list_commands"}),
    )
    _correct_platforms()


def _correct_platforms() -> None:
    made = Document.__init__
    if getattr(made, "_drstate_corrected", False):
        return

    def corrected(self: Any, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        self.platform_types = ["Windows", "Linux", "MacOS"]

    corrected._drstate_corrected = True  # type: ignore[attr-defined]  # noqa: SLF001
    Document.__init__ = corrected
