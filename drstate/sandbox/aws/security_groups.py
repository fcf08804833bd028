"""Security groups: what moto forgets of rules that name other groups, and who holds a group.

moto shows a description of address ranges only, changes a rule's IPv4 range only, deletes a group
that other groups' rules still name, and keeps the tags of what is gone.
"""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule

from .extend import extend

_modify = SecurityGroupBackend.modify_security_group_rules
_delete = SecurityGroupBackend.delete_security_group
_revoke_in = SecurityGroupBackend.revoke_security_group_ingress
_revoke_out = SecurityGroupBackend.revoke_security_group_egress
_init = SecurityGroupRule.__init__
_PEERS = ("CidrIpv6", "PrefixListId", "ReferencedGroupId")


class _Rule:
    @property
    def description(self: Any) -> str | None:
        """What was said of the range, the group or the prefix list."""
        found: str | None = (
            self.ip_range.get("Description")
            or self.source_group.get("Description")
            or getattr(self, "_drstate_list_description", None)
        )
        return found


class _Backend:
    def modify_security_group_rules(
        self: Any, group_id: str, rules: dict[str, dict[str, Any]]
    ) -> None:
        """Change rules; the kind of peer stays, as in AWS."""
        _modify(self, group_id, rules)
        group = self.get_security_group_by_name_or_id(group_id)
        for rule_id, wanted in rules.items():
            _change_peer(group.get_rule(rule_id), wanted)

    def delete_security_group(
        self: Any, name: str | None = None, group_id: str | None = None
    ) -> None:
        """Delete a group that no other group's rule names."""
        if group_id and _held(self, group_id):
            raise EC2ClientError(
                "DependencyViolation", f"resource {group_id} has a dependent object"
            )
        found = self.get_security_group_by_name_or_id(group_id or name)
        _delete(self, name, group_id)
        _forget(self, [] if found is None else [found.id, *_rules(found)])

    def revoke_security_group_ingress(
        self: Any, group_name_or_id: str, *arguments: Any, **options: Any
    ) -> None:
        """Take rules away, and their tags."""
        _revoke(self, _revoke_in, group_name_or_id, arguments, options)

    def revoke_security_group_egress(
        self: Any, group_name_or_id: str, *arguments: Any, **options: Any
    ) -> None:
        """Take rules away, and their tags."""
        _revoke(self, _revoke_out, group_name_or_id, arguments, options)


def _revoke(
    backend: Any, revoke: Any, name: str, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    vpc = options.get("vpc_id")
    found = backend.get_security_group_by_name_or_id(name, vpc)
    before = _rules(found) if found is not None else []
    revoke(backend, name, *arguments, **options)
    if found is not None:
        left = set(_rules(found))
        _forget(backend, [rule for rule in before if rule not in left])


def _rules(group: Any) -> list[str]:
    return [rule.id for rule in (*group.ingress_rules, *group.egress_rules)]


def _forget(backend: Any, names: list[str]) -> None:
    for name in names:
        backend.tags.pop(name, None)


def _change_peer(rule: Any, wanted: dict[str, Any]) -> None:
    said = wanted.get("Description")
    if rule.ip_protocol == "-1":
        rule.from_port = rule.to_port = None
    if wanted.get("CidrIpv6"):
        rule.ip_range = {**rule.ip_range, "CidrIpv6": wanted["CidrIpv6"]}
    if wanted.get("ReferencedGroupId"):
        rule.ip_range = {}
        rule.source_group = {**rule.source_group, "GroupId": wanted["ReferencedGroupId"]}
        if said is not None:
            rule.source_group["Description"] = said
    if wanted.get("PrefixListId"):
        rule.ip_range = {}
        rule.prefix_list_id = wanted["PrefixListId"]
        if said is not None:
            rule._drstate_list_description = said  # noqa: SLF001 - the sandbox's own mark


def _held(backend: Any, group_id: str) -> bool:
    return any(
        rule.source_group.get("GroupId") == group_id
        for groups in backend.groups.values()
        for group in groups.values()
        if group.id != group_id
        for rule in (*group.ingress_rules, *group.egress_rules)
    )


def _noted(self: Any, *arguments: Any, **options: Any) -> None:
    _init(self, *arguments, **options)
    prefix = options.get("prefix_list_id") or (arguments[7] if len(arguments) > 7 else None)
    if prefix:
        self._drstate_list_description = prefix.get("Description")


def install() -> None:
    """Correct moto's security groups."""
    extend(SecurityGroupRule, _Rule, replaces=frozenset({"description"}))
    extend(
        SecurityGroupBackend,
        _Backend,
        replaces=frozenset(
            {
                "modify_security_group_rules",
                "delete_security_group",
                "revoke_security_group_egress",
                "revoke_security_group_ingress",
            }
        ),
    )
    if SecurityGroupRule.__init__ is _init:
        SecurityGroupRule.__init__ = _noted
