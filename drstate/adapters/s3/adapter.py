"""S3: a bucket at each site, replication both ways, and an access point that routes to one.

Without an access point nothing is flipped: both buckets take writes, and clients are sent to the
other bucket by their own configuration. Its calls do not depend on the region of either bucket.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.findings import Health, Lag
from drstate.adapters.quotas import Limit
from drstate.adapters.s3 import capture, health, reading
from drstate.adapters.s3.actions import Replicate, Route
from drstate.adapters.s3.prerequisites import before_activate, before_replicate
from drstate.adapters.s3.routes import Routes
from drstate.adapters.site import SiteContext
from drstate.errors import ConfigError
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.resource import Resource
from drstate.model.scope import Scope, SiteMapTable
from drstate.model.spec import Spec
from drstate.model.translation import Translation
from drstate.programs.s3.rules import Rule, bucket_in, key_in, role_in
from drstate.programs.s3.spec import ACCESS_POINT, S3Policy, S3Spec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NOTHING_GLOBAL = "what spans both buckets stands in the recovery site's stack"
_NO_CAPACITY = "a bucket has no capacity to warm: objects are there as they are replicated"
_NO_POINT = (
    "no access point: both buckets take writes, and clients go where their configuration says"
)
_WAY_BACK = "the bucket keeps its objects and its rules: it is the way back"


class S3Adapter(Adapter):
    """General purpose buckets."""

    technology = "s3"
    unrehearsed = (
        "its objects are replicated as they are; a failover only turns requests, which are "
        "production's, to the other bucket"
    )
    summary = "S3 buckets replicated both ways; a multi-region access point routed to one site"
    services = ("s3", "s3control", "cloudwatch")
    grants = (
        Grant(
            "see buckets and their settings",
            (
                "s3:GetBucketCORS",
                "s3:GetBucketLogging",
                "s3:GetBucketNotification",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetBucketWebsite",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",
            ),
            ("arn:aws:s3:::*",),
        ),
        Grant("see replication lag", ("cloudwatch:GetMetricStatistics",)),
        Grant(
            "see access points and their routes",
            (
                "s3:GetMultiRegionAccessPoint",
                "s3:GetMultiRegionAccessPointRoutes",
                "s3:ListMultiRegionAccessPoints",
            ),
        ),
        Grant(
            "route access points",
            ("s3:SubmitMultiRegionAccessPointRoutes",),
            ("arn:aws:s3::*:accesspoint/*",),
        ),
        Grant(
            "replicate from a bucket that is not ours",
            ("s3:PutReplicationConfiguration",),
            ("arn:aws:s3:::*",),
        ),
        Grant(
            "hand the replication role to S3",
            ("iam:PassRole",),
            ("arn:aws:iam::*:role/*",),
            uncalled="AWS checks it along with PutBucketReplication",
        ),
    )
    stack_grants = (
        Grant(
            "declare buckets, their settings and their rules",
            (
                "s3:CreateBucket",
                "s3:DeleteBucket",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketTagging",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:GetReplicationConfiguration",
                "s3:ListBucket",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutReplicationConfiguration",
            ),
            ("arn:aws:s3:::*",),
        ),
        Grant(
            "read what the aws provider reads of every bucket",
            (
                "s3:GetAccelerateConfiguration",
                "s3:GetBucketAcl",
                "s3:GetBucketCORS",
                "s3:GetBucketLogging",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketPolicy",
                "s3:GetBucketRequestPayment",
                "s3:GetBucketWebsite",
                "s3:GetLifecycleConfiguration",
            ),
            ("arn:aws:s3:::*",),
            uncalled="by the real aws provider only",
        ),
        Grant(
            "declare access points",
            (
                "s3:CreateMultiRegionAccessPoint",
                "s3:DeleteMultiRegionAccessPoint",
                "s3:DescribeMultiRegionAccessPointOperation",
                "s3:GetMultiRegionAccessPoint",
            ),
        ),
        Grant(
            "hand the replication role to S3",
            ("iam:PassRole",),
            ("arn:aws:iam::*:role/*",),
            uncalled="AWS checks it along with PutBucketReplication",
        ),
    )
    # somebody changes the same bucket just now
    transient_codes = frozenset({"OperationAborted"})
    spec_type = S3Spec
    claims = (
        Claim(
            technology="s3",
            explorer_type="s3:bucket",
            arn_pattern=re.compile(
                r"arn:aws[a-z-]*:s3:::(?P<name>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])"
            ),
        ),
    )
    limits = (
        Limit("buckets per account", 10_000, "s3", "L-DC2B2D3D", "account"),
        Limit("multi-region access points per account", 100, "s3", "", "account"),
        Limit("replication rules per bucket", 1000, "s3", "", "resource"),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the bucket; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def initial_ownership(
        self, resource: Resource, spec: Spec, scope: Scope
    ) -> dict[str, Ownership]:
        """The source is foreign, and so is a counterpart in an access point of somebody else's."""
        other = scope.regions.other(resource.region)
        point = S3Spec.model_validate(spec.model_dump()).access_point
        theirs = point is not None and other in point.buckets
        return {
            resource.region: Ownership.FOREIGN,
            other: Ownership.FOREIGN if theirs else Ownership.DECLARED,
        }

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Have the other bucket replicate here, beside others' rules, and route no traffic here."""
        if site.region == GLOBAL:
            return Work(no_op=_NOTHING_GLOBAL)
        spec, policy = self.spec(entry), self._policy(site)
        rule = self._rule(entry, site, site.region)
        translation = _translation(site.scope, spec, site.other)
        replicate = Replicate(
            entry,
            rule,
            origin=site.other,
            origin_bucket=self._bucket(entry, site, site.other),
            role=role_in(spec, policy, site.other, translation),
            by_stack=site.by_stack,
        )
        routes = self._routes(entry, site)
        if routes is None:
            return Work((replicate,))
        route = Route(entry, routes, to=site.other, away_from=site.region, by_stack=site.by_stack)
        return Work((replicate, route))

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: a bucket has no capacity to warm."""
        return Work(no_op=_NO_CAPACITY)

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:
        """Route the access point here and not there, in one call; nothing where there is none."""
        routes = self._routes(entry, site)
        if site.region == GLOBAL or routes is None:
            return Work(no_op=_NO_POINT)
        rule = self._rule(entry, site, site.region)
        flows = (self._bucket(entry, site, site.other), rule.destination, rule.id)
        return Work(
            (
                Route(
                    entry,
                    routes,
                    to=site.region,
                    away_from=site.other,
                    by_stack=False,
                    replicated=flows,
                ),
            )
        )

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: the bucket keeps its objects and its rules, it is the way back."""
        return Work(no_op=_WAY_BACK)

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The bucket takes what the access point sends, and gets all of it."""
        return self._state(entry, site, aws, serves=True)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """The bucket receives what is written at the other site, and no traffic."""
        return self._state(entry, site, aws, serves=False)

    def lag(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Lag | None:
        """What S3 measured in the receiving region; asks nothing of the other one."""
        if site.region == GLOBAL:
            return None
        rule = self._rule(entry, site, site.region)
        at = At(aws, entry.resource.account, site.region)
        source = self._bucket(entry, site, site.other)
        return reading.latency(at, source, rule.destination, rule.id, self.clock.now())

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """Before REPLICATE: objects it will not reach. Before ACTIVATE: how far it is behind."""
        if site.region == GLOBAL:
            return ()
        account = entry.resource.account
        rule = self._rule(entry, site, site.region)
        source = self._bucket(entry, site, site.other)
        if phase is Phase.ACTIVATE:
            here = At(aws, account, site.region)
            return before_activate(here, source, rule, self.clock.now())
        if phase is Phase.REPLICATE and not site.force:
            return before_replicate(At(aws, account, site.other), source, rule)
        return ()

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """Writers that name the bucket itself."""
        bucket = self._bucket(entry, site, site.other)
        return (
            f"bucket {bucket} in {site.other} still takes writes of whoever names it; they arrive "
            "here once that region answers, and the later of two versions of a key is current"
        )

    def endpoints(self, entry: CatalogEntry, scope: Scope, region: str) -> dict[str, str]:
        """The bucket's host, and the access point's, which is the same whoever serves."""
        found = super().endpoints(entry, scope, region)
        for known in entry.endpoints.values():
            if ACCESS_POINT in known:
                found.setdefault(ACCESS_POINT, known[ACCESS_POINT])
        return found

    def spec(self, entry: CatalogEntry) -> S3Spec:
        """The entry's spec, typed."""
        return S3Spec.model_validate(entry.spec)

    def _state(
        self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller, *, serves: bool
    ) -> Health:
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        account = entry.resource.account
        found = health.bucket_health(
            At(aws, account, site.region), self._bucket(entry, site, site.region)
        )
        if not found.ok:
            return found
        routes = self._routes(entry, site)
        wrong = (
            health.routed(aws, routes, site.region, serves=serves) if routes is not None else None
        )
        if wrong is None and not serves and not site.force and site.state is not SiteState.RETIRED:
            there = At(aws, account, site.other)
            wrong = health.receives(
                there,
                self._bucket(entry, site, site.other),
                self._rule(entry, site, site.region).id,
            )
        if wrong is not None or routes is None:
            return wrong or found
        where = "routes here" if serves else "routes elsewhere"
        said = f"{found.detail}; access point {routes.name} {where}"
        return Health(found.status, said, facts=found.facts)

    def _routes(self, entry: CatalogEntry, site: SiteContext) -> Routes | None:
        spec = self.spec(entry)
        if spec.access_point is None and not self._policy(site).access_point:
            return None
        return Routes.of(entry, spec, site.region, site.other if site.force else None)

    def _rule(self, entry: CatalogEntry, site: SiteContext, region: str) -> Rule:
        spec, policy = self.spec(entry), self._policy(site)
        translation = _translation(site.scope, spec, region)
        return Rule(
            destination=self._bucket(entry, site, region),
            region=region,
            kms_key=key_in(spec, region, entry.resource.account, translation),
            time_control=policy.time_control,
            delete_markers=policy.delete_markers,
        )

    def _bucket(self, entry: CatalogEntry, site: SiteContext, region: str) -> str:
        """The bucket in a region. Raises ConfigError where the site map lacks it."""
        spec = self.spec(entry)
        found = bucket_in(spec, region, _translation(site.scope, spec, region))
        if found is None:
            field = f"site_map.{region}.{SiteMapTable.BUCKETS}"
            raise ConfigError(
                f"{entry.key}: no bucket in {region} stands for {spec.bucket!r}",
                why=f"{site.scope_file} has no {field}[{spec.bucket!r}]",
                hint="add the name of the recovery bucket there; names are unique in all of AWS",
            )
        return found

    @staticmethod
    def _policy(site: SiteContext) -> S3Policy:
        return site.policy("s3", S3Policy)


def _translation(scope: Scope, spec: S3Spec, region: str) -> Translation:
    return Translation(scope.site_map.get(region, {}), spec.region, region)
