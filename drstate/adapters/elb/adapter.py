"""Load balancers: pre-provisioned, so that nothing of them is created on the way of a recovery.

REPLICATE makes the copy with its listeners, rules and target groups; its DNS name is recorded then,
and records can be prepared. No phase changes anything after that. Gateway and classic load
balancers, and what cannot be carried over, are refused at capture.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from drstate.adapters.actions import Work
from drstate.adapters.at import At
from drstate.adapters.base import Adapter
from drstate.adapters.claim import Claim
from drstate.adapters.elb import capture, cut_off, health
from drstate.adapters.findings import Health
from drstate.adapters.quotas import Limit
from drstate.adapters.site import SiteContext
from drstate.errors import AwsCallError
from drstate.model.catalog import GLOBAL, CatalogEntry, Ownership
from drstate.model.grant import Grant
from drstate.model.health import ResourceStatus
from drstate.model.phases import Phase, SiteState
from drstate.model.resource import Resource
from drstate.model.scope import Scope, SiteMapTable
from drstate.model.spec import Spec
from drstate.model.translation import Translation
from drstate.programs.elb.spec import DNS, ElbSpec

if TYPE_CHECKING:
    from drstate.aws.caller import AwsCaller

_NOTHING_GLOBAL = "a load balancer has no part that spans both sites"
_SAME = "the load balancer was made by REPLICATE and is the same in every site state"
_FOREIGN = "the load balancer belongs to someone else's code and stays as it is"
_ARN = r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/"
_OURS = (
    "arn:aws:elasticloadbalancing:*:*:listener/*",
    "arn:aws:elasticloadbalancing:*:*:listener-rule/*",
    "arn:aws:elasticloadbalancing:*:*:loadbalancer/*",
    "arn:aws:elasticloadbalancing:*:*:targetgroup/*",
)


class ElbAdapter(Adapter):
    """Application and network load balancers."""

    technology = "elb"
    unrehearsed = (
        "it stands ready in the standby as it is; the copies are not put behind it, so that "
        "no client reaches them"
    )
    summary = "load balancers: listeners, rules and target groups, made before the disaster"
    services = ("acm", "elbv2")
    grants = (
        Grant(
            "see load balancers, listeners, rules, target groups and target health",
            (
                "elasticloadbalancing:DescribeListenerAttributes",
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeRules",
                "elasticloadbalancing:DescribeTargetGroupAttributes",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ),
        ),
        Grant(
            "check that mapped certificates are issued",
            ("acm:DescribeCertificate",),
            ("arn:aws:acm:*:*:certificate/*",),
            uncalled="only where a listener has a certificate of ACM",
        ),
        Grant(
            "see further certificates",
            ("elasticloadbalancing:DescribeListenerCertificates",),
            uncalled="only where a listener is encrypted",
        ),
    )
    stack_grants = (
        Grant(
            "declare load balancers, listeners, rules and target groups",
            (
                "elasticloadbalancing:AddListenerCertificates",
                "elasticloadbalancing:AddTags",
                "elasticloadbalancing:CreateListener",
                "elasticloadbalancing:CreateLoadBalancer",
                "elasticloadbalancing:CreateRule",
                "elasticloadbalancing:CreateTargetGroup",
                "elasticloadbalancing:DeleteListener",
                "elasticloadbalancing:DeleteLoadBalancer",
                "elasticloadbalancing:DeleteRule",
                "elasticloadbalancing:DeleteTargetGroup",
                "elasticloadbalancing:ModifyListener",
                "elasticloadbalancing:ModifyLoadBalancerAttributes",
                "elasticloadbalancing:ModifyRule",
                "elasticloadbalancing:ModifyTargetGroup",
                "elasticloadbalancing:ModifyTargetGroupAttributes",
                "elasticloadbalancing:RemoveListenerCertificates",
                "elasticloadbalancing:RemoveTags",
                "elasticloadbalancing:SetIpAddressType",
                "elasticloadbalancing:SetRulePriorities",
                "elasticloadbalancing:SetSecurityGroups",
                "elasticloadbalancing:SetSubnets",
            ),
            _OURS,
        ),
        Grant("see tags", ("elasticloadbalancing:DescribeTags",)),
        Grant(
            "check networks while load balancers are made",
            (
                "ec2:DescribeAccountAttributes",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ),
            uncalled="Elastic Load Balancing asks EC2 in the caller's name",
        ),
    )
    spec_type = ElbSpec
    claims = tuple(
        Claim(
            technology="elb",
            explorer_type=f"elasticloadbalancing:loadbalancer/{kind}",
            arn_pattern=re.compile(rf"{_ARN}{kind}/(?P<name>[^/]+)/[0-9a-f]+"),
        )
        for kind in ("app", "net")
    )
    limits = (
        Limit("application load balancers per region", 50, "elasticloadbalancing", "L-53DA6B97"),
        Limit("network load balancers per region", 50, "elasticloadbalancing", "L-69A177A2"),
        Limit("target groups per region", 3000, "elasticloadbalancing", "L-B22855CB"),
    )

    def capture(self, resource: Resource, aws: AwsCaller) -> Spec:
        """Read the load balancer; see ``capture.capture``."""
        at = At(aws, resource.account, resource.region)
        return capture.capture(resource, at, self.clock.now())

    def instantiate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: it is there."""
        return _nothing(site)

    def activate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: it is there, and DNS is another technology's."""
        return _nothing(site)

    def cleanup(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Nothing: it stays for the way back, with its DNS name."""
        return _nothing(site)

    def replicate(self, entry: CatalogEntry, site: SiteContext) -> Work:  # noqa: ARG002 - the contract
        """Declared: the stack makes it. Foreign: nothing."""
        return Work() if site.by_stack else _nothing(site)

    def created(
        self, kind: str, inputs: Mapping[str, Any], account: str, aws: AwsCaller
    ) -> str | None:
        """ARN of what a cut-off update was making: by its name, its port or its priority."""
        region = str(inputs.get("region") or "")
        return cut_off.arn_of(kind, inputs, At(aws, account, region)) if region else None

    def prerequisites(
        self, phase: Phase, entry: CatalogEntry, site: SiteContext, aws: AwsCaller
    ) -> tuple[Health, ...]:
        """The certificates that listeners use are issued at the site."""
        if site.region == GLOBAL or phase is Phase.CLEANUP or site.owner is None:
            return ()
        spec = ElbSpec.model_validate(entry.spec)
        at = At(aws, entry.resource.account, site.region)
        translation = Translation(site.site_map, spec.region, site.region)
        wanted = {
            translation.find(SiteMapTable.CERTIFICATES, arn) or arn
            for listener in spec.listeners
            for arn in (listener.certificate, *listener.more_certificates)
            if arn
        }
        # a certificate of IAM has no state; one that is not mapped is a problem of the plan
        return tuple(
            _certificate(at, arn)
            for arn in sorted(wanted)
            if ":acm:" in arn and f":{site.region}:" in arn
        )

    def unfenced(self, entry: CatalogEntry, site: SiteContext) -> str | None:
        """The other site's load balancer goes on serving whoever still reaches it."""
        if not site.force:
            return None
        name = ElbSpec.model_validate(entry.spec).name
        return (
            f"load balancer {name} in {site.other} goes on serving clients that still resolve to it"
        )

    def health(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """It is whole, and the targets that are registered answer."""
        return self.ready(entry, site, aws)

    def ready(self, entry: CatalogEntry, site: SiteContext, aws: AwsCaller) -> Health:
        """It is there with its listeners and target groups."""
        if site.region == GLOBAL:
            return Health(ResourceStatus.HEALTHY, _NOTHING_GLOBAL)
        spec = ElbSpec.model_validate(entry.spec)
        at = At(aws, entry.resource.account, site.region)
        return health.balancer_health(at, spec, serves=site.state is SiteState.ACTIVE)

    def endpoints(self, entry: CatalogEntry, scope: Scope, region: str) -> dict[str, str]:
        """The DNS name; what else is recorded are ARNs, for services behind it."""
        known = super().endpoints(entry, scope, region)
        if region == entry.spec.get("region"):
            known = {**entry.spec.get("endpoints", {}), **known}
        return {name: host for name, host in known.items() if name == DNS}


def _nothing(site: SiteContext) -> Work:
    if site.region == GLOBAL:
        return Work(no_op=_NOTHING_GLOBAL)
    return Work(no_op=_SAME if site.owner is Ownership.DECLARED else _FOREIGN)


def _certificate(at: At, arn: str) -> Health:
    try:
        status = str(
            at.call("acm", "describe_certificate", CertificateArn=arn)["Certificate"]["Status"]
        )
    except AwsCallError as error:
        if error.aws_code != "ResourceNotFoundException":
            raise
        status = "not there"
    if status == "ISSUED":
        return Health(ResourceStatus.HEALTHY, f"certificate {arn} is issued")
    return Health(
        ResourceStatus.UNHEALTHY,
        f"certificate {arn} is {status}",
        f"request and validate it in {at.region}, or map another one in "
        f"site_map.{at.region}.{SiteMapTable.CERTIFICATES}",
    )
