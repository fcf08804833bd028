"""Builds a generated estate, place by place, and writes its scope files."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from moto.route53.models import route53_backends

from drstate.sandbox.access import PARTITION
from drstate.sandbox.aws import own_service
from drstate.sandbox.aws.explorer import explorer_backends
from drstate.sandbox.aws.ids import SeededIds
from drstate.sandbox.estates.demo import names
from drstate.sandbox.estates.demo.app import register
from drstate.sandbox.estates.demo.identities import build_auditor, build_operator, build_role
from drstate.sandbox.estates.demo.names import PRIMARY, REGIONS
from drstate.sandbox.estates.estate import Estate
from drstate.sandbox.status import SandboxAccount, SandboxCredentials

from . import layout, scopes
from .kinds import MIX, Kind, Order
from .landing import PARTS, build_landing
from .layout import Owner, Place
from .options import Options, parse
from .tagging import tags_of

#: of so many resources of the waves after the first one names what it depends on
_DEPENDS_EVERY = 3
_EVERYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
_SERVICES = ("ec2", "rds", "ecs", "lambda", "sqs", "dynamodb")


def build(ids: SeededIds, options: str = "") -> Estate:
    """Build it into empty backends. Raises ValueError naming an option that is wrong."""
    asked = parse(options)
    for service in _SERVICES:
        own_service(service)  # its corrections have to be there before its backends
    build_operator(ids)
    build_auditor(ids, names.HUB)
    facts: dict[str, dict[str, Any]] = {}
    for place in layout.places(asked):
        scope = facts.setdefault(
            place.scope,
            {"external_id": place.owner.external_id, "accounts": {}, "wrong": {}},
        )
        landing = build_landing(ids, place)
        _populate(ids, asked, place, landing[PRIMARY], scope["wrong"])
        scope["accounts"][place.account] = landing
    build_auditor(ids, names.DNS)
    everybody = layout.owners(asked)
    for owner in everybody:
        zone = _zone(ids, owner, asked)
        for environment in asked.environments:
            facts[f"{owner.name}/{environment}"]["dns"] = zone
        _roles(ids, owner, zone["zone_id"])
    accounts = [account for owner in everybody for account in owner.accounts]
    searched = [one for position, one in enumerate(accounts) if layout.indexed(position)]
    for account in (names.HUB, names.DNS, *searched):
        for region in REGIONS:
            explorer_backends[account][region].set_up()
    return Estate(
        name=str(asked),
        accounts=tuple(_accounts(everybody)),
        regions=REGIONS,
        credentials=SandboxCredentials(
            access_key_id=names.OPERATOR_KEY, secret_access_key=names.OPERATOR_SECRET
        ),
        facts=facts,
        scopes=scopes.files(everybody, asked, facts),
    )


def _populate(
    ids: SeededIds, asked: Options, place: Place, east: dict[str, Any], wrong: dict[str, str]
) -> None:
    """The place's tagged resources. What is wrong with whom goes into `wrong`, by name."""
    scope = place.demo_scope()
    database = {"endpoint": "db.internal.example", "reader_endpoint": "ro.internal.example"}
    east["task_definitions"] = {part: register(ids, scope, part, east, database) for part in PARTS}
    random = Random(f"{asked.seed}|{place.scope}|{place.account}")  # noqa: S311 - no secrets
    serving: list[str] = []
    for kind, number in _drawn(place.resources):
        name = f"{place.owner.name}-{place.environment}-{place.number}-{kind.name}-{number}"
        dependency = None
        if serving and not kind.serves and random.randrange(_DEPENDS_EVERY) == 0:
            dependency = random.choice(serving)
        tags, mistake = tags_of(place, random, kind.wave, dependency)
        kind.build(Order(ids, place, name, number, tags, east))
        if mistake is not None:
            wrong[name] = mistake
        elif kind.serves:
            serving.append(name)


def _drawn(count: int) -> Iterator[tuple[Kind, int]]:
    """So many kinds, in the mix's proportion, first waves first; with a number of each kind."""
    total = sum(kind.percent for kind in MIX)
    done = shared = 0
    for kind in MIX:
        shared += kind.percent
        until = count * shared // total
        yield from ((kind, number + 1) for number in range(until - done))
        done = until


def _zone(ids: SeededIds, owner: Owner, asked: Options) -> dict[str, Any]:
    backend = route53_backends[names.DNS][PARTITION]
    ids.named(names.DNS, "zone", owner.zone)
    zone = backend.create_hosted_zone(
        name=owner.zone,
        private_zone=False,
        caller_reference=f"{owner.name}-zone",
        comment=f"{owner.name} public zone",
    )
    tags = names.upper({"Customer": owner.name, "Owner": names.OWNER})
    backend.change_tags_for_resource("hostedzone", zone.resource_id, tags, [])
    for environment in asked.environments:
        for name, values in scopes.records(owner, environment):
            zone.add_rrset(
                {
                    "Name": name,
                    "Type": "CNAME",
                    "TTL": scopes.TTL,
                    "ResourceRecords": [values[PRIMARY]],
                }
            )
    return {"account": names.DNS, "zone_id": zone.resource_id, "zone_name": owner.zone}


def _roles(ids: SeededIds, owner: Owner, zone_id: str) -> None:
    for account in owner.accounts:
        customer = names.Customer(owner.name, account, account, owner.external_id)
        build_role(ids, account, names.TARGET_ROLE, customer, _EVERYTHING)
    customer = names.Customer(owner.name, names.DNS, names.DNS, owner.external_id)
    writing = {
        "Effect": "Allow",
        "Action": [
            "route53:ChangeResourceRecordSets",
            "route53:GetHostedZone",
            "route53:ListResourceRecordSets",
        ],
        "Resource": f"arn:aws:route53:::hostedzone/{zone_id}",
    }
    looking = {
        "Effect": "Allow",
        "Action": ["route53:GetChange", "route53:ListHostedZones*", "route53:TestDNSAnswer"],
        "Resource": "*",
    }
    build_role(ids, names.DNS, owner.dns_role, customer, [writing, looking])


def _accounts(everybody: tuple[Owner, ...]) -> Iterator[SandboxAccount]:
    for shared, name in ((names.HUB, "drstate-hub"), (names.DNS, "shared-dns")):
        auditor = f"arn:aws:iam::{shared}:role/{names.AUDITOR_ROLE}"
        roles = {auditor: names.AUDITOR_EXTERNAL_ID}
        if shared == names.DNS:
            roles |= {
                f"arn:aws:iam::{shared}:role/{owner.dns_role}": owner.external_id
                for owner in everybody
            }
        yield SandboxAccount(
            id=shared,
            name=name,
            role_arn=auditor,
            external_id=names.AUDITOR_EXTERNAL_ID,
            roles=roles,
        )
    for owner in everybody:
        for number, account in enumerate(owner.accounts, 1):
            role = f"arn:aws:iam::{account}:role/{names.TARGET_ROLE}"
            yield SandboxAccount(
                id=account,
                name=f"{owner.name}-{number}",
                role_arn=role,
                external_id=owner.external_id,
                roles={role: owner.external_id},
            )
