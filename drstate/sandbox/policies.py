"""What identity policies let a caller do: switched on per sandbox, off otherwise.

Evaluated for the call's own action: inline and attached policies of the role or user, its
groups', and the policy that a session was issued with. Resources are the ARNs of the service
that the request itself names; a request that names none fits any Resource of an Allow, and none
but `*` of a Deny. Conditions on the requested region and on the caller are understood; another
condition is not met. Not evaluated: permission boundaries, service control policies, policies of
resources, iam:PassRole along with other actions, conditions on tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, unquote

from moto.core.request import Request
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from . import refusals
from .access import PARTITION, Principal
from .wire import Asked, service_model

# IAM's name of a service, where it is not the name that requests are signed for.
_PREFIXES = {
    "cloudwatch": "cloudwatch",
    "resourcegroupstaggingapi": "tag",
}
# Actions that are not called what their operation is called.
_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketReplication": "s3:PutReplicationConfiguration",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketReplication": "s3:PutReplicationConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:DeleteObjects": "s3:DeleteObject",
}
_ALWAYS = {"sts:GetCallerIdentity"}
_ZONE = re.compile(r"/2013-04-01/(?P<kind>hostedzone|healthcheck|change)/(?P<name>[^/?]+)")
_ARN = re.compile(r"arn:aws[a-z-]*:(?P<service>[a-z0-9-]+):[^\s\"<>&,]+")


@dataclass(frozen=True)
class Wish:
    """What is asked for, in IAM's words; `resources` is empty where the request names none."""

    action: str
    resources: tuple[str, ...]
    context: dict[str, str]


def require_permission(caller: Principal, asked: Asked, request: Request, body: bytes) -> None:
    """Raise Refused, as AWS words it, where the caller's identity policies do not allow it."""
    wish = _wish(caller, asked, request, body)
    if wish.action in _ALWAYS:
        return
    groups = [list(_identity(caller))]
    narrowed = _session_policy(caller)
    if narrowed:
        groups.append([narrowed])
    for resource in wish.resources or ("",):
        for number, documents in enumerate(groups):
            kind = "session" if number else "identity-based"
            verdict = _verdict(documents, wish, resource)
            if verdict != "Allow":
                raise _denied(caller, asked, wish.action, resource, verdict, kind)


def permission_of(service: str, operation: str) -> str:
    """The IAM action that a recorded call needed."""
    model = service_model(service)
    signed = (
        str(model.metadata.get("signingName") or model.metadata["endpointPrefix"])
        if model
        else service
    )
    action = f"{_PREFIXES.get(service, signed)}:{operation}"
    return _ACTIONS.get(action, action)


def _wish(caller: Principal, asked: Asked, request: Request, body: bytes) -> Wish:
    model = service_model(asked.service)
    signed = asked.signing_name or (str(model.metadata["endpointPrefix"]) if model else "")
    prefix = _PREFIXES.get(asked.service, signed)
    action = f"{prefix}:{asked.operation}"
    return Wish(
        _ACTIONS.get(action, action),
        tuple(_resources(prefix, caller, asked, request, body)),
        {
            "aws:requestedregion": asked.region,
            "aws:principalarn": caller.role_arn or caller.arn,
            "aws:principalaccount": caller.account,
        },
    )


def _resources(
    prefix: str, caller: Principal, asked: Asked, request: Request, body: bytes
) -> Iterator[str]:
    zone = _ZONE.search(request.path)
    if zone is not None:
        yield f"arn:aws:route53:::{zone['kind']}/{zone['name']}"
        return
    if asked.service == "s3":
        bucket, _, key = request.path.lstrip("/").partition("/")
        if bucket:
            yield f"arn:aws:s3:::{bucket}" + (f"/{unquote(key)}" if key else "")
        return
    if asked.service == "lambda" and "/functions/" in request.path:
        name = unquote(request.path.split("/functions/")[1].split("/")[0])
        plain = f"arn:aws:lambda:{asked.region}:{caller.account}:function:{name}"
        yield name if name.startswith("arn:") else plain
        return
    of_service = "iam" if asked.operation == "AssumeRole" else prefix
    for value in _named(request, body):
        found = _ARN.fullmatch(value)
        if found is not None and found["service"] == of_service:
            yield value


