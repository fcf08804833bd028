"""Which AWS errors go away by themselves, and how long to wait before trying again.

A code is transient only where the request was not carried out or may be carried out twice without
harm. Quotas (``LimitExceededException``) and conflicts are not: an adapter whose service means it
otherwise names the code in its header.
"""

from __future__ import annotations

from collections.abc import Iterator

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

#: seconds before the second, third and fourth attempt
DELAYS: tuple[float, ...] = (1.0, 2.0, 4.0)

THROTTLED: frozenset[str] = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_PASSING: frozenset[str] = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
_LOWEST_SERVER_ERROR = 500

#: no answer, or none that can be read
UNREACHABLE: tuple[type[Exception], ...] = (
    aws.ConnectionError,
    aws.HTTPClientError,
    aws.IncompleteReadError,
    aws.ChecksumError,
    aws.FlexibleChecksumError,
    ResponseParserError,
)
#: the way to AWS is set up wrongly on this machine: waiting does not help
MISDIRECTED: tuple[type[Exception], ...] = (aws.ProxyConnectionError, aws.SSLError)


def delays() -> Iterator[float]:
    """Seconds to wait before each further attempt; it ends when there is none."""
    return iter(DELAYS)


def is_transient(error: Exception, further_codes: frozenset[str] = frozenset()) -> bool:
    """Whether the same call may be tried again; ``further_codes`` come from an adapter's header."""
    if isinstance(error, aws.ClientError):
        code = code_of(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return (
            code in THROTTLED
            or code in _PASSING
            or code in further_codes
            or status >= _LOWEST_SERVER_ERROR
        )
    return isinstance(error, UNREACHABLE) and not isinstance(error, MISDIRECTED)


def code_of(error: aws.ClientError) -> str:
    """The error code of AWS's answer."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))
