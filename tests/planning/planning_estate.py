"""A small estate for planning tests: entries, catalogs, a scope, and a scripted work source."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from drstate.model.catalog import GLOBAL, Catalog, CatalogEntry, Ownership
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import ActionSpec, Call, When
from drstate.model.problem import Problem
from drstate.model.resource import Resource, resource_key
from drstate.model.scope import Scope, ScopeKey
from drstate.model.shard import ShardInput
from drstate.model.tags import DrTags, Priority
from drstate.planning.work import PlannedWork, WorkRequest

EAST, WEST = "us-east-1", "us-west-2"
DATA, APP, DNS = "211111111101", "211111111102", "100000000002"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

SCOPE = Scope.model_validate(
    {
        "schema": "drstate.scope/1",
        "customer": "acme",
        "environment": "production",
        "regions": {"primary": EAST, "recovery": WEST},
        "accounts": [
            {
                "id": account,
                "name": f"acme-{account[-2:]}",
                "role_arn": f"arn:aws:iam::{account}:role/drstate-target",
                "external_id": "outside",
            }
            for account in (DATA, APP, DNS)
        ],
        "site_map": {WEST: {"subnets": {"subnet-a": "subnet-b"}}},
    }
)
KEY = ScopeKey(customer="acme", environment="production")


def entry(
    name: str,
    *,
    technology: str = "aurora",
    account: str = DATA,
    wave: int = 1,
    group: str | None = None,
    priority: Priority = Priority.LOW,
    needs: tuple[str, ...] = (),
    rto: int | None = None,
    declared: tuple[str, ...] = (WEST,),
    spec: dict[str, Any] | None = None,
    missing_since: datetime | None = None,
) -> CatalogEntry:
    sites = {EAST: Ownership.FOREIGN, WEST: Ownership.FOREIGN}
    return CatalogEntry(
        resource=Resource(
            key=resource_key(technology, account, name),
            technology=technology,
            name=name,
            account=account,
            region=EAST,
            arn=f"arn:aws:{technology}:{EAST}:{account}:{name}",
            tags=DrTags(
                customer="acme",
                environment="production",
                wave=wave,
                priority=priority,
                rto_minutes=rto,
                dependencies=needs,
            ),
        ),
        ownership={**sites, **dict.fromkeys(declared, Ownership.DECLARED)},
        group=group or f"w{wave}",
        spec=spec or {"region": EAST, "endpoints": {}},
        spec_version=1,
        last_seen=NOW,
        missing_since=missing_since,
    )


def catalog(
    *entries: CatalogEntry,
    east: SiteState = SiteState.ACTIVE,
    west: SiteState = SiteState.WARM,
    serving: str = EAST,
    recovery: str = WEST,
) -> Catalog:
    return Catalog(
        scope=KEY,
        version=3,
        serving=serving,
        recovery=recovery,
        sites={EAST: east, WEST: west},
        entries=tuple(entries),
    )


def action(entry: CatalogEntry, name: str, region: str, seconds: int = 10) -> ActionSpec:
    return ActionSpec(
        id=f"{entry.key}#{name}",
        resource=entry.key,
        technology=entry.resource.technology,
        title=f"{name} {entry.resource.name}",
        when=When.BEFORE,
        calls=(Call(service="rds", operation="switchover_global_cluster", region=region),),
        estimate_seconds=seconds,
        deadline_seconds=600,
    )


@dataclass
class ScriptedWork:
    """Every resource promotes in ACTIVATE, scales elsewhere if foreign, unless told otherwise."""

    seconds: int = 10
    declare_seconds: int = 30
    idle: dict[tuple[str, Phase], str] = field(default_factory=dict)
    lacking: tuple[Problem, ...] = ()
    asked: list[WorkRequest] = field(default_factory=list)

    def work(self, request: WorkRequest) -> PlannedWork:
        self.asked.append(request)
        known = request.entry
        reason = self.idle.get((known.resource.technology, request.phase))
        if reason is not None:
            return PlannedWork(no_op=reason)
        foreign = known.owner(request.region) is Ownership.FOREIGN
        if request.phase is Phase.ACTIVATE or foreign:
            made = action(known, str(request.phase), request.region, self.seconds)
            return PlannedWork(actions=(made,), declare_seconds=self.declare_seconds)
        return PlannedWork(declare_seconds=self.declare_seconds)

    def declares(self, entry: CatalogEntry, site: str) -> bool:
        return entry.owner(site) is Ownership.DECLARED

    def problems(self, shard: ShardInput) -> tuple[Problem, ...]:
        keys = {one.key for one in shard.resources}
        return tuple(one for one in self.lacking if one.resource in keys)


def demo() -> Catalog:
    """A cluster with a global part, two services, a DNS record: three waves, three accounts."""
    return catalog(
        entry("orders", rto=15, declared=(WEST, GLOBAL), priority=Priority.CRITICAL),
        entry("shop/web", technology="ecs", account=APP, wave=2, needs=("orders",)),
        entry("shop/worker", technology="ecs", account=APP, wave=2),
        entry("app./CNAME", technology="route53", account=DNS, wave=3, declared=()),
    )


def many(count: int) -> Catalog:
    """A catalog of ``count`` resources in three accounts, each wave depending on the one before."""
    accounts = (DATA, APP, DNS)
    return catalog(
        *(
            entry(
                f"r{index}",
                account=accounts[index % 3],
                wave=1 + index // 2000,
                needs=(f"r{index - 2000}",) if index >= 2000 else (),
                spec={"region": EAST, "endpoints": {"writer": f"r{index}.example"}},
            )
            for index in range(count)
        )
    )
