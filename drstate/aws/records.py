"""What the caller tells its observers about a call: plain values, no credentials in them."""

from __future__ import annotations

from dataclasses import dataclass

#: services whose permissions have another prefix than the name that their requests are signed with
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag", "email": "ses"}


@dataclass(frozen=True)
class CallRecord:
    """One AWS call: once per call, however often it is tried."""

    #: botocore's name of the service, say ``elbv2``
    service: str
    #: operation in snake case, as callers write it
    operation: str
    #: operation as AWS names it
    api_operation: str
    account: str
    region: str
    signing_name: str

    @property
    def permission(self) -> str:
        """The IAM action that the call needs, where it is named like the operation."""
        prefix = _PREFIXES.get(self.signing_name, self.signing_name)
        return f"{prefix}:{self.api_operation}"


@dataclass(frozen=True)
class CallRetry:
    """A transient error was met; the call is tried again after ``wait_seconds``."""

    service: str
    operation: str
    account: str
    region: str
    #: how many attempts have failed, from 1
    attempt: int
    wait_seconds: float
    reason: str
