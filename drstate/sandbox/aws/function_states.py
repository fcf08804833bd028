"""Lambda: a function is Pending after it was made, and busy for a while after it was changed.

Until then a second change is refused, as AWS refuses it. A call of a Pending function is served all
the same, where AWS refuses it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage

from . import runtime
from .extend import extend
from .modelled import Refusal

CREATE_SECONDS = 5.0
UPDATE_SECONDS = 5.0
PENDING, ACTIVE = "Pending", "Active"
BUSY, DONE = "InProgress", "Successful"

_create_function = LambdaBackend.create_function
_update_configuration = LambdaBackend.update_function_configuration
_publish = LambdaStorage.publish_version


class _Backend:
    def create_function(self: Any, spec: dict[str, Any]) -> LambdaFunction:
        """A function, active in a while."""
        made = _create_function(self, spec)
        for one in _copies(self, made):
            one.state = PENDING
            runtime.clock().after(CREATE_SECONDS, partial(_active, one))
        return made

    def update_function_configuration(
        self: Any, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> Any:
        """Change the settings; done in a while."""
        function = self.get_function(function_name, qualifier)
        _refuse_busy(function)
        answer = _update_configuration(self, function_name, qualifier, body)
        _begin(function)
        return {**answer, "LastUpdateStatus": BUSY}

    def update_function_code(
        self: Any, function_name: str, qualifier: str, body: dict[str, Any]
    ) -> Any:
        """Change the code, and publish it where that is asked for; done in a while."""
        function = self.get_function(function_name, qualifier)
        _refuse_busy(function)
        before = (function.code_sha_256, function.architectures)
        if body.get("Architectures"):
            function.architectures = body["Architectures"]
        function._set_function_code(body)  # noqa: SLF001 - moto's would publish too late
        if (function.code_sha_256, function.architectures) != before:
            function.code_or_config_updated = True
        shown = function
        if body.get("Publish"):
            shown = self.publish_version(function_name)
        _begin(function)
        return {**shown.get_configuration(), "LastUpdateStatus": BUSY}


class _Storage:
    def publish_version(self: Any, name_or_arn: str, description: str = "") -> Any:
        """A version of what is there now; pending as long as the function is."""
        latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        _refuse_busy(latest)
        made = _publish(self, name_or_arn, description)
        latest.code_or_config_updated = False
        if made.state == PENDING:
            runtime.clock().after(CREATE_SECONDS, partial(_active, made))
        return made


def update_status(function: Any) -> str:
    """What ``LastUpdateStatus`` says."""
    return str(vars(function).get("update_status", DONE))


def _copies(backend: Any, made: Any) -> list[Any]:
    # with Publish, moto answers with a copy: the function itself and its version are meant
    held = backend._lambdas._functions[made.function_name]  # noqa: SLF001 - no getter
    return [held["latest"], *held["versions"]]


def _active(function: LambdaFunction) -> None:
    function.state = ACTIVE


def _begin(function: Any) -> None:
    function.update_status = BUSY
    runtime.clock().after(UPDATE_SECONDS, partial(_end, function))


def _end(function: Any) -> None:
    vars(function).pop("update_status", None)


def _refuse_busy(function: Any) -> None:
    if update_status(function) == BUSY:
        raise Refusal(
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for "
            f"resource: {function.function_arn}",
        )
    if function.state == PENDING:
        raise Refusal(
            "ResourceConflictException",
            "The operation cannot be performed at this time. The function is currently in the "
            "following state: Pending",
        )


def install() -> None:
    """Have functions take their time."""
    extend(
        LambdaBackend,
        _Backend,
        replaces=frozenset(
            {"create_function", "update_function_configuration", "update_function_code"}
        ),
    )
    extend(LambdaStorage, _Storage, replaces=frozenset({"publish_version"}))
