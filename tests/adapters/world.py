"""A rehearsal of phases for adapters and programs: real sandbox, real engine, no runner.

``World`` does for one resource (or several) what an execution does for a shard: actions before, the
stack, actions after, health. Time is the sandbox's own: a wait pushes it forward.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drstate.adapters.actions import Action, RunContext
from drstate.adapters.base import Adapter
from drstate.adapters.findings import Health
from drstate.adapters.registry import adapter_for
from drstate.adapters.site import SiteContext
from drstate.aws.caller import AwsCaller, open_caller
from drstate.aws.records import CallRecord
from drstate.execution.rebinding import Lookup, rebind
from drstate.model.catalog import GLOBAL, Catalog, CatalogEntry, Ownership
from drstate.model.names import stack_name, wave_group
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import ActionSpec, When
from drstate.model.resource import Resource, resource_key
from drstate.model.scope import Scope
from drstate.model.shard import Binding, ShardId, ShardInput
from drstate.model.stackops import StackOutcome
from drstate.model.tags import DrTags
from drstate.sandbox import process

EAST, WEST = "us-east-1", "us-west-2"
DNS = "100000000002"


class SandboxClock:
    """Waiting pushes the sandbox's time forward instead of passing our own.

    ``settle``: what AWS is at then ends; else it takes its nominal times.
    """

    def __init__(self, home: Path, *, settle: bool = True) -> None:
        self._home = home
        self._settle = settle
        self._start = datetime.now(UTC)
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        self._elapsed += seconds
        process.advance(self._home, seconds, settle=self._settle)


def scope_of(facts: dict[str, Any], name: str, **changes: Any) -> Scope:
    """The scope file of an estate's scope, as its owner would have written it."""
    customer, environment = name.split("/")
    found = facts[name]
    data, app, dns = found["data"], found["app"], found["dns"]
    e, w = EAST, WEST
    site_map: dict[str, dict[str, str]] = {
        "subnets": dict(zip(app[e]["subnet_ids"], app[w]["subnet_ids"], strict=True)),
        "security_groups": {
            part[e]["security_group_id"]: part[w]["security_group_id"] for part in (data, app)
        },
        "db_subnet_groups": {data[e]["db_subnet_group"]: data[w]["db_subnet_group"]},
        "cluster_parameter_groups": {
            data[e]["db_cluster_parameter_group"]: data[w]["db_cluster_parameter_group"]
        },
        "kms_keys": {data[e]["kms_key_arn"]: data[w]["kms_key_arn"]},
        "images": {
            app[e]["repositories"][kind]: app[w]["repositories"][kind]
            for kind in app[e]["repositories"]
        },
        "secrets": {app[e]["secret_arn"]: app[w]["secret_arn"]},
        "target_groups": {
            app[e]["load_balancer"]["target_group_arn"]: app[w]["load_balancer"]["target_group_arn"]
        },
        "ecs_clusters": {app[e]["ecs_cluster"]: app[w]["ecs_cluster"]},
    }
    prefix = "app" if environment == "production" else f"app.{environment}"
    values = {region: [app[region]["load_balancer"]["dns_name"]] for region in (e, w)}
    records = [(f"{prefix}.{dns['zone_name']}", "record")]
    if environment == "production":
        records.append((f"api.{dns['zone_name']}", "flag"))
    external = found["external_id"]
    return Scope.model_validate(
        {
            "schema": "drstate.scope/1",
            "customer": customer,
            "environment": environment,
            "regions": {"primary": e, "recovery": w},
            "accounts": [
                {
                    "id": part[e]["account"],
                    "name": f"{customer}-{label}",
                    "role_arn": f"arn:aws:iam::{part[e]['account']}:role/drstate-target",
                    "external_id": external,
                }
                for label, part in (("data", data), ("app", app))
            ]
            + [
                {
                    "id": dns["account"],
                    "name": "shared-dns",
                    "role_arn": dns["role_arn"],
                    "external_id": external,
                    "discover": False,
                }
            ],
            "site_map": {w: site_map},
            "dns": [
                {
                    "zone": dns["zone_name"],
                    "account": dns["account"],
                    "name": record,
                    "type": "CNAME",
                    "way": way,
                    "wave": 3,
                    "values": values,
                }
                for record, way in records
            ],
            **changes,
        }
    )


