"""The rules as a policy pack for Pulumi: one policy a rule, nothing of its own.

Runs in a process that Pulumi starts. Exemptions come by Pulumi's own configuration of policy packs
(``exempt``: names of resources), because a pack reads no files of the project. Findings refuse an
update unless that configuration says ``advisory``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from drstate.model.declared import UNKNOWN, Declared
from drstate.model.exemption import names_of
from drstate.policy.packfolder import EXEMPT
from drstate.policy.registry import RULES
from drstate.policy.rule import Rule

NAME = "drstate"
_SCHEMA = PolicyConfigSchema(
    properties={
        EXEMPT: {
            "type": "array",
            "items": {"type": "string"},
            "description": "Keys of protected resources, or names of resources, that need not "
            "follow this policy. drstate fills it from the scope file.",
        }
    }
)


def serve() -> None:
    """Serve the pack until Pulumi ends the process."""
    PolicyPack(
        name=NAME,
        description="what every resource of a recovery site has to keep to",
        enforcement_level=EnforcementLevel.MANDATORY,
        policies=[_policy(rule) for rule in RULES],
    )


def _policy(rule: Rule) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = declared(args)
        exempt = args.get_config().get(EXEMPT) or ()
        if resource.type.startswith("pulumi:") or set(names_of(resource.name)) & {*exempt}:
            return
        for what in rule.check(resource):
            report(f"{resource.name} {what}: {rule.why}\nhelp: {rule.hint}", None)

    return ResourceValidationPolicy(
        name=rule.id, description=rule.title, validate=validate, config_schema=_SCHEMA
    )


def declared(args: ResourceValidationArgs) -> Declared:
    """The resource as rules know it."""
    region = _plain(args.provider.props).get("region") if args.provider else None
    return Declared(
        urn=args.urn,
        type=args.resource_type,
        name=args.name,
        inputs=_plain(args.props),
        protect=bool(args.opts.protect),
        provider_region=region if isinstance(region, str) else None,
    )


def _plain(value: Any) -> Any:
    """Without the proxies that raise at what is not known yet: that is the marker here."""
    if isinstance(value, Mapping):
        return {str(name): _read(value, name) for name in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_read(value, number) for number in range(len(value))]
    return value


def _read(holder: Any, name: Any) -> Any:
    try:
        return _plain(holder[name])
    except UnknownValueError:
        return UNKNOWN
