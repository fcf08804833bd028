"""Requests held to botocore's model before an operation sees them.

botocore's own client checks required members only, and other SDKs less; AWS checks
everything again. A response class that is `checked()` refuses, with a 400: a required
member that is absent, a value outside its enum, length, range or pattern. Patterns that
Python cannot express are not checked. Nothing here knows what an operation means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.parse import RequestParserError
from moto.core.responses import BaseResponse

from drstate.sandbox import refusals
from drstate.sandbox.wire import service_model

from .extend import extend


class Refusal(ServiceException):  # type: ignore[misc]
    """An error of a service: its code, its message, and members that the model asks for."""

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(code, message)
        for name, value in members.items():
            setattr(self, name, value)


class _Checked:
    def call_action(self: Any) -> Any:
        """Check the request, then do what moto does."""
        action = self._get_action()
        model = service_model(self.boto3_service_name)
        if model is not None and action in model.operation_names:
            try:
                if not self.automated_parameter_parsing:
                    self.parse_parameters(self.normalized_request)
            except (RequestParserError, ValueError, TypeError) as error:
                raise refusals.Refused(
                    400, "SerializationException", f"The request cannot be read: {error}"
                ) from error
            refuse_unmodelled(self.boto3_service_name, action, self.params)
        return BaseResponse.call_action(self)


def checked(response: type) -> None:
    """Hold every request to a response class to its service's model."""
    extend(response, _Checked, replaces=frozenset({"call_action"}))


def refuse_unmodelled(service: str, operation: str, parameters: Any) -> None:
    """Raise Refused for the first thing that the model does not allow."""
    model = service_model(service)
    shape = model.operation_model(operation).input_shape if model is not None else None
    if shape is None:
        return
    wrong = next(_violations(shape, parameters or {}, ""), None)
    if wrong is not None:
        raise refusals.Refused(400, _CODES.get(service, "ValidationException"), wrong)


def unsupported(service: str, operation: str, parameters: Any, *names: str) -> None:
    """Refuse members that the sandbox does not emulate, instead of ignoring them."""
    for name in names:
        if parameters.get(name) not in (None, [], {}, ""):
            raise refusals.not_implemented(service, f"{operation} with {name}", "")


# What services answer with where a value does not fit their model.
_CODES = {
    "cloudwatch": "ValidationError",
    "ecs": "InvalidParameterException",
    "elasticache": "InvalidParameterValue",
    "elbv2": "ValidationError",
    "rds": "InvalidParameterValue",
    "route53": "InvalidInput",
    "sts": "ValidationError",
    "memorydb": "InvalidParameterValueException",
    "efs": "BadRequest",
    "fsx": "BadRequest",
}


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, path)
    elif kind == "list":
        yield from _bounds(shape, len(value), value, path, "length")
        for number, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif kind == "map":
        for key, item in value.items():
            yield from _violations(shape.value, item, f"{path}.{key}")
    elif kind == "string":
        yield from _text(shape, str(value), path)
    elif kind in {"integer", "long", "double", "float"}:
        yield from _bounds(shape, value, value, path, "value")


def _structure(shape: Any, value: Any, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _said("null", _under(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _violations(member, value[name], _under(path, name))


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield _said(f"'{value}'", path, f"Member must satisfy enum value set: [{allowed}]")
    yield from _bounds(shape, len(value), value, path, "length")
    pattern = shape.metadata.get("pattern")
    compiled = _compiled(pattern) if pattern else None
    if compiled is not None and compiled.fullmatch(value) is None:
        yield _said(
            f"'{value}'", path, f"Member must satisfy regular expression pattern: {pattern}"
        )


def _bounds(shape: Any, measured: Any, value: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    said = f"'{value}'"
    if least is not None and measured < least:
        yield _said(said, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and measured > most:
        yield _said(said, path, f"Member must have {what} less than or equal to {most}")


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        # Written in Java's dialect.
        return None


def _under(path: str, name: str) -> str:
    camel = name[:1].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _said(value: str, path: str, constraint: str) -> str:
    return (
        f"1 validation error detected: Value {value} at '{path}' failed to satisfy "
        f"constraint: {constraint}"
    )
