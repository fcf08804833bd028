"""STS: a role is assumed only if it exists and its trust policy lets this caller in.

moto lets anybody assume anything. Trust policies are evaluated for what cross-account
roles use: principals (account, root, user, role, session, `*`), and StringEquals /
StringLike / their negations on sts:ExternalId and aws:PrincipalArn. A condition that is
not understood is not met. The answer to a refused caller never says what was wrong.
"""

from __future__ import annotations

import json
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import Role, iam_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.sts.responses import TokenResponse

from drstate.sandbox import refusals
from drstate.sandbox.access import PARTITION, Principal

from . import runtime
from .extend import extend
from .modelled import checked

_SHORTEST = 900
_CHAINED_LONGEST = 3600


class _StsError(ServiceException):  # type: ignore[misc]
    pass


def _role(arn: str) -> Role | None:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or parts[4] not in iam_backends:
        return None
    roles = iam_backends[parts[4]][PARTITION].roles.values()
    return next((role for role in roles if role.arn == arn), None)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _names(principal: Principal) -> set[str]:
    """Everything a trust policy may call this caller."""
    names = {
        "*",
        principal.account,
        f"arn:aws:iam::{principal.account}:root",
        principal.arn,
    }
    if principal.role_arn:
        names.add(principal.role_arn)
    return names


def _condition_met(operator: str, key: str, wanted: list[Any], context: dict[str, str]) -> bool:
    actual = context.get(key.lower())
    optional = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    if actual is None:
        return optional or operator in {"StringNotEquals", "StringNotLike"}
    values = [str(value) for value in wanted]
    if operator in {"StringEquals", "ArnEquals"}:
        return actual in values
    if operator == "StringNotEquals":
        return actual not in values
    if operator in {"StringLike", "ArnLike"}:
        return any(fnmatchcase(actual, value) for value in values)
    if operator == "StringNotLike":
        return not any(fnmatchcase(actual, value) for value in values)
    return False


def _statement_applies(
    statement: dict[str, Any], principal: Principal, context: dict[str, str]
) -> bool:
    actions = _as_list(statement.get("Action", []))
    if not any(fnmatchcase("sts:assumerole", str(action).lower()) for action in actions):
        return False
    named = statement.get("Principal", {})
    trusted = ["*"] if named == "*" else _as_list(named.get("AWS", []))
    if not _names(principal).intersection(trusted):
        return False
    return _conditions_met(statement, context)


def _conditions_met(statement: dict[str, Any], context: dict[str, str]) -> bool:
    return all(
        _condition_met(operator, key, _as_list(wanted), context)
        for operator, tests in statement.get("Condition", {}).items()
        for key, wanted in tests.items()
    )


def trusts(role: Role, principal: Principal, external_id: str | None) -> bool:
    """Whether the role's trust policy lets this caller in with this external id."""
    policy = json.loads(role.assume_role_policy_document)
    context = {"aws:principalarn": principal.role_arn or principal.arn}
    if external_id is not None:
        context["sts:externalid"] = external_id
    allowed = False
    for statement in _as_list(policy.get("Statement", [])):
        if not _statement_applies(statement, principal, context):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = True
    return allowed


def trusts_service(role: Role, service: str, account: str, source: str) -> bool:
    """Whether the role's trust policy lets an AWS service in, on behalf of what has this ARN."""
    context = {"aws:sourceaccount": account, "aws:sourcearn": source}
    policy = json.loads(role.assume_role_policy_document)
    for statement in _as_list(policy.get("Statement", [])):
        named = statement.get("Principal", {})
        services = _as_list(named.get("Service", [])) if isinstance(named, dict) else []
        actions = [str(action).lower() for action in _as_list(statement.get("Action", []))]
        if (
            statement.get("Effect") == "Allow"
            and service in services
            and _conditions_met(statement, context)
            and any(fnmatchcase("sts:assumerole", action) for action in actions)
        ):
            return True
    return False


def _validated_duration(role: Role, principal: Principal, seconds: int) -> int:
    longest = int(role.max_session_duration or 3600)
    if seconds < _SHORTEST:
        raise _StsError(
            "ValidationError",
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to "
            f"satisfy constraint: Member must have value greater than or equal to {_SHORTEST}",
        )
    if principal.session and seconds > _CHAINED_LONGEST:
        raise _StsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles "
            "assumed by role chaining",
        )
    if seconds > longest:
        raise _StsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return seconds


class _Token:
    def assume_role(self: Any) -> ActionResult:
        """Issue a session, or refuse as AWS does."""
        principal = runtime.caller()
        arn: str = self._get_param("RoleArn")
        name: str = self._get_param("RoleSessionName")
        external_id: str | None = self._get_param("ExternalId")
        role = _role(arn)
        if role is None or not trusts(role, principal, external_id):
            raise refusals.denied(
                f"User: {principal.arn} is not authorized to perform: sts:AssumeRole "
                f"on resource: {arn}"
            )
        seconds = _validated_duration(role, principal, self._get_int_param("DurationSeconds", 3600))
        return ActionResult(issue(role, name, seconds, self._get_param("Policy"), external_id))

    def get_caller_identity(self: Any) -> ActionResult:
        """Who signed this request."""
        principal = runtime.caller()
        return ActionResult(
            {
                "UserId": principal.user_id,
                "Account": principal.account,
                "Arn": principal.arn,
            }
        )


def issue(
    role: Role, name: str, seconds: int, policy: str = "", external_id: str | None = None
) -> dict[str, Any]:
    """A session of a role whose trust has been looked at; as AssumeRole answers."""
    account = role.arn.split(":")[4]
    key = iam_backends[account][PARTITION].create_temp_access_key()
    assumed = AssumedRole(
        account_id=account,
        region_name="us-east-1",
        access_key=key,
        role_session_name=name,
        role_arn=role.arn,
        policy=policy,
        duration=seconds,
        external_id=external_id or "",
    )
    state = runtime.get()
    assumed.expiration = state.now().replace(microsecond=0) + timedelta(seconds=seconds)
    key.role_arn = role.arn
    sts_backends[account][PARTITION].assumed_roles.append(assumed)
    state.access.issue(
        Principal(
            account=account,
            arn=assumed.arn,
            user_id=assumed.user_id,
            access_key=key.access_key_id,
            secret=key.secret_access_key,
            role_arn=role.arn,
            session=name,
            token=assumed.session_token,
            expires=assumed.expiration,
        )
    )
    return {
        "Credentials": assumed,
        "AssumedRoleUser": {"AssumedRoleId": assumed.user_id, "Arn": assumed.arn},
        "PackedPolicySize": 6,
    }


def install() -> None:
    """Correct moto's STS."""
    checked(TokenResponse)
    extend(TokenResponse, _Token, replaces=frozenset({"assume_role", "get_caller_identity"}))
