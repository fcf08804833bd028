"""What is put in place inside moto's interpreter: its time, its waits, its keys.

Nothing here is seen from outside; what an execution means is in stepfunctions_runs.
"""

from __future__ import annotations

import sys
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config
from moto.iam.models import iam_backends
from moto.stepfunctions import responses
from moto.stepfunctions.parser import models
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_activitiy import (
    StateTaskActivity,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    ActivityTaskStartEndpoint,
    CallbackConsumerTimeout,
    CallbackEndpoint,
    HeartbeatEndpoint,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from drstate.sandbox import refusals
from drstate.sandbox.access import PARTITION
from drstate.sandbox.waiting import bell

from . import runtime, stepfunctions_nested, sts
from .extend import extend
from .stepfunctions_runs import Run

SERVICE = "states.amazonaws.com"
# A session of a state machine's role lasts as long as its executions may need it.
_SESSION_SECONDS = 365 * 86400
_SESSIONS = "_drstate_sessions"
_set_error = Environment.set_error
_eval_parameters = StateTaskActivity._eval_parameters  # noqa: SLF001 - moto's own
_interrupt = CallbackEndpoint.interrupt_all


def _pause(seconds: float, over: Any = lambda: False) -> None:
    """Let scaled time pass."""
    clock = runtime.clock()
    end = clock.seconds() + seconds * clock.scale
    bell.wait_until(over, lambda: end - clock.seconds())


def _wait(over: Any, seconds: float | None) -> None:
    """Wait for something, at most so many seconds of the sandbox's unscaled time."""
    clock = runtime.clock()
    end = clock.seconds() + (seconds if seconds is not None else float("inf"))
    bell.wait_until(over, lambda: end - clock.seconds())


class _Wait:
    def _wait_interval(self: Any, env: Any, wait_seconds: float) -> None:
        _pause(wait_seconds, lambda: not env.is_running())


class _Callback:
    def wait(self: Any, timeout: float | None = None) -> Any:
        """The outcome; None where it did not come in time."""
        _wait(self._notify_event.is_set, timeout)
        if self._outcome is None:
            self.report(CallbackConsumerTimeout())
        return self._outcome

    def setup_heartbeat_endpoint(self: Any, heartbeat_seconds: int) -> HeartbeatEndpoint:
        """With a way to say that a heartbeat did not come."""
        made = HeartbeatEndpoint(heartbeat_seconds=heartbeat_seconds)
        made.task = self
        self._heartbeat_endpoint = made
        return made

    def interrupt_all(self: Any) -> None:
        """Nobody waits any more, nor for a worker to take it."""
        _interrupt(self)
        start = getattr(self, "_activity_task_start_endpoint", None)
        if start is not None:
            start._next_activity_task_start_event.set()  # noqa: SLF001 - as moto's own does
        bell.ring()


class _Start:
    # moto asks for it also where nobody has set it.
    _outcome = None

    def wait(self: Any, timeout_seconds: float) -> Any:
        """Who took the task; None where nobody did in time."""
        _wait(self._next_activity_task_start_event.is_set, timeout_seconds)
        return self._outcome


class _Heartbeat:
    def clear_and_wait(self: Any) -> bool:
        """Whether a heartbeat came in time."""
        _wait(self._next_heartbeat_event.is_set, self._heartbeat_seconds)
        with self._mutex:
            came = bool(self._next_heartbeat_event.is_set())
            self._next_heartbeat_event.clear()
        if not came:
            self.task.report(CallbackConsumerTimeout())
        return came


class _ActivityState:
    def _eval_parameters(self: Any, env: Any) -> str:
        """The task's input as JSON, also where it is a text."""
        return str(to_json_str(_eval_parameters(self, env)))


class _Environment:
    def set_error(self: Any, error: Any) -> None:
        """What is stopped stays stopped, whatever its states make of it."""
        if not isinstance(self._program_state, ProgramStopped):
            _set_error(self, error)


class _Events:
    @staticmethod
    def _get_current_timestamp() -> datetime:
        return runtime.clock().now()


def admit(backend: Any, role_arn: str) -> None:
    """A session for executions, if the role is there and trusts Step Functions."""
    parts = role_arn.split(":")
    role = None
    if len(parts) > 5 and parts[4] == backend.account_id:
        roles = iam_backends[backend.account_id][PARTITION].roles.values()
        role = next((one for one in roles if one.arn == role_arn), None)
    source = f"arn:aws:states:{backend.region_name}:{backend.account_id}:stateMachine:any"
    if role is None or not sts.trusts_service(role, SERVICE, backend.account_id, source):
        raise refusals.Refused(
            400,
            "AccessDeniedException",
            f"'{role_arn}' does not exist, or neither the global service principal {SERVICE} nor "
            "the regional one is authorized to assume it.",
        )
    sessions: dict[str, Any] = vars(backend).setdefault(_SESSIONS, {})
    if role_arn not in sessions:
        made = sts.issue(role, "states", _SESSION_SECONDS)["Credentials"]
        sessions[role_arn] = (made.access_key_id, made.secret_access_key, made.session_token)


def _client(region: str, service: str, state_credentials: Any = None) -> Any:
    """A client of the state machine's role, or of the role that the state names."""
    config = Config(
        parameter_validation=False, retries={"max_attempts": 0, "total_max_attempts": 1}
    )
    arn = state_credentials.role_arn
    for _account, place, backend in models.stepfunctions_parser_backends.iter_backends():
        found = vars(backend).get(_SESSIONS, {}).get(arn)
        if found is not None and place == region:
            key, secret, token = found
            session: Any = boto3.Session(key, secret, token, region)
            return session.client(service, endpoint_url=runtime.endpoint(), config=config)
    raise PermissionError(f"a state with the credentials of {arn} is not emulated")


def install() -> None:
    """Have executions run, in the sandbox's time."""
    extend(WaitFunction, _Wait, replaces=frozenset({"_wait_interval"}))
    extend(
        CallbackEndpoint,
        _Callback,
        replaces=frozenset({"wait", "setup_heartbeat_endpoint", "interrupt_all"}),
    )
    extend(ActivityTaskStartEndpoint, _Start, replaces=frozenset({"wait"}))
    extend(HeartbeatEndpoint, _Heartbeat, replaces=frozenset({"clear_and_wait"}))
    extend(StateTaskActivity, _ActivityState, replaces=frozenset({"_eval_parameters"}))
    extend(Environment, _Environment, replaces=frozenset({"set_error"}))
    extend(EventManager, _Events, replaces=frozenset({"_get_current_timestamp"}))
    stepfunctions_nested.install()
    retrier_decl.time = SimpleNamespace(sleep=_pause)
    models.Execution = Run
    responses.get_backend = lambda account, region: models.stepfunctions_parser_backends[account][
        region
    ]
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.parser.") and hasattr(module, "boto_client_for"):
            setattr(module, "boto_client_for", _client)  # noqa: B010 - of every module
