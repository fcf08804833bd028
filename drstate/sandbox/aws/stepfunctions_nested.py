"""An execution that starts another one and waits for it (`states:startExecution.sync`).

moto's interpreter hands the parameters on under names that its own server does not know. Who is
stopped stops what it waits for, as AWS does with its own permission to.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_sfn as nested,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from drstate.sandbox.waiting import bell

from .extend import extend

_RUNNING = "RUNNING"
# Looked at again after so long even if nobody rings.
_LOOK_SECONDS = 5.0
_JSON = ("Input", "Output")


class _Nested:
    def _eval_service_task(
        self: Any,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        """Start it, under the names that the API has."""
        client = nested.boto_client_for(
            service="stepfunctions",
            region=resource_runtime_part.region,
            state_credentials=state_credentials,
        )
        given = {_camel(name): value for name, value in normalised_parameters.items()}
        answer = client.start_execution(**given)
        if self._is_integration_pattern():
            _run(env.states.context_object.context_object_data["Execution"]["Id"]).children.append(
                answer["executionArn"]
            )
        env.stack.append(
            {"ExecutionArn": answer["executionArn"], "StartDate": _plain(answer["startDate"])}
        )

    def _build_sync_resolver(self: Any, env: Any, *_: Any, **__: Any) -> Callable[[], Any]:
        """Its output stays a text."""
        return _resolver(self, env, parsed=False)

    def _build_sync2_resolver(self: Any, env: Any, *_: Any, **__: Any) -> Callable[[], Any]:
        """Its output is read."""
        return _resolver(self, env, parsed=True)


def _resolver(task: Any, env: Any, *, parsed: bool) -> Callable[[], Any]:
    run = _run(env.stack.pop()["ExecutionArn"])

    def look() -> dict[str, Any] | None:
        bell.wait_until(
            lambda: run.status != _RUNNING or not env.is_running(), lambda: _LOOK_SECONDS
        )
        if run.status == _RUNNING:
            return None
        shown = _shown(run)
        if run.status != "SUCCEEDED":
            raise _failed(task, env, shown)
        if parsed:
            shown.update({name: json.loads(shown[name]) for name in _JSON})
        return shown

    return look


def _failed(task: Any, env: Any, shown: dict[str, Any]) -> FailureEventException:
    kind = StatesErrorNameType.StatesTaskFailed
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=kind),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(
                taskFailedEventDetails=TaskFailedEventDetails(
                    resource=task._get_sfn_resource(),  # noqa: SLF001 - moto's own
                    resourceType=task._get_sfn_resource_type(),  # noqa: SLF001 - the same
                    error=kind.to_name(),
                    cause=json.dumps(shown),
                )
            ),
        )
    )


def _shown(run: Any) -> dict[str, Any]:
    found = {
        "ExecutionArn": run.exec_arn,
        "StateMachineArn": run.state_machine_arn,
        "Name": run.name,
        "Status": run.status,
        "StartDate": _plain(run.start_date),
        "StopDate": _plain(run.stop_date),
        "Input": run.execution_input,
        "Error": run.error,
        "Cause": run.cause,
    }
    if run.status == "SUCCEEDED":
        found["Output"] = json.dumps(run.output)
    return {name: value for name, value in found.items() if value is not None}


def _plain(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _run(arn: str) -> Any:
    parts = arn.split(":")
    return stepfunctions_parser_backends[parts[4]][parts[3]].describe_execution(arn)


def stop_children(run: Any, when: datetime, error: str | None, cause: str | None) -> None:
    """Stop what `run` waits for."""
    for arn in run.children:
        _run(arn).stop(when, error, cause)


def install() -> None:
    """Have nested executions run."""
    extend(
        nested.StateTaskServiceSfn,
        _Nested,
        replaces=frozenset({"_eval_service_task", "_build_sync_resolver", "_build_sync2_resolver"}),
    )
