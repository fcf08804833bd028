"""Aurora: a cluster at each site, one global cluster over both, and the move of the writer.

CLEANUP keeps the old writer as a replica: it is the way back, and AWS has made it one already.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from drstate.adapters import databases
from drstate.adapters.actions import Action, Work
from drstate.adapters.at import At
from drstate.adapters.aurora import capture, drill, health, prerequisites, taking
from drstate.adapters.aurora.actions import Follow
from drstate.adapters.aurora.grants import GRANTS, STACK_GRANTS
from drstate.adapters.aurora.instances import Instances
from drstate.adapters.aurora.lag import lag_if_known, replication_lag
from drstate.adapters.aurora.promote import Promote
from drstate.adapters.aurora.rejoin import Rejoin
from drstate.adapters.aurora.resize import Resize
from drstate.adapters.aurora.snapshots import KeepSnapshots
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.confining import DB_SUBNET_GROUPS, Confined, Unconfined
from drstate.adapters.drilling import Copy
from drstate.adapters.findings import Health, Lag
from drstate.adapters.quotas import Demand, Limit
from drstate.adapters.site import SiteContext
from drstate.adapters.translating import translator_at
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.plan import When
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.aurora.spec import WRITER, AuroraPolicy, AuroraSpec
from drstate.programs.aurora.values import AuroraValues, aurora_values
from drstate.programs.context import tags_of

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

#: what each engine listens on where the cluster does not say
_PORTS = {"aurora-postgresql": 5432, "aurora-mysql": 3306}
_GLOBAL_NO_OP = "the global cluster is declared; its writer moves by the site's action"


class AuroraAdapter(Adapter):
    """DB clusters of engine aurora-mysql and aurora-postgresql."""

    technology = "aurora"
    summary = "Aurora clusters: a global cluster replicates, switchover or failover promotes"
    services = ("rds", "cloudwatch", "service-quotas")
    grants = GRANTS
    stack_grants = STACK_GRANTS
    drill_grants = drill.GRANTS
    spec_type = AuroraSpec
    claims = (
        Claim(
            technology="aurora",
            explorer_type="rds:cluster",
            arn_pattern=re.compile(r"arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:cluster:(?P<name>.+)"),
        ),
    )

    limits = (databases.CLUSTERS, databases.INSTANCES)

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the writer's cluster; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def initial_ownership(
        self, resource: Resource, spec: Spec, scope: Scope
    ) -> dict[str, Ownership]:
        """The source is foreign, the recovery cluster ours, the global cluster whoever has it."""
        known = _typed(spec)
        return {
            resource.region: Ownership.FOREIGN,
            scope.regions.other(resource.region): Ownership.DECLARED,
            GLOBAL: Ownership.FOREIGN if known.global_cluster else Ownership.DECLARED,
        }

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Declared: the stack brings instances to production class. Foreign: they have it."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        if self._headless(site):
            return Work((self._instances(entry, site, present=True, when=When.AFTER),))
        if site.owner is Ownership.DECLARED:
            return Work()
        return Work(
            no_op=f"the replica in {site.region} belongs to someone else's code and keeps its size"
        )

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Move the writer here, whoever owns the cluster. It has to have instances."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        spec = self.spec(entry)
        promote = Promote(entry, spec, site.region, site.other, force=site.force)
        if self._headless(site):
            added = self._instances(entry, site, present=True, when=When.BEFORE)
            return Work((added, promote))
        ours = site.owner is Ownership.DECLARED and not site.by_stack
        if ours and site.policy("aurora", AuroraPolicy).standby_instance_class is not None:
            return Work((promote, Resize(entry, spec, site.region, site.other)))
        return Work((promote,))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """The old writer stays as a replica: AWS made it one. What a failover left is kept."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        return Work((KeepSnapshots(entry, self.spec(entry), site.region, site.other),))

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Declared: the stack makes the replica. Foreign: see that it follows."""
        if site.region == GLOBAL:
            return Work(no_op=_GLOBAL_NO_OP)
        actions: list[Action] = []
        if _detached(entry, site):
            actions.append(self._rejoin(entry, site))
        if site.owner is not Ownership.DECLARED:
            actions.append(Follow(entry, self.spec(entry), site.region, site.other))
        elif self._headless(site) and site.region in entry.endpoints:
            actions.append(self._instances(entry, site, present=False, when=When.AFTER))
        return Work(tuple(actions))

    def copies(self, entry: CatalogEntry, site: SiteContext) -> tuple[Copy, ...]:
        """A clone of the secondary, with one instance."""
        spec = self.spec(entry)
        given = (entry, spec, site.region, site.drill, lambda: self._values(entry, site))
        return drill.Clone(*given), drill.CloneInstance(*given)

    def confinement(self, entry: CatalogEntry, site: SiteContext) -> Confined | Unconfined:
        """In the VPC of the clone's DB subnet group."""
        values = partial(self._values, entry, site)
        return Confined(lambda at: DB_SUBNET_GROUPS.vpc(at, values().subnet_group))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The writer is here, available, with its instances."""
        return health.writer_health(self._at(entry, site, aws), self.spec(entry))

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """Standby, warm and retired alike: a replica that follows; its lag is among the facts."""
        spec = self.spec(entry)
        at = self._at(entry, site, aws)
        if site.region == GLOBAL:
            return health.global_health(at, spec)
        if site.state is SiteState.RETIRED and _detached(entry, site):
            return Health(
                ResourceStatus.DEGRADED,
                f"the cluster in {site.other} was detached, so the one in {site.region} is no "
                "replica and may take writes",
                "drstate up --phase replicate keeps a snapshot of it and joins the sites again",
            )
        none = self._headless(site) and site.state is not SiteState.WARM
        found = health.replica_health(at, spec, instances=0 if none else None)
        if found.status is ResourceStatus.HEALTHY and site.state is not SiteState.RETIRED:
            lag = lag_if_known(at, spec.identifier, self.clock.now())
            if lag is not None:
                found.facts["lag_seconds"] = lag
        return found

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """REPLICATE: the groups and versions. ACTIVATE: versions; by force nothing elsewhere."""
        if site.region == GLOBAL or phase not in (Phase.REPLICATE, Phase.ACTIVATE):
            return ()
        spec = self.spec(entry)
        here = self._at(entry, site, aws)
        there = None if site.force else At(aws, entry.resource.account, site.other)
        found = list(prerequisites.versions(here, spec, there))
        if phase is Phase.REPLICATE:
            found += prerequisites.groups(here, spec, self._values(entry, site))
        return tuple(found)

    def used(self, limit: Limit, at: At) -> dict[str, int]:
        """DB clusters or DB instances of the region."""
        return databases.used(limit, at)

    def demand(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Demand, ...]:
        """The cluster and the instances that the phase makes where the site is ours."""
        if site.region == GLOBAL or site.owner is not Ownership.DECLARED:
            return ()
        makes = phase in (Phase.REPLICATE, Phase.INSTANTIATE)
        if phase is Phase.CLEANUP or not (makes or self._headless(site)):
            return ()
        none = self._headless(site) and phase is Phase.REPLICATE
        at = self._at(entry, site, aws)
        return taking.demand(self.spec(entry), at, cluster=makes, instances=not none)

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """AWS fences as far as it reaches; of a lost region nobody knows."""
        if not site.force:
            return None
        return (
            f"cluster {self.spec(entry).identifier} in {site.other}: AWS stops its writes as far "
            "as it reaches that region; what it took until then is in the snapshot that the "
            "failover leaves there, and a detachment does not stop it at all"
        )

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether clients reach the writer endpoint."""
        host = entry.endpoints.get(site.region, {}).get(WRITER)
        if site.state is not SiteState.ACTIVE or host is None:
            return ()
        spec = self.spec(entry)
        port = spec.port or _PORTS.get(spec.engine, _PORTS["aurora-mysql"])
        return (Probe(kind=ProbeKind.TCP, what="writer endpoint", host=host, port=port),)

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """Replication lag as CloudWatch has it in the receiving region."""
        spec = self.spec(entry)
        return replication_lag(self._at(entry, site, aws), spec.identifier, self.clock.now())

    def spec(self, entry: CatalogEntry) -> AuroraSpec:
        """The entry's spec, typed."""
        return AuroraSpec.model_validate(entry.spec)

    def _headless(self, site: SiteContext) -> bool:
        """Whether the site's instances are ours to add and remove: only where we own them."""
        ours = site.owner is Ownership.DECLARED
        return ours and site.policy("aurora", AuroraPolicy).headless

    def _instances(
        self, entry: CatalogEntry, site: SiteContext, *, present: bool, when: When
    ) -> Instances:
        return Instances(
            entry,
            self.spec(entry),
            site.region,
            site.other,
            wanted=self._values(entry, site).instances,
            tags=tags_of(entry),
            present=present,
            when=when,
        )

    def _rejoin(self, entry: CatalogEntry, site: SiteContext) -> Rejoin:
        ours = site.owner is Ownership.DECLARED
        return Rejoin(
            entry,
            self.spec(entry),
            site.region,
            site.other,
            values=self._values(entry, site),
            tags=tags_of(entry) if ours else _owners_tags(entry),
            global_tags=tags_of(entry),
            headless=self._headless(site),
        )

    def _values(self, entry: CatalogEntry, site: SiteContext) -> AuroraValues:
        """What the program would declare here. Raises ConfigError where a mapping is missing."""
        spec = self.spec(entry)
        translator = translator_at(entry, site, spec.region)
        values = aurora_values(spec, translator)
        translator.settle()
        return values

    def _at(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> At:
        region = site.serving if site.region == GLOBAL else site.region
        return At(aws, entry.resource.account, region)


def _detached(entry: CatalogEntry, site: SiteContext) -> bool:
    """Whether the other site's cluster was detached, and the sites were not joined since."""
    since = entry.memory.get(site.other, {}).get("detached_at")
    return since is not None and entry.memory.get(site.region, {}).get("rejoined") != since


def _owners_tags(entry: CatalogEntry) -> dict[str, str]:
    """All tags of the original: at its own site the new cluster stands in for it."""
    return {
        name: value
        for name, value in entry.resource.raw_tags.items()
        if not name.startswith(("aws:", "drstate:"))
    }


def _typed(spec: Spec) -> AuroraSpec:
    if not isinstance(spec, AuroraSpec):
        raise TypeError(f"aurora needs an AuroraSpec, not {type(spec).__name__}")
    return spec
