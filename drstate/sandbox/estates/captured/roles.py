"""Who may do what in a captured scope: an operator in a hub of the sandbox's own, and its roles.

The roles have the names that the scope file gives them. The external ids are those of the file,
which an export has replaced: the sandbox never knows the real ones.
"""

from __future__ import annotations

import json
from typing import Any

from moto.iam.models import iam_backends

from drstate.sandbox.access import PARTITION
from drstate.sandbox.status import SandboxAccount, SandboxCredentials

from .site import Captured

HUB = "100000000001"
USER = "drstate-operator"
KEY, SECRET = "AKIADRSTATESANDBOX00", "sandbox-only-not-a-secret"


def build(site: Captured) -> tuple[tuple[SandboxAccount, ...], SandboxCredentials]:
    """Make operator and roles. Returns the accounts, the hub first, and the operator's key."""
    hub = _free(site)
    _operator(site, hub)
    made = [SandboxAccount(id=hub, name="drstate-hub")]
    for account in site.scope.accounts:
        _role(site, hub, account.role_arn, account.external_id)
        made.append(
            SandboxAccount(
                id=account.id,
                name=account.name,
                role_arn=account.role_arn,
                external_id=account.external_id,
                roles={account.role_arn: account.external_id},
            )
        )
    return tuple(made), SandboxCredentials(access_key_id=KEY, secret_access_key=SECRET)


def _free(site: Captured) -> str:
    taken = {account.id for account in site.scope.accounts}
    return next(one for one in (str(int(HUB) + number) for number in range(99)) if one not in taken)


def policy(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _operator(site: Captured, hub: str) -> None:
    site.ids.named(hub, "iam", USER)
    backend = iam_backends[hub][PARTITION]
    backend.create_user(site.serving, USER)
    key = backend.create_access_key(USER)
    del backend.access_keys[key.access_key_id]
    key.access_key_id, key.secret_access_key = KEY, SECRET
    backend.access_keys[KEY] = key
    wanted = [account.role_arn for account in site.scope.accounts]
    backend.put_user_policy(
        USER,
        "assume-target-roles",
        policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": wanted}),
    )


def _role(site: Captured, hub: str, arn: str, external_id: str) -> None:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{hub}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    account = arn.split(":", 5)[4]
    path, name = path_of(arn)
    site.first("roles", account, site.serving, arn)  # nobody else makes it
    iam_backends[account][PARTITION].create_role(
        role_name=name,
        assume_role_policy_document=policy(trust),
        path=path,
        permissions_boundary=None,
        description="assumed by drstate",
        tags=[],
        max_session_duration="3600",
    )
    iam_backends[account][PARTITION].put_role_policy(
        name, "drstate", policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    )


def path_of(arn: str) -> tuple[str, str]:
    """Path and name of a role or an instance profile."""
    where, _, name = arn.split(":", 5)[5].rpartition("/")
    path = where.partition("/")[2]
    return (f"/{path}/" if path else "/"), name
