"""Which error codes a service has, and how each says "too many requests".

botocore's models are asked first: an operation's own errors with their HTTP status, and a
modelled throttling error. What models leave out (EC2 and S3 list hardly any, and no model
lists what every service can answer) is written down here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel, StructureShape

from drstate.sandbox import ontap

from .rule import Effect, FaultRule

_SHOWN = 12


@dataclass(frozen=True)
class Code:
    """An error code and the HTTP status it comes with."""

    code: str
    status: int


# What any service can answer: code -> HTTP status.
COMMON: dict[str, int] = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "ExpiredToken": 403,
    "ExpiredTokenException": 400,
    "IncompleteSignature": 400,
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InternalServerException": 500,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "OptInRequired": 403,
    "RequestExpired": 400,
    "RequestTimeout": 408,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
    "SignatureDoesNotMatch": 403,
    "Throttling": 400,
    "ThrottlingException": 400,
    "UnrecognizedClientException": 403,
    "ValidationError": 400,
    "ValidationException": 400,
}
# Codes that the services document and their models do not list.
_UNLISTED: dict[str, dict[str, int]] = {
    "ec2": {
        "AuthFailure": 401,
        "DependencyViolation": 400,
        "IncorrectInstanceState": 400,
        "InstanceLimitExceeded": 400,
        "InsufficientCapacity": 500,
        "InsufficientFreeAddressesInSubnet": 400,
        "InsufficientHostCapacity": 500,
        "InsufficientInstanceCapacity": 500,
        "InsufficientReservedInstanceCapacity": 500,
        "InvalidAMIID.NotFound": 400,
        "InvalidGroup.NotFound": 400,
        "InvalidInstanceID.NotFound": 400,
        "InvalidParameterValue": 400,
        "InvalidSubnetID.NotFound": 400,
        "MaxSpotInstanceCountExceeded": 400,
        "RequestLimitExceeded": 503,
        "Unavailable": 503,
        "UnauthorizedOperation": 403,
        "Unsupported": 400,
        "VcpuLimitExceeded": 400,
    },
    "s3": {
        "NoSuchBucket": 404,
        "NoSuchKey": 404,
        "OperationAborted": 409,
        "PreconditionFailed": 412,
        "RequestTimeTooSkewed": 403,
        "SlowDown": 503,
    },
    "route53": {"PriorRequestNotComplete": 400},
    "sqs": {"RequestThrottled": 403},
    "dynamodb": {"ProvisionedThroughputExceededException": 400},
}
# How services throttle whose models do not tell, or tell of a narrower case.
_THROTTLING: dict[str, Code] = {
    "dynamodb": Code("ThrottlingException", 400),
    "ec2": Code("RequestLimitExceeded", 503),
    "efs": Code("ThrottlingException", 429),
    "iam": Code("Throttling", 400),
    "lambda": Code("TooManyRequestsException", 429),
    "resourcegroupstaggingapi": Code("ThrottledException", 400),
    "route53": Code("Throttling", 400),
    "s3": Code("SlowDown", 503),
    "sns": Code("Throttling", 400),
    "sqs": Code("RequestThrottled", 403),
}
_BY_PROTOCOL: dict[str, Code] = {
    "ec2": Code("RequestLimitExceeded", 503),
    "json": Code("ThrottlingException", 400),
    "query": Code("Throttling", 400),
    "rest-json": Code("ThrottlingException", 429),
    "rest-xml": Code("Throttling", 400),
    "smithy-rpc-v2-cbor": Code("ThrottlingException", 400),
}


@lru_cache(maxsize=64)
def _model(service: str) -> ServiceModel | None:
    try:
        return botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None


@lru_cache(maxsize=1)
def _services() -> tuple[str, ...]:
    return tuple(botocore.session.get_session().get_available_services())


def throttling(service: str) -> Code:
    """The error with which a service says that there were too many requests."""
    known = _THROTTLING.get(service)
    if known is not None:
        return known
    model = _model(service)
    if model is None:
        return _BY_PROTOCOL["json"]
    for shape in _error_shapes(model):
        if shape.error_code == "ThrottlingException":
            return Code("ThrottlingException", _status(shape, 400))
    return _BY_PROTOCOL.get(str(model.metadata.get("protocol")), _BY_PROTOCOL["json"])


def status_of(service: str, code: str) -> int:
    """The HTTP status that a code comes with in this service (400 where nobody says)."""
    listed = _UNLISTED.get(service, {}).get(code)
    if listed is not None:
        return listed
    model = _model(service)
    if model is not None:
        for shape in _error_shapes(model):
            if shape.error_code == code:
                return _status(shape, COMMON.get(code, 400))
    return COMMON.get(code, 400)


def _error_shapes(model: ServiceModel | OperationModel) -> list[StructureShape]:
    return [shape for shape in model.error_shapes if isinstance(shape, StructureShape)]


def _status(shape: StructureShape, otherwise: int) -> int:
    error = shape.metadata.get("error", {})
    return int(error.get("httpStatusCode") or otherwise)


def check(rule: FaultRule) -> None:
    """Refuse, with ValueError, what botocore's models do not know: field, value, mend."""
    services = _matching_services(rule)
    operations = _matching_operations(rule, services)
    if rule.effect is not Effect.ERROR or rule.any_code or rule.code is None:
        return
    known = set(COMMON)
    if len(services) == 1:
        known |= _codes(services[0], operations)
    if rule.code not in known:
        asked = f"{rule.service}:{rule.operation}"
        own = sorted(known - set(COMMON)) or sorted(COMMON)
        more = f" and {len(own) - _SHOWN} more" if len(own) > _SHOWN else ""
        raise ValueError(
            f"code: {asked} does not answer with {rule.code!r}; it knows "
            f"{', '.join(own[:_SHOWN])}{more}. Give one of these, name the service, or say "
            "any_code"
        )


def _matching_services(rule: FaultRule) -> list[str]:
    if rule.service in {"*", ontap.SERVICE}:
        return [rule.service] if rule.service == ontap.SERVICE else []
    found = [one for one in _services() if fnmatchcase(one, rule.service.lower())]
    if not found:
        near = [one for one in _services() if rule.service.lower()[:3] in one][:_SHOWN]
        raise ValueError(
            f"service: there is no service {rule.service!r}; give botocore's name"
            + (f", such as {', '.join(near)}" if near else ", such as rds")
        )
    return found


def _matching_operations(rule: FaultRule, services: list[str]) -> list[str]:
    if rule.operation == "*" or len(services) != 1:
        return []
    model = _model(services[0])
    names = list(model.operation_names) if model is not None else []
    if services[0] == ontap.SERVICE:
        names = list(ontap.OPERATIONS)
    found = [one for one in names if fnmatchcase(one.lower(), rule.operation.lower())]
    if not found:
        start = rule.operation.lower()[:8]
        near = [one for one in names if one.lower().startswith(start)][:_SHOWN]
        raise ValueError(
            f"operation: {services[0]} has no operation {rule.operation!r}; give it as the API "
            "names it" + (f", such as {', '.join(near)}" if near else "")
        )
    return found


def _codes(service: str, operations: list[str]) -> set[str]:
    found = set(_UNLISTED.get(service, {}))
    found.add(throttling(service).code)
    model = _model(service)
    if model is None:
        return found
    if not operations:
        return found | {shape.error_code for shape in _error_shapes(model)}
    for name in operations:
        found |= {shape.error_code for shape in _error_shapes(model.operation_model(name))}
    return found
