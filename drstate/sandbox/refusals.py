"""The refusals that any service can answer with, in the words and codes of AWS.

    Refused
     +- missing_authentication   no signature
     +- unknown_key              the access key does not exist, or belongs to no one here
     +- expired                  the session's time is over
     +- skewed                   the request is dated too far from AWS's time
     +- throttled                more calls than the account may make
     +- faulty                   a fault rule says so
     +- unauthorized             no policy of the caller allows it
     +- denied                   the caller is known and may not
     +- not_implemented          the sandbox has no such service or operation
     +- broken                   the emulation failed while serving; never a retryable 5xx

Codes differ by protocol, as in AWS: query and XML services say InvalidClientTokenId, JSON
services UnrecognizedClientException, EC2 AuthFailure.
"""

from __future__ import annotations

from .faults import codes
from .wire import service_model

INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - words
EXPIRED_TOKEN = "The security token included in the request is expired"  # noqa: S105 - words


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a malfunction
    """An answer other than the operation's own: HTTP status, AWS error code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def _family(service: str) -> str:
    if service in {"ec2", "s3"}:
        return service
    model = service_model(service)
    protocol = str(model.metadata.get("protocol")) if model is not None else "json"
    if protocol == "smithy-rpc-v2-cbor" and model is not None:
        # What it spoke before decides.
        protocol = "query" if "query" in model.metadata.get("protocols", ()) else "json"
    if protocol == "json":
        return "json"
    return "rest-json" if protocol == "rest-json" else "query"


def missing_authentication(service: str) -> Refused:
    """The request is not signed."""
    code = {"json": "MissingAuthenticationTokenException"}.get(
        _family(service), "MissingAuthenticationToken"
    )
    return Refused(403, code, "Request is missing Authentication Token")


def unknown_key(service: str) -> Refused:
    """The access key is unknown, or its session token does not fit."""
    status, code = {
        "ec2": (401, "AuthFailure"),
        "s3": (403, "InvalidAccessKeyId"),
        "json": (403, "UnrecognizedClientException"),
        "rest-json": (403, "UnrecognizedClientException"),
        "query": (403, "InvalidClientTokenId"),
    }[_family(service)]
    return Refused(status, code, INVALID_TOKEN)


def bad_signature(service: str) -> Refused:
    """The secret that signed the request is not the key's."""
    code = {"json": "InvalidSignatureException", "rest-json": "InvalidSignatureException"}.get(
        _family(service), "SignatureDoesNotMatch"
    )
    return Refused(
        403,
        code,
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
    )


def expired(service: str) -> Refused:
    """The session is over."""
    status, code = {
        "ec2": (400, "RequestExpired"),
        "s3": (400, "ExpiredToken"),
        "json": (400, "ExpiredTokenException"),
        "rest-json": (403, "ExpiredTokenException"),
        "query": (403, "ExpiredToken"),
    }[_family(service)]
    return Refused(status, code, EXPIRED_TOKEN)


def tolerated_skew(service: str) -> float:
    """How many seconds a request's date may be off."""
    return 900.0 if service in {"ec2", "s3"} else 300.0


def skewed(service: str, ahead: float) -> Refused:
    """The request's date is too far from AWS's time (`ahead` seconds; negative: behind)."""
    family = _family(service)
    if family == "s3":
        return Refused(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )
    if family == "ec2":
        return Refused(400, "RequestExpired", "Request has expired.")
    code = "InvalidSignatureException" if "json" in family else "SignatureDoesNotMatch"
    word = "not yet current" if ahead > 0 else "expired"
    return Refused(
        403,
        code,
        f"Signature {word}: the request is dated {abs(ahead):.0f} s "
        f"{'after' if ahead > 0 else 'before'} the current time; "
        f"{tolerated_skew(service) / 60:.0f} min are allowed",
    )


def throttled(service: str, message: str = "") -> Refused:
    """More calls than the account may make, in the service's own code."""
    code = codes.throttling(service)
    words = "Request limit exceeded." if code.code == "RequestLimitExceeded" else "Rate exceeded"
    return Refused(code.status, code.code, message or words)


def faulty(service: str, code: str, message: str | None, status: int | None) -> Refused:
    """The error of a fault rule."""
    return Refused(
        status or codes.status_of(service, code),
        code,
        f"{code}, by a fault rule of the sandbox" if message is None else message,
    )


def denied(message: str, code: str = "AccessDenied") -> Refused:
    """The caller may not."""
    return Refused(403, code, message)


def unauthorized(service: str, message: str) -> Refused:
    """The caller's policies do not allow it."""
    status, code = {
        "ec2": (403, "UnauthorizedOperation"),
        "s3": (403, "AccessDenied"),
        "json": (400, "AccessDeniedException"),
        "rest-json": (403, "AccessDeniedException"),
        "query": (403, "AccessDenied"),
    }[_family(service)]
    if code == "UnauthorizedOperation":
        message = f"You are not authorized to perform this operation. {message}"
    return Refused(status, code, message)


def not_implemented(service: str, operation: str, path: str) -> Refused:
    """The sandbox does not know the service, or not the operation."""
    asked = f"{service}:{operation}" if operation else f"{service} ({path})"
    return Refused(
        400,
        "SandboxNotImplemented",
        f"The sandbox does not emulate {asked}. It answers only what its estates need; "
        "run this against a real account, or leave the operation out.",
    )


def broken(service: str, operation: str, cause: BaseException) -> Refused:
    """The emulation failed while serving the call."""
    return Refused(
        400,
        "SandboxFault",
        f"The sandbox failed while serving {service}:{operation or '?'}: "
        f"{type(cause).__name__}: {cause}. Its log has the details.",
    )
