"""Builds the demo estate, account by account, and collects its identifiers."""

from __future__ import annotations

from typing import Any

from drstate.sandbox.aws.explorer import explorer_backends
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.estate import Estate
from drstate.sandbox.status import SandboxAccount, SandboxCredentials

from . import names
from .app import build_app
from .data import build_data
from .dns import build_zone
from .identities import build_auditor, build_operator, build_role
from .initech import PATH as INITECH_PATH
from .initech import build_initech
from .initech import text as scope_file
from .misfits import build_misfits
from .names import CUSTOMERS, EVERYBODY, PRIMARY, RECOVERY, REGIONS, SCOPES

# Here discovery has to fall back to the tagging API.
NOT_INDEXED = {names.GLOBEX.app}


def _accounts() -> tuple[SandboxAccount, ...]:
    looking = {
        account: f"arn:aws:iam::{account}:role/{names.AUDITOR_ROLE}"
        for account in (names.HUB, names.DNS)
    }
    hub = SandboxAccount(
        id=names.HUB,
        name="drstate-hub",
        role_arn=looking[names.HUB],
        external_id=names.AUDITOR_EXTERNAL_ID,
        roles={looking[names.HUB]: names.AUDITOR_EXTERNAL_ID},
    )
    dns = SandboxAccount(
        id=names.DNS,
        name="shared-dns",
        role_arn=looking[names.DNS],
        external_id=names.AUDITOR_EXTERNAL_ID,
        roles={looking[names.DNS]: names.AUDITOR_EXTERNAL_ID}
        | {
            f"arn:aws:iam::{names.DNS}:role/{customer.dns_role}": customer.external_id
            for customer in EVERYBODY
        },
    )
    workload = []
    for customer in EVERYBODY:
        for kind, account in (("data", customer.data), ("app", customer.app)):
            role = f"arn:aws:iam::{account}:role/{names.TARGET_ROLE}"
            workload.append(
                SandboxAccount(
                    id=account,
                    name=f"{customer.name}-{kind}",
                    role_arn=role,
                    external_id=customer.external_id,
                    roles={role: customer.external_id},
                )
            )
    return (hub, dns, *workload)


def _build_roles(ids: SeededIds, zones: dict[str, dict[str, Any]]) -> None:
    for shared in (names.HUB, names.DNS):
        build_auditor(ids, shared)
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    for customer in EVERYBODY:
        for account in (customer.data, customer.app):
            build_role(ids, account, names.TARGET_ROLE, customer, everything)
        if customer.name not in zones:
            continue
        zone = f"arn:aws:route53:::hostedzone/{zones[customer.name]['zone_id']}"
        build_role(
            ids,
            names.DNS,
            customer.dns_role,
            customer,
            [
                {
                    "Effect": "Allow",
                    "Action": [
                        "route53:ChangeResourceRecordSets",
                        "route53:ListResourceRecordSets",
                        "route53:GetHostedZone",
                    ],
                    "Resource": zone,
                },
                {
                    "Effect": "Allow",
                    "Action": [
                        "cloudwatch:*",
                        "resource-explorer-2:*",
                        "route53:*HealthCheck*",
                        "route53-recovery-cluster:*",
                        "route53-recovery-control-config:*",
                        "route53:GetChange",
                        "route53:ListHostedZones*",
                        "route53:*TagsForResource*",
                        "route53:TestDNSAnswer",
                        "tag:GetResources",
                    ],
                    "Resource": "*",
                },
            ],
        )


def build(ids: SeededIds, options: str = "") -> Estate:
    """Build the demo into empty backends. It is always the same: there are no options."""
    if options:
        raise ValueError(f"the estate demo takes no options, and {options!r} was given")
    build_operator(ids)
    facts: dict[str, dict[str, Any]] = {}
    for scope in SCOPES:
        data = build_data(ids, scope)
        app = build_app(ids, scope, data[PRIMARY]["cluster"])
        facts[f"{scope.customer.name}/{scope.environment}"] = {
            "external_id": scope.customer.external_id,
            "data": data,
            "app": app,
        }
    zones = {}
    for customer in CUSTOMERS:
        balancers = {
            environment: {
                region: facts[f"{customer.name}/{environment}"]["app"][region]["load_balancer"][
                    "dns_name"
                ]
                for region in (PRIMARY, RECOVERY)
            }
            for environment in ("production", "staging")
        }
        zones[customer.name] = build_zone(ids, customer, balancers)
    for scope in SCOPES:
        dns: dict[str, Any] = {
            "account": names.DNS,
            "role_arn": f"arn:aws:iam::{names.DNS}:role/{scope.customer.dns_role}",
            **zones[scope.customer.name],
        }
        facts[f"{scope.customer.name}/{scope.environment}"]["dns"] = dns
    initech, file = build_initech(ids)
    facts[INITECH_PATH.removesuffix(".yaml")] = initech
    if "route53" in initech:
        zones[names.INITECH.name] = initech["route53"]
    _build_roles(ids, zones)
    build_misfits(ids, facts)
    for account in _accounts():
        if account.id not in NOT_INDEXED:
            for region in REGIONS:
                explorer_backends[account.id][region].set_up()
    return Estate(
        name="demo",
        accounts=_accounts(),
        regions=REGIONS,
        credentials=SandboxCredentials(
            access_key_id=names.OPERATOR_KEY, secret_access_key=names.OPERATOR_SECRET
        ),
        facts=facts,
        scopes={INITECH_PATH: scope_file(file)},
    )