def _named(request: Request, body: bytes) -> Iterator[str]:
    """Texts that the request holds at its top: what it is about, rather than what it says."""
    text = body.decode("utf-8", "replace")
    if (request.content_type or "").startswith("application/x-www-form-urlencoded"):
        yield from (value for name, value in parse_qsl(text) if "." not in name)
        return
    try:
        document = json.loads(text or "{}")
    except ValueError:
        return
    if isinstance(document, dict):
        for value in document.values():
            yield from [value] if isinstance(value, str) else []
            if isinstance(value, list):
                yield from (one for one in value if isinstance(one, str))


def _identity(caller: Principal) -> Iterator[dict[str, Any]]:
    backend = iam_backends[caller.account][PARTITION]
    if caller.role_arn:
        owners: list[Any] = [one for one in backend.roles.values() if one.arn == caller.role_arn]
    else:
        name = caller.arn.rsplit("/", 1)[-1]
        owners = [backend.users[name]] if name in backend.users else []
        owners += [
            group for group in backend.groups.values() if owners and owners[0] in group.users
        ]
    for owner in owners:
        for document in owner.policies.values():
            yield _parsed(document)
        for policy in owner.managed_policies.values():
            yield from (
                _parsed(one.document)
                for one in policy.versions
                if one.version_id == policy.default_version_id
            )


def _session_policy(caller: Principal) -> dict[str, Any] | None:
    for one in sts_backends[caller.account][PARTITION].assumed_roles:
        if one.access_key_id == caller.access_key:
            return _parsed(one.policy) if one.policy else None
    return None


def _parsed(document: Any) -> dict[str, Any]:
    found: dict[str, Any] = (
        json.loads(unquote(document)) if isinstance(document, str) else dict(document)
    )
    return found


def _verdict(documents: Iterable[dict[str, Any]], wish: Wish, resource: str) -> str:
    """Allow, Deny (in so many words), or nothing."""
    allowed = ""
    for document in documents:
        for statement in _as_list(document.get("Statement", [])):
            effect = str(statement.get("Effect"))
            if not _applies(statement, wish, resource, denies=effect == "Deny"):
                continue
            if effect == "Deny":
                return "Deny"
            allowed = "Allow"
    return allowed


def _applies(statement: dict[str, Any], wish: Wish, resource: str, *, denies: bool) -> bool:
    action = wish.action.lower()
    if "Action" in statement:
        fits = any(_like(action, str(one).lower()) for one in _as_list(statement["Action"]))
    else:
        fits = not any(
            _like(action, str(one).lower()) for one in _as_list(statement.get("NotAction", "*"))
        )
    return (
        fits
        and _of_resource(statement, resource, denies=denies)
        and all(
            _met(operator, key, [str(one) for one in _as_list(values)], wish.context)
            for operator, tests in (statement.get("Condition") or {}).items()
            for key, values in tests.items()
        )
    )


def _of_resource(statement: dict[str, Any], resource: str, *, denies: bool) -> bool:
    wanted = [str(one) for one in _as_list(statement.get("Resource", []))]
    spared = [str(one) for one in _as_list(statement.get("NotResource", []))]
    if not resource:
        return "*" in wanted if denies else bool(wanted or spared)
    if spared:
        return not any(_like(resource, one) for one in spared)
    return any(_like(resource, one) for one in wanted)


def _like(value: str, pattern: str) -> bool:
    # IAM knows * and ?, and no brackets.
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _met(operator: str, key: str, wanted: list[str], context: dict[str, str]) -> bool:
    actual = context.get(key.lower())
    if actual is None:
        return False
    if operator in {"StringEquals", "ArnEquals"}:
        return actual in wanted
    if operator in {"StringLike", "ArnLike"}:
        return any(_like(actual, one) for one in wanted)
    if operator == "StringNotEquals":
        return actual not in wanted
    return operator == "StringNotLike" and not any(_like(actual, one) for one in wanted)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _denied(
    caller: Principal, asked: Asked, action: str, resource: str, verdict: str, kind: str
) -> refusals.Refused:
    what = f"User: {caller.arn} is not authorized to perform: {action}"
    if resource:
        what += f" on resource: {resource}"
    if verdict == "Deny":
        what += f" with an explicit deny in {'an' if kind[0] == 'i' else 'a'} {kind} policy"
    else:
        what += f" because no {kind} policy allows the {action} action"
    return refusals.unauthorized(asked.service, what)
