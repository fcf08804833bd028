"""What DRS refuses with: codes and members of its model, and nothing that SDKs retry.

StartRecovery and TerminateRecoveryInstances list neither ResourceNotFoundException nor
ValidationException. A server that does not exist is answered there as a request that does
not hold: ValidationException, which AWS's front answers any operation with. Conflict would
mean "wait and try again", and that would never help.
"""

from __future__ import annotations

from drstate.sandbox.aws.modelled import Refusal

BUSY = (
    "One or more of the Source Servers included in API call are currently being processed by a Job"
)


def uninitialized() -> Refusal:
    """InitializeService was not called in this account and region."""
    return Refusal("UninitializedAccountException", "Account not initialized")


def invalid(message: str, field: str = "") -> Refusal:
    """The request does not hold."""
    fields = [{"name": field, "message": message}] if field else []
    reason = "fieldValidationFailed" if field else "other"
    return Refusal("ValidationException", message, reason=reason, fieldList=fields)


def missing(kind: str, name: str) -> Refusal:
    """There is no such thing here."""
    return Refusal(
        "ResourceNotFoundException",
        f"{kind} {name} not found",
        resourceId=name,
        resourceType=kind,
    )


def conflict(message: str, name: str, kind: str = "SourceServer") -> Refusal:
    """The thing's state does not allow it."""
    return Refusal("ConflictException", message, resourceId=name, resourceType=kind)


def busy(name: str) -> Refusal:
    """A job works on the server."""
    return conflict(BUSY, name)


def quota(message: str) -> Refusal:
    """More than the account may have."""
    return Refusal("ServiceQuotaExceededException", message, serviceCode="drs")


def not_allowed(message: str) -> Refusal:
    """The caller's account may not."""
    return Refusal("AccessDeniedException", message)


def bad_token() -> Refusal:
    """A nextToken that is not one of ours."""
    return invalid("The provided nextToken is not valid", "nextToken")
