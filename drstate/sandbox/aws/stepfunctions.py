"""Step Functions: executions that run, activities, task tokens, redrive.

State machines, versions, aliases and map runs stay moto's.
"""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from . import runtime, stepfunctions_moto, stepfunctions_tasks
from .extend import extend
from .modelled import Refusal, checked, unsupported
from .pages import page
from .stepfunctions_runs import Run
from .stepfunctions_tasks import Activity

_create_state_machine = StepFunctionsParserBackend.create_state_machine
_create_activity = StepFunctionsParserBackend.create_activity
_update_state_machine = StepFunctionsParserBackend.update_state_machine


def _bad_token() -> Refusal:
    return Refusal("InvalidToken", "Invalid Token: 'Invalid token'")


def _part(found: list[Any], params: dict[str, Any], usual: int) -> tuple[list[Any], str | None]:
    limit = int(params.get("maxResults") or usual)
    return page(found, limit, params.get("nextToken"), _bad_token)


class _Backend:
    def create_state_machine(
        self: Any,
        name: str,
        definition: str,
        roleArn: str,  # noqa: N803 - moto's
        **more: Any,
    ) -> Any:
        """A state machine whose role Step Functions may take on."""
        self._validate_role_arn(roleArn)
        stepfunctions_moto.admit(self, roleArn)
        return _create_state_machine(self, name, definition, roleArn, **more)

    def update_state_machine(
        self: Any, arn: str, definition: Any = None, role_arn: Any = None, **more: Any
    ) -> Any:
        """The same holds for a new role."""
        if role_arn:
            stepfunctions_moto.admit(self, role_arn)
        return _update_state_machine(self, arn, definition, role_arn, **more)

    def create_activity(
        self: Any,
        name: str,
        tags: list[dict[str, str]] | None = None,
        encryption_configuration: dict[str, Any] | None = None,
    ) -> Activity:
        """An activity; the one that is there already, if nothing differs."""
        place = f"{self.region_name}:{self.account_id}"
        known = self.activities.get(f"arn:aws:states:{place}:activity:{name}")
        if known is not None and known.encryption_configuration == encryption_configuration:
            found: Activity = known
            return found
        made = _create_activity(self, name, tags, encryption_configuration)
        activity = Activity(made.arn, name, encryption_configuration)
        self.activities[made.arn] = activity
        return activity


