"""A load balancer's identifiers at a site. They are the same in every site state."""

from __future__ import annotations

from dataclasses import dataclass

from drstate.model.scope import SiteMapTable
from drstate.programs import identifiers
from drstate.programs.elb.attributes import LOGS
from drstate.programs.elb.spec import ElbSpec
from drstate.programs.translator import Translator


@dataclass(frozen=True)
class ElbValues:
    """The load balancer's identifiers at the site."""

    subnets: tuple[str, ...]
    #: None: another stack has yet to make it
    security_groups: tuple[str | None, ...]
    #: certificate at the source -> here
    certificates: dict[str, str]
    #: VPC at the source -> here
    vpcs: dict[str, str]
    #: bucket of logs at the source -> here
    buckets: dict[str, str]


def elb_values(spec: ElbSpec, translator: Translator) -> ElbValues:
    """Translate; missing mappings are collected in ``translator.problems``."""
    certificates = {
        arn
        for listener in spec.listeners
        for arn in (listener.certificate, *listener.more_certificates)
        if arn
    }
    buckets = {
        spec.attributes[f"{begin}.bucket"]
        for begin in LOGS
        if spec.attributes.get(f"{begin}.enabled") == "true"
    }
    return ElbValues(
        subnets=translator.subnets(spec.subnets),
        security_groups=tuple(
            identifiers.here(translator, SiteMapTable.SECURITY_GROUPS, group, "security group")
            for group in spec.security_groups
        ),
        certificates={
            # one of IAM is global, one of ACM is not
            arn: translator.arn(SiteMapTable.CERTIFICATES, arn, "certificate")
            for arn in sorted(certificates)
        },
        vpcs={
            vpc: translator.required(SiteMapTable.VPCS, vpc, "VPC of a target group")
            for vpc in sorted({group.vpc for group in spec.target_groups})
        },
        buckets={
            bucket: translator.required(SiteMapTable.BUCKETS, bucket, "bucket for logs")
            for bucket in sorted(buckets)
        },
    )
