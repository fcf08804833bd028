"""Every exception class of botocore becomes one of our errors, by an explicit row."""

from __future__ import annotations

import inspect

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from drstate.aws.failures import RULES, rule_for
from drstate.aws.transient import is_transient
from drstate.errors import AwsCallError, ConfigError, CredentialsError, InternalError

CLASSES = [
    found
    for _, found in sorted(vars(exceptions).items())
    if inspect.isclass(found)
    and issubclass(found, Exception)
    and found.__module__ == exceptions.__name__
    and found is not exceptions.BotoCoreError
]


def test_there_is_something_to_walk() -> None:
    assert len(CLASSES) > 80


@pytest.mark.parametrize("kind", [*CLASSES, ResponseParserError], ids=lambda kind: kind.__name__)
def test_every_botocore_exception_has_a_row(kind: type[Exception]) -> None:
    assert rule_for(kind) is not None


def test_no_row_is_written_for_everything() -> None:
    listed = {found for classes, _ in RULES for found in classes}
    assert exceptions.BotoCoreError not in listed
    assert Exception not in listed
    assert rule_for(ValueError) is None


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("NoCredentialsError", CredentialsError),
        ("UnauthorizedSSOTokenError", CredentialsError),
        ("LoginRefreshRequired", CredentialsError),
        ("ProfileNotFound", CredentialsError),
        ("SSLError", ConfigError),
        ("NoRegionError", ConfigError),
        ("InvalidRegionError", ConfigError),
        ("ReadTimeoutError", AwsCallError),
        ("EndpointConnectionError", AwsCallError),
        ("EventStreamError", AwsCallError),
        ("ParamValidationError", InternalError),
        ("UnknownServiceError", InternalError),
    ],
)
def test_classes_become_what_a_person_can_act_on(name: str, ours: type[Exception]) -> None:
    assert rule_for(getattr(exceptions, name)) is ours


def refused(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Operation",
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused("Throttling"), True),
        (refused("RequestLimitExceeded", 503), True),
        (refused("PriorRequestNotComplete"), True),
        (refused("Whatever", 503), True),
        (refused("InternalFailure"), True),
        (refused("LimitExceededException"), False),
        (refused("ConflictException", 409), False),
        (refused("SandboxNotImplemented", 422), False),
        (refused("AccessDenied", 403), False),
        (exceptions.ConnectTimeoutError(endpoint_url="u"), True),
        (exceptions.ReadTimeoutError(endpoint_url="u"), True),
        (exceptions.ConnectionClosedError(endpoint_url="u"), True),
        (exceptions.SSLError(endpoint_url="u", error="e"), False),
        (exceptions.ProxyConnectionError(proxy_url="u"), False),
        (exceptions.NoCredentialsError(), False),
        (ResponseParserError("x"), True),
        (ValueError("x"), False),
    ],
    ids=str,
)
def test_only_what_passes_by_itself_is_transient(error: Exception, expected: bool) -> None:
    assert is_transient(error) is expected


def test_further_codes_are_transient_where_they_are_named() -> None:
    assert is_transient(refused("ConflictException"), frozenset({"ConflictException"}))