class _Responses:
    def start_execution(self: Any) -> ActionResult:
        """An execution begins to run; named by itself where no name is given."""
        params = self.params
        unsupported("stepfunctions", "StartExecution", params, "traceHeader")
        backend = self.stepfunction_backend
        name = params.get("name") or str(mock_random.uuid4())
        backend._validate_name(name)  # noqa: SLF001 - moto's interpreter forgets to
        run = backend.start_execution(params["stateMachineArn"], name, params.get("input") or "{}")
        return ActionResult({"executionArn": run.exec_arn, "startDate": run.start_date})

    def stop_execution(self: Any) -> ActionResult:
        """An execution is aborted."""
        run = self._run()
        run.stop(runtime.clock().now(), self.params.get("error"), self.params.get("cause"))
        return ActionResult({"stopDate": run.stop_date})

    def describe_execution(self: Any) -> ActionResult:
        """With how often it was redriven, and whether it can be."""
        run = self._run()
        why_not = run.why_not()
        shown = {
            **_head(run),
            "input": run.execution_input,
            "inputDetails": {"included": True},
            "error": run.error,
            "cause": run.cause,
            "redriveStatus": "NOT_REDRIVABLE" if why_not else "REDRIVABLE",
            "redriveStatusReason": why_not or None,
        }
        if run.status == "SUCCEEDED":
            shown["output"] = json.dumps(run.output, separators=(",", ":"))
            shown["outputDetails"] = {"included": True}
        return ActionResult(_given(shown))

    def list_executions(self: Any) -> ActionResult:
        """Executions of a state machine, the last one first."""
        params = self.params
        unsupported("stepfunctions", "ListExecutions", params, "mapRunArn")
        if not params.get("stateMachineArn"):
            raise Refusal("ValidationException", "stateMachineArn is required.")
        machine = self.stepfunction_backend.describe_state_machine(params["stateMachineArn"])
        found = [
            run
            for run in reversed(machine.executions)
            if params.get("statusFilter") in (None, run.status)
            and params.get("redriveFilter")
            in (None, "REDRIVEN" if run.redrive_count else "NOT_REDRIVEN")
        ]
        part, token = _part(found, params, 100)
        return ActionResult(
            {"executions": [_given(_head(one)) for one in part], "nextToken": token}
        )

    def get_execution_history(self: Any) -> ActionResult:
        """What has happened, in order or the last first."""
        params = self.params
        events = [
            {**one, "type": str(getattr(one["type"], "value", one["type"]))}
            for one in self._run().to_history_output()["events"]
        ]
        if params.get("reverseOrder"):
            events.reverse()
        part, token = _part(events, params, 100)
        return ActionResult({"events": part, "nextToken": token})

    def redrive_execution(self: Any) -> ActionResult:
        """An execution that ended badly goes on."""
        return ActionResult({"redriveDate": self._run().redrive(self.params.get("clientToken"))})

    def list_activities(self: Any) -> ActionResult:
        """Activities, the first one first."""
        part, token = _part([*self.stepfunction_backend.activities.values()], self.params, 100)
        shown = [
            {"activityArn": one.arn, "name": one.name, "creationDate": one.creation_date}
            for one in part
        ]
        return ActionResult({"activities": shown, "nextToken": token})

    def get_activity_task(self: Any) -> ActionResult:
        """A task; waits for one as AWS does, in scaled time."""
        params = self.params
        found = stepfunctions_tasks.take(
            self.stepfunction_backend, params["activityArn"], params.get("workerName")
        )
        return ActionResult(found)

    def send_task_success(self: Any) -> ActionResult:
        """End a task well."""
        params = self.params
        stepfunctions_tasks.succeed(
            self.stepfunction_backend, params["taskToken"], params["output"]
        )
        return ActionResult({})

    def send_task_failure(self: Any) -> ActionResult:
        """End a task badly."""
        params = self.params
        stepfunctions_tasks.fail(
            self.stepfunction_backend,
            params["taskToken"],
            params.get("error"),
            params.get("cause"),
        )
        return ActionResult({})

    def send_task_heartbeat(self: Any) -> ActionResult:
        """Keep a task."""
        stepfunctions_tasks.beat(self.stepfunction_backend, self.params["taskToken"])
        return ActionResult({})

    def _run(self: Any) -> Run:
        found: Run = self.stepfunction_backend.describe_execution(self.params["executionArn"])
        return found


def _head(run: Run) -> dict[str, Any]:
    return {
        "executionArn": run.exec_arn,
        "stateMachineArn": run.state_machine_arn,
        "name": run.name,
        "status": run.status,
        "startDate": run.start_date,
        "stopDate": run.stop_date,
        "redriveCount": run.redrive_count,
        "redriveDate": run.redrive_date,
    }


def _given(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if value is not None}


def install() -> None:
    """Correct moto's Step Functions."""
    stepfunctions_moto.install()
    extend(
        StepFunctionsParserBackend,
        _Backend,
        replaces=frozenset({"create_state_machine", "update_state_machine", "create_activity"}),
    )
    extend(
        StepFunctionResponse,
        _Responses,
        replaces=frozenset(
            {
                "start_execution",
                "stop_execution",
                "describe_execution",
                "list_executions",
                "get_execution_history",
                "list_activities",
                "send_task_success",
                "send_task_failure",
                "send_task_heartbeat",
            }
        ),
    )
    checked(StepFunctionResponse)
