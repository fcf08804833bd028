"""Who may do what in the demo: the operator in the hub, one role per target account."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.models import iam_backends

from drstate.sandbox.access import PARTITION
from drstate.sandbox.aws.ids import SeededIds

from . import names
from .names import Customer


def _policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trust_policy(external_id: str) -> str:
    """Trust in the hub account, for callers that know the external id."""
    return _policy(
        [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{names.HUB}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ]
    )


def build_operator(ids: SeededIds) -> None:
    """The operator's user and key in the hub account."""
    ids.named(names.HUB, "iam", names.OPERATOR)
    backend = iam_backends[names.HUB][PARTITION]
    backend.create_user(names.PRIMARY, names.OPERATOR)
    key = backend.create_access_key(names.OPERATOR)
    del backend.access_keys[key.access_key_id]
    key.access_key_id = names.OPERATOR_KEY
    key.secret_access_key = names.OPERATOR_SECRET
    backend.access_keys[names.OPERATOR_KEY] = key
    backend.put_user_policy(
        names.OPERATOR,
        "assume-target-roles",
        _policy(
            [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Resource": [
                        f"arn:aws:iam::*:role/{names.TARGET_ROLE}",
                        f"arn:aws:iam::{names.DNS}:role/drstate-dns-*",
                        f"arn:aws:iam::*:role/{names.AUDITOR_ROLE}",
                    ],
                }
            ]
        ),
    )


def build_role(
    ids: SeededIds, account: str, name: str, customer: Customer, statements: list[dict[str, Any]]
) -> str:
    """A role that the hub may assume with the customer's external id. Returns its ARN."""
    ids.named(account, "iam", name)
    backend = iam_backends[account][PARTITION]
    role = backend.create_role(
        role_name=name,
        assume_role_policy_document=trust_policy(customer.external_id),
        path="/",
        permissions_boundary=None,
        description=f"Assumed by drstate for {customer.name}",
        tags=names.upper({"Customer": customer.name}),
        max_session_duration="3600",
    )
    backend.put_role_policy(name, "drstate", _policy(statements))
    return str(role.arn)


def build_auditor(ids: SeededIds, account: str) -> str:
    """The role for looking at an account that belongs to no single customer. Returns its ARN."""
    ids.named(account, "iam", names.AUDITOR_ROLE)
    backend = iam_backends[account][PARTITION]
    role = backend.create_role(
        role_name=names.AUDITOR_ROLE,
        assume_role_policy_document=trust_policy(names.AUDITOR_EXTERNAL_ID),
        path="/",
        permissions_boundary=None,
        description="Reads everything, changes nothing",
        tags=[],
        max_session_duration="3600",
    )
    reading = {"Effect": "Allow", "Action": ["*:Describe*", "*:Get*", "*:List*"], "Resource": "*"}
    backend.put_role_policy(names.AUDITOR_ROLE, "read", _policy([reading]))
    return str(role.arn)


def build_task_role(ids: SeededIds, account: str, name: str) -> str:
    """A role for ECS tasks. Returns its ARN."""
    ids.named(account, "iam", name)
    role = iam_backends[account][PARTITION].create_role(
        role_name=name,
        assume_role_policy_document=_policy(
            [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ]
        ),
        path="/",
        permissions_boundary=None,
        description="ECS tasks",
        tags=[],
        max_session_duration="3600",
    )
    return str(role.arn)