def resource_of(scope: Scope, technology: str, name: str, arn: str, wave: int) -> Resource:
    """A resource as discovery would have found it."""
    parts = arn.split(":")
    account = parts[4] if len(parts) > 5 else DNS
    tags = DrTags(customer=scope.customer, environment=scope.environment, wave=wave)
    raw = {
        "Customer": scope.customer,
        "Environment": str(scope.environment),
        "dr:enabled": "true",
        "dr:wave": str(wave),
        "Owner": "payments",
    }
    return Resource(
        key=resource_key(technology, account, name),
        technology=technology,
        name=name,
        account=account,
        region=EAST,
        arn=arn,
        tags=tags,
        raw_tags={} if technology == "route53" else raw,
    )


def estate_resources(facts: dict[str, Any], scope: Scope) -> list[Resource]:
    """Every protected resource of the scope in the demo estate."""
    found = facts[f"{scope.customer}/{scope.environment}"]
    cluster = found["data"][EAST]["cluster"]
    app = found["app"][EAST]
    return [
        resource_of(scope, "aurora", cluster["identifier"], cluster["arn"], 1),
        *(
            resource_of(scope, "ecs", f"{app['ecs_cluster']}/{name}", arn, 2)
            for name, arn in sorted(app["services"].items())
        ),
        *(
            resource_of(
                scope,
                "route53",
                f"{record.name}/{record.type}",
                f"{record.zone} {record.name} {record.type}",
                3,
            )
            for record in scope.dns
        ),
    ]


@dataclass
class Ran:
    """What one phase did for one resource."""

    key: str
    actions: list[str] = field(default_factory=list)
    specs: list[ActionSpec] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[CallRecord] = field(default_factory=list)
    no_op: str | None = None
    health: Health | None = None
    health_calls: list[CallRecord] = field(default_factory=list)


