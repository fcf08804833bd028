"""The trust policy by which jobs of one GitHub Environment, and nobody else, may take on a role.

Audience and subject are compared exactly: no wildcard, no other repository, no branch or pull
request beside the Environment, whose protection rules GitHub enforces before it gives the token.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from drstate.errors import ConfigError

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
#: OWNER/NAME, or with the ids that never change: OWNER@1/NAME@2
_REPOSITORY = re.compile(
    r"(?P<owner>[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))(?P<owner_id>@\d+)?"
    r"/(?P<name>[A-Za-z0-9._-]{1,100})(?P<id>@\d+)?"
)
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,254}")
_ACCOUNT = re.compile(r"\d{12}")
_ISSUER = re.compile(r"https://([A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/-]+)?)")


def github_trust(
    repository: str, environments: Sequence[str], account: str, *, issuer: str = ISSUER
) -> dict[str, Any]:
    """The document. ``account``: where role and provider are. Raises ConfigError."""
    found = _REPOSITORY.fullmatch(repository)
    if found is None or bool(found["owner_id"]) != bool(found["id"]):
        raise _wrong(
            "--github",
            repository,
            "it is OWNER/NAME, or OWNER@ID/NAME@ID; no wildcard: every repository it names "
            "could take on the role",
            "--github acme/infrastructure, or --github acme@1234/infrastructure@5678",
        )
    if not environments:
        raise _wrong(
            "--environment",
            "",
            "without one, every branch and every pull request of the repository would be trusted",
            "--environment recovery",
        )
    for name in environments:
        if not _ENVIRONMENT.fullmatch(name):
            raise _wrong(
                "--environment",
                name,
                "letters, digits, spaces, dots, dashes and underscores; no wildcard",
                "--environment recovery",
            )
    if not _ACCOUNT.fullmatch(account):
        raise _wrong("--account", account, "it has twelve digits", "--account 100000000001")
    host = _ISSUER.fullmatch(issuer.rstrip("/"))
    if host is None:
        raise _wrong(
            "--issuer",
            issuer,
            "it is the https:// address that signs the tokens",
            f"{ISSUER}; of an Enterprise server https://HOST/_services/token",
        )
    subjects = [f"repo:{repository}:environment:{name}" for name in environments]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "GitHubEnvironment",
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{host[1]}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{host[1]}:aud": AUDIENCE,
                        f"{host[1]}:sub": subjects[0] if len(subjects) == 1 else subjects,
                    }
                },
            }
        ],
    }


def has_ids(repository: str) -> bool:
    """Whether the repository is named with the ids that never change."""
    return "@" in repository


def _wrong(option: str, value: str, why: str, example: str) -> ConfigError:
    what = f"{option} {value!r} cannot be trusted" if value else f"{option} is missing"
    return ConfigError(what, why=why, hint=f"for example: {example}")
