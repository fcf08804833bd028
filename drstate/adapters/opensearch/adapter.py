"""OpenSearch: a domain at each site, one replicating to the other, and the turn of their roles.

CLEANUP keeps the old primary as the secondary that AWS has made it: it is the way back. A forced
failover leaves it ejected until REPLICATE pairs the two again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Action, Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.findings import Health, Lag
from drstate.adapters.opensearch import capture, health, reading
from drstate.adapters.opensearch.pairing import MakePair
from drstate.adapters.opensearch.prerequisites import (
    before_activate,
    before_replicate,
    before_shrinking,
)
from drstate.adapters.opensearch.promote import Promote
from drstate.adapters.opensearch.resize import Resize
from drstate.adapters.opensearch.snapshots import (
    RestoreSnapshot,
    Store,
    TakeSnapshot,
    receiving,
    serving,
)
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.probe import Probe, ProbeKind
from drstate.model.resource import Resource
from drstate.model.scope import Scope
from drstate.model.spec import Spec
from drstate.programs.levels import level
from drstate.programs.opensearch.owners import DOMAIN
from drstate.programs.opensearch.spec import ENDPOINT, Nodes, OpenSearchPolicy, OpenSearchSpec, Way
from drstate.programs.opensearch.values import nodes_at

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NOTHING_GLOBAL = "the pair is made by an action; nothing of it is declared over both sites"
_KEEPS_SIZE = "the domain belongs to someone else's code and keeps its size"
_STAYS = "the old primary stays as the secondary: it is the way back, and its size is its owner's"
_DOMAINS = ("arn:aws:es:*:*:domain/*",)


class OpenSearchAdapter(Adapter):
    """OpenSearch Service domains."""

    technology = "opensearch"
    unrehearsed = (
        "a copy would be a domain of its own, made and filled for the drill, which is not done; "
        "the follower's indices answer searches in the standby as they are"
    )
    summary = "OpenSearch domains: a peer in the other region, promoted by switchover or failover"
    services = ("opensearch", "cloudwatch")
    grants = (
        Grant(
            "see domains, their tags and their peers",
            ("es:DescribeDomain", "es:DescribeDomainReplication", "es:ListTags"),
            _DOMAINS,
        ),
        Grant("see how much data a domain has", ("cloudwatch:GetMetricStatistics",)),
        Grant("replicate to a domain", ("es:AddReplicationPeer",), _DOMAINS),
        Grant(
            "turn the roles",
            ("es:FailoverReplication", "es:SwitchoverReplication"),
            _DOMAINS,
        ),
        Grant(
            "pair again after a failover, or end a pair in a region without promotion",
            ("es:AddTags", "es:RemoveReplicationPeer", "es:RemoveTags"),
            _DOMAINS,
            uncalled="only after a failover, and in regions that lack it",
        ),
        Grant(
            "take and restore snapshots of domains that have no peer",
            ("es:ESHttpDelete", "es:ESHttpGet", "es:ESHttpPost", "es:ESHttpPut"),
            _DOMAINS,
            uncalled="only in regions without peer replication",
        ),
        Grant(
            "hand the snapshot role to a domain",
            ("iam:PassRole",),
            ("arn:aws:iam::*:role/*",),
            uncalled="AWS checks it along with the registration of a snapshot repository",
        ),
        Grant("bring a domain to production size", ("es:UpdateDomainConfig",), _DOMAINS),
    )
    stack_grants = (
        Grant(
            "declare domains",
            (
                "es:AddTags",
                "es:CreateDomain",
                "es:DeleteDomain",
                "es:DescribeDomain",
                "es:ListTags",
                "es:RemoveTags",
                "es:UpdateDomainConfig",
            ),
            _DOMAINS,
        ),
        Grant(
            "follow changes of a domain",
            ("es:DescribeDomainChangeProgress", "es:DescribeDomainConfig"),
            _DOMAINS,
            uncalled="by the real aws provider only",
        ),
        Grant(
            "let the domain use its key and its network",
            (
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "iam:PassRole",
                "kms:CreateGrant",
                "kms:DescribeKey",
            ),
            uncalled="AWS checks them along with CreateDomain",
        ),
    )
    # two domains are changed at once, and each refuses while the other is busy
    transient_codes = frozenset({"ConflictException"})
    spec_type = OpenSearchSpec
    claims = (
        Claim(
            technology="opensearch",
            explorer_type="es:domain",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:es:[a-z0-9-]+:\d{12}:domain/(?P<name>[a-z][a-z0-9-]{2,27})"
            ),
        ),
    )
    limits = (
        Limit("domains per region", 100, "es", "L-076D529E"),
        Limit("peers of a domain", 1, per="resource"),
    )
    deviations = {
        "ways-agree": "a failover ejects the old primary until REPLICATE pairs the domains again",
    }

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the primary; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def initial_ownership(
        self, resource: Resource, spec: Spec, scope: Scope
    ) -> dict[str, Ownership]:
        """The source is foreign, and so is a secondary that somebody else has made."""
        other = scope.regions.other(resource.region)
        theirs = other in OpenSearchSpec.model_validate(spec.model_dump()).peers
        return {
            resource.region: Ownership.FOREIGN,
            other: Ownership.FOREIGN if theirs else Ownership.DECLARED,
        }

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """The ARN of a domain whose creation was cut off, by its name in the region it is for."""
        name, region = inputs.get("domainName"), inputs.get("region")
        if kind != DOMAIN or not name or not region:
            return None
        found = reading.domain(At(aws, account, str(region)), str(name))
        return str(found["ARN"]) if found else None

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Have the serving domain replicate here, or take a snapshot of it where it cannot."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec = self.spec(entry)
        if spec.way is Way.SNAPSHOT:
            return Work((TakeSnapshot(self._store(entry, site), last=False),))
        return Work((MakePair(entry, spec, site.region, site.other, by_stack=site.by_stack),))

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Declared: the stack brings it to production's data nodes. Foreign: it keeps its size."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        if site.owner is not Ownership.DECLARED:
            return Work(no_op=_KEEPS_SIZE)
        return Work(self._resize(entry, site))

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Make it the primary (or restore the newest snapshot), at production's data nodes."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        resize = self._resize(entry, site)
        spec = self.spec(entry)
        if spec.way is Way.PEER:
            promote = Promote(entry, spec, site.region, site.other, force=site.force)
            return Work((promote, *resize))
        store = self._store(entry, site)
        serves = site.serving == site.region
        restore = RestoreSnapshot(store, force=site.force, serves=serves)
        if site.force or serves:
            return Work((restore, *resize))
        return Work((TakeSnapshot(store, last=True), restore, *resize))

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Declared: the stack makes it smaller. It stays as the secondary: the way back."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        if site.owner is not Ownership.DECLARED:
            return Work(no_op=_STAYS)
        return Work(self._resize(entry, site))

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The primary, at production's size."""
        return self._state(entry, site, aws, serves=True)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """A secondary that follows, at the size of the site state."""
        return self._state(entry, site, aws, serves=False)

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """AWS has no measurement in seconds; a snapshot has an age."""
        if site.region == GLOBAL:
            return None
        if self.spec(entry).way is Way.SNAPSHOT:
            return self._store(entry, site).lag(aws)
        source = "AWS measures no lag of peer replication in seconds"
        return Lag(None, None, source, measurable=False)

    def lag_limit(self, entry: CatalogEntry, site: SiteContext) -> float:
        """The oldest that a carried snapshot may be."""
        if self.spec(entry).way is Way.SNAPSHOT:
            return site.policy("opensearch", OpenSearchPolicy).snapshot_max_age_hours * 3600.0
        return super().lag_limit(entry, site)

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Before REPLICATE: whether the two fit. Before ACTIVATE: whether this one follows."""
        if site.region == GLOBAL:
            return ()
        spec, account = self.spec(entry), entry.resource.account
        if spec.way is Way.SNAPSHOT:
            return ()
        here = At(aws, account, site.region)
        if phase is Phase.ACTIVATE:
            return before_activate(spec, here)
        ours = site.owner is Ownership.DECLARED
        if phase is Phase.CLEANUP and ours:
            return before_shrinking(spec, self._nodes(entry, site), here, self.clock.now())
        if phase is not Phase.REPLICATE or site.force:
            return ()
        return before_replicate(
            spec,
            self._nodes(entry, site) if ours else None,
            here,
            At(aws, account, site.other),
            self.clock.now(),
        )

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """AWS ejects a primary that it reaches; of one that it does not reach nobody can tell."""
        spec = self.spec(entry)
        if spec.way is Way.SNAPSHOT:
            return (
                f"domain {spec.name_in(site.other)} in {site.other} takes writes of whoever "
                "reaches it; what came after the newest snapshot is not here"
            )
        return (
            f"domain {spec.name_in(site.other)} in {site.other} is ejected by the failover and "
            "read-only; until it hears of that it may take writes, which REPLICATE drops"
        )

    def probes(self, entry: CatalogEntry, site: SiteContext) -> tuple[Probe, ...]:
        """Whether the domain's endpoint answers."""
        host = self.endpoints(entry, site.scope, site.region).get(ENDPOINT)
        if not host:
            return ()
        return (Probe(kind=ProbeKind.TCP, what="search endpoint", host=host, port=443),)

    def spec(self, entry: CatalogEntry) -> OpenSearchSpec:
        """The entry's spec, typed."""
        return OpenSearchSpec.model_validate(entry.spec)

    def _resize(self, entry: CatalogEntry, site: SiteContext) -> tuple[Action, ...]:
        if site.owner is not Ownership.DECLARED or site.by_stack:
            return ()
        wanted = self._nodes(entry, site)
        return (Resize(entry, self.spec(entry), site.region, site.other, wanted),)

    def _store(self, entry: CatalogEntry, site: SiteContext) -> Store:
        policy = site.policy("opensearch", OpenSearchPolicy)
        return Store(entry, self.spec(entry), policy, site.region, site.other, self.clock)

    def _nodes(self, entry: CatalogEntry, site: SiteContext) -> Nodes:
        policy = site.policy("opensearch", OpenSearchPolicy)
        return nodes_at(self.spec(entry), policy, level(site.state))

    def _state(
        self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller, *, serves: bool
    ) -> Health:
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        spec = self.spec(entry)
        at, name = At(aws, entry.resource.account, site.region), spec.name_in(site.region)
        ours = site.owner is Ownership.DECLARED
        found, _ = health.ready_domain(at, name, self._nodes(entry, site) if ours else None)
        if not found.ok:
            return found
        if spec.way is Way.SNAPSHOT:
            store = self._store(entry, site)
            if serves:
                return serving(store, at, found)
            return found if site.state is SiteState.RETIRED else receiving(store, aws, found)
        if serves:
            return health.primary(at, name, found)
        follows = health.secondary(at, name, found)
        retired = site.state is SiteState.RETIRED
        # an ejected primary has retired, too: that it does not follow is REPLICATE's business
        return found if retired and follows.facts.get("role") == reading.SECONDARY else follows
