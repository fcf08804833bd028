"""A security group with exactly the rules of its spec."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import ec2_backends

from drstate.model.catalog import CatalogEntry
from drstate.programs.security_group import SecurityGroupSpec, SecurityRule
from drstate.sandbox.estates.captured.site import Captured


def build(site: Captured, entry: CatalogEntry) -> None:
    """The group, and the groups that its rules name."""
    spec = SecurityGroupSpec.model_validate(entry.spec)
    account, region = entry.resource.account, spec.region
    site.security_group(account, region, spec.group_id)
    backend: Any = ec2_backends[account][region]
    group = backend.get_security_group_from_id(spec.group_id)
    backend.create_tags([spec.group_id], site.tags(entry))
    group.ingress_rules, group.egress_rules = [], []
    for way, rules in (("ingress", spec.ingress), ("egress", spec.egress)):
        for rule in rules:
            site.ids.named(account, region, spec.group_id, way, rule.slug)
            _let(site, backend, account, spec, way, rule)


def _let(
    site: Captured,
    backend: Any,
    account: str,
    spec: SecurityGroupSpec,
    way: str,
    rule: SecurityRule,
) -> None:
    said = {"Description": rule.description} if rule.description else {}
    ranges: list[dict[str, str]] = []
    if rule.cidr_ipv4:
        ranges.append({"CidrIp": rule.cidr_ipv4, **said})
    if rule.cidr_ipv6:
        ranges.append({"CidrIpv6": rule.cidr_ipv6, **said})
    groups = []
    if rule.group:
        site.security_group(account, spec.region, rule.group)
        groups.append({"GroupId": rule.group, **said})
    lists = [{"PrefixListId": rule.prefix_list, **said}] if rule.prefix_list else None
    getattr(backend, f"authorize_security_group_{way}")(
        group_name_or_id=spec.group_id,
        ip_protocol=rule.protocol,
        from_port=None if rule.from_port is None else str(rule.from_port),
        to_port=None if rule.to_port is None else str(rule.to_port),
        ip_ranges=ranges,
        source_groups=groups,
        prefix_list_ids=lists,
        vpc_id=spec.vpc,
    )
