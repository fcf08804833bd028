"""Whether calls that were made are among those that adapters declare."""

from __future__ import annotations

from collections.abc import Iterable

from drstate.adapters.base import Adapter


def undeclared(adapters: Iterable[Adapter], calls: Iterable[tuple[str, str]]) -> list[str]:
    """Recorded calls ``(service, operation)`` that no adapter's header declares.

    Holds what AwsCaller recorded against the headers. Operation names may be in any case style.
    """
    known = {_plain(action) for adapter in adapters for action in adapter.permissions()}
    return sorted(
        f"{service}:{operation}"
        for service, operation in set(calls)
        if _action(service, operation) not in known
    )


#: botocore service names whose IAM prefix differs
_IAM_PREFIX = {
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "opensearch": "es",
    "s3control": "s3",
    "service-quotas": "servicequotas",
}
#: actions that are not called what their operation is called, both as ``_plain`` writes them
_IAM_ACTIONS = {
    "lambda:invoke": "lambda:invokefunction",
    "s3:deletebucketreplication": "s3:putreplicationconfiguration",
    "s3:getbucketencryption": "s3:getencryptionconfiguration",
    "s3:getbucketlifecycleconfiguration": "s3:getlifecycleconfiguration",
    "s3:getbucketnotificationconfiguration": "s3:getbucketnotification",
    "s3:getbucketreplication": "s3:getreplicationconfiguration",
    "s3:getobjectlockconfiguration": "s3:getbucketobjectlockconfiguration",
    "s3:getpublicaccessblock": "s3:getbucketpublicaccessblock",
    "s3:headbucket": "s3:listbucket",
    "s3:listobjectsv2": "s3:listbucket",
    "s3:putbucketreplication": "s3:putreplicationconfiguration",
}


def _action(service: str, operation: str) -> str:
    """What IAM calls an operation, as ``_plain`` writes it."""
    plain = _plain(f"{_IAM_PREFIX.get(service, service)}:{operation}")
    return _IAM_ACTIONS.get(plain, plain)


def _plain(action: str) -> str:
    return action.replace("_", "").lower()