class World:
    """One scope of a running sandbox."""

    def __init__(self, home: Path, scope: Scope, stacks: Any = None) -> None:
        self.home = home
        self.scope = scope
        self.clock = SandboxClock(home)
        self.calls: list[CallRecord] = []
        self.aws: AwsCaller = open_caller(
            scope.accounts,
            session_name="test",
            clock=self.clock,
            on_call=self.calls.append,
        )
        self.stacks = stacks
        self.catalog = Catalog(
            scope=scope.key,
            serving=EAST,
            recovery=WEST,
            sites={EAST: SiteState.ACTIVE, WEST: SiteState.ABSENT},
        )
        self.outcomes: dict[str, StackOutcome] = {}
        #: ids in the stacks' states that were brought up to date
        self.rebound: list[Mapping[str, tuple[str, str]]] = []

    def protect(self, resources: Iterable[Resource]) -> None:
        """Capture, and enter the catalog."""
        for resource in resources:
            adapter = adapter_for(resource.technology)
            spec = adapter.capture(resource, self.aws)
            entry = CatalogEntry(
                resource=resource,
                ownership=adapter.initial_ownership(resource, spec, self.scope),
                group=wave_group(resource.tags.wave),
                spec=spec.model_dump(mode="json"),
                spec_version=1,
                last_seen=self.clock.now(),
            )
            self.catalog = self.catalog.with_entry(entry)

    def entry(self, technology: str, name: str = "") -> CatalogEntry:
        """The first entry of the technology whose key ends with ``name``."""
        return next(
            entry
            for entry in self.catalog.entries
            if entry.resource.technology == technology and entry.key.endswith(name)
        )

    def site(
        self, entry: CatalogEntry, phase: Phase, *, force: bool = False, emergency: bool = False
    ) -> SiteContext:
        """The context of a phase as execution builds it."""
        region = self.catalog.target(phase)
        return SiteContext.of(
            self.scope,
            self.catalog,
            entry,
            region,
            phase.leaves,
            force=force,
            emergency=emergency,
        )

    def shard(self, entries: list[CatalogEntry], region: str, state: SiteState) -> ShardInput:
        """The input of the program that declares these entries of one account and group."""
        account = entries[0].resource.account
        group = entries[0].group
        primary = self.scope.regions.primary
        return ShardInput(
            id=ShardId(scope=self.scope.key, region=region, account=account, group=group),
            stack=stack_name(self.scope.key, region, account, group),
            site_state=state,
            regions=self.scope.regions,
            provider_region=primary if region == GLOBAL else region,
            account=self.scope.account(account),
            site_map=self.scope.site_map.get(region, {}),
            policies=self.scope.policies,
            resources=tuple(entries),
            bindings=tuple(self._bindings(region)),
        )

    def phase(self, phase: Phase, *, force: bool = False, emergency: bool = False) -> list[Ran]:
        """One phase over the whole catalog: the global part, then shard by shard."""
        if phase in (Phase.REPLICATE, Phase.INSTANTIATE) and not emergency:
            spanning = [e for e in self.catalog.entries if e.owner(GLOBAL) is Ownership.DECLARED]
            for shard in self.shards(spanning):
                self.up(shard, GLOBAL, phase.leaves)
        ran = [
            done
            for shard in self.shards(self.catalog.entries)
            for done in self.work(shard, phase, force=force, emergency=emergency)
        ]
        self.catalog = self.catalog.after(phase)
        return ran

    def work(
        self,
        entries: Sequence[CatalogEntry],
        phase: Phase,
        *,
        force: bool = False,
        emergency: bool = False,
    ) -> list[Ran]:
        """Actions before, stack, actions after, health of one shard."""
        plan = [
            (entry, self.site(entry, phase, force=force, emergency=emergency), Ran(entry.key))
            for entry in entries
        ]
        self._acts(plan, phase, When.BEFORE)
        declared = [entry for entry, site, _ in plan if site.by_stack]
        if declared:
            self.up(declared, plan[0][1].region, phase.leaves)
        self._acts(plan, phase, When.AFTER)
        for entry, site, ran in plan:
            adapter = adapter_for(entry.resource.technology)
            ran.no_op = adapter.work(phase, entry, site).no_op
            seen = len(self.calls)
            ran.health = adapter.check(entry, site, self.aws)
            ran.health_calls = self.calls[seen:]
        return [ran for _, _, ran in plan]

    def _acts(
        self, plan: list[tuple[CatalogEntry, SiteContext, Ran]], phase: Phase, when: When
    ) -> None:
        for entry, site, ran in plan:
            adapter = adapter_for(entry.resource.technology)
            for action in adapter.work(phase, entry, site).actions:
                if action.spec.when is when:
                    self.act(action, ran, adapter)

    def act(self, action: Action, ran: Ran, adapter: Adapter) -> None:
        """Observe, and run where it is not done."""
        aws = self.aws.derived(transient_codes=adapter.transient_codes)
        before = len(self.calls)
        ran.specs.append(action.spec)
        seen = action.observe(aws)
        ran.facts[action.spec.id] = seen.facts
        ran.actions.append(action.spec.id)
        if seen.done:
            ran.done.append(action.spec.id)
        else:
            assert seen.blocked is None, seen.blocked
            ran.results[action.spec.id] = action.run(aws, self.context(seen.facts))
        ran.calls += self.calls[before:]

    def context(self, facts: dict[str, Any], *consents: str) -> RunContext:
        """A run context with all consents, or the given ones."""
        return RunContext(
            clock=self.clock,
            facts=facts,
            consents=frozenset(consents or ("data-loss",)),
        )

    def up(self, entries: list[CatalogEntry], region: str, state: SiteState) -> StackOutcome:
        """Bring the entries' stack to the site state."""
        from drstate.programs.site import program

        shard = self.shard(entries, region, state)
        lookup = Lookup(shard, adapter_for, self.aws)
        ready = rebind(self.stacks, lookup, self.rebound.append)
        outcome: StackOutcome = self.stacks.up(
            shard.stack,
            program(shard),
            message="",
            refresh=ready.refresh,
            exclude=ready.exclude,
        )
        assert outcome.ok, (outcome.errors, outcome.diagnostics)
        self.outcomes[shard.stack] = outcome
        for key, endpoints in outcome.outputs.get("endpoints", {}).items():
            known = self.catalog.entry(key)
            self.catalog = self.catalog.with_entry(
                known.model_copy(update={"endpoints": {**known.endpoints, region: endpoints}})
            )
        return outcome

    @staticmethod
    def shards(entries: Iterable[CatalogEntry]) -> list[list[CatalogEntry]]:
        shards: dict[tuple[str, str], list[CatalogEntry]] = {}
        for entry in sorted(entries, key=lambda one: (one.group, one.key)):
            shards.setdefault((entry.group, entry.resource.account), []).append(entry)
        return list(shards.values())

    def _bindings(self, region: str) -> Iterable[Binding]:
        for entry in self.catalog.entries:
            for name, source in entry.spec.get("endpoints", {}).items():
                yield Binding(
                    key=entry.key,
                    name=name,
                    source=source,
                    target=entry.endpoints.get(region, {}).get(name),
                )
