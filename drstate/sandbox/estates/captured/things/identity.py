"""Roles, instance profiles, keys, secrets and certificates, under their own ARNs."""

from __future__ import annotations

import json
from hashlib import sha256

from moto.iam.models import iam_backends
from moto.kms import models as kms
from moto.secretsmanager.models import secretsmanager_backends

from drstate.sandbox.access import PARTITION
from drstate.sandbox.estates.captured.forcing import forced
from drstate.sandbox.estates.captured.problems import cannot
from drstate.sandbox.estates.captured.roles import path_of, policy
from drstate.sandbox.estates.captured.site import Captured
from drstate.sandbox.estates.demo.names import upper

#: services whose resources have roles; a spec does not say which of them assumes one
_SERVICES = (
    "ec2", "ecs-tasks", "ecs", "lambda", "rds", "monitoring.rds", "s3", "events", "scheduler",
    "ssm", "backup", "states", "elasticfilesystem", "es", "opensearchservice", "eks",
    "application-autoscaling", "autoscaling", "firehose", "drs",
)  # fmt: skip


def role(site: Captured, account: str, _region: str, arn: str) -> None:
    """A role that every AWS service may assume."""
    backend = iam_backends[account][PARTITION]
    path, name = path_of(arn)
    if any(one.name == name for one in backend.get_roles()):
        return
    trusted = [f"{service}.amazonaws.com" for service in _SERVICES]
    backend.create_role(
        role_name=name,
        assume_role_policy_document=policy(
            {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
        ),
        path=path,
        permissions_boundary=None,
        description="rebuilt from a catalog",
        tags=upper(site.own_tags()),
        max_session_duration="3600",
    )


def instance_profile(site: Captured, account: str, region: str, identifier: str) -> None:
    """A profile, by its name or ARN, with a role of the same name."""
    path, name = path_of(identifier) if identifier.startswith("arn:") else ("/", identifier)
    backend = iam_backends[account][PARTITION]
    if name in backend.instance_profiles:
        return
    arn = f"arn:{PARTITION}:iam::{account}:role/{name}"
    role(site, account, region, arn)
    backend.create_instance_profile(name, path, [name], upper(site.own_tags()))


def kms_key(site: Captured, account: str, region: str, arn: str) -> None:
    """A symmetric key. ``arn`` may be its alias's: the key then is made up."""
    kind, _, identifier = arn.split(":", 5)[-1].partition("/")
    backend = kms.kms_backends[account][region]
    if kind not in ("key", "alias") or not identifier:
        raise cannot("a KMS key", arn, "it is the ARN of neither a key nor an alias")
    tags = [{"TagKey": name, "TagValue": value} for name, value in site.own_tags().items()]
    given = {
        "policy": None,
        "key_usage": "ENCRYPT_DECRYPT",
        "key_spec": "SYMMETRIC_DEFAULT",
        "description": "rebuilt from a catalog",
        "tags": tags,
    }
    if kind == "alias":
        made = backend.create_key(**given)
        backend.create_alias(made.id, f"alias/{identifier}")
        return
    with forced(kms, "generate_key_id", identifier):
        backend.create_key(**given, multi_region=identifier.startswith("mrk-"))


def secret(site: Captured, account: str, region: str, arn: str) -> None:
    """A secret whose content is made up: a user and a password that work nowhere."""
    said = arn.split(":", 6)
    if len(said) != 7 or not said[6]:
        raise cannot("a secret", arn, "only a secret's own ARN says which one it is")
    # AWS adds six characters to the name; an ARN without them is a secret's all the same
    name, dash, suffix = said[6].rpartition("-")
    name = name if dash and len(suffix) == 6 else said[6]
    backend = secretsmanager_backends[account][region]
    password = sha256(f"{arn} sandbox only".encode()).hexdigest()[:20]
    made = json.loads(
        backend.create_secret(
            name=name,
            secret_string=json.dumps({"username": "sandbox", "password": password}),
            secret_binary=None,
            description="rebuilt from a catalog",
            tags=upper(site.own_tags()),
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
    )
    found = backend.secrets[made["ARN"]]
    found.arn = arn


def certificate(site: Captured, account: str, region: str, arn: str) -> None:
    """An issued certificate for a name that is nobody's."""
    from moto.acm import models as acm  # noqa: PLC0415 - few scopes have one

    with forced(acm, "make_arn_for_certificate", arn):
        acm.acm_backends[account][region].request_certificate(
            domain_name=f"{site.scope.customer.lower()}.example",
            idempotency_token=None,
            subject_alt_names=[],
            tags=upper(site.own_tags()),
        )
    acm.acm_backends[account][region]._certificates[arn].status = "ISSUED"  # noqa: SLF001
